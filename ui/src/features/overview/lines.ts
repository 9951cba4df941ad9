import type { AuditRow } from "@/api/generated/AuditRow";
import type { Share } from "@/api/generated/Share";
import { formatChange, formatNumber } from "@/lib/format";

/** One change of the audit log: its row that people know best, and how many others it touched. */
export interface ChangeText {
  row: AuditRow;
  others: number;
}

/** The newest changes, the rows of one operation as one; a user's subscription moves with the user. */
export function lastChanges(rows: readonly AuditRow[], most: number): ChangeText[] {
  const changes: AuditRow[][] = [];
  for (const row of rows) {
    const last = changes.at(-1);
    if (last && row.intent !== null && last[0]?.intent === row.intent) last.push(row);
    else changes.push([row]);
  }
  return changes.slice(0, most).flatMap((own) => {
    const row = own.find(({ table }) => table === "users") ?? own[0];
    return row ? [{ row, others: new Set(own.map(({ label, id }) => label ?? id)).size - 1 }] : [];
  });
}

/** One line of "by feature", "by plan", "by model". */
export interface ShareLine {
  value: string | null;
  label: string;
  events: string;
  percent: number;
  percentText: string;
  change: string;
  changeTitle: string;
  isOther: boolean;
}

/** The first shares, with what is left folded into "Other". */
export function shareLines(shares: readonly Share[], most: number): ShareLine[] {
  const total = shares.reduce((sum, share) => sum + share.events, 0);
  const largest = Math.max(1, ...shares.map((share) => share.events));
  const line = (share: Share): ShareLine => ({
    value: share.value,
    label: share.label,
    events: formatNumber(share.events),
    percent: (share.events / largest) * 100,
    percentText: total > 0 ? formatNumber((share.events / total) * 100, 1) : "0.0",
    change: share.change
      ? formatChange(share.change.current, share.change.previous, share.change.percent)
      : "",
    changeTitle: share.change
      ? `${formatNumber(share.change.current)} over the finished days, ${formatNumber(share.change.previous)} before`
      : "",
    isOther: false,
  });
  if (shares.length <= most) return shares.map(line);
  const rest = shares.slice(most - 1);
  const events = rest.reduce((sum, share) => sum + share.events, 0);
  const other = line({
    value: null,
    label: `${rest.length} others`,
    events,
    errors: 0,
    cost: "0",
    change: null,
  });
  return [...shares.slice(0, most - 1).map(line), { ...other, isOther: true }];
}
