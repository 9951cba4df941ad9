import { describe, expect, it } from "vitest";
import { limitText, parseLimit, spanEnd, userCommand } from "./model";

describe("account actions", () => {
  it("read a limit as people type it, and nothing else as one", () => {
    expect(["500", "1,000", "1 000", "1’000"].map(parseLimit)).toEqual([500, 1000, 1000, 1000]);
    expect(["", "-5", "1e9", "many", "9999999999999999"].map(parseLimit)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("end on a whole minute", () => {
    expect(spanEnd(Date.parse("2026-11-22T10:00:30.5Z"), 7)).toBe("2026-11-29T10:01:00Z");
  });

  it("say how much of a limit is used", () => {
    const line = {
      metric: "ai_prompts",
      period: "month",
      kind: "hard",
      plan_limit: 50,
      limit: 50,
      raised_until: null,
      used: 50,
      remaining: 0,
      resets_at: null,
      is_over: true,
    };
    expect(limitText(line)).toBe("AI prompts per month: 50, 50 used");
    expect(limitText({ ...line, limit: null, used: null })).toBe("AI prompts per month: unlimited");
  });

  it("write the same for the command line", () => {
    expect(userCommand("suspend", "ada@example.com", "", "spam wave", "acme")).toBe(
      "steward users suspend ada@example.com --reason 'spam wave' -w acme",
    );
  });
});
