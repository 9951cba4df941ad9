import type { LimitForecast } from "@/api/generated/LimitForecast";
import type { MetricMonths } from "@/api/generated/MetricMonths";
import type { Money } from "@/api/generated/Money";
import type { Series } from "@/api/generated/Series";
import type { TimelineKind } from "@/api/generated/TimelineKind";
import type { UserLimit } from "@/api/generated/UserLimit";
import type { UserSubscription } from "@/api/generated/UserSubscription";
import type { UserView } from "@/api/generated/UserView";
import type { Tone } from "@/components/icon";
import { formatMinute, formatNumber, formatShortDay } from "@/lib/format";
import { metricLabel } from "../model";

/** Whether an account is kept from something, and by what, in one sentence. */
export interface Standing {
  tone: "ok" | "warning" | "danger";
  title: string;
  text: string;
}

/** What stands in the way of an account: suspended or erased first, then hard limits that are reached. */
export function standing(view: UserView, zone: string): Standing {
  const { user } = view;
  if (user.status !== "active") {
    return {
      tone: "danger",
      title: user.status === "erased" ? "Erased." : "Suspended.",
      text: "The product refuses everything until the account is restored.",
    };
  }
  const reached = view.limits.filter((limit) => limit.is_over);
  const hard = reached.filter((limit) => limit.kind === "hard");
  const first = hard[0] ?? reached[0];
  if (!first) return { tone: "ok", title: "Not blocked.", text: "No limit is reached." };
  const others = (hard.length > 0 ? hard : reached).length - 1;
  const more = others > 0 ? ` So ${others === 1 ? "is" : "are"} ${others} more.` : "";
  const resets = first.resets_at
    ? `It starts again at ${formatMinute(first.resets_at, zone)}.`
    : "It never resets.";
  const use = `${formatNumber(first.used ?? 0)} of ${formatNumber(first.limit ?? 0)}`;
  if (user.role === "admin") {
    return {
      tone: "warning",
      title: "Not blocked: an admin passes every limit.",
      text: `${limitName(first)} is reached, ${use}.${more}`,
    };
  }
  return hard.length > 0
    ? {
        tone: "danger",
        title: `Blocked: ${limitName(first)} is reached.`,
        text: `${use} used. ${resets}${more}`,
      }
    : {
        tone: "warning",
        title: `Not blocked: ${limitName(first)} is reached, a soft limit.`,
        text: `${use} used. ${resets}${more}`,
      };
}

/** A limit as people say it: "prompts per month". */
export function limitName(limit: Pick<UserLimit, "metric" | "period">): string {
  const metric = metricLabel(limit.metric);
  // An initialism stays one.
  const name = /^[A-Z]{2}/.test(metric) ? metric : metric.charAt(0).toLowerCase() + metric.slice(1);
  return limit.period === "lifetime" ? `${name} in all` : `${name} per ${limit.period}`;
}

/** When a limit is reached, in words; estimates say that they are. */
export function forecastText(
  forecast: LimitForecast,
  zone: string,
): { text: string; tone: "" | "warning" | "danger" | "quiet"; isEstimate: boolean; title?: string } {
  switch (forecast.state) {
    case "unlimited":
      return { text: "never", tone: "quiet", isEstimate: false };
    case "unknown":
      return { text: "–", tone: "quiet", isEstimate: false };
    case "reached":
      return { text: "reached", tone: "danger", isEstimate: false };
    case "expected": {
      const minute = formatMinute(forecast.at, zone);
      return {
        text: `est. ${formatShortDay(minute.slice(0, 10))}`,
        tone: "warning",
        isEstimate: true,
        title: `About ${minute}, if use goes on at its average pace`,
      };
    }
    case "not_this_period":
      return { text: "not this period", tone: "quiet", isEstimate: false };
  }
}

/** The limit as a line above the bars of a metric; none where no month has one. */
export function ceilingOf(months: MetricMonths): Series | undefined {
  if (months.limits.every((limit) => limit === null)) return undefined;
  return { label: "limit", slot: 0, is_previous: false, values: months.limits };
}

/** Shape and colour of an entry of the timeline. */
export function timelineTone(kind: TimelineKind): Tone {
  switch (kind) {
    case "signed_up":
    case "subscription_started":
    case "restored":
      return "ok";
    case "suspended":
    case "limit_hit":
      return "danger";
    case "subscription_ended":
      return "warning";
    case "plan_changed":
    case "limit_raised":
    case "changed":
      return "info";
    default:
      return "neutral";
  }
}

/** The state of a subscription as tone and word. */
export function subscriptionStatus(row: UserSubscription): { tone: Tone; word: string } {
  const word = metricLabel(row.status);
  if (row.ended_at) return { tone: "neutral", word };
  if (row.status === "active") {
    return row.cancel_at_period_end
      ? { tone: "warning", word: "Ends with the period" }
      : { tone: "ok", word };
  }
  if (row.status === "trialing") return { tone: "info", word };
  return { tone: row.status === "past_due" || row.status === "unpaid" ? "warning" : "neutral", word };
}

/** `99.00` of a price in its minor unit; currencies without one have no decimals. */
export function priceText(minor: number, currency: string): string {
  const decimals =
    new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  return `${formatNumber(minor / 10 ** decimals, decimals)} ${currency}`;
}

/** What was typed as an amount in the digits of another one, in minor units; nothing where it is none. */
export function parseAmount(text: string, like: Money): number | undefined {
  const decimals = /\.(\d+) /.exec(like.words)?.[1]?.length ?? 0;
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, whole = "0", fraction = ""] = match;
  if (fraction.length > decimals) return undefined;
  const minor = Number(whole + fraction.padEnd(decimals, "0"));
  return minor > 0 ? minor : undefined;
}
