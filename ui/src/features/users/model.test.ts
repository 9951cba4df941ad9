import { describe, expect, it } from "vitest";
import { ALL_USERS } from "@/api/queries";
import {
  changePlanCommand,
  changePlanTitle,
  filterOf,
  isEverybody,
  limitUse,
  metricLabel,
  toggleSelection,
  userStatus,
} from "./model";

describe("limits", () => {
  const limit = (used: number, of: number | null) => ({
    metric: "ai_prompts",
    period: "month",
    kind: "hard",
    limit: of,
    used,
    raised_until: null,
    resets_at: null,
  });

  it.each([
    [10, 100, 10, ""],
    [80, 100, 80, "w"],
    [100, 100, 100, "d"],
    [0, 0, 100, "d"],
  ])("%d of %d", (used, of, percent, tone) => {
    expect(limitUse(limit(used, of))).toMatchObject({ percent, tone });
  });

  it("unlimited has no share", () => {
    expect(limitUse(limit(5, null)).percent).toBeNull();
    expect(metricLabel("ai_prompts")).toBe("AI prompts");
  });
});

describe("selection", () => {
  const ids = ["a", "b", "c", "d"];
  it("toggles one", () => {
    expect(toggleSelection(new Set(["a"]), ids, "a", undefined)).toEqual(new Set());
  });
  it("takes everything between with Shift, upwards too", () => {
    expect(toggleSelection(new Set(["d"]), ids, "b", "d")).toEqual(new Set(["b", "c", "d"]));
  });
  it("falls back to one where the start is gone", () => {
    expect(toggleSelection(new Set(), ids, "b", "zz")).toEqual(new Set(["b"]));
  });
});

describe("words", () => {
  it("carry the number", () => {
    expect(changePlanTitle(1, "Pro")).toBe("Move 1 user to Pro");
    expect(changePlanTitle(12, undefined)).toBe("Change the plan of 12 users");
    expect(userStatus("suspended")).toEqual({ tone: "danger", word: "Suspended" });
  });
  it("make the command that does the same", () => {
    expect(changePlanCommand({ users: ["a@example.com"] }, "pro", "autumn offer", "Sample company")).toBe(
      "steward users change-plan a@example.com --plan pro --reason 'autumn offer' -w 'Sample company'",
    );
    const filter = filterOf({ ...ALL_USERS, plan_code: "free", search: "ada l" });
    expect(changePlanCommand({ filter, total: 12 }, "pro", "", "acme")).toBe(
      "steward users change-plan --filter 'search=ada l' --filter plan=free --plan pro -w acme",
    );
    const everybody = { filter: filterOf(ALL_USERS), total: 500 };
    expect(isEverybody(everybody)).toBe(true);
    expect(changePlanCommand(everybody, "pro", "", "acme")).toBe(
      "steward users change-plan --all --plan pro -w acme",
    );
  });
});
