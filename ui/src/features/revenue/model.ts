import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { CohortCell } from "@/api/generated/CohortCell";
import type { Movement } from "@/api/generated/Movement";
import type { Revenue } from "@/api/generated/Revenue";
import type { RevenueFigure } from "@/api/generated/RevenueFigure";
import type { RevenueMetric } from "@/api/generated/RevenueMetric";
import type { RevenueMonth } from "@/api/generated/RevenueMonth";
import type { RevenueProfile } from "@/api/generated/RevenueProfile";
import type { RevenueReq } from "@/api/generated/RevenueReq";
import type { KpiText } from "@/components/kpi";
import { shellWord } from "@/lib/actions";
import { compactParts, formatDay, formatNumber, formatSigned } from "@/lib/format";
import { currencySign, formatMinor, monthLabel } from "@/lib/money";
import type { RevenueSearch } from "./search";

/** The request of an address. */
export function revenueRequest(search: RevenueSearch, zone: string): RevenueReq {
  return {
    month: search.month ?? null,
    months: search.months ?? 12,
    zone,
    profile: search.profile ?? null,
    currency: search.currency ?? null,
  };
}

/** The same on the command line. */
export function revenueCommand(request: RevenueReq, workspace: string): string {
  const flags = [
    request.month && `--month ${request.month}`,
    request.profile && `--profile ${request.profile}`,
    request.currency && `--currency ${shellWord(request.currency)}`,
    request.months !== 12 && `--months ${request.months}`,
    `--tz ${shellWord(request.zone)}`,
    `-w ${shellWord(workspace)}`,
  ];
  return `steward revenue ${flags.filter(Boolean).join(" ")}`;
}

/** An amount for a tile, with the currency's sign. */
function tileMoney(minor: number, exponent: number, currency: string): { figure: string; unit: string } {
  const value = minor / 10 ** exponent;
  const { figure, size } = Math.abs(value) >= 1e6 ? compactParts(value) : { figure: "", size: "" };
  const digits = Math.abs(value) >= 1000 ? 0 : exponent;
  const text = figure || formatMinor(minor, exponent, digits);
  return { figure: `${currencySign(currency)}${text}`, unit: size };
}

/** A share in percent with one decimal. */
export const formatShare = (share: number) => `${formatNumber(share * 100, 1)}%`;

/** The lines of the movements of a month, from its start to its end. */
export interface MovementLine {
  key: Movement | "start" | "end";
  label: string;
  customers: number;
  minor: number;
  before: number | undefined;
  isBalance: boolean;
}

/** Movements of the last month, beside the month before. */
export function movementLines(now: RevenueMonth, before: RevenueMonth | undefined): MovementLine[] {
  const kinds: [Movement, string][] = [
    ["new", "New"],
    ["reactivation", "Reactivation"],
    ["expansion", "Expansion"],
    ["contraction", "Contraction"],
    ["churn", "Churn"],
  ];
  return [
    {
      key: "start",
      label: "Start of month",
      customers: now.start_customers,
      minor: now.start_minor,
      before: before?.start_minor,
      isBalance: true,
    },
    ...kinds.map(([kind, label]) => ({
      key: kind,
      label,
      customers: now[`${kind}_customers`],
      minor: now[`${kind}_minor`],
      before: before?.[`${kind}_minor`],
      isBalance: false,
    })),
    {
      key: "end",
      label: now.is_unfinished ? "Now" : "End of month",
      customers: now.end_customers,
      minor: now.end_minor,
      before: before?.end_minor,
      isBalance: true,
    },
  ];
}

/** The strips of key numbers. */
export const STRIPS: readonly (readonly RevenueMetric[])[] = [
  ["mrr", "committed_mrr", "arr", "net_retention_year", "gross_retention_year", "quick_ratio"],
  ["customers", "arpu", "logo_churn", "gross_churn", "lifetime_value", "trials_ended"],
];

/** What stands in a definition's place for the account at Stripe; the command line has the same name for it. */
export const STRIPE_ACCOUNT = "stripe-account";

/** A number that is told together with another: for whom free accounts are customers, too. */
export const BESIDE: Partial<Record<RevenueMetric, RevenueMetric>> = { arpu: "arpu_with_free" };

/** Whose movements are behind a number; none where it is no sum of theirs. */
export const MOVERS: Partial<Record<RevenueMetric, NonNullable<RevenueSearch["movers"]>>> = {
  mrr: "all",
  arr: "all",
  customers: "all",
  quick_ratio: "all",
  gross_churn: "all",
  net_churn: "all",
  logo_churn: "churn",
};

/** Numbers that grow with the days of a month: while it runs they are no match for a whole one. */
const FLOWS: readonly RevenueMetric[] = [
  "logo_churn",
  "gross_churn",
  "net_churn",
  "net_retention",
  "gross_retention",
  "quick_ratio",
  "lifetime_value",
  "trials_ended",
  "trials_started",
];

const isFlow = (metric: RevenueMetric) => FLOWS.includes(metric);

/** Where less is better. */
const LOSSES: readonly RevenueMetric[] = ["logo_churn", "gross_churn", "net_churn"];

/** A number within a sentence. */
export function besideText(figure: RevenueFigure, revenue: Revenue): string {
  const { figure: text, unit } = figureText(figure, revenue);
  return unit ? `${text} ${unit}` : text;
}

/** A number as its tile shows it. */
export function figureText(figure: RevenueFigure, revenue: Revenue): KpiText {
  const { exponent, is_unfinished: isOpen } = revenue;
  const currency = revenue.currency ?? "";
  const isCompared = !(isOpen && isFlow(figure.metric));
  const before = beforeWords(figure.metric, revenue);
  const none: KpiText = { figure: "n/a", unit: "", triangle: "", change: "", tone: "t2", rest: "" };
  if (figure.amount_minor !== null) {
    const money = tileMoney(figure.amount_minor, exponent, currency);
    const change = figure.previous_minor === null ? null : figure.amount_minor - figure.previous_minor;
    return {
      ...none,
      ...money,
      ...(isCompared && change !== null
        ? trend(change, `${change < 0 ? "" : "+"}${formatMinor(change, exponent)}`, figure.metric, before)
        : soFar(isOpen, figure.metric)),
    };
  }
  if (figure.value === null) return { ...none, rest: figure.without ?? "" };
  const isPercent = figure.metric !== "customers" && figure.metric !== "quick_ratio";
  const shown = isPercent
    ? { figure: formatNumber(figure.value * 100, 1), unit: "%" }
    : { figure: formatNumber(figure.value, figure.metric === "quick_ratio" ? 2 : 0), unit: "" };
  if (figure.previous === null || !isCompared) return { ...none, ...shown, ...soFar(isOpen, figure.metric) };
  const scale = isPercent ? 100 : 1;
  const decimals = figure.metric === "customers" ? 0 : isPercent ? 1 : 2;
  // What rounds to nothing is neither good nor bad.
  const change = Number(((figure.value - figure.previous) * scale).toFixed(decimals));
  const text = `${formatSigned(change, decimals)}${isPercent ? " pt" : ""}`;
  return { ...none, ...shown, ...trend(change, text, figure.metric, before) };
}

/** What a number is compared with: balances of a running month with its start, the rest with the month before. */
function beforeWords(metric: RevenueMetric, revenue: Revenue): string {
  const [year = 1970, month = 1] = revenue.month.split("-").map(Number);
  const short = (date: number, day?: "numeric") =>
    new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short", ...(day ? { day } : {}) }).format(
      date,
    );
  const isYear = metric === "net_retention_year" || metric === "gross_retention_year";
  if (revenue.is_unfinished && !isYear) return `since ${short(Date.UTC(year, month - 1, 1), "numeric")}`;
  return `vs ${short(Date.UTC(year, month - 2, 1))}`;
}

function soFar(isOpen: boolean, metric: RevenueMetric): Partial<KpiText> {
  return { rest: isOpen && isFlow(metric) ? "so far this month" : "" };
}

function trend(change: number, text: string, metric: RevenueMetric, rest: string): Partial<KpiText> {
  if (change === 0) return { change: "±0", tone: "t2", rest };
  const isGood = LOSSES.includes(metric) ? change < 0 : change > 0;
  return { triangle: change > 0 ? "▲" : "▼", change: text, tone: isGood ? "up" : "dn", rest };
}

/** A definition's answers as a sentence; the same words as the definitions of the numbers. */
export function profileWords(profile: RevenueProfile): string {
  const discounts = {
    forever: "discounts without an end taken off",
    recurring: "discounts that recur taken off",
    all: "every discount taken off",
  }[profile.discounts];
  const churn = {
    end: "a cancellation counts when it ends",
    period_end: "a cancellation counts at the end of the paid period",
    cancellation: "a cancellation counts when it is asked for",
  }[profile.churn];
  const metered = profile.counts_metered
    ? "metered items in (the history here has none)"
    : "metered items apart";
  return `${profile.counts_past_due ? "Active and past due" : "Active only"}; ${discounts}; ${metered}; ${churn}.`;
}

/** The line beside the title. */
export function titleLine(revenue: Revenue): string {
  if (!revenue.is_unfinished) return monthLabel(revenue.month);
  const day = Number(formatDay(revenue.period.end, revenue.zone).slice(8));
  const [year = 1970, number = 1] = revenue.month.split("-").map(Number);
  return `Open month, day ${day} of ${new Date(Date.UTC(year, number, 0)).getUTCDate()}`;
}

/** The cells of cohorts as rows, each with its months in order. */
export function cohortRows(cells: readonly CohortCell[]): { month: string; cells: CohortCell[] }[] {
  const rows: { month: string; cells: CohortCell[] }[] = [];
  for (const cell of cells) {
    const last = rows.at(-1);
    if (last?.month === cell.started) last.cells.push(cell);
    else rows.push({ month: cell.started, cells: [cell] });
  }
  return rows;
}

/** The step of the ramp, 1 to 6, of a share of the first month: what is lost fades, what grew is dark. */
export function cohortStep(share: number | null, age: number): number {
  if (age === 0 || share === null) return 0;
  const steps = [0.5, 0.75, 1.000_001, 1.05, 1.15];
  return 1 + steps.filter((limit) => share >= limit).length;
}

/** A bar of the bridge: from where to where, in the major unit. */
export interface BridgeBar {
  label: string;
  from: number;
  to: number;
  isBalance: boolean;
  isUnfinished: boolean;
}

/** The bars of a bridge: balances stand on 0, a change begins where the bar before it ended. */
export function bridgeBars(spec: ChartSpec): BridgeBar[] {
  const last = spec.steps.length - 1;
  let running = 0;
  return spec.steps.map((step, index) => {
    const isBalance = index === 0 || index === last;
    const from = isBalance ? 0 : running;
    running = from + (spec.series[0]?.values[index] ?? 0);
    return { label: step.label, from, to: running, isBalance, isUnfinished: step.is_unfinished };
  });
}

/** Ticks of the bridge from where its axis goes on: round numbers up to its highest level. */
export function bridgeTicks(from: number, highest: number): number[] {
  const span = highest > from ? highest - from : 1;
  const raw = span / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999) ?? power * 10;
  const count = Math.max(1, Math.ceil((span * 0.999) / step));
  return Array.from({ length: count + 1 }, (_, index) => Number((from + index * step).toPrecision(12)));
}
