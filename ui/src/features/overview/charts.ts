import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Compare } from "@/api/generated/Compare";
import type { Overview } from "@/api/generated/Overview";
import { countOf } from "@/lib/format";
import { compareLabel } from "@/lib/range";
import { isHourly } from "./model";

/** A chart under the name its numbers have on this page, with the comparison's own words beside the dashed line. */
export function namedChart(spec: ChartSpec, title: string, compared: string): ChartSpec {
  return {
    ...spec,
    title,
    series: spec.series.map((series) => (series.is_previous ? { ...series, label: compared } : series)),
  };
}

/**
 * Events of the steps that are read in full, while older ones are still on their way; none before there is one.
 *
 * Events are read newest first, so the oldest step with events may be cut off anywhere. What is compared with is older.
 */
export function readSoFar(overview: Overview): ChartSpec | null {
  const { events } = overviewCharts(overview, "off");
  const oldest = overview.activity.findIndex((point) => point.events > 0);
  if (oldest < 0 || oldest + 1 === overview.activity.length) return null;
  const from = oldest + 1;
  const steps = events.steps.slice(from).map((step) => ({ ...step, previous_title: null }));
  return {
    ...events,
    subtitle: `${countOf(steps.length, isHourly(overview) ? "hour" : "day")} so far, newest first`,
    steps,
    series: events.series
      .filter((series) => !series.is_previous)
      .map((series) => ({ ...series, values: series.values.slice(from) })),
  };
}

/** The three charts as this page shows them. */
export function overviewCharts(
  overview: Overview,
  compare: Compare,
): Record<"events" | "latency" | "errors", ChartSpec> {
  const step = isHourly(overview) ? "hour" : "day";
  const compared = compareLabel(overview.range, compare).replace(/^vs /, "");
  return {
    events: namedChart(overview.activity_chart, `Events per ${step}`, compared),
    latency: namedChart(overview.latency_chart, "Latency", compared),
    errors: namedChart(overview.error_chart, "Error rate", compared),
  };
}
