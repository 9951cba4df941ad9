import { useMutation, useQuery } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import type { ClosedMonth } from "@/api/generated/ClosedMonth";
import type { Revenue } from "@/api/generated/Revenue";
import { monthDrop, monthKeep } from "@/api/mutations";
import { monthFiguresOptions } from "@/api/queries";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { ReasonField } from "@/components/reason-field";
import { CopyCommand, Effect } from "@/components/review-parts";
import { Failure, Loading } from "@/components/states";
import { WorkspaceHead } from "@/components/workspace-head";
import { shellWord } from "@/lib/actions";
import { formatMinute } from "@/lib/format";
import { monthLabel } from "@/lib/money";
import { notify } from "@/lib/notices";
import { newIntent } from "@/lib/operations";
import { useWorkspace } from "@/lib/scope";
import { FiguresTable } from "./closed-rows";

/** Closes a month without a connection: shows what is written down, and keeps it on this computer. */
export const KeepSheet: FC<{ revenue: Revenue; onClose: () => void }> = ({ revenue, onClose }) => {
  const workspace = useWorkspace();
  const [intent] = useState(newIntent);
  const [reason, setReason] = useState("");
  const keep = useMutation(monthKeep());
  const { month, zone } = revenue;
  const profile = revenue.profile.name;
  const query = useQuery(monthFiguresOptions(workspace.id, { month, zone, profile }));
  const title = monthLabel(month);
  const why = reason.trim();
  const handleKeep = () =>
    query.data &&
    keep.mutate(
      { intent, month, zone, profile, as_of: query.data.as_of, reason: why },
      {
        onSuccess: () => {
          notify({
            tone: "ok",
            title: `${title} is closed on this computer`,
            text: "Not sent yet. Send it from Closed months once there is a connection.",
          });
          onClose();
        },
      },
    );
  return (
    <Modal isOpen onClose={onClose} className="review">
      <WorkspaceHead workspace={workspace}>Close {title}</WorkspaceHead>
      <div className="as-f">
        <p className="t2">
          The database can’t be reached. The numbers of {title} in {zone} under <b>{profile}</b> are kept on
          this computer for every currency, encrypted, and sent as they are now.
        </p>
        <ReasonField hint="kept in the audit log once it is sent" value={reason} onChange={setReason} />
      </div>
      <div className="dt">
        {keep.error ? (
          <Failure
            title="The month was not closed"
            error={keep.error}
            onRetry={() => {
              keep.reset();
              void query.refetch();
            }}
          />
        ) : query.isError ? (
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data ? (
          <FiguresTable figures={query.data.figures} />
        ) : (
          <Loading what="Computing the month" rows={3} />
        )}
      </div>
      {query.data && !keep.error && (
        <div className="eff">
          <Effect tone="ok">
            From the copy as of {formatMinute(query.data.as_of, zone)}. What is sent later is this, even when
            the copy has moved on.
          </Effect>
          <Effect tone="info">
            Kept on this computer until it is sent; until then nobody else has it. It can be dropped.
          </Effect>
        </div>
      )}
      <div className="dfoot">
        <CopyCommand
          command={`steward revenue close ${month} --keep --profile ${profile} --tz ${shellWord(zone)}${why ? ` --reason ${shellWord(why)}` : ""} -w ${shellWord(workspace.name)}`}
        />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="btn pri"
            disabled={!query.data || why === "" || keep.isPending || keep.error !== null}
            onClick={handleKeep}
          >
            Keep on this computer
          </button>
        </span>
      </div>
    </Modal>
  );
};

/** Throws away what is kept of a month, after its name was typed. */
export const DropSheet: FC<{
  month: string;
  was: ClosedMonth | undefined;
  zone: string;
  onClose: () => void;
}> = ({ month, was, zone, onClose }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [typed, setTyped] = useState("");
  const drop = useMutation(monthDrop());
  return (
    <Modal isOpen onClose={onClose} className="review">
      <div className="dh">
        <ModalTitle>Drop {monthLabel(month)}</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="as-f">
        <p className="t2">
          {was
            ? `What was closed on this computer on ${formatMinute(was.closed_at, zone)} is thrown away. Nobody else has it; the server and its history stay as they are.`
            : "What is kept cannot be opened without its key. Dropped, it is gone even when the key comes back."}
        </p>
      </div>
      <div className="dt">
        {drop.error ? (
          <Failure title="Nothing was dropped" error={drop.error} onRetry={() => drop.reset()} />
        ) : (
          was && <FiguresTable figures={was.figures} />
        )}
      </div>
      <div className="df2">
        <div>
          <label className="fl" htmlFor={`${ids}-confirm`}>
            Type <span className="mono ph2">{month}</span> to confirm
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
      <div className="dfoot">
        <CopyCommand command={`steward revenue drop ${month} -w ${shellWord(workspace.name)}`} />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="btn dng"
            disabled={typed.trim() !== month || drop.isPending}
            onClick={() => drop.mutate({ month, confirm: typed.trim() }, { onSuccess: onClose })}
          >
            Drop month
          </button>
        </span>
      </div>
    </Modal>
  );
};
