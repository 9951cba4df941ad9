import { useQuery } from "@tanstack/react-query";
import type { CommandSpec, Commands } from "@/api/generated/commands";
import { commands } from "@/api/generated/commands";
import type { Role } from "@/api/generated/Role";
import type { Workspace } from "@/api/generated/Workspace";
import { syncStatusOptions } from "@/api/queries";
import { useSession, useWorkspace } from "./scope";
import { isOffline } from "./words";

/** Whether a role includes the one that is needed; the same rule as in the command table. */
export function mayRole(role: Role, needed: Role): boolean {
  if (needed === "viewer" || role === "admin") return true;
  return role === needed;
}

/** Whether a command is dangerous in itself; many rows at once are so, too, which only their preview tells. */
export function takesUnlock(spec: CommandSpec): boolean {
  return spec.tier === "T3" || spec.tier === "T4";
}

/** Whether a role may change anything on the server at all; nobody knows yet what an unknown one may. */
export function mayWrite(role: Role | null): boolean {
  const specs: CommandSpec[] = Object.values(commands);
  return specs.some(
    (spec) => spec.kind === "reviewed" && spec.role !== null && (role === null || mayRole(role, spec.role)),
  );
}

/** Why a command would be refused now; nothing where it may be called. The server has the last word. */
export function refusalOf(
  spec: CommandSpec,
  role: Role | null,
  workspace: Workspace,
  isOut: boolean,
): string | undefined {
  if (role !== null && spec.role !== null && !mayRole(role, spec.role)) {
    return `Needs the role ${spec.role}; this login is ${role}.`;
  }
  if (spec.kind !== "reviewed") return undefined;
  if (workspace.is_read_only) {
    return `${workspace.name} is read-only. Unlock writing in the header.`;
  }
  if (takesUnlock(spec) && workspace.needs_unlock && workspace.mode !== "unlocked") {
    return "Takes unlocked writing: unlock it for 15 minutes in the header.";
  }
  if (isOut) return "Needs a connection: the database can’t be reached.";
  return undefined;
}

/** Whether the database cannot be reached now. */
export function useIsOut(): boolean {
  const status = useQuery(syncStatusOptions(useWorkspace().id));
  return status.data !== undefined && isOffline(status.data);
}

/** Why these commands would be refused now, asked one by one. */
export function useRefusals(): (command: keyof Commands) => string | undefined {
  const { role } = useSession().session;
  const workspace = useWorkspace();
  const isOut = useIsOut();
  return (command) => refusalOf(commands[command], role, workspace, isOut);
}
