import type { AuditRow } from "@/api/generated/AuditRow";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { LimitForecast } from "@/api/generated/LimitForecast";
import type { Timeline } from "@/api/generated/Timeline";
import type { UserLimit } from "@/api/generated/UserLimit";
import type { UserRow } from "@/api/generated/UserRow";
import type { UserView } from "@/api/generated/UserView";
import { FRESH } from "./sample-data";

const RESETS = "2026-12-01T00:00:00Z";

/** A limit per month. */
export function monthly(
  metric: string,
  kind: "hard" | "soft",
  used: number | null,
  limit: number | null,
  forecast: LimitForecast,
): UserLimit {
  return {
    metric,
    period: "month",
    kind,
    plan_limit: limit,
    limit,
    raised_until: null,
    used,
    remaining: limit === null || used === null ? null : Math.max(0, limit - used),
    resets_at: RESETS,
    is_over: limit !== null && used !== null && used + 1 > limit,
    forecast,
  };
}

const chart = (title: string, labels: readonly string[], values: (number | null)[]): ChartSpec => ({
  title,
  subtitle: "months in UTC",
  kind: "bars",
  unit: "count",
  axis_break: 0,
  steps: labels.map((label, index) => ({
    label,
    title: `${label} 2026`,
    previous_title: null,
    is_unfinished: index === labels.length - 1,
  })),
  series: [{ label: "AI prompts", slot: 1, is_previous: false, values }],
  method: "Counted by month.",
});

/** Everything about a user who has used up one limit. */
export function account(user: UserRow, changes: AuditRow[]): UserView {
  return {
    freshness: FRESH,
    user,
    profile: {
      country: "DE",
      timezone: "Europe/Berlin",
      stripe_customer_id: "cus_Rk81Zq0b",
      trial_end: null,
    },
    plan: { code: user.plan_code, name: "Pro", is_default: false },
    teams: [
      { id: "0197a3c2-3333-7000-8000-000000000001", name: "Research", role: "owner", members: 9 },
      { id: "0197a3c2-3333-7000-8000-000000000002", name: "Field trials", role: "member", members: 4 },
    ],
    limits: [
      {
        ...monthly("ai_prompts", "hard", 41_880, 50_000, { state: "expected", at: "2026-11-25T10:00:00Z" }),
        plan_limit: 40_000,
        raised_until: "2026-11-30T00:00:00Z",
      },
      monthly("e2e_runs", "hard", 118, 500, { state: "not_this_period" }),
      monthly("training_hours", "hard", 40, 40, { state: "reached" }),
      monthly("api_requests", "soft", 1_204_511, null, { state: "unlimited" }),
    ],
    features: [
      { key: "sso", is_allowed: false, reason: "plan", value: false, plan_required: "team" },
      { key: "api", is_allowed: true, reason: null, value: true, plan_required: null },
    ],
    raises: [
      {
        id: "0197a3c2-4444-7000-8000-000000000001",
        metric: "ai_prompts",
        period: "month",
        limit: 50_000,
        starts_at: "2026-11-20T09:00:00Z",
        until: "2026-11-30T00:00:00Z",
        reason: "Ticket 4171",
        team: null,
        is_running: true,
      },
    ],
    subscriptions: [
      {
        id: "0197a3c2-5555-7000-8000-000000000001",
        team: null,
        plan_code: "pro",
        status: "active",
        billing_interval: "month",
        interval_count: 1,
        quantity: 1,
        unit_amount_minor: 9900,
        currency: "EUR",
        started_at: "2026-07-14T08:00:00Z",
        ended_at: null,
        trial_end: null,
        current_period_end: RESETS,
        cancel_at_period_end: false,
        stripe_subscription_id: "sub_1Q8fk2Wd",
        is_billed_at_stripe: true,
      },
    ],
    months: [
      {
        metric: "ai_prompts",
        chart: chart("AI prompts by month", ["Sep", "Oct", "Nov"], [29_745, 36_218, 41_880]),
        limits: [40_000, 40_000, 50_000],
      },
    ],
    days: chart("Events", ["19 Nov", "20 Nov", "21 Nov"], [12, 40, 7]),
    events: 59,
    events_30d: 41_880,
    changes,
  };
}

/** What happened to that user. */
export const TIMELINE: Timeline = {
  freshness: FRESH,
  total: 2,
  hits_since: "2026-10-22T12:00:00Z",
  next: null,
  rows: [
    {
      at: "2026-11-20T09:00:00Z",
      kind: "limit_raised",
      title: "AI prompts limit raised",
      detail: "to 50,000 per month, until 2026-11-30 00:00",
      who: "support",
      reason: "Ticket 4171",
      operation: "0197a3c2-6666-7000-8000-000000000001",
      key: "audit-00000000000000000012",
    },
    {
      at: "2025-03-18T09:22:00Z",
      kind: "signed_up",
      title: "Signed up",
      detail: "",
      who: null,
      reason: "",
      operation: null,
      key: "sign-up",
    },
  ],
};
