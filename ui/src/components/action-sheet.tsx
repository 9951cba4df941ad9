import { useMutation } from "@tanstack/react-query";
import { type FC, type ReactNode, useId, useState } from "react";
import { wireError } from "@/api/call";
import { type Commands, commands } from "@/api/generated/commands";
import type { Outcome } from "@/api/generated/Outcome";
import { workspaceMode } from "@/api/mutations";
import { useAnnounceChange } from "@/lib/operations";
import { takesUnlock } from "@/lib/permits";
import { type Draft, outcomeOf, type ReviewedName, useReviewed } from "@/lib/reviewed";
import { useWorkspace } from "@/lib/scope";
import { collect } from "@/lib/tray";
import { Icon } from "./icon";
import { Modal } from "./popup";
import { ReasonField } from "./reason-field";
import { CopyCommand, Effects, PreviewRows } from "./review-parts";
import { Failure, Loading } from "./states";
import { WorkspaceHead } from "./workspace-head";

/** Says that the mode stands in the way, and changes it. */
const UnlockLine: FC = () => {
  const workspace = useWorkspace();
  const mode = useMutation(workspaceMode());
  return (
    <div className="as-un">
      <Icon name="lock" />
      <span>This takes unlocked writing: several rows at once, or somebody shut out.</span>
      <button
        type="button"
        className="btn sm"
        disabled={mode.isPending}
        onClick={() => mode.mutate({ workspace: workspace.id, mode: "unlocked" })}
      >
        Unlock for 15 minutes
      </button>
    </div>
  );
};

/**
 * A reviewed change from its fields to its rows: what is chosen is previewed at once, and what was previewed is
 * what Apply does. The reason is a part of what is previewed, for it is kept with the rows.
 */
export function ActionSheet<Name extends ReviewedName>(props: {
  title: string;
  /** The button; always with what it does. */
  verb: (outcome: Outcome | undefined) => string;
  command: Name;
  /** What is to be done; none while something is missing. */
  draft: Draft<Name> | undefined;
  /** What is missing, while something is. */
  missing?: string;
  /** Whether it needs a reason beside what the command table asks one for: what is dangerous always needs one. */
  needsReason: boolean;
  /** The reason that was given before, where one was; it can be changed. */
  reason?: string;
  /** Whether these rows need a reason before they are applied, where only the rows say so. */
  needsReasonFor?: (outcome: Outcome) => boolean;
  isUndoable?: boolean;
  /** The same on the command line. */
  cli: (reason: string) => string;
  /** Above the rows: what the answer says beside them. */
  summary?: (answer: Commands[Name]["response"]) => ReactNode;
  /** What applying means, where the rows of the outcome are its bookkeeping and the summary says what is touched. */
  effects?: (answer: Commands[Name]["response"]) => ReactNode;
  onClose: () => void;
  onDone?: (answer: Commands[Name]["response"]) => void;
  children?: ReactNode;
}): ReactNode {
  const { title, draft, isUndoable = true } = props;
  const needsReason = props.needsReason || takesUnlock(commands[props.command]);
  const workspace = useWorkspace();
  const announce = useAnnounceChange();
  const ids = useId();
  const [reason, setReason] = useState(props.reason ?? "");
  const [typed, setTyped] = useState("");
  const hasReason = !needsReason || reason.trim() !== "";
  const change = useReviewed(props.command, hasReason ? draft : undefined, reason.trim());
  const outcome = outcomeOf(change.preview);
  const isConfirmed = outcome !== undefined && (outcome.confirm === null || typed.trim() === outcome.confirm);
  const lacksReason =
    outcome !== undefined && props.needsReasonFor?.(outcome) === true && reason.trim() === "";
  // What has to be typed is dangerous: where real customers are, it takes the unlocked mode.
  const isLocked =
    outcome !== undefined &&
    outcome.confirm !== null &&
    workspace.needs_unlock &&
    workspace.mode !== "unlocked";
  const canApply = !isLocked && isConfirmed && outcome.rows.length > 0 && !lacksReason && !change.isApplying;
  const handleApply = () =>
    change.apply(typed.trim(), (answer) => {
      const done = outcomeOf(answer);
      if (done) announce(title, done, isUndoable);
      props.onDone?.(answer);
      props.onClose();
    });
  // Into the change tray: nothing is sent before it is reviewed there with the others.
  const handleCollect = () => {
    collect({
      workspace: workspace.id,
      title,
      command: props.command,
      draft,
      reason: reason.trim(),
      isUndoable,
    });
    props.onClose();
  };
  return (
    <Modal isOpen onClose={props.onClose} className="review">
      <WorkspaceHead workspace={workspace}>{title}</WorkspaceHead>
      <div className="as-f">
        {props.children}
        <ReasonField
          hint={needsReason || lacksReason ? "kept in the audit log" : "optional, kept in the audit log"}
          value={reason}
          onChange={setReason}
        />
      </div>
      <div className="dt">
        {change.error ? (
          <Failure
            error={change.error}
            {...(wireError(change.error).code === "read_only" ? {} : { onRetry: change.look })}
          />
        ) : outcome && change.preview ? (
          <>
            {props.summary?.(change.preview)}
            {!props.effects && <PreviewRows preview={outcome} />}
          </>
        ) : change.isPreviewing ? (
          <Loading what="Computing the change" rows={3} />
        ) : (
          <div className="state">
            <p>
              {draft === undefined
                ? (props.missing ?? "Choose what to change to see every row before and after.")
                : "Give a reason to see every row before and after."}
            </p>
          </div>
        )}
      </div>
      {outcome && !change.error && outcome.rows.length > 0 && (
        <>
          {props.effects && change.preview ? (
            props.effects(change.preview)
          ) : (
            <Effects preview={outcome} isUndoable={isUndoable} />
          )}
          {isLocked && <UnlockLine />}
          {outcome.confirm !== null && !isLocked && (
            <div className="df2">
              <div>
                <label className="fl" htmlFor={`${ids}-confirm`}>
                  Type <span className="mono ph2">{outcome.confirm}</span> to confirm
                </label>
                <input
                  id={`${ids}-confirm`}
                  className="inp"
                  value={typed}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => setTyped(event.target.value)}
                />
              </div>
            </div>
          )}
        </>
      )}
      <div className="dfoot">
        {outcome && <CopyCommand command={props.cli(reason.trim())} />}
        <span className="act">
          <button type="button" className="btn" onClick={props.onClose}>
            Cancel
          </button>
          {isUndoable && outcome?.confirm === null && (
            <button type="button" className="btn" disabled={!canApply} onClick={handleCollect}>
              Collect
            </button>
          )}
          <button type="button" className="btn pri" disabled={!canApply} onClick={handleApply}>
            {change.isApplying ? "Applying" : props.verb(outcome)}
          </button>
        </span>
      </div>
    </Modal>
  );
}
