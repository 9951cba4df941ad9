import type { LimitLine } from "@/api/generated/LimitLine";
import { shellWord } from "@/lib/actions";
import { formatNumber } from "@/lib/format";
import { metricLabel } from "../model";

const DAY_MS = 86_400_000;

/** For how long something holds. */
export interface Span {
  value: string;
  label: string;
  days: number;
}

/** Raises end by themselves after one of these. */
export const RAISE_SPANS: readonly Span[] = [
  { value: "1d", label: "1 day", days: 1 },
  { value: "7d", label: "1 week", days: 7 },
  { value: "30d", label: "30 days", days: 30 },
];

/** Trials go on for one of these. */
export const TRIAL_SPANS: readonly Span[] = [
  { value: "7d", label: "7 days", days: 7 },
  { value: "14d", label: "14 days", days: 14 },
  { value: "30d", label: "30 days", days: 30 },
];

/** The instant a span that begins now is over; whole minutes, so that it can be read. */
export function spanEnd(now: number, days: number): string {
  return new Date(Math.ceil((now + days * DAY_MS) / 60_000) * 60_000).toISOString().replace(".000", "");
}

/** A limit typed by a person: a whole number, with or without grouping; nothing where it is none. */
export function parseLimit(typed: string): number | undefined {
  const digits = typed.replaceAll(/[\s,’'.]/g, "");
  if (!/^\d{1,15}$/.test(digits)) return undefined;
  return Number(digits);
}

/** The key of a limit in a list of choices. */
export const limitKey = (line: LimitLine) => `${line.metric}/${line.period}`;

/** A limit as one line: what it counts, and how much of it is used. */
export function limitText(line: LimitLine): string {
  const used = line.used === null ? "" : `, ${formatNumber(line.used)} used`;
  const limit = line.limit === null ? "unlimited" : formatNumber(line.limit);
  return `${metricLabel(line.metric)} per ${line.period}: ${limit}${used}`;
}

/** A command about one user, with reason and workspace. */
export function userCommand(
  verb: string,
  user: string,
  rest: string,
  reason: string,
  workspace: string,
): string {
  const why = reason ? `--reason ${shellWord(reason)}` : "";
  return ["steward users", verb, shellWord(user), rest, why, `-w ${shellWord(workspace)}`]
    .filter(Boolean)
    .join(" ");
}
