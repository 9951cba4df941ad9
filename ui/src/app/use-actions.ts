import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { syncPause, syncRun, syncVerify, workspaceMode } from "@/api/mutations";
import { type Action, shellWord } from "@/lib/actions";
import { formatDay } from "@/lib/format";
import { rangePresets } from "@/lib/range";
import { useScope, useSession, useSetScope } from "@/lib/scope";
import { viewsFor } from "./views";

/** What the window itself can do. */
export interface WindowActions {
  openPalette: () => void;
  openHelp: () => void;
  openRange: () => void;
  toggleSidebar: () => void;
}

/** The one registry: palette, shortcuts and help overlay are all made from it. */
export function useActions(actions: WindowActions): Action[] {
  const { session } = useSession();
  const scope = useScope();
  const setScope = useSetScope();
  const navigate = useNavigate();
  const run = useMutation(syncRun());
  const verify = useMutation(syncVerify());
  const pause = useMutation(syncPause());
  const mode = useMutation(workspaceMode());
  const workspace = session.workspace;
  const inWorkspace = workspace ? ` -w ${shellWord(workspace.name)}` : "";
  return [
    ...viewsFor(session.role).map(
      (view): Action => ({
        id: `go:${view.to}`,
        title: view.label,
        group: "Go to",
        icon: view.icon,
        keys: `g ${view.key}`,
        cli: view.cli + inWorkspace,
        run: () => void navigate({ to: view.to }),
      }),
    ),
    ...rangePresets(formatDay(new Date().toISOString(), scope.zone)).map(
      (preset): Action => ({
        id: `range:${preset.label}`,
        title: preset.label,
        group: "Range",
        icon: "calendar",
        ...(preset.keys ? { keys: preset.keys } : {}),
        cli: `steward overview --range ${preset.range} --tz ${shellWord(scope.zone)}${inWorkspace}`,
        run: () => setScope({ range: preset.range }),
      }),
    ),
    {
      id: "range:choose",
      title: "Choose a range…",
      group: "Range",
      icon: "calendar",
      keys: "t r",
      run: actions.openRange,
    },
    {
      id: "range:compare",
      title: scope.compare === "off" ? "Compare with the previous period" : "Stop comparing",
      group: "Range",
      icon: "compare",
      keys: "x",
      run: () => setScope({ compare: scope.compare === "off" ? "weekday" : "off" }),
    },
    {
      id: "sync:run",
      title: "Sync now",
      group: "Sync",
      icon: "sync",
      keys: "s n",
      cli: `steward sync run${inWorkspace}`,
      run: () => run.mutate(),
    },
    {
      id: "sync:verify",
      title: "Compare every row with the server",
      group: "Sync",
      icon: "check",
      keys: "s v",
      cli: `steward verify${inWorkspace}`,
      run: () => verify.mutate("full"),
    },
    {
      id: "sync:pause",
      title: "Pause sync",
      group: "Sync",
      icon: "pause",
      cli: `steward sync pause${inWorkspace}`,
      run: () => pause.mutate(true),
    },
    ...(workspace
      ? [
          {
            id: "workspace:mode",
            title: workspace.is_read_only ? "Unlock writing" : "Lock writing",
            group: "Workspace" as const,
            icon: workspace.is_read_only ? ("unlock" as const) : ("lock" as const),
            cli: `steward workspace mode ${shellWord(workspace.name)} ${workspace.is_read_only ? "reviewed" : "read-only"}`,
            run: () =>
              mode.mutate({
                workspace: workspace.id,
                mode: workspace.is_read_only ? "reviewed" : "read_only",
              }),
          },
          ...(workspace.needs_unlock
            ? [
                {
                  id: "workspace:unlock",
                  title: "Unlock everything for 15 minutes",
                  group: "Workspace" as const,
                  icon: "unlock" as const,
                  cli: `steward workspace mode ${shellWord(workspace.name)} unlocked`,
                  run: () => mode.mutate({ workspace: workspace.id, mode: "unlocked" }),
                },
              ]
            : []),
        ]
      : []),
    {
      id: "workspace:add",
      title: "Add a workspace…",
      group: "Workspace",
      icon: "plus",
      cli: "steward workspace add",
      run: () => void navigate({ to: "/setup" }),
    },
    {
      id: "window:palette",
      title: "Search or run",
      group: "Window",
      icon: "search",
      keys: "$mod+k",
      run: actions.openPalette,
    },
    {
      id: "window:help",
      title: "Show shortcuts",
      group: "Window",
      icon: "help",
      keys: "?",
      run: actions.openHelp,
    },
    {
      id: "window:sidebar",
      title: "Collapse or expand the sidebar",
      group: "Window",
      icon: "table",
      keys: "[",
      run: actions.toggleSidebar,
    },
  ];
}
