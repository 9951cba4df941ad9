import { useMutation } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import type { FC } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { workspaceMode } from "@/api/mutations";
import { Icon } from "@/components/icon";
import { PopoverButton } from "@/components/popup";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { useSession, useWorkspace } from "@/lib/scope";
import { ENVIRONMENTS } from "@/lib/words";
import { AsOfSlot } from "./as-of-slot";
import { RangeSlots } from "./range-slots";
import { viewAt } from "./views";

/** Where one is, and the slots that stand in the same order in every view. */
export const Header: FC<{
  status: SyncStatus | undefined;
  isRangeOpen: boolean;
  onRangeOpen: (isOpen: boolean) => void;
}> = ({ status, isRangeOpen, onRangeOpen }) => {
  const { pathname } = useLocation();
  const workspace = useWorkspace();
  const view = viewAt(pathname);
  const environment = ENVIRONMENTS[workspace.environment];
  const copyLink = async () => {
    await copyText(location.href);
    notify({ tone: "ok", title: "Link copied" });
  };
  return (
    <header className="head">
      <span className={`${environment.className} env-h`}>{environment.chip}</span>
      <nav className="crumbs" aria-label="Breadcrumb">
        {view ? (
          <span>{view.group}</span>
        ) : (
          <Link to="/" search={(before) => before}>
            Overview
          </Link>
        )}
        <span className="sep" aria-hidden="true">
          /
        </span>
        <button type="button" className="cur" onClick={() => void copyLink()} title="Copy link to this view">
          {view?.label ?? "Events"}
        </button>
      </nav>
      <div className="slots">
        <RangeSlots
          isOpen={isRangeOpen}
          onOpenChange={onRangeOpen}
          offReason={
            view?.hasRange
              ? undefined
              : view
                ? `${view.label} is not limited to a range of days.`
                : "These events come from the number that was opened."
          }
        />
        <AsOfSlot status={status} />
        <ModeSlot />
      </div>
    </header>
  );
};

/** Whether changes may be made from here. */
const ModeSlot: FC = () => {
  const workspace = useWorkspace();
  const { role } = useSession().session;
  const mode = useMutation(workspaceMode());
  const canWrite = role === null || role === "admin" || role === "support";
  const setMode = (isReadOnly: boolean) => {
    mode.mutate({ workspace: workspace.id, is_read_only: isReadOnly });
  };
  if (!workspace.is_read_only) {
    return (
      <span className="unl">
        <Icon name="unlock" />
        <span className="hide-n">Reviewed writes</span>
        <button type="button" onClick={() => setMode(true)} disabled={mode.isPending}>
          Lock now
        </button>
      </span>
    );
  }
  return (
    <PopoverButton
      label="Read-only"
      className="note"
      trigger={
        <button type="button" className="btn sm mode">
          <Icon name="lock" />
          Read-only
        </button>
      }
    >
      <div className="note-h">{workspace.name} is read-only</div>
      {canWrite ? (
        <>
          <p>
            Every change is refused, here and on the command line. Unlocked, each change is still shown row by
            row before it is applied, and goes to the audit log.
          </p>
          <div className="bt">
            <button type="button" className="btn" onClick={() => setMode(false)} disabled={mode.isPending}>
              <Icon name="unlock" />
              Unlock writing
            </button>
          </div>
        </>
      ) : (
        <p>
          The role {role} only looks. Ask an admin for a login that is a member of{" "}
          <span className="mono">steward_support</span> or <span className="mono">steward_admin</span>.
        </p>
      )}
    </PopoverButton>
  );
};
