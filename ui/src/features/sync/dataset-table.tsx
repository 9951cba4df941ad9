import type { FC, KeyboardEvent } from "react";
import type { Dataset } from "@/api/generated/Dataset";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { NotApplicable, Status } from "@/components/status";
import { Meter, Table } from "@/components/table";
import { formatMinute, formatNumber } from "@/lib/format";
import { stateProgress, stateTone } from "@/lib/words";
import { stateText, verifiedText } from "./model";

/** Every dataset's state in words; a row opens its details. */
export const DatasetTable: FC<{
  status: SyncStatus;
  zone: string;
  shown: Dataset | undefined;
  onShow: (dataset: Dataset) => void;
}> = ({ status, zone, shown, onShow }) => {
  const handleKey = (dataset: Dataset) => (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onShow(dataset);
  };
  return (
    <Panel
      title="Datasets"
      note={`times in ${zone}, from the server’s clock`}
      actions={
        <MethodNote title="Datasets">
          <dl className="defs">
            <div>
              <dt>Consistent</dt>
              <dd>Equal to the server, row by row, at the moment shown.</dd>
            </div>
            <div>
              <dt>Catching up</dt>
              <dd>All rows were read once; what changed meanwhile is being read.</dd>
            </div>
            <div>
              <dt>Repairing</dt>
              <dd>The copy could not be trusted, so its rows are read again.</dd>
            </div>
            <div>
              <dt>Blocked</dt>
              <dd>Cannot be read with this login. The copy was kept as it was.</dd>
            </div>
          </dl>
        </MethodNote>
      }
    >
      <Table
        className="dsx"
        columns={[
          { heading: "Dataset" },
          { heading: "State" },
          { heading: "Rows here", className: "n" },
          { heading: "Rows/s", className: "n hide-m" },
          { heading: "Progress, %", className: "n" },
          { heading: "Verified", className: "n" },
        ]}
      >
        {status.datasets.map((row) => {
          const progress = stateProgress(row.state);
          return (
            <tr key={row.dataset} className={row.dataset === shown ? "is-sel" : ""}>
              <td className="m">
                <button
                  type="button"
                  className="row-link"
                  aria-pressed={row.dataset === shown}
                  onClick={() => onShow(row.dataset)}
                  onKeyDown={handleKey(row.dataset)}
                >
                  {row.label}
                </button>
              </td>
              <td className="tr w-all">
                <Status tone={stateTone(row.state)}>{stateText(row, zone)}</Status>
              </td>
              <td className="n">{formatNumber(row.rows)}</td>
              <td className="n hide-m">
                {row.rows_per_second ? formatNumber(row.rows_per_second) : <NotApplicable />}
              </td>
              <td className="n">
                {progress === null ? (
                  <NotApplicable />
                ) : (
                  <Meter percent={progress * 100} text={formatNumber(progress * 100, 1)} />
                )}
              </td>
              <td className="n t2">
                {row.verified_at ? (
                  <span title={formatMinute(row.verified_at, zone)}>
                    {verifiedText(row.verified_at, status.as_of, zone)}
                  </span>
                ) : (
                  <span className="null">never</span>
                )}
              </td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
};

/** Where copy and server were not the same. */
export const DriftJournal: FC<{ status: SyncStatus; zone: string }> = ({ status, zone }) => (
  <Panel title="Drift journal" note="where this copy and the server were not the same · rows">
    <Table
      className="dj"
      columns={[
        { heading: "Found at" },
        { heading: "Dataset" },
        { heading: "Range" },
        { heading: "Missing", className: "n" },
        { heading: "Extra", className: "n" },
        { heading: "Different", className: "n" },
        { heading: "State" },
      ]}
    >
      {status.drift.map((row) => (
        <tr key={`${row.found_at}:${row.dataset}:${row.range}`}>
          <td className="t2">{formatMinute(row.found_at, zone)}</td>
          <td>{status.datasets.find((other) => other.dataset === row.dataset)?.label ?? row.dataset}</td>
          <td className="t2 tr w-all">{row.range}</td>
          <td className={row.missing ? "n" : "n t3"}>{formatNumber(row.missing)}</td>
          <td className={row.extra ? "n" : "n t3"}>{formatNumber(row.extra)}</td>
          <td className={row.different ? "n" : "n t3"}>{formatNumber(row.different)}</td>
          <td>
            <Status tone={row.is_repaired ? "ok" : "warning"}>
              {row.is_repaired ? "Repaired" : "Repairing"}
            </Status>
          </td>
        </tr>
      ))}
      {status.drift.length === 0 && (
        <tr>
          <td colSpan={7} className="t2">
            No difference was ever found.
          </td>
        </tr>
      )}
    </Table>
  </Panel>
);
