import { useMutation } from "@tanstack/react-query";
import { type FC, type ReactNode, useState } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { Workspace } from "@/api/generated/Workspace";
import { syncRebuild } from "@/api/mutations";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { formatNumber, sizeParts } from "@/lib/format";
import { isUnusableCopy } from "@/lib/words";

/** Reading everything anew; it says first what exactly that is. */
export const Rebuild: FC<{ status: SyncStatus }> = ({ status }) => {
  const code = status.last_error?.code;
  if (code && isUnusableCopy(code)) return <RebuildBeside server={status.server} login={status.login} />;
  const rows = status.datasets.reduce((sum, row) => sum + (row.server_rows_estimate ?? row.rows), 0);
  const disk = sizeParts(status.disk_bytes);
  return (
    <RebuildButton
      className="btn sm"
      confirm="btn dng"
      after="Nothing is written to the server. Until it is done, totals of older days may change. To find out whether the copy is right, verify it: that changes nothing that is right."
    >
      <li>
        The position is forgotten: a new snapshot of <span className="mono">{status.server}</span> is taken as
        the beginning.
      </li>
      <li>
        About <b>{formatNumber(rows)} rows</b> of {status.datasets.length} datasets are read again as{" "}
        <span className="mono">{status.login}</span>, events newest first.
      </li>
      <li>
        Rows that are right stay, wrong ones are changed, those the server no longer has are removed. The{" "}
        {disk.figure} {disk.unit} on this computer stay readable all the while.
      </li>
      <li>What changed meanwhile is read, and the copy is consistent again.</li>
    </RebuildButton>
  );
};

/** The same for a copy that cannot be used: its file stays, under another name. */
export const RebuildBeside: FC<{
  server: Workspace["server"];
  login: Workspace["login"];
  className?: string;
}> = ({ server, login, className = "btn sm" }) => (
  <RebuildButton
    className={className}
    confirm="btn pri"
    after="Nothing is written to the server. There are no numbers until it is read, so the server has to be within reach."
  >
    <li>
      The file found here is renamed and stays beside the new one, with <span className="mono">damaged</span>{" "}
      in its name. Nothing is deleted.
    </li>
    <li>
      Everything is read again from <span className="mono">{server}</span> as{" "}
      <span className="mono">{login}</span>, events newest first.
    </li>
    <li>The workspace, its password and settings stay as they are.</li>
  </RebuildButton>
);

const RebuildButton: FC<{ className: string; confirm: string; after: string; children: ReactNode }> = ({
  className,
  confirm,
  after,
  children,
}) => {
  const rebuild = useMutation(syncRebuild());
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className={className}
        onClick={() => setIsAsking(true)}
        disabled={rebuild.isPending}
      >
        {rebuild.isPending ? "Rebuilding" : "Rebuild copy…"}
      </button>
      <Modal isOpen={isAsking} onClose={() => setIsAsking(false)} className="ask">
        <div className="dh">
          <ModalTitle>Rebuild the local copy</ModalTitle>
          <span className="dx">
            <ModalClose />
          </span>
        </div>
        <div className="ask-p">
          <ol className="rb-steps">{children}</ol>
          <p>{after}</p>
        </div>
        <div className="dfoot">
          <span className="act">
            <button type="button" className="btn" onClick={() => setIsAsking(false)}>
              Cancel
            </button>
            <button
              type="button"
              className={confirm}
              onClick={() => {
                setIsAsking(false);
                rebuild.mutate();
              }}
            >
              Rebuild copy
            </button>
          </span>
        </div>
      </Modal>
    </>
  );
};
