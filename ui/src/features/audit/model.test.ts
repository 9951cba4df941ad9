import { describe, expect, it } from "vitest";
import type { AuditRow } from "@/api/generated/AuditRow";
import { AUDIT } from "@/testing/sample-data";
import { changeText, isRevertible } from "./model";

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
  });
});
