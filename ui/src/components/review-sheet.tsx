import { type FC, type ReactNode, useId, useState } from "react";
import { wireError } from "@/api/call";
import type { Outcome } from "@/api/generated/Outcome";
import { copyText } from "@/lib/clipboard";
import { countOf } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useWorkspace } from "@/lib/scope";
import { changedColumns, ENVIRONMENTS } from "@/lib/words";
import { Glyph, Icon } from "./icon";
import { Modal, ModalClose, ModalTitle } from "./popup";
import { Failure, Loading } from "./states";

/** What the person wrote in a review. */
export interface ReviewInput {
  reason: string;
  confirm: string;
}

/** Whether a reviewed change may be applied: everything asked for is there. */
export function canApply(outcome: Outcome | undefined, input: ReviewInput, needsReason: boolean): boolean {
  if (!outcome || outcome.rows.length === 0) return false;
  if (needsReason && input.reason.trim() === "") return false;
  return outcome.confirm === null || input.confirm.trim() === outcome.confirm;
}

/** A change row by row, before it is applied: before → after, counts, reason, what to type. */
export const ReviewSheet: FC<{
  title: string;
  verb: string;
  isOpen: boolean;
  onClose: () => void;
  preview: Outcome | undefined;
  error: unknown;
  isPreviewing: boolean;
  isApplying: boolean;
  onRetry: () => void;
  onApply: (input: ReviewInput) => void;
  needsReason: boolean;
  command?: (reason: string) => string;
  /** Choices above the rows, for example the new plan. */
  children?: ReactNode;
}> = (props) => {
  const { preview, error, needsReason } = props;
  const workspace = useWorkspace();
  const environment = ENVIRONMENTS[workspace.environment];
  const ids = useId();
  const [input, setInput] = useState<ReviewInput>({ reason: "", confirm: "" });
  const isReady = canApply(preview, input, needsReason) && !props.isPreviewing && !props.isApplying;
  return (
    <Modal isOpen={props.isOpen} onClose={props.onClose} className="review">
      <div className="dh">
        <ModalTitle>{props.title}</ModalTitle>
        <span className="dx">
          <span className={environment.className}>{environment.chip}</span>
          <span>{workspace.name}</span>
          <ModalClose />
        </span>
      </div>
      {props.children}
      <div className="dt">
        {error ? (
          <Failure
            error={error}
            {...(wireError(error).code === "read_only" ? {} : { onRetry: props.onRetry })}
          />
        ) : preview ? (
          <PreviewRows preview={preview} />
        ) : props.isPreviewing ? (
          <Loading what="Computing the change" rows={3} />
        ) : (
          <div className="state">
            <p>Choose what to change to see every row before and after.</p>
          </div>
        )}
      </div>
      {preview && !error && (
        <>
          <Effects preview={preview} />
          <div className="df2">
            <div>
              <label className="fl" htmlFor={`${ids}-reason`}>
                Reason{" "}
                <span className="rg t2">
                  {needsReason ? "kept in the audit log" : "optional, kept in the audit log"}
                </span>
              </label>
              <input
                id={`${ids}-reason`}
                className="inp"
                value={input.reason}
                autoComplete="off"
                onChange={(event) => setInput({ ...input, reason: event.target.value })}
              />
            </div>
            {preview.confirm !== null && (
              <div>
                <label className="fl" htmlFor={`${ids}-confirm`}>
                  Type <span className="mono ph2">{preview.confirm}</span> to confirm
                </label>
                <input
                  id={`${ids}-confirm`}
                  className="inp"
                  value={input.confirm}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => setInput({ ...input, confirm: event.target.value })}
                />
              </div>
            )}
          </div>
        </>
      )}
      <div className="dfoot">
        {props.command && preview && <CopyCommand command={props.command(input.reason)} />}
        <span className="act">
          <button type="button" className="btn" onClick={props.onClose}>
            Cancel
          </button>
          <button type="button" className="btn pri" disabled={!isReady} onClick={() => props.onApply(input)}>
            {props.isApplying ? "Applying" : props.verb}
          </button>
        </span>
      </div>
    </Modal>
  );
};

const CopyCommand: FC<{ command: string }> = ({ command }) => (
  <button
    type="button"
    className="btn sm gh"
    onClick={() =>
      void copyText(command).then(() => notify({ tone: "ok", title: "Command copied", text: command }))
    }
  >
    <Icon name="copy" />
    Copy as CLI command
  </button>
);

const PreviewRows: FC<{ preview: Outcome }> = ({ preview }) => (
  <table className="tb">
    <thead>
      <tr>
        <th scope="col">Row</th>
        <th scope="col">Column</th>
        <th scope="col">Now → after</th>
        <th scope="col">Note</th>
      </tr>
    </thead>
    <tbody>
      {preview.rows.flatMap((row) =>
        changedColumns(row.before, row.after).map((change, index) => (
          <tr key={`${row.table}:${JSON.stringify(row.key)}:${change.column}`}>
            <td>
              {index === 0 && (
                <>
                  <span className="m">{row.label}</span>
                  <span className="t3 after">{row.table.replace("steward.", "")}</span>
                </>
              )}
            </td>
            <td className="t2">{change.column.replaceAll("_", " ")}</td>
            <td>
              <span className="pl2">
                <span className="t2 st-w">{change.before}</span>
                <Icon name="arrow" />
                <span className="m st-w">{change.after}</span>
              </span>
            </td>
            <td className="t2">{row.before === null ? "new row" : row.after === null ? "row goes" : ""}</td>
          </tr>
        )),
      )}
      {preview.skipped.map((row) => (
        <tr key={row.label}>
          <td className="t3">{row.label}</td>
          <td colSpan={2} className="t3">
            left alone
          </td>
          <td className="t2">{row.reason}</td>
        </tr>
      ))}
      {preview.rows.length + preview.skipped.length === 0 && (
        <tr>
          <td colSpan={4} className="t2">
            Nothing would change.
          </td>
        </tr>
      )}
    </tbody>
  </table>
);

const Effects: FC<{ preview: Outcome }> = ({ preview }) => (
  <div className="eff">
    <div>
      <span className="ok">
        <Glyph tone="ok" />
      </span>
      <span>{countOf(preview.rows.length, "row")} in one transaction, all or none.</span>
    </div>
    {preview.skipped.length > 0 && (
      <div>
        <span className="warning">
          <Glyph tone="warning" />
        </span>
        <span>{countOf(preview.skipped.length, "row")} left alone, for the reason beside it.</span>
      </div>
    )}
    <div>
      <span className="info">
        <Glyph tone="info" />
      </span>
      <span>
        If a row moves before you apply, nothing is changed and you see it again. Can be undone from the audit
        log.
      </span>
    </div>
  </div>
);
