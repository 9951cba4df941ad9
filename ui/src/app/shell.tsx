import { useIsFetching, useQuery } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { type FC, useEffect, useState } from "react";
import { syncStatusOptions } from "@/api/queries";
import { Glyph, Icon } from "@/components/icon";
import { formatClock } from "@/lib/format";
import { useScope, useSession, useWorkspace } from "@/lib/scope";
import { ENVIRONMENTS, isOffline } from "@/lib/words";
import { platform } from "@/platform/current";
import { ChangeTray } from "./change-tray";
import { ExportTasks } from "./export-tasks";
import { Header } from "./header";
import { Help } from "./help";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { Sidebar } from "./sidebar";
import { TaskTray } from "./task-tray";
import { useActions } from "./use-actions";
import { useShortcuts } from "./use-shortcuts";
import { viewAt } from "./views";

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
  const close = () => setOpen(undefined);
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
          isRangeOpen={open === "range"}
          onRangeOpen={(isOpen) => setOpen(isOpen ? "range" : undefined)}
        />
        <main className="main" id="main" tabIndex={-1}>
          {fetching > 0 && <div className="topbar" aria-hidden="true" />}
          <Banners />
          <Outlet />
        </main>
      </div>
      <ChangeTray />
      <div className="corner">
        <Notices />
        <ExportTasks />
        <TaskTray status={status.data} />
      </div>
      <Palette isOpen={open === "palette"} onClose={close} actions={actions} />
      <Help
        isOpen={open === "help"}
        onClose={close}
        actions={actions}
        hasSingleKeys={settings.has_single_key_shortcuts}
      />
    </>
  );
};

/** What holds for everything below: sample data, no connection. */
const Banners: FC = () => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const { data: status } = useQuery(syncStatusOptions(workspace.id));
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
            <b>{status.last_error.message}</b> {status.last_error.hint}
          </span>
          <span className="act">
            <span className="mono t3">{status.last_error.code}</span>
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
              ? `You’re seeing data from ${formatClock(status.as_of, zone).slice(0, 5)}.`
              : "Nothing was read yet."}{" "}
            Changes are off until it’s back.
          </span>
          <span className="act">
            {status.last_error && <span className="t3">{status.last_error.message}</span>}
          </span>
        </div>
      )}
    </>
  );
};
