import { describe, expect, it } from "vitest";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import { overview } from "@/testing/sample-data";
import { chartSummary, labelledSteps, readStep, spread, tickLabel, twoLines, valueTicks } from "./layout";

const chart: ChartSpec = overview({ range: "30d", zone: "Europe/Berlin", compare: "weekday" }).activity_chart;

describe("the value axis", () => {
  it.each([
    [192_931, "count", [0, 50_000, 100_000, 150_000, 200_000]],
    [3, "count", [0, 1, 2, 3]],
    [0, "count", [0, 1]],
    [0.55, "percent", [0, 0.2, 0.4, 0.6]],
    [100, "percent", [0, 25, 50, 75, 100]],
    [0, "percent", [0, 0.5, 1]],
  ] as const)("up to %d %s has round steps from 0", (largest, unit, ticks) => {
    expect(valueTicks(largest, unit)).toEqual(ticks);
  });

  it("holds the largest value with at most six lines, whatever it is", () => {
    for (let power = -3; power < 12; power += 1) {
      for (const factor of [1, 1.3, 2.6, 4.99, 7.2, 9.99]) {
        const largest = factor * 10 ** power;
        const ticks = valueTicks(largest, "percent");
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest * 0.998);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(6);
      }
    }
  });

  it("labels percent without rounding noise", () => {
    expect(tickLabel(0.1 + 0.2, "percent")).toBe("0.3%");
  });
});

describe("labels", () => {
  it("mark Mondays where there are weeks", () => {
    const titles = labelledSteps(chart, 600).map((index) => chart.steps[index]?.title.slice(0, 3));
    expect(titles.length).toBeGreaterThan(2);
    expect(new Set(titles)).toEqual(new Set(["Mon"]));
  });

  it("never stand closer than they are wide", () => {
    expect(labelledSteps(chart, 130).length).toBeLessThanOrEqual(2);
  });

  it("move apart in order and stay inside", () => {
    expect(spread([10, 12, 90], 30, 0, 100)).toEqual([10, 40, 90]);
    expect(spread([95, 96], 30, 0, 100)).toEqual([70, 100]);
    expect(spread([50], 30, 0, 100)).toEqual([50]);
  });

  it("break in the middle", () => {
    expect(twoLines("previous 30 days")).toEqual(["previous", "30 days"]);
    expect(twoLines("p95")).toEqual(["p95"]);
  });
});

describe("a step in words", () => {
  it("has exact values, the day compared with, and the change", () => {
    const step = readStep(chart, 3);
    expect(step.title).toBe("Mon 26 Oct 2026");
    expect(step.readings[1]?.label).toBe("Mon 28 Sept 2026");
    expect(step.change).toMatch(/^\+[\d,]+ · \+8\.7%$/);
  });

  it("has no change while the day is unfinished", () => {
    expect(readStep(chart, 29).title).toContain("so far");
    expect(readStep(chart, 29).change).toBe("not finished");
  });

  it("says where nothing was measured", () => {
    const latency = overview({ range: "30d", zone: "UTC", compare: "off" }).latency_chart;
    expect(readStep(latency, 11).readings[1]?.value).toBe("no data");
    expect(chartSummary(latency)).toContain("The last step is unfinished.");
  });
});

describe("a fan", () => {
  const series = (label: string, values: (number | null)[]) => ({
    label,
    slot: 1,
    is_previous: false,
    values,
  });
  const fan: ChartSpec = {
    title: "Forecast",
    subtitle: "",
    kind: "fan",
    unit: "money",
    axis_break: 0,
    method: "",
    steps: ["Oct", "Nov"].map((label) => ({
      label,
      title: label,
      previous_title: null,
      is_unfinished: false,
    })),
    series: [
      series("MRR", [10, null]),
      series("Expected", [null, 12]),
      series("95 %, low", [null, 8]),
      series("95 %, high", [null, 16]),
    ],
  };
  const lines = (index: number) =>
    readStep(fan, index).readings.map((line) => `${line.label}: ${line.value}`);

  it("tells of a step only what it holds, and a band as its two ends", () => {
    expect(lines(0)).toEqual(["MRR: 10.00"]);
    expect(lines(1)).toEqual(["Expected: 12.00", "95 %: 8.00 to 16.00"]);
    expect(readStep(fan, 1, undefined, true).readings).toHaveLength(4);
    expect(chartSummary(fan)).not.toContain("low");
  });
});
