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

/** Whether a change can be taken back from here: it belongs to a reviewed write. */
export function isRevertible(row: AuditRow): boolean {
  return row.intent !== null && row.before !== null && row.after !== null;
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
  /** The entry that is open. */
  entry?: number | undefined;
}

/** The first page of what the address asks for. */
export function auditRequest(search: AuditSearch): AuditListReq {
  return {
    ...ALL_AUDIT,
    intent: search.intent ?? null,
    key: search.key ?? null,
    who: search.who ?? null,
    action: search.action ?? null,
    table: search.table ?? null,
    since: search.since ?? null,
    until: search.until ?? null,
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
