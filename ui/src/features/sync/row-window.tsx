import { useMutation } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import type { RowWindow as Keep } from "@/api/generated/RowWindow";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { syncWindow } from "@/api/mutations";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { formatNumber } from "@/lib/format";
import { typedNumber } from "./model";

const FEWEST_ROWS = 1000;

/** Sets which events are kept as rows; it says first what that changes and what it does not. */
export const RowWindow: FC<{ status: SyncStatus }> = ({ status }) => {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <button type="button" className="btn sm" onClick={() => setIsAsking(true)}>
        Rows kept…
      </button>
      <Modal isOpen={isAsking} onClose={() => setIsAsking(false)} className="ask">
        <div className="dh">
          <ModalTitle>Events kept as rows</ModalTitle>
          <span className="dx">
            <ModalClose />
          </span>
        </div>
        {isAsking && <Form keep={status.keep} onClose={() => setIsAsking(false)} />}
      </Modal>
    </>
  );
};

const Form: FC<{ keep: Keep; onClose: () => void }> = ({ keep, onClose }) => {
  const ids = useId();
  const window = useMutation(syncWindow());
  const [days, setDays] = useState(keep.days?.toString() ?? "");
  const [rows, setRows] = useState(keep.rows === null ? "" : formatNumber(keep.rows));
  const next = { days: typedNumber(days), rows: typedNumber(rows) };
  const isDaysWrong =
    next.days === undefined || (next.days !== null && (next.days < 1 || next.days > 36_500));
  const isRowsWrong = next.rows === undefined || (next.rows !== null && next.rows < FEWEST_ROWS);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isDaysWrong || isRowsWrong) return;
        window.mutate({ days: next.days ?? null, rows: next.rows ?? null }, { onSuccess: onClose });
      }}
    >
      <div className="ask-p">
        <p>
          Older events are kept as the server's sums of each quarter-hour. Every total, chart and comparison
          stays the same, in every time zone; lists of single events begin where the rows begin.
        </p>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-days`}>
            Days before today
          </label>
          <input
            id={`${ids}-days`}
            className="inp n"
            inputMode="numeric"
            value={days}
            placeholder="All days"
            aria-invalid={isDaysWrong}
            autoComplete="off"
            onChange={(event) => setDays(event.target.value)}
          />
          <div className="hint">Whole days, UTC. Empty keeps the rows of all days.</div>
        </div>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-rows`}>
            At most about so many rows
          </label>
          <input
            id={`${ids}-rows`}
            className="inp n"
            inputMode="numeric"
            value={rows}
            placeholder="Any number"
            aria-invalid={isRowsWrong}
            autoComplete="off"
            onChange={(event) => setRows(event.target.value)}
          />
          <div className="hint">
            The newest ones, by whole days, {formatNumber(FEWEST_ROWS)} at least. The newest day is always
            kept.
          </div>
        </div>
        <p>More rows are read from the server again; fewer are removed from this computer only.</p>
      </div>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn pri" disabled={isDaysWrong || isRowsWrong || window.isPending}>
            Keep these rows
          </button>
        </span>
      </div>
    </form>
  );
};
