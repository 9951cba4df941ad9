import type { FC } from "react";
import type { DriftRow } from "@/api/generated/DriftRow";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { formatMinute, formatNumber } from "@/lib/format";
import { LEVELS } from "./model";

/** Where copy and server were not the same. */
export const DriftJournal: FC<{ status: SyncStatus; zone: string }> = ({ status, zone }) => (
  <Panel title="Drift journal" note="where this copy and the server were not the same">
    {status.drift.length === 0 ? (
      <p className="dj-none">
        No difference was ever found. Should one be, it is read again at once and stays listed here with its
        rows, the moment and the snapshot of the server: with this engine every difference is a defect that
        somebody should know of.
      </p>
    ) : (
      <Table
        className="dj"
        columns={[
          { heading: "Found at" },
          { heading: "Dataset" },
          { heading: "Range" },
          { heading: "Missing", className: "n" },
          { heading: "Extra", className: "n" },
          { heading: "Different", className: "n" },
          { heading: "Sums", className: "n" },
          { heading: "Found by", className: "hide-m" },
          { heading: "State" },
        ]}
      >
        {status.drift.map((row) => (
          <tr key={`${row.found_at}:${row.dataset}:${row.range}:${row.found_by}`}>
            <td className="t2">{formatMinute(row.found_at, zone)}</td>
            <td>{status.datasets.find((other) => other.dataset === row.dataset)?.label ?? row.dataset}</td>
            <td className="t2 tr w-all" title={placeText(row)}>
              {row.range}
            </td>
            <Count value={row.missing} />
            <Count value={row.extra} />
            <Count value={row.different} />
            <Count value={row.sums} />
            <td className="t2 hide-m">{LEVELS[row.found_by].name}</td>
            <td>
              <Status tone={row.is_repaired ? "ok" : "warning"}>
                {row.is_repaired ? "Repaired" : "Repairing"}
              </Status>
            </td>
          </tr>
        ))}
      </Table>
    )}
  </Panel>
);

const Count: FC<{ value: number }> = ({ value }) => (
  <td className={value > 0 ? "n" : "n t3"}>{formatNumber(value)}</td>
);

function placeText(row: DriftRow): string {
  return row.snapshot === null ? row.range : `${row.range}; snapshot ${row.snapshot} of the server`;
}
