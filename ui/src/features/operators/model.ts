import type { CommandSpec } from "@/api/generated/commands";
import { commands } from "@/api/generated/commands";
import type { Role } from "@/api/generated/Role";
import { mayRole } from "@/lib/permits";

/** The console's roles, from the least to the most. */
export const ROLES: readonly Role[] = ["viewer", "finance", "support", "admin"];

/** What a role is for, in a sentence. */
export const ROLE_HINTS: Record<Role, string> = {
  viewer: "Looks at everything, changes nothing.",
  finance: "Looks at everything; money, no accounts.",
  support: "Accounts: plans, trials, limits, suspensions.",
  admin: "Everything, other operators included.",
};

/** A line of "who can do what". */
export interface RightLine {
  name: string;
  doc: string;
  tier: CommandSpec["tier"];
  may: Record<Role, boolean>;
}

/** Every command that changes the server, and who may call it; from the command table itself. */
export function rightLines(): RightLine[] {
  return Object.entries(commands as Record<string, CommandSpec>)
    .filter(([, spec]) => spec.kind === "reviewed" && spec.role !== null)
    .map(([name, spec]) => ({
      name,
      doc: spec.doc,
      tier: spec.tier,
      may: Object.fromEntries(
        ROLES.map((role) => [role, spec.role !== null && mayRole(role, spec.role)]),
      ) as Record<Role, boolean>,
    }));
}

/** A login as the server takes it. */
export function isLogin(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,62}$/.test(text) && !/^(pg_|steward_)/.test(text);
}
