import { describe, expect, it } from "vitest";
import type { ExportJob } from "@/api/generated/ExportJob";
import { ALL_USERS } from "@/api/queries";
import { exportCommand, exportedTitle, exportProgress, exportTimeLeft, runningExport } from "./exports";

const JOB: ExportJob = {
  id: "e1",
  name: "Events",
  path: "/home/a/events.csv",
  manifest_path: "/home/a/events.csv.meta.json",
  format: "csv",
  state: "running",
  rows_total: 1000,
  rows: 250,
  bytes: null,
  sha256: null,
  started_at: "2026-11-22T10:00:00Z",
  ended_at: null,
  error: null,
  is_logged: false,
};
const START = Date.parse(JOB.started_at);

describe("exports", () => {
  it("says how far one is, and nothing before its rows are counted", () => {
    expect(exportProgress(JOB)).toBe(0.25);
    expect(exportProgress({ ...JOB, rows_total: 0, rows: 0 })).toBeNull();
  });

  it("guesses the rest from the pace, after five seconds", () => {
    expect(exportTimeLeft(JOB, START + 4000)).toBeNull();
    expect(exportTimeLeft(JOB, START + 10_000)).toBe(30_000);
  });

  it("finds the one that writes a file", () => {
    expect(runningExport([JOB], JOB.path)).toBe(JOB);
    expect(runningExport([{ ...JOB, state: "done" }], JOB.path)).toBeUndefined();
    expect(runningExport(undefined, JOB.path)).toBeUndefined();
  });

  it("writes the same for the command line", () => {
    const request = {
      source: "users" as const,
      request: ALL_USERS,
      format: "csv" as const,
      style: "formatted" as const,
      has_bom: true,
      zone: "Europe/Berlin",
      path: "/home/a/my users.csv",
      is_replacing: false,
    };
    expect(exportCommand("steward export users", request, "acme")).toBe(
      "steward export users --out '/home/a/my users.csv' --format csv --formatted --bom --tz Europe/Berlin -w acme",
    );
  });

  it("names a document by its kind, and a report's file by its flag", () => {
    expect(exportedTitle({ ...JOB, name: "Revenue 2026-10", format: "pdf" })).toBe(
      "Revenue 2026-10: PDF saved",
    );
    const request = {
      source: "report" as const,
      request: { report: "close" as const, month: "2026-10" },
      format: "xlsx" as const,
      style: "formatted" as const,
      has_bom: false,
      zone: "UTC",
      path: "/home/a/close.xlsx",
      is_replacing: true,
    };
    expect(exportCommand("steward report close --month 2026-10", request, "acme")).toBe(
      "steward report close --month 2026-10 --xlsx /home/a/close.xlsx --force --tz UTC -w acme",
    );
  });
});
