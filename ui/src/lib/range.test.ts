import { describe, expect, it } from "vitest";
import { compareLabel, parseRange, rangeLabel, rangePresets } from "./range";

describe("a typed range", () => {
  it.each([
    ["30d", "30d"],
    [" 24H ", "24h"],
    ["now-29d/d..now", "30d"],
    ["2026-10", "2026-10"],
    ["2026-10-01..2026-10-31", "2026-10-01..2026-10-31"],
  ])("%j means %s", (typed, range) => {
    expect(parseRange(typed)).toBe(range);
  });

  it.each(["", "0d", "d", "-1d", "2026-13", "2026-10-05..2026-10-01", "99999d", "now", "1y", "2026-1-1..x"])(
    "%j is none",
    (typed) => {
      expect(parseRange(typed)).toBeUndefined();
    },
  );
});

describe("a range in words", () => {
  it.each([
    ["30d", "Last 30 days"],
    ["1d", "Today"],
    ["24h", "Last 24 hours"],
    ["2026-10", "October 2026"],
    ["2026-10-01..2026-10-31", "1 Oct – 31 Oct"],
    ["2026-10-01..2026-10-01", "1 Oct"],
  ])("%s is %s", (range, label) => {
    expect(rangeLabel(range)).toBe(label);
  });

  it("says what it is compared with", () => {
    expect(compareLabel("30d", "weekday")).toBe("vs previous 30 days");
    expect(compareLabel("2026-10", "previous")).toBe("vs previous period");
    expect(compareLabel("30d", "off")).toBe("no comparison");
  });

  it("offers the month before, across a new year too", () => {
    const labels = rangePresets("2027-01-03").map((preset) => preset.range);
    expect(labels).toContain("2027-01");
    expect(labels).toContain("2026-12");
    expect(labels.every((range) => parseRange(range) === range)).toBe(true);
  });
});
