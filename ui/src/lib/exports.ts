import { useMutation } from "@tanstack/react-query";
import type { ExportJob } from "@/api/generated/ExportJob";
import type { ExportReq } from "@/api/generated/ExportReq";
import { exportRun } from "@/api/mutations";
import { shellWord } from "./actions";
import { copyText } from "./clipboard";
import { countOf } from "./format";
import { notify } from "./notices";

/** Writes a file; its end is told wherever the person is by then. */
export function useExport() {
  return useMutation({
    ...exportRun(),
    onSuccess: (job) => {
      notify({
        tone: "ok",
        title: exportedTitle(job),
        text: job.path,
        action: { label: "Copy path", run: () => void copyText(job.path) },
      });
    },
    onError: (error) => {
      const { code, message, hint } = error.wire;
      // A refused name is shown at its field.
      if (error.wire.fields.length > 0) return;
      if (code === "cancelled") notify({ tone: "info", title: "Export stopped", text: message });
      else notify({ tone: "danger", title: "The export failed", text: `${message} ${hint}`, isSticky: true });
    },
  });
}

/** That it is done: a document is no number of rows. */
export function exportedTitle(job: ExportJob): string {
  return ["pdf", "png", "svg"].includes(job.format)
    ? `${job.name}: ${job.format.toUpperCase()} saved`
    : `${job.name}: ${countOf(job.rows, "row")} exported`;
}

/** The export of this file that is being written. */
export function runningExport(jobs: readonly ExportJob[] | undefined, path: string): ExportJob | undefined {
  return jobs?.find((job) => job.state === "running" && job.path === path);
}

/** How far an export is, between 0 and 1; nothing before its rows are counted. */
export function exportProgress(job: ExportJob): number | null {
  return job.rows_total > 0 ? Math.min(1, job.rows / job.rows_total) : null;
}

/** Milliseconds until it is done, at the pace so far; nothing in the first five seconds. */
export function exportTimeLeft(job: ExportJob, now: number): number | null {
  const elapsed = now - Date.parse(job.started_at);
  const progress = exportProgress(job);
  if (elapsed < 5000 || progress === null || progress <= 0) return null;
  return (elapsed / progress) * (1 - progress);
}

/** The same on the command line. */
export function exportCommand(base: string, request: ExportReq, workspace: string): string {
  if (request.source === "report") {
    // A report's file is named by the kind it is of.
    return [
      base,
      `--${request.format} ${shellWord(request.path)}`,
      request.is_replacing ? "--force" : "",
      `--tz ${shellWord(request.zone)}`,
      `-w ${shellWord(workspace)}`,
    ]
      .filter(Boolean)
      .join(" ");
  }
  return [
    base,
    `--out ${shellWord(request.path)}`,
    `--format ${request.format}`,
    request.style === "formatted" ? "--formatted" : "",
    request.has_bom ? "--bom" : "",
    request.is_replacing ? "--force" : "",
    `--tz ${shellWord(request.zone)}`,
    `-w ${shellWord(workspace)}`,
  ]
    .filter(Boolean)
    .join(" ");
}
