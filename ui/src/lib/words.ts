import type { AuditRow } from "@/api/generated/AuditRow";
import type { Dataset } from "@/api/generated/Dataset";
import type { DatasetState } from "@/api/generated/DatasetState";
import type { Environment } from "@/api/generated/Environment";
import type { ErrorCode } from "@/api/generated/ErrorCode";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { Tone } from "@/components/icon";
import { countOf, formatNumber } from "./format";

/** What an environment is called on screen; production stands in capitals and nothing else does. */
export const ENVIRONMENTS: Record<Environment, { label: string; chip: string; className: string }> = {
  production: { label: "Production", chip: "PRODUCTION", className: "env" },
  staging: { label: "Staging", chip: "Staging", className: "env env-staging" },
  development: { label: "Development", chip: "Development", className: "env env-dev" },
  sample: { label: "Sample", chip: "Sample data", className: "env env-sample" },
};

/** The tone of a dataset's state. */
export function stateTone(state: DatasetState): Tone {
  switch (state.state) {
    case "consistent":
      return "ok";
    case "blocked":
      return "danger";
    case "repairing":
      return "warning";
    case "waiting":
      return "neutral";
    default:
      return "info";
  }
}

/** Failures after which nobody knows how the server is; any other one was its own answer, or this computer's. */
const UNREACHED: readonly ErrorCode[] = ["offline", "name_lookup", "timeout"];

/** Whether the server was asked in vain; one that was not asked yet is not out of reach. */
export function isOffline(status: SyncStatus): boolean {
  if (status.is_online) return false;
  if (status.last_error) return UNREACHED.includes(status.last_error.code);
  return status.phase !== "connecting" && status.phase !== "paused";
}

/** Whether the password is what is missing: then entering it is the way on. */
export function needsPassword(code: ErrorCode): boolean {
  return code === "auth" || code === "secret_missing";
}

/** Whether the local copy cannot be used as it is: then reading it anew is the way on. */
export function isUnusableCopy(code: ErrorCode): boolean {
  return code === "cache_key" || code === "cache_corrupt" || code === "cache_foreign";
}

/** The state in a word or two, where a table is narrow. */
export function stateWord(state: DatasetState): string {
  return {
    waiting: "Waiting",
    loading: "Loading",
    catching_up: "Catching up",
    consistent: "Consistent",
    verifying: "Verifying",
    repairing: "Repairing",
    blocked: "Blocked",
  }[state.state];
}

/** Share done of a running read, 0 to 1. */
export function stateProgress(state: DatasetState): number | null {
  return "progress" in state ? state.progress : null;
}

/** One row of the audit log as a sentence: who, what they did, to whom, and what came out. */
export interface AuditSentence {
  who: string;
  verb: string;
  object: string;
  rest: string;
}

/** What a row is a part of the named thing as, by its table. */
const PARTS: Record<string, string> = {
  plan_limits: "a limit",
  plan_features: "a feature",
  subscriptions: "the subscription",
  team_members: "a seat",
};

/** What an action did to the row it is told of. */
const VERBS: Record<string, string> = {
  suspend_user: "suspended",
  restore_user: "restored",
  extend_trial: "extended the trial of",
  reset_usage: "reset",
  recompute_counters: "recounted",
  cleanup_usage: "cleaned up",
};

/** Words for an audited change; an unknown action is written as it is. */
export function auditSentence(row: AuditRow): AuditSentence {
  const who = row.operator ?? row.login;
  const object = row.label ?? Object.values(row.key).map(String).join(", ");
  const plan = (side: Record<string, unknown> | null) =>
    typeof side?.plan_code === "string" ? side.plan_code : undefined;
  const before = plan(row.before);
  const after = plan(row.after);
  // Somebody wrote past the console, with a login of the database.
  if (row.action === "direct") {
    const part = PARTS[row.table];
    const did = row.before === null ? "added" : row.after === null ? "removed" : "changed";
    return { who, verb: part ? `${did} ${part} of` : did, object, rest: "directly" };
  }
  if (row.action === "change_plan") {
    return { who, verb: "moved", object, rest: after ? `to ${after}` : "" };
  }
  if (row.action === "revert" || row.action === "revert_operation") {
    return { who, verb: "moved", object, rest: after ? `back to ${after}` : before ? "back" : "" };
  }
  if (row.action === "raise_limit") {
    // The row is called "Raised prompts a month of ada@example.com".
    const limit = row.after?.limit_value;
    const to =
      typeof limit === "number" ? `to ${formatNumber(limit)}` : limit === null ? "without limit" : "";
    return { who, verb: "raised", object: object.replace(/^Raised /, ""), rest: to };
  }
  if (row.action === "install_preset") {
    const did = row.before === null ? "put" : row.after === null ? "took" : "changed";
    const where = { put: "into the catalogue", took: "out of the catalogue", changed: "in the catalogue" }[
      did
    ];
    return { who, verb: did, object, rest: where };
  }
  if (row.action === "export") {
    const { name, rows } = row.after ?? {};
    const count = typeof rows === "number" ? countOf(rows, "row") : "";
    return { who, verb: "exported", object: typeof name === "string" ? name : object, rest: count };
  }
  return { who, verb: VERBS[row.action] ?? row.action.replaceAll("_", " "), object, rest: "" };
}

/** The touched columns of a change, before and after, in words. */
export function changedColumns(
  before: Record<string, unknown> | null,
  after: Record<string, unknown> | null,
): { column: string; before: string; after: string }[] {
  const columns = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return columns
    .map((column) => ({
      column,
      before: cellText(before?.[column]),
      after: cellText(after?.[column]),
    }))
    .filter((change) => change.before !== change.after);
}

/** The most letters of a value in a table. */
const CELL = 200;

/** A database value in words: NULL is not the empty text, and neither is blank. What is long is cut. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (value === "") return '""';
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > CELL ? `${text.slice(0, CELL)}…` : text;
}

/** A dataset's name in the address. */
export type DatasetName = Dataset;
