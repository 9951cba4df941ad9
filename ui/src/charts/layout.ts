import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Series } from "@/api/generated/Series";
import type { Unit } from "@/api/generated/Unit";
import { axisNumber, formatNumber } from "@/lib/format";

/** Distances inside a chart, in pixels. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Room for the labels of a chart of this width. */
export function chartFrame(
  width: number,
  height: number,
  endLabels: readonly string[],
  ticks: readonly string[],
): Frame {
  const longest = (labels: readonly string[]) => Math.max(0, ...labels.map((label) => label.length));
  return {
    width,
    height,
    // Inter's figures and small letters are about 7 px wide at 12 px.
    left: Math.max(20, longest(ticks) * 7 + 12),
    right: endLabels.length > 0 ? Math.min(112, longest(endLabels) * 6.6 + 14) : 8,
    top: 8,
    bottom: 24,
  };
}

/** Round steps from 0 that hold the largest value; three to five lines. */
export function valueTicks(largest: number, unit: Unit): number[] {
  const smallest = unit === "count" ? 1 : 0;
  if (!(largest > 0)) return unit === "percent" ? [0, 0.5, 1] : [0, 1];
  const raw = largest / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999) ?? 10 * power;
  const whole = Math.max(step, smallest);
  const count = Math.ceil((largest * 0.999) / whole);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * whole).toPrecision(12)));
}

/** A label of the value axis. */
export function tickLabel(value: number, unit: Unit): string {
  if (unit === "percent") return `${Number(value.toPrecision(6))}%`;
  return axisNumber(value);
}

/** A value in words, exact. */
export function valueLabel(value: number, unit: Unit): string {
  if (unit === "percent") return `${formatNumber(value, 2)}%`;
  if (unit === "milliseconds") return `${formatNumber(value)} ms`;
  if (unit === "bytes") return `${formatNumber(value)} B`;
  if (unit === "money") return formatNumber(value, 2);
  return formatNumber(value);
}

/** Which steps carry a label below the axis: Mondays where there are weeks, else every so many. */
export function labelledSteps(spec: ChartSpec, plotWidth: number): number[] {
  const count = spec.steps.length;
  const widest = Math.max(...spec.steps.map((step) => step.label.length), 1) * 7 + 20;
  const most = Math.max(2, Math.floor(plotWidth / widest));
  const all = Array.from({ length: count }, (_, index) => index);
  const isDaily =
    new Set(spec.steps.map((step) => step.title)).size === count && !spec.steps[0]?.label.includes(":");
  const mondays = all.filter((index) => spec.steps[index]?.title.startsWith("Mon"));
  const candidates = isDaily && count > 10 && mondays.length > 1 ? mondays : all;
  const every = Math.ceil(candidates.length / most);
  return candidates.filter((_, place) => place % every === 0);
}

/** Moves labels apart so that none overlaps; keeps their order and stays inside. */
export function spread(places: readonly number[], gap: number, low: number, high: number): number[] {
  const order = places.map((_, index) => index).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const result = [...places];
  let last = low - gap;
  for (const index of order) {
    last = Math.max(result[index] ?? 0, last + gap);
    result[index] = last;
  }
  let next = high + gap;
  for (const index of [...order].reverse()) {
    next = Math.min(result[index] ?? 0, next - gap);
    result[index] = next;
  }
  return result;
}

/** Breaks a label into at most two lines. */
export function twoLines(label: string, most = 14): string[] {
  if (label.length <= most) return [label];
  const words = label.split(" ");
  const cuts = words.slice(1).map((_, index) => {
    return [words.slice(0, index + 1).join(" "), words.slice(index + 1).join(" ")];
  });
  const longest = (lines: string[]) => Math.max(...lines.map((line) => line.length));
  return cuts.sort((a, b) => longest(a) - longest(b))[0] ?? [label];
}

/** One line of what a step holds, for the tooltip, the live region and the table alike. */
export interface Reading {
  label: string;
  value: string;
  isPrevious: boolean;
  slot: number;
}

/** The series that are told by name: those of a fan’s bands are read as its bands. */
export function namedSeries(spec: ChartSpec): readonly Series[] {
  return spec.kind === "fan" ? spec.series.slice(0, 2) : spec.series;
}

/** The bands of a fan: low and high in turn, the widest first. */
export function fanBands(series: readonly Series[]): { low: Series; high: Series }[] {
  return series.flatMap((low, at) => {
    const high = series[at + 1];
    return at % 2 === 0 && high ? [{ low, high }] : [];
  });
}

/** What a step of a fan holds: what came or what is expected, and the bands around that. */
function readFan(spec: ChartSpec, index: number): Reading[] {
  const written = (series: Series) => {
    const value = series.values[index] ?? null;
    return value === null ? null : valueLabel(value, spec.unit);
  };
  const named = namedSeries(spec).flatMap((series) => {
    const value = written(series);
    return value === null ? [] : [{ label: series.label, value, isPrevious: false, slot: series.slot }];
  });
  const bands = fanBands(spec.series.slice(2)).flatMap(({ low, high }) => {
    const [from, to] = [written(low), written(high)];
    const label = low.label.split(",")[0] ?? low.label;
    return from === null || to === null
      ? []
      : [{ label, value: `${from} to ${to}`, isPrevious: true, slot: low.slot }];
  });
  return [...named, ...bands];
}

/** Everything about a step; of a fan only what it holds, unless every series is wanted. */
export function readStep(
  spec: ChartSpec,
  index: number,
  ceiling?: Series,
  isWhole = false,
): { title: string; readings: Reading[]; change: string | null } {
  const step = spec.steps[index];
  if (spec.kind === "fan" && !isWhole) {
    return { title: step?.title ?? "", readings: readFan(spec, index), change: null };
  }
  const series = ceiling ? [...spec.series, ceiling] : spec.series;
  const readings = series.map((series) => {
    const value = series.values[index] ?? null;
    return {
      label: series.is_previous ? (step?.previous_title ?? series.label) : series.label,
      value: value === null ? (series === ceiling ? "none" : "no data") : valueLabel(value, spec.unit),
      isPrevious: series.is_previous,
      slot: series.slot,
    };
  });
  return {
    title: `${step?.title ?? ""}${step?.is_unfinished ? ", so far" : ""}`,
    readings,
    change: changeOf(spec, index),
  };
}

function changeOf(spec: ChartSpec, index: number): string | null {
  const previous = spec.series.find((series) => series.is_previous)?.values[index] ?? null;
  const current = spec.series.find((series) => !series.is_previous)?.values[index] ?? null;
  if (previous === null || current === null) return null;
  if (spec.steps[index]?.is_unfinished) return "not finished";
  const difference = current - previous;
  const sign = difference > 0 ? "+" : "";
  const percent = previous === 0 ? "n/a" : `${sign}${formatNumber((difference / previous) * 100, 1)}%`;
  return `${sign}${formatNumber(difference, spec.unit === "percent" ? 2 : 0)} · ${percent}`;
}

/** The whole chart in one sentence, for its accessible name. */
export function chartSummary(spec: ChartSpec): string {
  const parts = namedSeries(spec)
    .filter((series) => !series.is_previous)
    .map((series) => {
      const values = series.values.filter((value): value is number => value !== null);
      if (values.length === 0) return `${series.label}: no data`;
      return `${series.label} from ${valueLabel(Math.min(...values), spec.unit)} to ${valueLabel(Math.max(...values), spec.unit)}`;
    });
  const isUnfinished = spec.steps.some((step) => step.is_unfinished);
  return `${spec.title}, ${spec.steps.length} steps. ${parts.join("; ")}.${isUnfinished ? " The last step is unfinished." : ""} Arrow keys read the values.`;
}
