import type { Card } from "@/api/generated/Card";
import type { CardMetric } from "@/api/generated/CardMetric";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Overview } from "@/api/generated/Overview";
import type { KpiText } from "@/components/kpi";
import { compactParts, countOf, formatChange, formatMoney, formatNumber, formatSigned } from "@/lib/format";

const LABELS: Record<CardMetric, string> = {
  events: "Events",
  active_users: "Active users",
  error_rate: "Error rate",
  latency_p95: "Latency, p95",
  tokens: "Tokens",
  cost: "AI cost",
};

/** What a card is called. */
export function cardLabel(metric: CardMetric): string {
  return LABELS[metric];
}

function figure(card: Card, currency: string): { figure: string; unit: string } {
  if (card.value === null) return { figure: "–", unit: "" };
  switch (card.metric) {
    case "error_rate":
      return { figure: formatNumber(card.value, 2), unit: "%" };
    case "latency_p95":
      return { figure: formatNumber(card.value), unit: " ms" };
    case "cost":
      return { figure: formatMoney(card.value, currency), unit: "" };
    default: {
      const parts = compactParts(card.value);
      return { figure: parts.figure, unit: parts.size };
    }
  }
}

/** The value compared with, short. */
function shortValue(metric: CardMetric, value: number, currency: string): string {
  switch (metric) {
    case "error_rate":
      return `${formatNumber(value, 2)}%`;
    case "latency_p95":
      return `${formatNumber(value)} ms`;
    case "cost":
      return formatMoney(value, currency);
    default: {
      const parts = compactParts(value);
      return parts.figure + parts.size;
    }
  }
}

/** More events and users are good, more errors and waiting are bad, more cost is a warning, tokens are a fact. */
export function changeTone(metric: CardMetric, difference: number): KpiText["tone"] {
  if (difference === 0) return "t2";
  switch (metric) {
    case "events":
    case "active_users":
      return difference > 0 ? "up" : "dn";
    case "error_rate":
    case "latency_p95":
      return difference > 0 ? "dn" : "up";
    case "cost":
      return difference > 0 ? "wr" : "t2";
    case "tokens":
      return "t2";
  }
}

/** A card in words. */
export function cardText(card: Card, overview: Overview): KpiText {
  const currency = overview.cost?.currency ?? "EUR";
  const { figure: value, unit } = figure(card, currency);
  const base = { figure: value, unit };
  if (!card.change) {
    const rest = card.value === null ? "nothing measured" : "no comparison";
    return { ...base, triangle: "", change: "", tone: "t2", rest };
  }
  const { current, previous, percent } = card.change;
  // A rate moves in points, everything else in percent.
  const difference =
    card.metric === "error_rate" ? Number((current - previous).toFixed(2)) : current - previous;
  const change =
    card.metric === "error_rate"
      ? `${formatSigned(difference, 2)} pt`
      : formatChange(current, previous, percent);
  const finished = overview.activity.filter((point) => !point.is_unfinished).length;
  const rest =
    card.metric === "events" && finished > 0 && finished < overview.activity.length
      ? fullSteps(overview, finished)
      : `from ${shortValue(card.metric, previous, currency)}`;
  const triangle = difference > 0 ? "▲" : difference < 0 ? "▼" : "";
  return { ...base, triangle, change, tone: changeTone(card.metric, difference), rest };
}

/** Whether the steps of the answer are hours. */
export function isHourly(overview: Overview): boolean {
  const first = overview.activity[0];
  return !!first && Date.parse(first.period.end) - Date.parse(first.period.start) < 20 * 3_600_000;
}

function fullSteps(overview: Overview, finished: number): string {
  const word = isHourly(overview) ? "hour" : "day";
  return countOf(finished, `full ${word}`);
}

/** The line beside the title: the one thing to know about these numbers. */
export function titleLine(overview: Overview): string {
  const { totals, freshness } = overview;
  if (!freshness.is_consistent) return "The copy is still being read, so totals may be incomplete.";
  if (totals.events === 0) return "No events in this range.";
  const parts = [`${countOf(totals.events, "event")} by ${countOf(totals.active_users, "user")}.`];
  const failed = totals.errors + totals.rate_limited;
  if (failed > 0) {
    parts.push(
      totals.rate_limited > 0
        ? `${formatNumber(totals.errors)} failed, ${formatNumber(totals.rate_limited)} were rate limited.`
        : `${formatNumber(totals.errors)} failed.`,
    );
  }
  if (overview.admin_events > 0) {
    parts.push(`${formatNumber(overview.admin_events)} by admins, counted too.`);
  }
  return parts.join(" ");
}

/** The filter behind a card. */
export function cardFilters(metric: CardMetric): EventFilter[] {
  return metric === "error_rate" ? [{ field: "status", value: "error" }] : [];
}
