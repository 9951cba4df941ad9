import type { Outcome } from "@/api/generated/Outcome";
import type { UserLimit } from "@/api/generated/UserLimit";
import type { UserListReq } from "@/api/generated/UserListReq";
import { shellWord } from "@/lib/actions";
import { countOf } from "@/lib/format";

/** A person's state as tone and word. */
export function userStatus(status: string): { tone: "ok" | "danger" | "neutral"; word: string } {
  if (status === "active") return { tone: "ok", word: "Active" };
  if (status === "suspended") return { tone: "danger", word: "Suspended" };
  return { tone: "neutral", word: status === "erased" ? "Erased" : status };
}

/** How much of a limit is used. */
export function limitUse(limit: UserLimit): {
  percent: number | null;
  tone: "" | "w" | "d";
  remaining: number | null;
} {
  if (limit.limit === null) return { percent: null, tone: "", remaining: null };
  const percent = limit.limit === 0 ? 100 : (limit.used / limit.limit) * 100;
  return {
    percent,
    tone: percent >= 100 ? "d" : percent >= 80 ? "w" : "",
    remaining: Math.max(0, limit.limit - limit.used),
  };
}

/** A metric's name for people: `ai_prompts` is "AI prompts". */
export function metricLabel(metric: string): string {
  const text = metric
    .replaceAll(/[_.]/g, " ")
    .replaceAll(/\b(ai|api|e2e|sso|gb)\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Title of the review: verb, number, noun. */
export function changePlanTitle(count: number, plan: string | undefined): string {
  return plan ? `Move ${countOf(count, "user")} to ${plan}` : `Change the plan of ${countOf(count, "user")}`;
}

/** The button that applies it; always with the number. */
export function changePlanVerb(outcome: Outcome | undefined, count: number): string {
  return `Move ${countOf(outcome ? movedUsers(outcome) : count, "user")}`;
}

/** How many users a change touches; other tables' rows belong to the same users. */
export function movedUsers(outcome: Outcome): number {
  return outcome.rows.filter((row) => row.table === "users" || row.table === "steward.users").length;
}

/** The same on the command line. */
export function changePlanCommand(
  users: readonly string[],
  plan: string,
  reason: string,
  workspace: string,
): string {
  const why = reason ? ` --reason ${shellWord(reason)}` : "";
  return `steward users change-plan ${users.map(shellWord).join(" ")} --plan ${shellWord(plan)}${why} -w ${shellWord(workspace)}`;
}

/** Adds or removes one id, or everything between it and the last one picked. */
export function toggleSelection(
  selected: ReadonlySet<string>,
  ids: readonly string[],
  id: string,
  rangeFrom: string | undefined,
): Set<string> {
  const next = new Set(selected);
  const from = rangeFrom === undefined ? -1 : ids.indexOf(rangeFrom);
  const to = ids.indexOf(id);
  if (from >= 0 && to >= 0 && rangeFrom !== id) {
    for (const other of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(other);
    return next;
  }
  if (!next.delete(id)) next.add(id);
  return next;
}

/** The export of these users on the command line. */
export function exportUsersCommand(request: UserListReq): string {
  return [
    "steward export users",
    request.search ? shellWord(request.search) : "",
    request.plan_code ? `--plan ${shellWord(request.plan_code)}` : "",
    request.status ? `--status ${request.status}` : "",
    request.role ? `--role ${request.role}` : "",
    request.team ? `--team ${request.team}` : "",
    request.signed_up ? `--signed-up ${shellWord(request.signed_up)}` : "",
    request.last_seen ? `--seen ${shellWord(request.last_seen)}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}
