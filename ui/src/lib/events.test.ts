import { describe, expect, it } from "vitest";
import { filterText, periodText, statusWord, withoutFilter } from "./events";

describe("a period in words", () => {
  it("is a day where it is one in the zone", () => {
    const period = { start: "2026-11-10T23:00:00Z", end: "2026-11-11T23:00:00Z" };
    expect(periodText(period, "Europe/Berlin")).toBe("2026-11-11");
    expect(periodText(period, "UTC")).toBe("2026-11-10 23:00 to 2026-11-11 23:00");
  });

  it("names first and last day", () => {
    expect(periodText({ start: "2026-10-22T22:00:00Z", end: "2026-11-21T23:00:00Z" }, "Europe/Berlin")).toBe(
      "2026-10-23 to 2026-11-21",
    );
  });

  it("names an hour", () => {
    expect(periodText({ start: "2026-11-21T12:00:00Z", end: "2026-11-21T13:00:00Z" }, "UTC")).toBe(
      "2026-11-21 12:00 to 13:00",
    );
  });
});

describe("filters", () => {
  it("say what they keep", () => {
    expect(filterText({ field: "plan_code", value: "pro" })).toBe("Plan is pro");
    expect(filterText({ field: "model", value: null })).toBe("Model is empty");
    expect(statusWord("rate_limited")).toBe("Rate limited");
  });

  it("go one by one", () => {
    const filters = [
      { field: "plan_code" as const, value: "pro" },
      { field: "status" as const, value: "error" },
    ];
    expect(withoutFilter(filters, 0)).toEqual([filters[1]]);
  });
});
