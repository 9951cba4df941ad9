import { useMutation, useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import type { ExportJob } from "@/api/generated/ExportJob";
import { exportCancel } from "@/api/mutations";
import { exportListOptions } from "@/api/queries";
import { exportProgress, exportTimeLeft } from "@/lib/exports";
import { formatDuration, formatNumber } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";

/** Exports under way, of this window or of another process; they survive every change of view. */
export const ExportTasks: FC = () => {
  const workspace = useWorkspace();
  const list = useQuery(exportListOptions(workspace.id));
  const running = list.data?.rows.filter((job) => job.state === "running") ?? [];
  return running.map((job) => <ExportTask key={job.id} job={job} />);
};

const ExportTask: FC<{ job: ExportJob }> = ({ job }) => {
  const cancel = useMutation(exportCancel());
  const progress = exportProgress(job);
  const left = exportTimeLeft(job, Date.now());
  const isPacking = job.rows_total > 0 && job.rows === job.rows_total;
  return (
    <section className="task" aria-label={`Export of ${job.name}`}>
      <div className="task-h">
        <span className="m">Exporting {job.name}</span>
        <button
          type="button"
          className="link cap"
          disabled={cancel.isPending}
          onClick={() => cancel.mutate(job.id)}
        >
          {cancel.isPending || cancel.isSuccess ? "Stopping" : "Cancel"}
        </button>
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
        <span>
          {isPacking
            ? "Putting the file together"
            : job.rows_total > 0
              ? `${formatNumber(job.rows)} of ${formatNumber(job.rows_total)} rows`
              : "Counting"}
        </span>
        <span>{left !== null && !isPacking ? `${formatDuration(left)} left` : ""}</span>
      </div>
    </section>
  );
};
