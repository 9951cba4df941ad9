import { useIsFetching, useQuery } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { type FC, Fragment, useEffect, useState } from "react";
import type { DatasetStatus } from "@/api/generated/DatasetStatus";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { syncStatusOptions } from "@/api/queries";
import { EnterPassword } from "@/components/enter-password";
import { FirstRead } from "@/components/first-read";
import { Glyph, Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Words } from "@/components/words";
import { CopyFailure } from "@/features/sync/copy-failure";
import { formatClock, formatDay, formatMinute } from "@/lib/format";
import { later } from "@/lib/later";
import { useScope, useSession, useWorkspace } from "@/lib/scope";
import { ENVIRONMENTS, isOffline, needsPassword } from "@/lib/words";
import { platform } from "@/platform/current";
import { Header } from "./header";
import { Sidebar } from "./sidebar";
import { useActions } from "./use-actions";
import { useShortcuts } from "./use-shortcuts";
import { viewAt } from "./views";

const Overlays = later(async () => (await import("./overlays")).Overlays);

/** Views that ask nothing of the copy. */
const WITHOUT_COPY = ["/settings", "/diagnostics"];

/** Views that say something before the first cut: how the read goes, or what is whole already. */
const BEFORE_FIRST_CUT = [...WITHOUT_COPY, "/sync", "/"];

/** The frame around every view; without a workspace it leads to the first run. */
export const Shell: FC = () => {
  const { session } = useSession();
  return session.workspace ? <Frame /> : <Navigate to="/setup" />;
};

const Frame: FC = () => {
  const { settings } = useSession();
  const workspace = useWorkspace();
  const { pathname } = useLocation();
  const status = useQuery(syncStatusOptions(workspace.id));
  const fetching = useIsFetching();
  const [open, setOpen] = useState<"palette" | "help" | "range">();
  const [isCollapsed, setIsCollapsed] = useState(false);
  const actions = useActions({
    openPalette: () => setOpen("palette"),
    openHelp: () => setOpen("help"),
    openRange: () => setOpen("range"),
    toggleSidebar: () => setIsCollapsed((before) => !before),
  });
  useShortcuts(actions, settings.has_single_key_shortcuts);
  const label = viewAt(pathname)?.label ?? "Events";
  const environment = ENVIRONMENTS[workspace.environment];
  useEffect(() => {
    platform().setTitle(`${label} · ${workspace.name} · ${environment.chip} · Steward`);
  }, [label, workspace.name, environment.chip]);
  const isProduction = workspace.environment === "production";
  return (
    <>
      {isProduction && <div className="rail" aria-hidden="true" />}
      <div className={`app${isProduction ? "" : " no-rail"}${isCollapsed ? " is-collapsed" : ""}`}>
        <button type="button" className="skip btn" onClick={() => document.getElementById("main")?.focus()}>
          Skip to the view
        </button>
        <Sidebar onSearch={() => setOpen("palette")} />
        <Header
          status={status.data}
          isUnreadable={status.isError && !status.data}
          isRangeOpen={open === "range"}
          onRangeOpen={(isOpen) => setOpen(isOpen ? "range" : undefined)}
        />
        <main className="main" id="main" tabIndex={-1}>
          {fetching > 0 && <div className="topbar" aria-hidden="true" />}
          <Banners />
          {status.isError && !status.data && !WITHOUT_COPY.includes(pathname) ? (
            <CopyFailure view={label} error={status.error} onRetry={() => void status.refetch()} />
          ) : status.data?.as_of === null && !BEFORE_FIRST_CUT.includes(pathname) ? (
            // A total of half the rows is a wrong total, in every view alike.
            <div className="wrap">
              <PageHead title={label} />
              <FirstRead query={status} />
            </div>
          ) : (
            // Nothing of one company stays on screen under another one's name.
            <Fragment key={workspace.id}>
              <Outlet />
            </Fragment>
          )}
        </main>
      </div>
      <Overlays
        open={open}
        onClose={() => setOpen(undefined)}
        actions={actions}
        hasSingleKeys={settings.has_single_key_shortcuts}
        status={status.data}
      />
    </>
  );
};

/** The time of day where it was today, else with the day: old numbers are not to look like fresh ones. */
function seenAt(instant: string, zone: string): string {
  const isToday = formatDay(instant, zone) === formatDay(new Date().toISOString(), zone);
  return isToday ? formatClock(instant, zone).slice(0, 5) : formatMinute(instant, zone);
}

/** The datasets that do not equal the server yet or any more, as a sentence; nothing where all of them do. */
function beingRead(status: SyncStatus | undefined): string | null {
  if (!status?.as_of) return null;
  const isHere = ({ state }: DatasetStatus) =>
    state.state === "consistent" || state.state === "verifying" || state.state === "blocked";
  const rows = status.datasets.filter((row) => !isHere(row));
  if (rows.length === 0) return null;
  const isFirst = rows.every(({ state }) => state.state === "loading" || state.state === "waiting");
  const names = rows.length > 3 ? "most of the copy" : rows.map((row) => row.label).join(", ");
  return `${isFirst ? "Still being read" : "Being read again"}: ${names}. Totals may be incomplete until that is done.`;
}

/** What holds for everything below: sample data, parts that are still read, no connection. */
const Banners: FC = () => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const { data: status } = useQuery(syncStatusOptions(workspace.id));
  const reading = beingRead(status);
  return (
    <>
      {workspace.environment === "sample" && (
        <div className="ribbon" role="note">
          <b>Sample data</b>
          <span>An invented company on a database of this computer. Nothing here belongs to anybody.</span>
        </div>
      )}
      {status?.last_error && !isOffline(status) && (
        <div className="banner" role="alert">
          <span className="danger">
            <Glyph tone="danger" />
          </span>
          <span>
            <b>
              <Words>{status.last_error.message}</Words>
            </b>{" "}
            <Words>{status.last_error.hint}</Words>
          </span>
          <span className="act">
            <span className="mono t3">{status.last_error.code}</span>
            {needsPassword(status.last_error.code) ? (
              <EnterPassword workspace={workspace} className="link">
                Enter password…
              </EnterPassword>
            ) : (
              <Link to="/sync" className="link">
                Open sync
              </Link>
            )}
          </span>
        </div>
      )}
      {reading && (
        <div className="banner" role="status">
          <Icon name="sync" />
          <span>{reading}</span>
          <span className="act">
            <Link to="/sync" className="link">
              Open sync
            </Link>
          </span>
        </div>
      )}
      {status && isOffline(status) && (
        <div className="banner" role="status">
          <Icon name="unplug" />
          <span>
            Can’t reach the database.{" "}
            {status.as_of
              ? `You’re seeing data from ${seenAt(status.as_of, zone)}.`
              : "Nothing was read yet."}{" "}
            Nothing can be changed there until it’s back.
          </span>
          {status.last_error && (
            <span className="act">
              <span className="t3">{status.last_error.message}</span>
              <span className="mono t3">{status.last_error.code}</span>
              <Link to="/sync" className="link">
                Open sync
              </Link>
            </span>
          )}
        </div>
      )}
    </>
  );
};
