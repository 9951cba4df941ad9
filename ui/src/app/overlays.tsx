import type { FC } from "react";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { Action } from "@/lib/actions";
import { ChangeTray } from "./change-tray";
import { ExportTasks } from "./export-tasks";
import { Help } from "./help";
import { Notices } from "./notices";
import { Palette } from "./palette";
import { TaskTray } from "./task-tray";

/** What lies over every view: changes to review, notices, work that goes on, the palette, the shortcuts. */
export const Overlays: FC<{
  open: "palette" | "help" | "range" | undefined;
  onClose: () => void;
  actions: readonly Action[];
  hasSingleKeys: boolean;
  status: SyncStatus | undefined;
}> = ({ open, onClose, actions, hasSingleKeys, status }) => (
  <>
    <ChangeTray />
    <div className="corner">
      <Notices />
      <ExportTasks />
      <TaskTray status={status} />
    </div>
    <Palette isOpen={open === "palette"} onClose={onClose} actions={actions} />
    <Help isOpen={open === "help"} onClose={onClose} actions={actions} hasSingleKeys={hasSingleKeys} />
  </>
);
