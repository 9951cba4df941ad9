import { describe, expect, it } from "vitest";
import type { ErrorCode } from "@/api/generated/ErrorCode";
import { AUDIT, SYNC } from "@/testing/sample-data";
import { auditSentence, cellText, changedColumns, isOffline, stateProgress, stateTone } from "./words";

describe("values of a database", () => {
  it.each([
    [null, "NULL"],
    [undefined, "NULL"],
    ["", '""'],
    [0, "0"],
    [false, "false"],
    ["pro", "pro"],
    [{ a: 1 }, '{"a":1}'],
  ])("%j is written %s", (value, text) => {
    expect(cellText(value)).toBe(text);
  });

  it("shows only the columns that differ", () => {
    expect(changedColumns({ plan_code: "free", seats: 1 }, { plan_code: "pro", seats: 1 })).toEqual([
      { column: "plan_code", before: "free", after: "pro" },
    ]);
    expect(changedColumns(null, { plan_code: "pro" })[0]?.before).toBe("NULL");
  });
});

describe("words for what happened", () => {
  it("makes a sentence of a change of plan", () => {
    const row = AUDIT[0];
    if (!row) throw new Error("the sample has audit rows");
    expect(auditSentence(row)).toEqual({
      who: "J. Okafor",
      verb: "moved",
      object: "Elena Marchetti",
      rest: "to pro",
    });
    expect(auditSentence({ ...row, operator: null }).who).toBe("steward_support");
    expect(auditSentence({ ...row, action: "grant_credits" }).verb).toBe("grant credits");
  });

  it("says of which part of a plan a direct change was", () => {
    const row = AUDIT[0];
    if (!row) throw new Error("the sample has audit rows");
    const direct = { ...row, action: "direct", label: "Pro", operator: null, login: "postgres" };
    expect(auditSentence({ ...direct, table: "plan_limits", before: null })).toEqual({
      who: "postgres",
      verb: "added a limit of",
      object: "Pro",
      rest: "directly",
    });
    expect(auditSentence({ ...direct, table: "plans", after: null }).verb).toBe("removed");
    expect(auditSentence({ ...direct, table: "plans" }).verb).toBe("changed");
  });

  it("says of an action on an account what it did to whom", () => {
    const row = AUDIT[0];
    if (!row) throw new Error("the sample has audit rows");
    const raise = { ...row, action: "raise_limit", label: "Raised prompts a month of ada@example.com" };
    expect(auditSentence({ ...raise, before: null, after: { limit_value: 1800 } })).toMatchObject({
      verb: "raised",
      object: "prompts a month of ada@example.com",
      rest: "to 1,800",
    });
    expect(auditSentence({ ...raise, before: null, after: { limit_value: null } }).rest).toBe(
      "without limit",
    );
    expect(auditSentence({ ...row, action: "extend_trial" }).verb).toBe("extended the trial of");
    const preset = { ...row, action: "install_preset", label: "bytes_out" };
    expect(auditSentence({ ...preset, after: null })).toMatchObject({
      verb: "took",
      rest: "out of the catalogue",
    });
  });

  it("calls a server out of reach only after it was asked", () => {
    const error = SYNC.last_error;
    expect(isOffline({ ...SYNC, is_online: false, phase: "connecting", last_error: error })).toBe(false);
    expect(isOffline({ ...SYNC, is_online: false, phase: "paused", last_error: error })).toBe(false);
    expect(isOffline({ ...SYNC, is_online: false, phase: "retrying" })).toBe(true);
    // Where no engine may run, as with `--offline`, nothing will connect.
    expect(isOffline({ ...SYNC, is_online: false, phase: "idle" })).toBe(true);
    expect(isOffline({ ...SYNC, is_online: true, phase: "idle" })).toBe(false);
  });

  it("calls a server that refused out of reach no more than one that answers", () => {
    const failed = (code: ErrorCode, is_online: boolean) => ({
      ...SYNC,
      is_online,
      phase: "stopped" as const,
      last_error: { code, message: "", hint: "", detail: null, fields: [], is_retriable: false, id: "" },
    });
    for (const code of ["auth", "database_missing", "secret_missing", "schema_missing", "tls"] as const)
      expect([code, isOffline(failed(code, false))]).toEqual([code, false]);
    for (const code of ["offline", "name_lookup"] as const)
      expect([code, isOffline(failed(code, false))]).toEqual([code, true]);
  });

  it("gives every state a tone", () => {
    expect(stateTone({ state: "blocked", reason: "" })).toBe("danger");
    expect(stateTone({ state: "consistent", as_of: "" })).toBe("ok");
    expect(stateProgress({ state: "loading", progress: 0.5 })).toBe(0.5);
    expect(stateProgress({ state: "catching_up" })).toBeNull();
  });
});
