import type { FC } from "react";
import type { KeptRow } from "@/api/generated/KeptRow";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { countOf, sizeParts } from "@/lib/format";
import { RowWindow } from "./row-window";

/** What lies on this computer, and why. */
export const Kept: FC<{ status: SyncStatus }> = ({ status }) => {
  const disk = sizeParts(status.disk_bytes);
  return (
    <Panel
      title="Kept on this computer"
      note={`${disk.figure} ${disk.unit}, encrypted`}
      actions={<RowWindow status={status} />}
    >
      <dl className="kept">
        {status.kept.map((row) => (
          <div key={row.what} className="k">
            <dt>{row.what}</dt>
            <dd>
              {amountText(row) && <b>{amountText(row)}</b>}
              <span>{row.why}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
};

function amountText(row: KeptRow): string {
  const days = row.first_day && row.last_day ? `${row.first_day} to ${row.last_day}` : "";
  return [row.rows === null ? "" : countOf(row.rows, "row"), days].filter(Boolean).join(", ");
}
