import { useMutation } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { syncRebuild } from "@/api/mutations";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { formatNumber, sizeParts } from "@/lib/format";

/** Reading everything anew; it says first what exactly that is. */
export const Rebuild: FC<{ status: SyncStatus }> = ({ status }) => {
  const rebuild = useMutation(syncRebuild());
  const [isAsking, setIsAsking] = useState(false);
  const rows = status.datasets.reduce((sum, row) => sum + (row.server_rows_estimate ?? row.rows), 0);
  const disk = sizeParts(status.disk_bytes);
  return (
    <div className="bt">
      <button type="button" className="btn sm" onClick={() => setIsAsking(true)} disabled={rebuild.isPending}>
        Rebuild copy…
      </button>
      <Modal isOpen={isAsking} onClose={() => setIsAsking(false)} className="ask">
        <div className="dh">
          <ModalTitle>Rebuild the local copy</ModalTitle>
          <span className="dx">
            <ModalClose />
          </span>
        </div>
        <div className="ask-p">
          <ol className="rb-steps">
            <li>
              The position is forgotten: a new snapshot of <span className="mono">{status.server}</span> is
              taken as the beginning.
            </li>
            <li>
              About <b>{formatNumber(rows)} rows</b> of {status.datasets.length} datasets are read again as{" "}
              <span className="mono">{status.login}</span>, events newest first.
            </li>
            <li>
              Rows that are right stay, wrong ones are changed, those the server no longer has are removed.
              The {disk.figure} {disk.unit} on this computer stay readable all the while.
            </li>
            <li>What changed meanwhile is read, and the copy is consistent again.</li>
          </ol>
          <p>
            Nothing is written to the server. Until it is done, totals of older days may change. To find out
            whether the copy is right, verify it: that changes nothing that is right.
          </p>
        </div>
        <div className="dfoot">
          <span className="act">
            <button type="button" className="btn" onClick={() => setIsAsking(false)}>
              Cancel
            </button>
            <button
              type="button"
              className="btn dng"
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
    </div>
  );
};
