import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CommandSpec, commands } from "@/api/generated/commands";
import type { Role } from "@/api/generated/Role";
import { WORKSPACE } from "@/testing/sample-data";
import { refusalOf } from "./permits";

const ROLES: Role[] = ["viewer", "finance", "support", "admin"];
const OPEN = { ...WORKSPACE, is_read_only: false, mode: "unlocked" as const };
const specs = commands as Record<string, CommandSpec>;

/** What a test of the server found each role may do. */
function documented(): Map<string, boolean[]> {
  const text = readFileSync(join(process.cwd(), "../docs/SECURITY.md"), "utf8");
  const table =
    text.split("<!-- generated: actions -->")[1]?.split("<!-- end of generated actions -->")[0] ?? "";
  return new Map(
    [...table.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((row) => [
      row[1] ?? "",
      (row[2] ?? "").split(" | ").map((cell) => cell === "yes"),
    ]),
  );
}

describe("what the interface lets be pressed", () => {
  it("is exactly what the server does", () => {
    const found = documented();
    const changes = Object.entries(specs).filter(
      ([, spec]) => spec.kind === "reviewed" && spec.role !== null,
    );
    expect([...found.keys()].sort()).toEqual(changes.map(([name]) => name).sort());
    for (const [name, spec] of changes) {
      const may = ROLES.map((role) => refusalOf(spec, role, OPEN, false) === undefined);
      expect([name, ...may]).toEqual([name, ...(found.get(name) ?? [])]);
    }
  });

  it("is nothing while the workspace is read-only, and says so", () => {
    for (const [, spec] of Object.entries(specs).filter(([, row]) => row.kind === "reviewed")) {
      expect(refusalOf(spec, "admin", WORKSPACE, false)).toContain("read-only");
      expect(refusalOf(spec, "admin", OPEN, true)).toContain("connection");
    }
    const { user_list, sync_run } = specs;
    for (const spec of [user_list, sync_run]) {
      expect(spec && refusalOf(spec, "viewer", WORKSPACE, true)).toBeUndefined();
    }
  });

  it("is nothing dangerous before it is unlocked, where real customers are", () => {
    const reviewed = { ...OPEN, mode: "reviewed" as const };
    const { user_suspend, user_extend_trial } = commands;
    expect(refusalOf(user_suspend, "admin", reviewed, false)).toContain("unlock");
    expect(refusalOf(user_extend_trial, "admin", reviewed, false)).toBeUndefined();
    expect(refusalOf(user_suspend, "admin", { ...reviewed, needs_unlock: false }, false)).toBeUndefined();
  });
});
