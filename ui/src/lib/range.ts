import type { Compare } from "@/api/generated/Compare";

// The same grammar as the command line's `--range`; Rust has the last word, this gives an answer while typing.

/** A range that the menu offers. */
export interface RangePreset {
  /** As the commands take it. */
  range: string;
  /** As people say it. */
  label: string;
  /** Its single key, where it has one. */
  keys?: string;
}

/** The ranges of the menu; months depend on today. */
export function rangePresets(today: string): RangePreset[] {
  const [year = 1970, month = 1] = today.split("-").map(Number);
  const monthBefore = new Date(Date.UTC(year, month - 2, 1)).toISOString().slice(0, 7);
  return [
    { range: "24h", label: "Last 24 hours", keys: "d" },
    { range: "7d", label: "Last 7 days", keys: "w" },
    { range: "30d", label: "Last 30 days", keys: "m" },
    { range: "90d", label: "Last 90 days" },
    { range: "365d", label: "Last 365 days" },
    { range: today.slice(0, 7), label: "This month" },
    { range: monthBefore, label: "Last month" },
  ];
}

/** Whether a text is a day of the calendar. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && !text.endsWith("-00");

/** The canonical text of a typed range, or nothing where it is none. */
export function parseRange(typed: string): string | undefined {
  const text = typed.trim().toLowerCase();
  const steps = /^(\d+)([hd])$/.exec(text);
  if (steps) {
    const count = Number(steps[1]);
    const limit = steps[2] === "h" ? 24 * 31 : 3660;
    return count >= 1 && count <= limit ? `${count}${steps[2]}` : undefined;
  }
  const grafana = /^now-(\d+)d\/d\.\.now$/.exec(text);
  if (grafana) return parseRange(`${Number(grafana[1]) + 1}d`);
  const month = /^(\d{4})-(\d{2})$/.exec(text);
  if (month) return Number(month[2]) >= 1 && Number(month[2]) <= 12 ? text : undefined;
  const [first, last, ...rest] = text.split("..");
  if (first && last && rest.length === 0 && isDay(first) && isDay(last) && first <= last) {
    const days = (Date.parse(last) - Date.parse(first)) / 86_400_000;
    return days < 3660 ? `${first}..${last}` : undefined;
  }
  return undefined;
}

const shortDay = (day: string) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" }).format(
    Date.parse(day),
  );

/** What people call a range. */
export function rangeLabel(range: string): string {
  const steps = /^(\d+)([hd])$/.exec(range);
  if (steps) {
    const word = steps[2] === "h" ? "hour" : "day";
    return steps[1] === "1" ? (word === "day" ? "Today" : "This hour") : `Last ${steps[1]} ${word}s`;
  }
  if (/^\d{4}-\d{2}$/.test(range)) {
    return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "long", year: "numeric" }).format(
      Date.parse(`${range}-01`),
    );
  }
  const [first = "", last = ""] = range.split("..");
  return first === last ? shortDay(first) : `${shortDay(first)} – ${shortDay(last)}`;
}

/** What a range is compared with. */
export function compareLabel(range: string, compare: Compare): string {
  if (compare === "off") return "no comparison";
  if (compare === "year") return "vs same days last year";
  const steps = /^(\d+)([hd])$/.exec(range);
  if (!steps) return "vs previous period";
  if (steps[1] === "1") return steps[2] === "h" ? "vs previous hour" : "vs previous day";
  return `vs previous ${steps[1]} ${steps[2] === "h" ? "hours" : "days"}`;
}

/** The four ways to compare. */
export const COMPARES: { compare: Compare; label: string; hint: string }[] = [
  { compare: "weekday", label: "Previous period, by weekday", hint: "Mondays meet Mondays" },
  { compare: "previous", label: "Previous period, day by day", hint: "the days just before" },
  { compare: "year", label: "Same days last year", hint: "a year earlier" },
  { compare: "off", label: "No comparison", hint: "" },
];
