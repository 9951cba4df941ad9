import type { FC } from "react";
import type { LevelRun } from "@/api/generated/LevelRun";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { NotApplicable, Status } from "@/components/status";
import { Table } from "@/components/table";
import { countOf, formatDuration, formatMinute, formatNumber } from "@/lib/format";
import { LEVELS } from "./model";

/** How it is known that the copy is right, and when it was last looked at. */
export const Comparisons: FC<{ status: SyncStatus; zone: string }> = ({ status, zone }) => (
  <Panel
    title="Comparisons"
    note={roundText(status)}
    actions={
      <MethodNote title="Comparisons">
        <p>
          The server adds up a hash of each of its rows, the copy makes the same bytes from what it keeps and
          adds them up, too. Equal sums mean equal rows. Because both are asked in one snapshot, a difference
          is never a matter of timing: it is narrowed down, read again, and written into the journal.
        </p>
      </MethodNote>
    }
  >
    <Table
      className="cmp"
      columns={[
        { heading: "Comparison" },
        { heading: "What it looks at", className: "hide-m" },
        { heading: "Last ended" },
        { heading: "Took", className: "n hide-m" },
        { heading: "Rows", className: "n" },
        { heading: "Result" },
      ]}
    >
      {(["scrub", "daily", "full"] as const).map((level) => {
        const run = status.levels.find((other) => other.level === level);
        return (
          <tr key={level}>
            <td className="m">{LEVELS[level].name}</td>
            <td className="t2 hide-m">{LEVELS[level].story}</td>
            <td className="t2">
              {run ? formatMinute(run.ended_at, zone) : <span className="null">not yet</span>}
            </td>
            <td className="n t2 hide-m">
              {run ? formatDuration(Date.parse(run.ended_at) - Date.parse(run.began_at)) : <NotApplicable />}
            </td>
            <td className="n">{run ? formatNumber(run.rows) : <NotApplicable />}</td>
            <td>{run ? <Result run={run} /> : <NotApplicable />}</td>
          </tr>
        );
      })}
    </Table>
  </Panel>
);

const Result: FC<{ run: LevelRun }> = ({ run }) => {
  if (run.damage.length > 0) return <Status tone="danger">File damaged</Status>;
  return run.differences === 0 ? (
    <Status tone="ok">No difference</Status>
  ) : (
    <Status tone="warning">{countOf(run.differences, "difference")}, repaired</Status>
  );
};

function roundText(status: SyncStatus): string {
  const { share, is_urgent, began_at } = status.scrub;
  if (is_urgent) return `every row is being compared now, ${formatNumber(share * 100)} % done`;
  if (began_at === null) return "a little with every look, round and round";
  return `this round: ${formatNumber(share * 100)} % of all rows`;
}
