import { type FC, type ReactNode, useEffect, useRef, useState } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { DatasetStatus } from "@/api/generated/DatasetStatus";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Chart } from "@/charts/chart";
import { Icon } from "@/components/icon";
import { StatusChip } from "@/components/status";
import { formatClock, formatDuration, formatMinute, formatNumber } from "@/lib/format";
import { stateProgress, stateTone, stateWord } from "@/lib/words";
import { ChunkMap } from "./chunk-map";
import { phaseText } from "./model";
import { Rebuild } from "./rebuild";

/** One dataset and the connection it is read through. */
export const DatasetDetails: FC<{
  row: DatasetStatus;
  status: SyncStatus;
  zone: string;
  onClose: () => void;
}> = ({ row, status, zone, onClose }) => {
  const progress = stateProgress(row.state);
  const phase = phaseText(status.phase);
  const rates = useRates(row, zone);
  return (
    <aside className="panel det" aria-label={`${row.label}, details`}>
      <div className="pt">
        <h2>{row.label}</h2>
        <StatusChip tone={stateTone(row.state)}>{stateWord(row.state)}</StatusChip>
        <span className="r">
          <button type="button" className="ib" aria-label="Close details" onClick={onClose}>
            <Icon name="x" />
          </button>
        </span>
      </div>
      <div className="db">
        <p>{stateStory(row, zone)}</p>
        {progress !== null && (
          <div className="pg">
            <span className="meter a">
              <i style={{ width: `${progress * 100}%` }} />
            </span>
            <div className="pgl">
              <span>
                {formatNumber(row.rows)}
                {row.server_rows_estimate !== null && ` of about ${formatNumber(row.server_rows_estimate)}`}
              </span>
              <span className="m">{formatNumber(progress * 100, 1)}%</span>
            </div>
          </div>
        )}
        <ChunkMap row={row} status={status} zone={zone} />
        {rates && (
          <>
            <h3>
              Rows per second <span>since this view was opened</span>
            </h3>
            <Chart spec={rates} height={112} unfinishedLabel="now" />
          </>
        )}
        <dl className="facts">
          <Fact name="Rows here">{formatNumber(row.rows)}</Fact>
          <Fact name="On server">
            {row.server_rows_estimate === null
              ? "not estimated"
              : `about ${formatNumber(row.server_rows_estimate)}`}
          </Fact>
          <Fact name="In full">
            {row.verified_at
              ? `${formatMinute(row.verified_at, zone)}, no difference`
              : "never compared at once"}
          </Fact>
        </dl>
        <h3>Connection</h3>
        <dl className="facts">
          <Fact name="Engine">
            {phase.word}
            {status.last_cut_ms !== null && `, last cut ${formatDuration(status.last_cut_ms)}`}
          </Fact>
          <Fact name="Cuts">{formatNumber(status.cut_count)} so far</Fact>
          <Fact name="Server">
            <span className="mono">{status.server}</span>
          </Fact>
        </dl>
        <div className="bt">
          <Rebuild status={status} />
        </div>
      </div>
      <div className="foot">
        role {status.login}
        {status.clock_skew_ms !== null &&
          ` · clock differs by ${formatDuration(Math.abs(status.clock_skew_ms))}`}
        {status.is_online ? "" : " · offline"}
      </div>
    </aside>
  );
};

const Fact: FC<{ name: string; children: ReactNode }> = ({ name, children }) => (
  <div className="f">
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** What the state means for the numbers. */
function stateStory(row: DatasetStatus, zone: string): ReactNode {
  switch (row.state.state) {
    case "consistent":
      return (
        <>
          Equal to the server, row by row, as of <b>{formatClock(row.state.as_of, zone)}</b>. Numbers made
          from it are complete up to that moment.
        </>
      );
    case "loading":
      return "Read for the first time, newest rows first. Totals of older days are incomplete until it is done.";
    case "catching_up":
      return "All rows were read once. What changed while they were read comes next; then it is consistent.";
    case "verifying":
      return "Every row is being compared with the server. Numbers stay as they are while it runs.";
    case "waiting":
      return "Nothing was read yet. It starts when the datasets before it are done.";
    case "repairing":
    case "blocked":
      return row.state.reason;
  }
}

const KEPT = 30;

/** The rates seen while the details are open; no reading is a gap. */
function useRates(row: DatasetStatus, zone: string): ChartSpec | null {
  const seen = useRef<{ dataset: string; points: { at: string; rate: number | null }[] }>({
    dataset: row.dataset,
    points: [],
  });
  const [points, setPoints] = useState(seen.current.points);
  useEffect(() => {
    if (seen.current.dataset !== row.dataset) seen.current = { dataset: row.dataset, points: [] };
    const next = [...seen.current.points, { at: new Date().toISOString(), rate: row.rows_per_second }];
    seen.current.points = next.slice(-KEPT);
    setPoints(seen.current.points);
  }, [row]);
  if (points.filter((point) => point.rate !== null).length < 3) return null;
  return {
    title: "Rows per second",
    subtitle: "",
    kind: "lines",
    unit: "count",
    axis_break: 0,
    method: "",
    steps: points.map((point) => ({
      label: formatClock(point.at, zone),
      title: formatClock(point.at, zone),
      previous_title: null,
      is_unfinished: false,
    })),
    series: [{ label: "rows/s", slot: 1, is_previous: false, values: points.map((point) => point.rate) }],
  };
}
