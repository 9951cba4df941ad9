import type { Outcome } from "@/api/generated/Outcome";
import type { UserFilter } from "@/api/generated/UserFilter";
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

/** How much of a limit is used; nothing is known of one that only the server counts. */
export function limitUse(limit: Pick<UserLimit, "used" | "limit">): {
  percent: number | null;
  tone: "" | "w" | "d";
  remaining: number | null;
} {
  if (limit.limit === null || limit.used === null) return { percent: null, tone: "", remaining: null };
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

/** Who is meant: those picked one by one, or everybody who matches. */
export type Picked = { users: readonly string[] } | { filter: UserFilter; total: number };

/** How many are meant. */
export function pickedCount(picked: Picked): number {
  return "users" in picked ? picked.users.length : picked.total;
}

/** Whether nothing narrows who is meant. */
export function isEverybody(picked: Picked): boolean {
  if ("users" in picked) return false;
  const { search, plan_code, status, role, team, signed_up, last_seen } = picked.filter;
  return (
    search.trim() === "" &&
    [plan_code, status, role, team, signed_up, last_seen].every((value) => value === null)
  );
}

/** What the command is asked for. */
export function planDraft(picked: Picked, plan: string) {
  return "users" in picked
    ? { users: [...picked.users], plan_code: plan }
    : { users: [], filter: picked.filter, plan_code: plan };
}

/** The same on the command line. */
export function changePlanCommand(picked: Picked, plan: string, reason: string, workspace: string): string {
  const why = reason ? ` --reason ${shellWord(reason)}` : "";
  const who = "users" in picked ? picked.users.map(shellWord).join(" ") : filterFlags(picked);
  return `steward users change-plan ${who} --plan ${shellWord(plan)}${why} -w ${shellWord(workspace)}`;
}

function filterFlags(picked: { filter: UserFilter; total: number }): string {
  if (isEverybody(picked)) return "--all";
  const { filter } = picked;
  const fields: [string, string | null][] = [
    ["search", filter.search.trim() || null],
    ["plan", filter.plan_code],
    ["status", filter.status],
    ["role", filter.role],
    ["team", filter.team],
    ["signed-up", filter.signed_up],
    ["seen", filter.last_seen],
  ];
  return fields
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `--filter ${shellWord(`${name}=${value}`)}`)
    .join(" ");
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

/** Who a list shows, without its order and its pages. */
export function filterOf(request: UserListReq): UserFilter {
  const { search, plan_code, status, role, team, signed_up, last_seen, zone } = request;
  return { search, plan_code, status, role, team, signed_up, last_seen, zone };
}
