import { describe, expect, it } from "vitest";
import { exampleText, findings, parseMonths, removedPercent } from "./model";

describe("upkeep", () => {
  it("takes whole months from 1 to 1,200", () => {
    expect(["13", "1", "1200"].map(parseMonths)).toEqual([13, 1, 1200]);
    expect(["0", "-1", "1201", "1.5", "a year", ""].map(parseMonths)).toEqual(Array(6).fill(undefined));
  });

  it("writes an example as a line, with what is not there as NULL", () => {
    expect(exampleText({ user_id: "u1", occurred_at: null })).toBe("user id u1, occurred at NULL");
    expect(exampleText("2026-11")).toBe("2026-11");
    expect(exampleText({ metric: "prompts", user_id: "u1", email: "ada@example.com" })).toBe(
      "user ada@example.com, metric prompts",
    );
  });

  it("counts only what was found", () => {
    const checks = [
      { check: "gaps", label: "Gaps", count: 0, examples: [] },
      { check: "future", label: "Future", count: 2, examples: [] },
    ];
    expect(findings({ since: "", as_of: "", checks }).map((check) => check.check)).toEqual(["future"]);
  });

  it("says how much is removed", () => {
    expect([removedPercent(200, 50), removedPercent(0, 0), removedPercent(10, 12)]).toEqual([25, 100, 100]);
  });
});
