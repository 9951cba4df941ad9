import { expect, it } from "vitest";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import { chartValues } from "./chart-menu";

it("copies a chart as lines that a spreadsheet takes, and leaves the unknown empty", () => {
  const step = (title: string) => ({ label: title, title, previous_title: null, is_unfinished: false });
  const line = (label: string, values: (number | null)[]) => ({ label, slot: 1, is_previous: false, values });
  const spec: ChartSpec = {
    title: "Latency",
    subtitle: "",
    kind: "lines",
    unit: "milliseconds",
    steps: [step("Mon 2 Nov 2026"), step("Tue 3 Nov 2026")],
    series: [line("p50", [1.5, null]), line("p95", [20, 0])],
    axis_break: 0,
    method: "",
  };
  expect(chartValues(spec)).toBe("\tp50\tp95\nMon 2 Nov 2026\t1.5\t20\nTue 3 Nov 2026\t\t0");
});
