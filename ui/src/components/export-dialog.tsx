import { useQuery } from "@tanstack/react-query";
import { type FC, useEffect, useId, useState } from "react";
import { fileChooser } from "@/api/file-chooser";
import type { ExportFormat } from "@/api/generated/ExportFormat";
import type { ExportPlan } from "@/api/generated/ExportPlan";
import type { ExportSource } from "@/api/generated/ExportSource";
import type { ExportStyle } from "@/api/generated/ExportStyle";
import { exportListOptions, exportPlanOptions } from "@/api/queries";
import { copyText } from "@/lib/clipboard";
import { exportCommand, runningExport, useExport } from "@/lib/exports";
import { countOf, formatNumber, formatSecond } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { Glyph, Icon } from "./icon";
import { Modal } from "./popup";
import { Segmented } from "./segmented";
import { Failure, Loading } from "./states";
import { WorkspaceHead } from "./workspace-head";

const FORMATS: { value: ExportFormat; label: string }[] = [
  { value: "csv", label: "CSV" },
  { value: "xlsx", label: "Excel" },
  { value: "jsonl", label: "JSON lines" },
  { value: "pdf", label: "PDF" },
  { value: "png", label: "PNG" },
  { value: "svg", label: "SVG" },
];
/** What is known before the plan says which kinds of file there are. */
const USUAL: ExportFormat[] = ["csv", "xlsx", "jsonl"];
/** Files whose values have a form of their own. */
const FINISHED: ExportFormat[] = ["pdf", "png", "svg"];
const STYLES: { value: ExportStyle; label: string }[] = [
  { value: "raw", label: "For programs" },
  { value: "formatted", label: "For people" },
];

/** What is said of a file whose form is fixed. */
const HINTS: Partial<Record<ExportFormat, string>> = {
  pdf: "Every page carries workspace, as-of, zone and definition; the last ones say what each number means.",
  xlsx: "Summary, movements, plans and definitions; amounts are numbers in the currency’s major unit, dates are dates.",
  png: "A picture of 1,920 by 640 pixels on a light ground, for a slide or a letter.",
  svg: "A picture that stays sharp at any size; its text stays text.",
};

/** How many rows, as what, into which file. */
export const ExportDialog: FC<{
  name: string;
  source: ExportSource;
  command: string;
  /** The kind of file that is offered first. */
  format?: ExportFormat;
  onClose: () => void;
}> = ({ name, source, command, format: first = "csv", onClose }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const ids = useId();
  const [format, setFormat] = useState<ExportFormat>(first);
  const [style, setStyle] = useState<ExportStyle>("raw");
  const [hasBom, setHasBom] = useState(false);
  const [isReplacing, setIsReplacing] = useState(false);
  const [typedPath, setTypedPath] = useState<string>();
  const plan = useQuery(exportPlanOptions(workspace.id, { ...source, format }));
  const list = useQuery(exportListOptions(workspace.id));
  const run = useExport();
  const isReport = source.source === "report";
  const isFinished = isReport || FINISHED.includes(format);
  const known = plan.data?.formats ?? (isReport ? [first] : USUAL);
  const formats = FORMATS.filter((one) => known.includes(one.value));
  const path = typedPath ?? plan.data?.path ?? "";
  const request = {
    ...source,
    format,
    style,
    has_bom: hasBom && format === "csv",
    zone,
    path: path.trim(),
    is_replacing: isReplacing,
  };
  // Once its first rows are written the task tray has it.
  const isUnderWay = run.isPending && runningExport(list.data?.rows, request.path) !== undefined;
  useEffect(() => {
    if (isUnderWay || run.isSuccess) onClose();
  }, [isUnderWay, run.isSuccess, onClose]);

  const pathProblem = run.error?.wire.fields.find((field) => field.field === "path")?.message;
  const isTaken = pathProblem?.includes("there already") ?? false;
  const chooseFormat = (next: ExportFormat) => {
    // A path of one's own keeps its name and gets the new ending.
    setTypedPath((before) => before?.replace(/\.(csv|xlsx|jsonl|pdf|png|svg)$/, `.${next}`));
    setFormat(next);
    run.reset();
  };
  const choosePath = (next: string) => {
    setTypedPath(next);
    setIsReplacing(false);
    run.reset();
  };
  const chooseFile = fileChooser();
  const copy = () =>
    void copyText(exportCommand(command, request, workspace.name)).then(() =>
      notify({ tone: "ok", title: "Command copied" }),
    );
  return (
    <Modal isOpen onClose={onClose} className="export">
      <WorkspaceHead workspace={workspace}>Export {lowerFirst(name)}</WorkspaceHead>
      <div className="ex-body">
        {plan.isPending ? (
          <Loading what={isReport ? "Reading the report" : "Counting the rows"} rows={2} />
        ) : plan.isError ? (
          <Failure
            title={isReport ? "There is nothing to report" : "The rows could not be counted"}
            error={plan.error}
            onRetry={() => void plan.refetch()}
          />
        ) : (
          <PlanSummary plan={plan.data} zone={zone} format={format} isReport={isReport} />
        )}
        <div className="ex-two">
          <div className="fld">
            <span className="fl">File</span>
            <Segmented
              label="Kind of file"
              value={format}
              options={formats}
              onChange={(next) => chooseFormat(next as ExportFormat)}
            />
          </div>
          {!isFinished && (
            <div className="fld">
              <span className="fl">Values</span>
              <Segmented
                label="How values are written"
                value={style}
                options={STYLES}
                onChange={(next) => setStyle(next as ExportStyle)}
              />
            </div>
          )}
        </div>
        {isFinished ? (
          <p className="hint">{HINTS[format]}</p>
        ) : (
          <p className="hint">
            {style === "raw"
              ? `Times as ISO 8601 with the offset of ${zone}, amounts in the currency’s minor unit.`
              : `Times in ${zone} without an offset, amounts in the currency’s major unit.`}
            {format === "csv" && " Text that a spreadsheet would compute gets an apostrophe before it."}
          </p>
        )}
        {format === "csv" && (
          <label className="ck">
            <input type="checkbox" checked={hasBom} onChange={(event) => setHasBom(event.target.checked)} />
            Begin with a UTF-8 mark, which Excel needs for umlauts
          </label>
        )}
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-path`}>
            Save as
          </label>
          <span className="ex-path">
            <input
              id={`${ids}-path`}
              className="inp mono"
              value={path}
              spellCheck={false}
              autoComplete="off"
              aria-invalid={pathProblem !== undefined}
              aria-describedby={`${ids}-hint`}
              onChange={(event) => choosePath(event.target.value)}
            />
            {chooseFile && (
              <button
                type="button"
                className="btn"
                onClick={() =>
                  void chooseFile(`Export ${lowerFirst(name)}`, request.path).then(
                    (chosen) => chosen !== null && choosePath(chosen),
                    // Without the system's dialog the field is still there.
                    () => notify({ tone: "warning", title: "The system’s dialog did not open" }),
                  )
                }
              >
                Choose…
              </button>
            )}
          </span>
          <div className={pathProblem ? "hint warning" : "hint"} id={`${ids}-hint`}>
            {pathProblem ?? "A manifest with filter, zone, rows and checksum is written beside it."}
          </div>
        </div>
        {(isTaken || isReplacing) && (
          <label className="ck">
            <input
              type="checkbox"
              checked={isReplacing}
              onChange={(event) => setIsReplacing(event.target.checked)}
            />
            Replace the file that is there
          </label>
        )}
      </div>
      <div className="dfoot">
        <button type="button" className="btn sm gh" onClick={copy}>
          <Icon name="copy" />
          Copy as CLI command
        </button>
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="btn pri"
            disabled={!plan.data || request.path === "" || run.isPending}
            onClick={() => run.mutate(request)}
          >
            {run.isPending
              ? "Starting"
              : plan.data && !isFinished
                ? `Export ${countOf(plan.data.rows, "row")}`
                : isFinished
                  ? `Save ${formats.find((one) => one.value === format)?.label ?? ""}`
                  : "Export"}
          </button>
        </span>
      </div>
    </Modal>
  );
};

/** A name inside a sentence; one that is all capitals stays so. */
const lowerFirst = (name: string) =>
  /^[A-Z][a-z]/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name;

const PlanSummary: FC<{ plan: ExportPlan; zone: string; format: ExportFormat; isReport: boolean }> = ({
  plan,
  zone,
  format,
  isReport,
}) => (
  <div className="ex-sum">
    <dl className="sum4">
      <div>
        <dt>{isReport ? "rows in its tables" : "rows, all that match"}</dt>
        <dd>{formatNumber(plan.rows)}</dd>
      </div>
      {!isReport && (
        <div>
          <dt>columns</dt>
          <dd>{formatNumber(plan.columns.length)}</dd>
        </div>
      )}
      {!isReport && format === "xlsx" && plan.sheets > 1 && (
        <div>
          <dt>worksheets</dt>
          <dd>{formatNumber(plan.sheets)}</dd>
        </div>
      )}
      <div>
        <dt>as of</dt>
        <dd>{plan.freshness.as_of ? formatSecond(plan.freshness.as_of, zone) : "nothing read yet"}</dd>
      </div>
    </dl>
    {plan.filter.length > 0 && <p className="t2">{plan.filter.join(" · ")}</p>}
    {!plan.freshness.is_consistent && (
      <p className="ex-warn">
        <span className="warning">
          <Glyph tone="warning" />
        </span>
        The copy does not equal the server yet: the first read or a repair is under way.
      </p>
    )}
  </div>
);
