import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AuditRow } from "@/api/generated/AuditRow";
import { AUDIT } from "@/testing/sample-data";
import { auditRequest, changeText, exportAuditCommand, isRevertible, REVERTIBLE } from "./model";

const row = AUDIT[0] as AuditRow;

describe("an audited change", () => {
  it("tells before and after", () => {
    expect(changeText(row)).toBe("plan code starter → pro");
    expect(changeText({ ...row, before: null })).toBe("new row");
    expect(changeText({ ...row, after: null })).toBe("row removed");
  });

  it("can be reverted where it belongs to a reviewed write", () => {
    expect(isRevertible(row)).toBe(true);
    expect(isRevertible({ ...row, intent: null })).toBe(false);
    expect(isRevertible({ ...row, action: "raise_limit", before: null })).toBe(true);
    expect(isRevertible({ ...row, action: "edit_plan" })).toBe(false);
  });

  it("can be reverted where the server's function says so", () => {
    const folder = join(process.cwd(), "../migrations/postgres");
    const versions = readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .filter((text) => /function steward\.revert\(/.test(text));
    const listed = /origin\.action not in \(([^)]+)\)/.exec(versions.at(-1) ?? "")?.[1] ?? "";
    const actions = [...listed.matchAll(/'(\w+)'/g)].map((match) => match[1]);
    expect([...REVERTIBLE].sort()).toEqual([...actions, "revert"].sort());
  });
});

describe("the same log on the command line", () => {
  const command = (search: Parameters<typeof auditRequest>[0]) =>
    exportAuditCommand(auditRequest(search, "Europe/Berlin"));

  it("is between the same days and instants", () => {
    expect(command({ from: "2026-11-01", to: "2026-11-20" })).toBe(
      "steward export audit --since 2026-11-01 --until 2026-11-20",
    );
    expect(command({ who: "J. Okafor", since: "2026-11-01T10:00:00.000Z" })).toBe(
      "steward export audit --who 'J. Okafor' --since 2026-11-01T10:00:00.000Z",
    );
    expect(command({ until: "2026-11-01T10:00:00.000Z" })).toBe(
      "steward export audit --until 2026-11-01T10:00:00.000Z",
    );
  });

  it("asks for days in the window's zone, and for nothing else with it", () => {
    expect(auditRequest({ from: "2026-11-01" }, "Europe/Berlin")).toMatchObject({
      first_day: "2026-11-01",
      last_day: null,
      zone: "Europe/Berlin",
    });
    expect(auditRequest({}, "Europe/Berlin").zone).toBe(auditRequest({}, "UTC").zone);
  });
});
