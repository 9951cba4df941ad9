import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FC } from "react";
import { workspaceUse } from "@/api/mutations";
import { workspaceListOptions } from "@/api/queries";
import { Icon } from "@/components/icon";
import { MenuButton, MenuChoice, MenuChoices, MenuItem, MenuSeparator } from "@/components/popup";
import { keyLabels } from "@/lib/actions";
import { useSession, useWorkspace } from "@/lib/scope";
import { ENVIRONMENTS } from "@/lib/words";
import { type View, viewsFor } from "./views";

const GROUPS = ["Home", "Customers", "Money", "Product", "Operations"] as const;

/** Workspace, search and the views of this role. */
export const Sidebar: FC<{ onSearch: () => void }> = ({ onSearch }) => {
  const { session } = useSession();
  const views = viewsFor(session.role);
  const groups = GROUPS.map((group) => ({ group, views: views.filter((view) => view.group === group) }));
  return (
    <nav className="side" aria-label="Main">
      <WorkspaceSwitcher />
      <button type="button" className="find" onClick={onSearch} aria-label="Search or run">
        <Icon name="search" />
        <span className="nl">Search or run</span>
        <kbd>{keyLabels("$mod+k")[0]}</kbd>
      </button>
      <div className="navs">
        {groups
          .filter((entry) => entry.views.length > 0)
          .map(({ group, views: entries }) => (
            <div key={group} className="ng">
              {group !== "Home" && <div className="gl">{group}</div>}
              {entries.map((view) => (
                <NavLink key={view.to} view={view} />
              ))}
            </div>
          ))}
      </div>
      <div className="nb">
        {views
          .filter((view) => view.group === "System")
          .map((view) => (
            <NavLink key={view.to} view={view} />
          ))}
      </div>
    </nav>
  );
};

const NavLink: FC<{ view: View }> = ({ view }) => (
  <Link
    to={view.to}
    className="nav"
    title={view.label}
    aria-label={view.label}
    activeOptions={{ exact: view.to === "/", includeSearch: false }}
    activeProps={{ "aria-current": "page" }}
  >
    <Icon name={view.icon} />
    <span className="nl">{view.label}</span>
  </Link>
);

const WorkspaceSwitcher: FC = () => {
  const workspace = useWorkspace();
  const list = useQuery(workspaceListOptions());
  const use = useMutation(workspaceUse());
  const navigate = useNavigate();
  const environment = ENVIRONMENTS[workspace.environment];
  return (
    <MenuButton
      align="start"
      className="ws-menu"
      trigger={
        <button
          type="button"
          className="ws"
          aria-label={`Workspace ${workspace.name}, ${environment.label}. Switch workspace`}
        >
          <span className="ws1">
            <b className="tr">{workspace.name}</b>
            <span className={environment.className}>{environment.chip}</span>
          </span>
          <span className="ws2 tr">{workspace.server}</span>
          <span className={`wsm ${environment.className}`} aria-hidden="true">
            {workspace.name.slice(0, 1).toUpperCase()}
          </span>
          <Icon name="updown" className="wsu" />
        </button>
      }
    >
      <MenuChoices value={workspace.id} onValueChange={(id: string) => use.mutate(id)}>
        {(list.data?.rows ?? [workspace]).map((row) => (
          <MenuChoice key={row.id} value={row.id}>
            <span className="mi-c">{row.id === workspace.id && <Icon name="check" />}</span>
            <span className="mi-t">
              <span className="ws1">
                <b>{row.name}</b>
                <span className={ENVIRONMENTS[row.environment].className}>
                  {ENVIRONMENTS[row.environment].chip}
                </span>
              </span>
              <span className="ws2">{row.server}</span>
            </span>
          </MenuChoice>
        ))}
      </MenuChoices>
      <MenuSeparator />
      <MenuItem onClick={() => void navigate({ to: "/setup" })}>
        <span className="mi-c">
          <Icon name="plus" />
        </span>
        Add a workspace…
      </MenuItem>
      <MenuItem onClick={() => void navigate({ to: "/settings" })}>
        <span className="mi-c">
          <Icon name="sliders" />
        </span>
        Manage workspaces
      </MenuItem>
    </MenuButton>
  );
};
