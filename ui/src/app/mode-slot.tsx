import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FC, useEffect, useState } from "react";
import { invalidateTags } from "@/api/client";
import type { WriteMode } from "@/api/generated/WriteMode";
import { workspaceMode } from "@/api/mutations";
import { Icon } from "@/components/icon";
import { PopoverButton } from "@/components/popup";
import { formatCountdown } from "@/lib/format";
import { mayWrite } from "@/lib/permits";
import { useSession, useWorkspace } from "@/lib/scope";

/** What may be changed from here: nothing, what is reviewed, or for a while everything. */
export const ModeSlot: FC = () => {
  const workspace = useWorkspace();
  const { role } = useSession().session;
  const mode = useMutation(workspaceMode());
  const canWrite = mayWrite(role);
  const setMode = (next: WriteMode) => mode.mutate({ workspace: workspace.id, mode: next });
  if (workspace.mode === "unlocked" && workspace.unlocked_until) {
    return (
      <Unlocked
        until={workspace.unlocked_until}
        isBusy={mode.isPending}
        onExtend={() => setMode("unlocked")}
        onLock={() => setMode("read_only")}
      />
    );
  }
  if (workspace.mode === "reviewed" && !workspace.needs_unlock) {
    return (
      <span className="unl">
        <Icon name="unlock" />
        <span className="hide-n">Reviewed writes</span>
        <button type="button" onClick={() => setMode("read_only")} disabled={mode.isPending}>
          Lock now
        </button>
      </span>
    );
  }
  const isReadOnly = workspace.mode === "read_only";
  const title = isReadOnly ? "Read-only" : "Reviewed writes";
  return (
    <PopoverButton
      label={title}
      className="note"
      trigger={
        <button type="button" className="btn sm mode">
          <Icon name={isReadOnly ? "lock" : "unlock"} />
          {title}
        </button>
      }
    >
      <div className="note-h">{isReadOnly ? `${workspace.name} is read-only` : "Writes are reviewed"}</div>
      {!canWrite ? (
        <p>
          The role {role} only looks. Ask an admin for a login that is a member of{" "}
          <span className="mono">steward_support</span>, <span className="mono">steward_finance</span> or{" "}
          <span className="mono">steward_admin</span>.
        </p>
      ) : (
        <>
          <p>
            {isReadOnly
              ? "Every change is refused, here and on the command line. Unlocked, each change is still shown row by row before it is applied, and goes to the audit log."
              : "Each change is shown row by row before it is applied. Several rows at once, and what cannot be taken back, are refused until it is unlocked."}
          </p>
          {isReadOnly && (
            <p className="t3">
              This is Steward’s own promise. A login that Steward made is held to it by the server, too; one
              made outside may still write with other programs what its role allows. Diagnostics says which it
              is.
            </p>
          )}
          {workspace.needs_unlock && (
            <p>Unlocked for 15 minutes everything may be changed; then it is as it was before.</p>
          )}
          <div className="bt">
            {isReadOnly ? (
              <button
                type="button"
                className="btn"
                onClick={() => setMode("reviewed")}
                disabled={mode.isPending}
              >
                <Icon name="unlock" />
                Unlock writing
              </button>
            ) : (
              <button
                type="button"
                className="btn"
                onClick={() => setMode("read_only")}
                disabled={mode.isPending}
              >
                <Icon name="lock" />
                Lock now
              </button>
            )}
            {workspace.needs_unlock && (
              <button
                type="button"
                className="btn"
                onClick={() => setMode("unlocked")}
                disabled={mode.isPending}
              >
                <Icon name="unlock" />
                Unlock for 15 minutes
              </button>
            )}
          </div>
        </>
      )}
    </PopoverButton>
  );
};

/** The time that is left, by the second, and the way to end it now. */
const Unlocked: FC<{ until: string; isBusy: boolean; onExtend: () => void; onLock: () => void }> = ({
  until,
  isBusy,
  onExtend,
  onLock,
}) => {
  const client = useQueryClient();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = Date.parse(until) - now;
  const isOver = left <= 0;
  useEffect(() => {
    if (isOver) void invalidateTags(client, ["workspace"]);
  }, [isOver, client]);
  return (
    <span className="unl is-hot">
      <Icon name="unlock" />
      <span className="hide-n">Unlocked</span>
      <span className="unl-t" role="timer" aria-label="Unlocked for another">
        {formatCountdown(left)}
      </span>
      {left < 120_000 && (
        <button type="button" onClick={onExtend} disabled={isBusy}>
          Extend
        </button>
      )}
      <button type="button" onClick={onLock} disabled={isBusy}>
        Lock now
      </button>
    </span>
  );
};
