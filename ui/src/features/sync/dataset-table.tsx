import type { FC, KeyboardEvent } from "react";
import type { Dataset } from "@/api/generated/Dataset";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { NotApplicable, Status } from "@/components/status";
import { Meter, Table } from "@/components/table";
import { formatMinute, formatNumber } from "@/lib/format";
import { stateProgress, stateTone } from "@/lib/words";
import { comparedAt, stateText, verifiedText } from "./model";

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
              <dt>Compared</dt>
              <dd>Since this moment every row was equal to the server’s at least once.</dd>
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
          { heading: "Compared", className: "n" },
        ]}
      >
        {status.datasets.map((row) => {
          const progress = stateProgress(row.state);
          const compared = comparedAt(row);
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
                {compared ? (
                  <span title={formatMinute(compared, zone)}>
                    {verifiedText(compared, status.as_of, zone)}
                  </span>
                ) : (
                  <span className="null">not yet</span>
                )}
              </td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
};
