import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CommandSpec, commands } from "@/api/generated/commands";
import type { Role } from "@/api/generated/Role";
import { WORKSPACE } from "@/testing/sample-data";
import { mayRole, mayWrite, refusalOf } from "./permits";

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

/** The source of every feature, its tests apart. */
function features(): Map<string, string> {
  const root = join(process.cwd(), "src/features");
  return new Map(
    readdirSync(root).map((feature) => [
      feature,
      readdirSync(join(root, feature), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
        .map((file) => readFileSync(join(root, feature, file), "utf8"))
        .join("\n"),
    ]),
  );
}

const named = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "");

/** Reviewed commands that a feature calls without its being asked who may: where, and why that is right. */
const UNGATED: Record<string, string> = {
  database_install: "setup: installs as whoever owns the database, before there is a role",
};

/** Reviewed commands that the window has no screen for. */
const WITHOUT_SCREEN = ["cleanup_resume", "database_install"];

describe("what the interface lets be pressed", () => {
  it("is asked of the command table by every feature for every change it makes", () => {
    const reviewed = Object.keys(specs).filter((name) => specs[name]?.kind === "reviewed");
    const shown = new Set<string>();
    const ungated: string[] = [];
    for (const [feature, text] of features()) {
      // A sheet's command, whichever way it is chosen, and the rows of a menu.
      const made = reviewed.filter((name) => new RegExp(`command[=:]\\{?[^\\n]*"${name}"`).test(text));
      const asked = named(text, /refusal\("(\w+)"\)|useRefusals\(\)\("(\w+)"\)/g)
        .concat(named(text, /useRefusals\(\)\("(\w+)"\)/g))
        .concat(/refusal\(command\)/.test(text) ? named(text, /command: "(\w+)"/g) : []);
      for (const name of made) {
        shown.add(name);
        if (!asked.includes(name) && !(name in UNGATED)) ungated.push(`${feature} calls ${name}`);
      }
    }
    expect(ungated).toEqual([]);
    expect(reviewed.filter((name) => !shown.has(name)).sort()).toEqual(WITHOUT_SCREEN);
  });

  it("includes unlocking for every role that may change anything", () => {
    expect(ROLES.filter(mayWrite)).toEqual(["finance", "support", "admin"]);
    for (const role of ROLES) {
      const some = Object.values(specs).some(
        (spec) => spec.kind === "reviewed" && spec.role !== null && mayRole(role, spec.role),
      );
      expect([role, mayWrite(role)]).toEqual([role, some]);
    }
    expect(mayWrite(null)).toBe(true);
  });

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
