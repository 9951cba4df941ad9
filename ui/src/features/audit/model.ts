import type { AuditListReq } from "@/api/generated/AuditListReq";
import type { AuditRow } from "@/api/generated/AuditRow";
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
  ]
    .filter(Boolean)
    .join(" ");
}
