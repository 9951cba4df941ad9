import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import type { FC } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { userShowOptions } from "@/api/queries";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { ENVIRONMENTS } from "@/lib/words";
import { AsOfSlot } from "./as-of-slot";
import { ModeSlot } from "./mode-slot";
import { RangeSlots } from "./range-slots";
import { viewAt } from "./views";

/** Where one is, and the slots that stand in the same order in every view. */
export const Header: FC<{
  status: SyncStatus | undefined;
  /** Whether the copy does not open, so that there is no status to show. */
  isUnreadable: boolean;
  isRangeOpen: boolean;
  onRangeOpen: (isOpen: boolean) => void;
}> = ({ status, isUnreadable, isRangeOpen, onRangeOpen }) => {
  const { pathname } = useLocation();
  const workspace = useWorkspace();
  const view = viewAt(pathname);
  const account = /^\/users\/(.+)$/.exec(pathname)?.[1];
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
        {account !== undefined && (
          <>
            <Link to="/users">{view?.label}</Link>
            <span className="sep" aria-hidden="true">
              /
            </span>
          </>
        )}
        <button type="button" className="cur" onClick={() => void copyLink()} title="Copy link to this view">
          {account === undefined ? (view?.label ?? "Events") : <AccountName user={account} />}
        </button>
      </nav>
      <div className="slots">
        <RangeSlots
          isOpen={isRangeOpen}
          onOpenChange={onRangeOpen}
          isCompared={view?.isCompared ?? false}
          offReason={
            view?.hasRange
              ? undefined
              : view
                ? `${view.label} is not limited to a range of days.`
                : "These events come from the number that was opened."
          }
        />
        <AsOfSlot status={status} isUnreadable={isUnreadable} />
        <ModeSlot />
      </div>
    </header>
  );
};

/** The last crumb of an account: its address, from the answer the page asked for anyway. */
const AccountName: FC<{ user: string }> = ({ user }) => {
  const workspace = useWorkspace();
  const { zone, range } = useScope();
  const { data } = useQuery(userShowOptions(workspace.id, decodeURIComponent(user), zone, range));
  return data ? data.user.email || data.user.name || data.user.id.slice(0, 8) : "Account";
};
