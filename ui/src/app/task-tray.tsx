import { Link, useLocation } from "@tanstack/react-router";
import type { FC } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { formatDuration, formatNumber } from "@/lib/format";
import { stateProgress } from "@/lib/words";

/** Work that takes its time; it survives every change of view. */
export const TaskTray: FC<{ status: SyncStatus | undefined }> = ({ status }) => {
  // The Sync view says the same, with more room.
  const { pathname } = useLocation();
  if (pathname === "/sync") return null;
  if (!status || (status.phase !== "loading" && status.phase !== "verifying")) return null;
  const running = status.datasets.find(
    (row) =>
      row.state.state === "loading" || row.state.state === "verifying" || row.state.state === "repairing",
  );
  const progress = running ? stateProgress(running.state) : null;
  const rate = running?.rows_per_second ?? null;
  const left =
    running?.server_rows_estimate && rate && rate > 0
      ? (Math.max(0, running.server_rows_estimate - running.rows) / rate) * 1000
      : null;
  return (
    <section className="task" aria-label="Running work">
      <div className="task-h">
        <span className="m">
          {status.phase === "verifying" ? "Comparing every row" : "Reading the database"}
        </span>
        <Link to="/sync" className="link cap">
          Open sync
        </Link>
      </div>
      <span
        className="meter a"
        role="progressbar"
        aria-label="Progress"
        {...(progress === null
          ? {}
          : { "aria-valuenow": Math.round(progress * 100), "aria-valuemin": 0, "aria-valuemax": 100 })}
      >
        <i style={{ width: `${(progress ?? 0) * 100}%` }} />
      </span>
      <div className="task-f cap t3">
        <span>{running?.label ?? "Starting"}</span>
        <span>
          {rate ? `${formatNumber(rate)} rows/s` : ""}
          {left !== null && left > 5000 ? ` · ${formatDuration(left)} left` : ""}
        </span>
      </div>
    </section>
  );
};
