import type { BucketSize } from "@/api/generated/BucketSize";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { HeatCell } from "@/api/generated/HeatCell";
import type { Measure } from "@/api/generated/Measure";
import type { PresetOpening } from "@/api/generated/PresetOpening";
import type { Usage } from "@/api/generated/Usage";
import type { UsageGroup } from "@/api/generated/UsageGroup";
import type { UsageReq } from "@/api/generated/UsageReq";
import type { UsageTile } from "@/api/generated/UsageTile";
import type { KpiText } from "@/components/kpi";
import { shellWord } from "@/lib/actions";
import { FIELD_LABELS, FIELDS } from "@/lib/events";
import {
  compactParts,
  countOf,
  formatChange,
  formatDuration,
  formatMinute,
  formatMoney,
  formatNumber,
  formatSigned,
  sizeParts,
} from "@/lib/format";
import type { Scope } from "@/lib/scope";
import { MEASURES, type UsageSearch } from "./search";

/** What a measure is called. */
export function measureLabel(measure: Measure): string {
  return MEASURES.find((entry) => entry.value === measure)?.label ?? measure;
}

/** The widths of a step; "auto" leaves it to the range. */
export const BUCKETS: { value: BucketSize | "auto"; label: string }[] = [
  { value: "auto", label: "Auto" },
  { value: "hour", label: "Hours" },
  { value: "day", label: "Days" },
  { value: "week", label: "Weeks" },
  { value: "month", label: "Months" },
];

/** What the breakdown can be by. */
export const DIMENSIONS = FIELDS.map((value) => ({ value, label: FIELD_LABELS[value] }));

/** A request without how much of the answer is wanted. */
export type UsageAsked = Omit<UsageReq, "depth" | "groups">;

/** The request behind an address. */
export function usageRequest(search: UsageSearch, scope: Scope): UsageAsked {
  return {
    range: scope.range,
    zone: scope.zone,
    compare: scope.compare,
    bucket: search.bucket ?? null,
    by: search.by ?? "feature",
    measure: search.measure ?? "events",
    filters: search.filters ?? [],
    preset: search.preset ?? "activity",
  };
}

/** The same request for the command line. */
export function usageCommand(request: UsageAsked, workspace: string): string {
  const words = ["steward usage", `--range ${shellWord(request.range)}`, `--tz ${shellWord(request.zone)}`];
  if (request.preset !== "activity") words.push(`--preset ${request.preset}`);
  words.push(`--by ${request.by}`, `--measure ${request.measure}`);
  if (request.bucket) words.push(`--bucket ${request.bucket}`);
  words.push(`--compare ${request.compare}`);
  for (const { field, value, exclude } of request.filters) {
    words.push(`--filter ${shellWord(`${field}${exclude ? "!" : ""}=${value ?? ""}`)}`);
  }
  return [...words, `-w ${shellWord(workspace)}`].join(" ");
}

/** What an address says once a preset is opened. */
export function presetSearch(opening: PresetOpening): UsageSearch & { range?: string } {
  return {
    preset: opening.preset,
    by: opening.by,
    measure: opening.measure,
    bucket: opening.bucket ?? undefined,
    filters: opening.filters,
    ...(opening.range ? { range: opening.range } : {}),
  };
}

/** Adds a filter, or takes its opposite away. */
export function withFilter(filters: readonly EventFilter[], filter: EventFilter): EventFilter[] {
  const others = filters.filter((other) => other.field !== filter.field || other.value !== filter.value);
  return [...others, filter];
}

/** A measured value, short enough for a tile. */
export function valueParts(
  value: number | null,
  measure: Measure,
  currency: string | null,
): { figure: string; unit: string } {
  if (value === null) return { figure: "–", unit: "" };
  switch (measure) {
    case "error_rate":
      return { figure: formatNumber(value, 2), unit: "%" };
    case "latency_average":
    case "latency_p50":
    case "latency_p95":
      return value >= 100_000
        ? { figure: formatDuration(value), unit: "" }
        : { figure: formatNumber(value), unit: " ms" };
    case "bytes_out": {
      const parts = sizeParts(value);
      return { figure: parts.figure, unit: ` ${parts.unit}` };
    }
    case "cost":
      return { figure: currency ? formatMoney(value, currency) : formatNumber(value, 2), unit: "" };
    default: {
      const parts = compactParts(value);
      return { figure: parts.figure, unit: parts.size };
    }
  }
}

/** A measured value in a table: exact, with its unit where the heading does not say it. */
export function valueText(value: number | null, measure: Measure, currency: string | null): string {
  if (value === null) return "–";
  switch (measure) {
    case "error_rate":
      return `${formatNumber(value, 2)}%`;
    case "latency_average":
    case "latency_p50":
    case "latency_p95":
      return `${formatNumber(value)} ms`;
    case "bytes_out": {
      const parts = sizeParts(value);
      return `${parts.figure} ${parts.unit}`;
    }
    case "cost":
      return currency ? formatMoney(value, currency) : formatNumber(value, 2);
    default:
      return formatNumber(value);
  }
}

/** How a change is meant: more failures and waiting are bad, more cost and refusals a warning, the rest a fact. */
function tone(measure: Measure, difference: number): "up" | "dn" | "wr" | "t2" {
  if (difference === 0) return "t2";
  const isMore = difference > 0;
  switch (measure) {
    case "errors":
    case "error_rate":
    case "latency_average":
    case "latency_p50":
    case "latency_p95":
      return isMore ? "dn" : "up";
    case "cost":
    case "limit_hits":
      return isMore ? "wr" : "t2";
    case "events":
    case "active_users":
      return isMore ? "up" : "dn";
    default:
      return "t2";
  }
}

/** A tile in words. */
export function tileText(tile: UsageTile, usage: Pick<Usage, "currency" | "rows_since">): KpiText {
  const { currency } = usage;
  const parts = valueParts(tile.value, tile.measure, currency);
  if (tile.text !== null) {
    const events = tile.value === null ? "" : countOf(tile.value, "event");
    return { figure: tile.text, unit: "", change: "", triangle: "", tone: "t2", rest: events };
  }
  const base = { ...parts, change: "", triangle: "" as const, tone: "t2" as const };
  if (tile.is_pending) {
    // What has no rows any more is not counted later, either.
    return usage.rows_since === null
      ? { ...base, figure: "…", unit: "", rest: "counting rows" }
      : { ...base, figure: "–", unit: "", rest: "known from rows only" };
  }
  if (!tile.change) return { ...base, rest: tile.value === null ? "nothing measured" : "no comparison" };
  const { current, previous, percent } = tile.change;
  const isRate = tile.measure === "error_rate";
  const difference = isRate ? Number((current - previous).toFixed(2)) : current - previous;
  const before = valueParts(previous, tile.measure, currency);
  return {
    ...parts,
    change: isRate ? `${formatSigned(difference, 2)} pt` : formatChange(current, previous, percent),
    triangle: difference > 0 ? "▲" : difference < 0 ? "▼" : "",
    tone: tone(tile.measure, difference),
    rest: `from ${before.figure}${before.unit}`,
  };
}

/** The line beside the title. */
export function titleLine(usage: Usage): string {
  const { totals, freshness } = usage;
  if (!freshness.is_consistent) return "The copy is still being read, so totals may be incomplete.";
  if (totals.events === 0) return "No events in this range.";
  const users = totals.active_users === null ? "" : ` by ${countOf(totals.active_users, "user")}`;
  return `${countOf(totals.events, "event")}${users}.`;
}

/** How much of it is by admins of the product, who are counted unless they are left out; none without them. */
export function adminText(usage: Pick<Usage, "admin_events" | "totals">): string | null {
  const { admin_events: own, totals } = usage;
  if (own === 0) return null;
  const share = formatNumber((own / Math.max(1, totals.events)) * 100, 1);
  return `${formatNumber(own)} (${share}%) by admins, counted`;
}

/** A row of the breakdown. */
export interface GroupLine {
  key: string;
  group: UsageGroup;
  amount: string;
  share: string;
  bar: number;
  errors: string;
  latency: string;
  tokens: string;
  change: string;
  changeTitle: string;
}

/** The breakdown as it is written. */
export function groupLines(usage: Usage): GroupLine[] {
  const { measure, currency } = usage;
  const largest = Math.max(0, ...usage.breakdown.map((group) => group.amount ?? 0));
  return usage.breakdown.map((group) => {
    const { sums, change } = group;
    const share = usage.totals.events > 0 ? (group.events / usage.totals.events) * 100 : 0;
    return {
      key: group.value ?? "",
      group,
      amount: valueText(group.amount, measure, currency),
      share: formatNumber(share, 1),
      bar: largest > 0 ? ((group.amount ?? 0) / largest) * 100 : 0,
      errors: sums && sums.events > 0 ? formatNumber((sums.errors / sums.events) * 100, 2) : "–",
      latency: sums && sums.latency_count > 0 ? formatNumber(sums.latency_ms_sum / sums.latency_count) : "–",
      tokens: sums ? formatNumber(sums.tokens) : "–",
      change: change ? formatChange(change.current, change.previous, change.percent) : "",
      changeTitle: change
        ? `${valueText(change.current, measure, currency)} over the finished days, ${valueText(change.previous, measure, currency)} before`
        : "",
    };
  });
}

/** The days of a heat map, Monday first. */
export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** A cell as it is drawn: events per hour, on a ramp of six steps; 0 is no step, nothing at all no cell. */
export interface HeatText {
  cell: HeatCell;
  mean: number | null;
  step: number;
  label: string;
}

/** The heat map's cells, day by day. */
export function heatRows(cells: readonly HeatCell[]): HeatText[][] {
  const mean = (cell: HeatCell) => (cell.quarters > 0 ? cell.events / (cell.quarters / 4) : null);
  const highest = Math.max(0, ...cells.map((cell) => mean(cell) ?? 0));
  return WEEKDAYS.map((day, index) =>
    cells
      .filter((cell) => cell.weekday === index + 1)
      .map((cell) => {
        const value = mean(cell);
        const hours = formatNumber(cell.quarters / 4, cell.quarters % 4 === 0 ? 0 : 2);
        return {
          cell,
          mean: value,
          step: value && highest > 0 ? Math.max(1, Math.ceil((value / highest) * 6)) : 0,
          label:
            value === null
              ? `${day} ${clock(cell.hour)}: not in this range`
              : `${day} ${clock(cell.hour)}: ${formatNumber(value, value < 10 ? 1 : 0)} events per hour, ${formatNumber(cell.events)} in ${hours} h`,
        };
      }),
  );
}

/** An hour of the day as clocks show it. */
export function clock(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** The filters behind a step of a measure. */
export function measureFilters(filters: readonly EventFilter[], measure: Measure): EventFilter[] {
  if (measure === "errors" || measure === "error_rate") {
    return withFilter(filters, { field: "status", value: "error" });
  }
  if (measure === "limit_hits") return withFilter(filters, { field: "status", value: "rate_limited" });
  return [...filters];
}

/** What the answer cannot know, in a sentence; none where it knows everything. */
export function openText(usage: Usage, zone: string): string | null {
  if (usage.rows_since === null || usage.is_complete) return null;
  return `Rows are kept since ${formatMinute(usage.rows_since, zone)}; users and percentiles of a part of the events are known from then on. Choose a range that begins there, or keep more days in Sync.`;
}
