import type { AuditListReq } from "@/api/generated/AuditListReq";
import type { AuditRow } from "@/api/generated/AuditRow";
import { ALL_AUDIT } from "@/api/queries";
import { shellWord } from "@/lib/actions";
import { changedColumns } from "@/lib/words";

/** What a change did to its row, in a few words. */
export function changeText(row: AuditRow): string {
  if (row.before === null && row.after !== null) return "new row";
  if (row.after === null && row.before !== null) return "row removed";
  return changedColumns(row.before, row.after)
    .map((change) => `${change.column.replaceAll("_", " ")} ${change.before} → ${change.after}`)
    .join(", ");
}

/** The actions that `steward.revert` takes back, itself among them; a test reads them from the function. */
export const REVERTIBLE: ReadonlySet<string> = new Set([
  "change_plan",
  "suspend_user",
  "restore_user",
  "extend_trial",
  "reset_usage",
  "raise_limit",
  "recompute_counters",
  "revert",
]);

/** Whether the server takes a change back at all. */
export function isRevertible(row: AuditRow): boolean {
  return row.intent !== null && REVERTIBLE.has(row.action);
}

/** The command whose role it takes to take a change back: what an admin did to counters takes an admin. */
export function revertCommand(row: AuditRow): "operation_revert" | "usage_recount" {
  return row.action === "recompute_counters" ? "usage_recount" : "operation_revert";
}

/** The export of these entries on the command line. */
export function exportAuditCommand(request: AuditListReq): string {
  return [
    "steward export audit",
    request.intent ? `--operation ${request.intent}` : "",
    request.key ? `--key ${shellWord(request.key)}` : "",
    request.who ? `--who ${shellWord(request.who)}` : "",
    request.action ? `--action ${shellWord(request.action)}` : "",
    request.table ? `--table ${shellWord(request.table)}` : "",
    request.since || request.first_day ? `--since ${request.since ?? request.first_day}` : "",
    request.until || request.last_day ? `--until ${request.until ?? request.last_day}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** What the address says of the log. */
export interface AuditSearch {
  key?: string | undefined;
  intent?: string | undefined;
  who?: string | undefined;
  action?: string | undefined;
  table?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  /** The first and the last day of a range, in the window's zone. */
  from?: string | undefined;
  to?: string | undefined;
  /** The entry that is open. */
  entry?: number | undefined;
}

/** The first page of what the address asks for. */
export function auditRequest(search: AuditSearch, zone: string): AuditListReq {
  return {
    ...ALL_AUDIT,
    intent: search.intent ?? null,
    key: search.key ?? null,
    who: search.who ?? null,
    action: search.action ?? null,
    table: search.table ?? null,
    since: search.since ?? null,
    until: search.until ?? null,
    first_day: search.from ?? null,
    last_day: search.to ?? null,
    // Without days the zone means nothing, and another one is the same question.
    zone: search.from || search.to ? zone : ALL_AUDIT.zone,
  };
}

/** Whether the log is narrowed by anything. */
export function hasAuditFilter({ entry: _entry, ...filters }: AuditSearch): boolean {
  return [
    filters.key,
    filters.intent,
    filters.who,
    filters.action,
    filters.table,
    filters.since,
    filters.until,
    filters.from,
    filters.to,
  ].some((value) => value !== undefined);
}

const HOUR_MS = 3_600_000;

/** Since when, counted from when the view was opened; one of another time stays as it is. */
export function sinceChoices(now: number, chosen: string | undefined): { value: string; label: string }[] {
  const ago = (hours: number) => new Date(now - hours * HOUR_MS).toISOString();
  const choices = [
    { value: "", label: "Since ever" },
    { value: ago(24), label: "Last 24 hours" },
    { value: ago(24 * 7), label: "Last 7 days" },
    { value: ago(24 * 30), label: "Last 30 days" },
  ];
  if (chosen !== undefined && !choices.some((choice) => choice.value === chosen)) {
    choices.push({ value: chosen, label: `Since ${chosen.slice(0, 16).replace("T", " ")} UTC` });
  }
  return choices;
}
