import type { AuditRow } from "@/api/generated/AuditRow";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Dataset } from "@/api/generated/Dataset";
import type { Overview } from "@/api/generated/Overview";
import type { OverviewReq } from "@/api/generated/OverviewReq";
import type { Session } from "@/api/generated/Session";
import type { Settings } from "@/api/generated/Settings";
import type { Share } from "@/api/generated/Share";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import type { UserRow } from "@/api/generated/UserRow";
import type { Workspace } from "@/api/generated/Workspace";

// Invented numbers for component tests and for drawing without a back end. The real ones come from Rust.

/** The moment everything is seen at. */
export const AS_OF = "2026-11-21T13:02:11.000Z";

/** Its freshness. */
export const FRESH = { as_of: AS_OF, is_consistent: true };

/** The only workspace. */
export const WORKSPACE: Workspace = {
  id: "0197a3c2-1111-7000-8000-000000000001",
  name: "Tidemark",
  environment: "production",
  server: "db.tidemark.example:5432/app",
  login: "steward_ro",
  is_current: true,
  is_read_only: true,
  mode: "read_only",
  unlocked_until: null,
  needs_unlock: true,
  created_at: "2026-10-01T08:00:00Z",
};

/** A session in that workspace. */
export const SESSION: Session = {
  workspace: WORKSPACE,
  role: "admin",
  locale: "en",
  zone: "Europe/Berlin",
  version: "0.1.0",
  secrets: "system keyring",
  sample_unavailable: null,
};

/** Nothing chosen yet. */
export const SETTINGS: Settings = {
  theme: "system",
  density: "default",
  zone: "",
  range: "30d",
  compare: "weekday",
  has_single_key_shortcuts: true,
  pull_seconds: 5,
};

const WEEK = [0.52, 0.94, 1.06, 1.05, 1.04, 0.91, 0.58];
const EVENTS = Array.from({ length: 30 }, (_, index) => {
  const day = new Date(Date.UTC(2026, 9, 23 + index));
  return Math.round(
    170_000 * (WEEK[day.getUTCDay()] ?? 1) * (0.97 + 0.004 * index) + ((index * 7919) % 4000),
  );
});

const dayName = (day: Date) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" }).format(day);
const dayTitle = (day: Date) => {
  const weekday = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short" }).format(day);
  return `${weekday} ${dayName(day)} ${day.getUTCFullYear()}`;
};

function chart(part: Pick<ChartSpec, "title" | "kind" | "unit" | "series">): ChartSpec {
  return {
    ...part,
    axis_break: 0,
    subtitle: "23 Oct – 21 Nov · days in Europe/Berlin",
    method: "Counted from the local copy, day by day in the zone shown, up to the as-of.",
    steps: EVENTS.map((_, index) => {
      const day = new Date(Date.UTC(2026, 9, 23 + index));
      const before = new Date(Date.UTC(2026, 8, 25 + index));
      return {
        label: dayName(day),
        title: dayTitle(day),
        previous_title: dayTitle(before),
        is_unfinished: index === 29,
      };
    }),
  };
}

function share(value: string | null, label: string, events: number, percent: number): Share {
  const previous = Math.round(events / (1 + percent / 100));
  return {
    value,
    label,
    events,
    errors: Math.round(events * 0.004),
    cost: "12.500000000",
    change: { current: events, previous, percent },
  };
}

/** The overview of thirty days. */
export function overview(request: OverviewReq): Overview {
  const events = EVENTS.map((value, index) => (index === 29 ? 59_912 : value));
  const total = events.reduce((sum, value) => sum + value, 0);
  const activity = events.map((value, index) => ({
    day: new Date(Date.UTC(2026, 9, 23 + index)).toISOString().slice(0, 10),
    period: {
      start: new Date(Date.UTC(2026, 9, 22 + index, 23)).toISOString(),
      end: new Date(Date.UTC(2026, 9, 23 + index, 23)).toISOString(),
    },
    is_unfinished: index === 29,
    events: value,
    errors: Math.round(value * 0.0042),
    previous_events: Math.round((EVENTS[index] ?? 0) * 0.92),
    previous_day: new Date(Date.UTC(2026, 8, 25 + index)).toISOString().slice(0, 10),
    latency_p50: 180 + ((index * 37) % 40),
    latency_p95: 640 + ((index * 91) % 160),
  }));
  const change = (current: number, previous: number) => ({
    current,
    previous,
    percent: ((current - previous) / previous) * 100,
  });
  return {
    freshness: FRESH,
    range: request.range,
    zone: request.zone,
    period: { start: "2026-10-22T22:00:00Z", end: "2026-11-21T23:00:00Z" },
    previous_period: { start: "2026-09-24T22:00:00Z", end: "2026-10-24T22:00:00Z" },
    totals: {
      events: total,
      successes: Math.round(total * 0.993),
      errors: Math.round(total * 0.0042),
      rate_limited: Math.round(total * 0.0028),
      active_users: 11_482,
      quantity: total,
      input_tokens: 812_000_000,
      cached_tokens: 120_000_000,
      output_tokens: 401_000_000,
      reasoning_tokens: 27_000_000,
      bytes_out: 91_000_000_000,
      credits: 410_000,
      cost: "9214.120431000",
      unpriced_events: 41_208,
      latency_ms_sum: 900_000_000,
      latency_count: 4_000_000,
    },
    cost: { amount: "9214.120431000", currency: "EUR" },
    cards: [
      {
        metric: "events",
        value: total,
        change: change(4_452_173, 4_107_170),
        is_estimate: false,
        definition: "Usage events of the range.",
      },
      {
        metric: "active_users",
        value: 11_482,
        change: change(11_482, 11_137),
        is_estimate: false,
        definition: "Users with at least one event.",
      },
      {
        metric: "error_rate",
        value: 0.42,
        change: change(0.42, 0.48),
        is_estimate: false,
        definition: "Events with status error, in percent of all events.",
      },
      {
        metric: "latency_p95",
        value: 712,
        change: change(712, 690),
        is_estimate: true,
        definition: "95 % of the measured events were faster, from buckets of about 5 %.",
      },
      {
        metric: "tokens",
        value: 1_240_000_000,
        change: change(1_200_000_000, 1_050_000_000),
        is_estimate: false,
        definition: "Input, output and reasoning tokens.",
      },
      {
        metric: "cost",
        value: 9214.12,
        change: change(9214.12, 8197.4),
        is_estimate: false,
        definition: "Cost of the priced events.",
      },
    ],
    activity,
    by_feature: [
      share("chat", "chat", 2_104_220, 9.2),
      share("search", "search", 984_011, 4.1),
      share("export", "export", 512_400, -2.4),
      share("summaries", "summaries", 402_122, 31.8),
      share("training", "training", 120_882, 12.0),
      share("e2e", "e2e", 81_204, -8.1),
      share("webhooks", "webhooks", 40_022, 0.3),
      share(null, "no feature", 12_400, 1.1),
    ],
    by_plan: [
      share("free", "Free", 402_113, 2.2),
      share("starter", "Starter", 1_204_500, 6.0),
      share("pro", "Pro", 1_902_300, 11.4),
      share("enterprise", "Enterprise", 1_002_100, 8.0),
    ],
    by_model: [
      share("atlas-2", "atlas-2", 1_802_300, 8.4),
      share("atlas-2-mini", "atlas-2-mini", 1_300_240, 22.5),
      share("atlas-1", "atlas-1", 402_100, -31.0),
      share("vision-1", "vision-1", 80_210, 3.9),
      share(null, "no model", 920_110, 1.0),
    ],
    top_users: USERS.slice(0, 10).map((user, index) => ({
      id: user.id,
      email: user.email,
      name: user.name,
      plan_code: user.plan_code,
      events: 41_880 - index * 2_931,
    })),
    activity_chart: chart({
      title: "Activity",
      kind: "bars",
      unit: "count",
      series: [
        { label: "Events", slot: 1, is_previous: false, values: events },
        {
          label: "Before",
          slot: 1,
          is_previous: true,
          values: activity.map((point) => point.previous_events),
        },
      ],
    }),
    latency_chart: chart({
      title: "Latency",
      kind: "lines",
      unit: "milliseconds",
      series: [
        { label: "p50", slot: 1, is_previous: false, values: activity.map((point) => point.latency_p50) },
        {
          label: "p95",
          slot: 2,
          is_previous: false,
          values: activity.map((point, index) => (index === 11 ? null : point.latency_p95)),
        },
      ],
    }),
    error_chart: chart({
      title: "Errors",
      kind: "lines",
      unit: "percent",
      series: [
        {
          label: "Error rate",
          slot: 1,
          is_previous: false,
          values: activity.map((_, index) => 0.3 + ((index * 17) % 23) / 100),
        },
      ],
    }),
    newest_event: "2026-11-21T13:02:05Z",
    admin_events: 1_024,
  };
}

const FIRST = ["Elena", "Tomas", "Priya", "Jonas", "Amara", "Lucie", "Ben", "Sofia", "Kenji", "Ingrid"];
const LAST = [
  "Marchetti",
  "Veld",
  "Raman",
  "Aalto",
  "Nwosu",
  "Garnier",
  "Whitlock",
  "Duarte",
  "Mori",
  "Solheim",
];
const PLANS = ["free", "starter", "pro", "enterprise"];

/** Five hundred users. */
export const USERS: UserRow[] = Array.from({ length: 500 }, (_, index) => {
  const name = `${FIRST[index % 10]} ${LAST[Math.floor(index / 10) % 10]}`;
  return {
    id: `0197a3c2-2222-7000-8000-${String(index).padStart(12, "0")}`,
    email: `${name.toLowerCase().replace(" ", ".")}${index >= 100 ? index : ""}@example.com`,
    name,
    status: index % 37 === 5 ? "suspended" : "active",
    role: index % 90 === 0 ? "admin" : "user",
    plan_code: PLANS[(index * 7) % 4] ?? "free",
    last_seen_at: index % 11 === 3 ? null : new Date(Date.parse(AS_OF) - index * 3_900_000).toISOString(),
    created_at: new Date(Date.parse("2025-01-05T09:30:00Z") + index * 86_400_000).toISOString(),
    events: (index * 97) % 1300,
  };
});

const DATASETS: [Dataset, string, number][] = [
  ["plans", "Plans", 5],
  ["plan_limits", "Plan limits", 24],
  ["plan_features", "Plan features", 31],
  ["users", "Users", 48_214],
  ["operators", "Operators", 12],
  ["teams", "Teams", 3_902],
  ["team_members", "Team members", 11_204],
  ["subscriptions", "Subscriptions", 2_631],
  ["subscription_changes", "Subscription changes", 9_204],
  ["usage_counters", "Usage counters", 214_880],
  ["audit_log", "Audit log", 6_118],
  ["usage_events", "Usage events", 4_186_220],
];

/** A copy in the middle of its first load. */
export const SYNC: SyncStatus = {
  phase: "loading",
  as_of: AS_OF,
  is_consistent: false,
  is_online: true,
  datasets: DATASETS.map(([dataset, label, rows]) => {
    const isEvents = dataset === "usage_events";
    return {
      dataset,
      label,
      rows,
      state: isEvents ? { state: "loading", progress: 0.82 } : { state: "consistent", as_of: AS_OF },
      words: isEvents ? "Loading, newest rows first" : "Consistent as of 14:02:11",
      server_rows_estimate: isEvents ? 5_104_000 : rows,
      rows_per_second: isEvents ? 18_420 : null,
      verified_at: isEvents ? null : "2026-11-21T12:30:00Z",
      checked_since: isEvents ? null : "2026-11-21T12:58:00Z",
      chunks: Array.from({ length: rows > 12_000 ? 48 : Math.max(1, Math.floor(rows / 250)) }, (_, part) => ({
        checked_at: isEvents && part > 20 ? null : "2026-11-21T12:58:00Z",
        drift_at: isEvents && part === 7 ? "2026-11-21T12:58:00Z" : null,
        from: isEvents ? new Date(Date.parse(AS_OF) - part * 900_000_000).toISOString() : null,
      })),
    };
  }),
  last_error: null,
  cut_count: 1_204,
  last_cut_ms: 62,
  disk_bytes: 412_000_000,
  drift: [
    {
      found_at: "2026-11-14T02:12:00Z",
      dataset: "usage_counters",
      range: "keys 17,204 to 17,236",
      missing: 0,
      extra: 2,
      different: 0,
      sums: 0,
      found_by: "full",
      snapshot: "1204:1210:1204",
      is_repaired: true,
    },
    {
      found_at: "2026-11-02T21:47:00Z",
      dataset: "usage_events",
      range: "2 Nov 22:40 to 22:45",
      missing: 118,
      extra: 0,
      different: 0,
      sums: 2,
      found_by: "scrub",
      snapshot: "990:990:",
      is_repaired: true,
    },
  ],
  levels: [
    {
      level: "scrub",
      began_at: "2026-11-21T11:40:00Z",
      ended_at: "2026-11-21T12:31:00Z",
      rows: 4_482_441,
      differences: 0,
      damage: [],
    },
    {
      level: "daily",
      began_at: "2026-11-21T02:00:00Z",
      ended_at: "2026-11-21T02:00:14Z",
      rows: 4_402_118,
      differences: 0,
      damage: [],
    },
  ],
  scrub: { share: 0.42, began_at: "2026-11-21T12:31:00Z", rows: 1_880_000, is_urgent: false },
  kept: [
    {
      what: "Usage events",
      rows: 4_186_220,
      first_day: "2025-05-01",
      last_day: "2026-11-21",
      why: "Every event the server keeps. What the server deletes goes here, too.",
    },
    {
      what: "Position",
      rows: null,
      first_day: null,
      last_day: null,
      why: "With it the next look reads what changed since, and nothing else.",
    },
  ],
  keep: { days: null, rows: 20_000_000 },
  rows_since: null,
  server: "db.tidemark.example:5432/app",
  login: "steward_ro",
  clock_skew_ms: 200,
};

/** Who did what. */
export const AUDIT: AuditRow[] = Array.from({ length: 12 }, (_, index) => {
  const user = USERS[index * 3];
  return {
    id: 900 - index,
    at: new Date(Date.parse(AS_OF) - index * 2_340_000).toISOString(),
    intent: `0197a3c2-3333-7000-8000-${String(index).padStart(12, "0")}`,
    login: "steward_support",
    operator: ["J. Okafor", "A. Nyström", "P. Ferraro"][index % 3] ?? null,
    action: "change_plan",
    reason: index % 2 === 0 ? "Autumn offer accepted, list OPS-311" : "",
    table: "users",
    key: { id: user?.id },
    label: user?.name ?? null,
    before: { plan_code: "starter" },
    after: { plan_code: "pro" },
  };
});
