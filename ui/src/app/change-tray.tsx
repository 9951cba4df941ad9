import { useMutation } from "@tanstack/react-query";
import { type FC, useEffect, useState } from "react";
import { wireError } from "@/api/call";
import { Glyph, Icon } from "@/components/icon";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { PreviewRows } from "@/components/review-parts";
import { Failure, Loading } from "@/components/states";
import { WorkspaceHead } from "@/components/workspace-head";
import { countOf } from "@/lib/format";
import { useAnnounceChange } from "@/lib/operations";
import { useWorkspace } from "@/lib/scope";
import { applyAll, discard, type Looked, lookAll, type TrayEntry, useCollected, useTray } from "@/lib/tray";
import { platform } from "@/platform/current";

/** Changes that were collected and not sent: what they are, and the two ways out. */
export const ChangeTray: FC = () => {
  const workspace = useWorkspace();
  const tray = useTray(workspace.id);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <LeaveQuestion />
      {tray.length > 0 && (
        <section className="tray" aria-label="Collected changes">
          <b>{countOf(tray.length, "change")}</b>
          <span className="t2 tr">{tray.map((entry) => entry.title).join(" · ")}</span>
          <span className="act">
            <button
              type="button"
              className="btn sm gh"
              onClick={() => discard(tray.map((entry) => entry.id))}
            >
              Discard
            </button>
            <button type="button" className="btn sm pri" onClick={() => setIsOpen(true)}>
              Review…
            </button>
          </span>
        </section>
      )}
      {isOpen && tray.length > 0 && <TraySheet tray={tray} onClose={() => setIsOpen(false)} />}
    </>
  );
};

/** Asked when the window is closed with changes in the tray, of whichever workspace: they would be lost. */
const LeaveQuestion: FC = () => {
  const count = useCollected();
  const [isAsking, setIsAsking] = useState(false);
  const isFilled = count > 0;
  useEffect(() => {
    if (!isFilled) return setIsAsking(false);
    return platform().holdClose(() => setIsAsking(true));
  }, [isFilled]);
  const stay = () => setIsAsking(false);
  return (
    <Modal isOpen={isAsking} onClose={stay} className="ask">
      <div className="dh">
        <ModalTitle>{countOf(count, "collected change")} not sent</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <p className="ask-p">
        What was collected is kept nowhere but in this window. Closed now, nothing of it happens.
      </p>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={() => platform().closeWindow()}>
            Discard and close
          </button>
          <button type="button" className="btn pri" onClick={stay}>
            Keep the window
          </button>
        </span>
      </div>
    </Modal>
  );
};

const TraySheet: FC<{ tray: readonly TrayEntry[]; onClose: () => void }> = ({ tray, onClose }) => {
  const workspace = useWorkspace();
  const announce = useAnnounceChange();
  const look = useMutation({ mutationKey: ["tray", "look"], mutationFn: () => lookAll(tray) });
  const apply = useMutation({
    mutationKey: ["tray", "apply"],
    mutationFn: (looked: readonly Looked[]) =>
      applyAll(looked, (entry, outcome) => {
        discard([entry.id]);
        announce(entry.title, outcome, entry.isUndoable);
      }),
    onSuccess: (failure) => {
      if (failure) look.mutate();
      else onClose();
    },
  });
  const start = look.mutate;
  useEffect(() => start(), [start]);
  const looked = (look.data ?? []).filter((one) => tray.some((entry) => entry.id === one.entry.id));
  const good = looked.filter((one) => one.outcome && one.outcome.rows.length > 0);
  const rows = good.reduce((sum, one) => sum + (one.outcome?.rows.length ?? 0), 0);
  const canApply = good.length > 0 && good.length === looked.length && !look.isPending && !apply.isPending;
  return (
    <Modal isOpen onClose={onClose} className="review">
      <WorkspaceHead workspace={workspace}>Review {countOf(tray.length, "change")}</WorkspaceHead>
      <div className="dt">
        {apply.data &&
          (apply.data.error === undefined ? (
            <div className="as-un" role="alert">
              <span className="warning">
                <Glyph tone="warning" />
              </span>
              <span>
                <b>Stopped before: {apply.data.entry.title}</b> Its rows are no longer those that were shown;
                nothing of it was sent. These are its rows now.
              </span>
            </div>
          ) : (
            <Failure title={`Stopped at: ${apply.data.entry.title}`} error={apply.data.error} />
          ))}
        {look.isPending ? (
          <Loading what="Computing every change" rows={tray.length} />
        ) : (
          looked.map((one) => (
            <section key={one.entry.id} className="tray-e" aria-label={one.entry.title}>
              <h3>
                {one.entry.title}
                {one.entry.reason && <span className="t2 after">{one.entry.reason}</span>}
                <button
                  type="button"
                  className="ib"
                  aria-label={`Take out: ${one.entry.title}`}
                  onClick={() => {
                    discard([one.entry.id]);
                    if (tray.length === 1) onClose();
                  }}
                >
                  <Icon name="x" />
                </button>
              </h3>
              {one.outcome ? (
                <PreviewRows preview={one.outcome} />
              ) : (
                <p className="hint warning">
                  {wireError(one.error).message} {wireError(one.error).hint}
                </p>
              )}
            </section>
          ))
        )}
      </div>
      {good[0]?.outcome && !look.isPending && (
        <p className="hint tray-n">
          Each change is a transaction of its own, in this order; the first that fails ends it, and the rest
          stays here. {countOf(rows, "row")} in all.
        </p>
      )}
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="btn pri" disabled={!canApply} onClick={() => apply.mutate(looked)}>
            {apply.isPending ? "Applying" : `Apply ${countOf(good.length, "change")}`}
          </button>
        </span>
      </div>
    </Modal>
  );
};
