import type { UseQueryResult } from "@tanstack/react-query";
import type { FC } from "react";
import type { CallError } from "@/api/call";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { QueryPanel } from "@/components/query-panel";
import { NotApplicable, Status } from "@/components/status";
import { Meter, Table } from "@/components/table";
import { formatNumber } from "@/lib/format";
import { stateProgress, stateTone, stateWord } from "@/lib/words";

/** Before the first cut there is no total that would be true: how far the first read is. */
export const FirstRead: FC<{ query: UseQueryResult<SyncStatus, CallError> }> = ({ query }) => (
  <QueryPanel
    query={query}
    title="Reading the database for the first time"
    note={readNote}
    className="first-read"
    waiting="Reading the state of the copy"
    rows={10}
  >
    {(status) => (
      <>
        <p className="pb t2">
          Totals show once every dataset equals the server at one moment. Closing the window loses nothing:
          the read goes on where it stopped.
        </p>
        <Table
          columns={[
            { heading: "Dataset" },
            { heading: "State" },
            { heading: "Rows here", className: "n" },
            { heading: "Progress, %", className: "n" },
          ]}
        >
          {status.datasets.map((row) => {
            // What was read in full waits for the rest: nothing is called consistent before the first cut.
            const isRead = row.state.state === "catching_up" || row.state.state === "consistent";
            const progress = isRead ? 1 : stateProgress(row.state);
            return (
              <tr key={row.dataset}>
                <td>{row.label}</td>
                <td>
                  <Status tone={isRead ? "ok" : stateTone(row.state)}>
                    {isRead ? "Read" : stateWord(row.state)}
                  </Status>
                </td>
                <td className="n">{formatNumber(row.rows)}</td>
                <td className="n">
                  {progress === null ? (
                    <NotApplicable />
                  ) : (
                    <Meter percent={progress * 100} text={formatNumber(progress * 100, 1)} />
                  )}
                </td>
              </tr>
            );
          })}
        </Table>
      </>
    )}
  </QueryPanel>
);

/** Rows read so far, and of how many. */
function readNote(status: SyncStatus): string {
  const total = (pick: (row: SyncStatus["datasets"][number]) => number) =>
    status.datasets.reduce((sum, row) => sum + pick(row), 0);
  const here = total((row) => row.rows);
  if (here === 0) return status.phase === "retrying" ? "waiting for the server" : "connecting";
  const there = total((row) => Math.max(row.rows, row.server_rows_estimate ?? 0));
  return `${formatNumber(here)} of about ${formatNumber(there)} rows`;
}
