import { QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { createClient, invalidateTags } from "./client";
import { commands } from "./generated/commands";
import type { Tag } from "./generated/Tag";
import * as queries from "./queries";

const TAGS = [
  "workspace",
  "settings",
  "sync",
  "usage",
  "users",
  "plans",
  "audit",
  "exports",
  "billing",
] as const satisfies Tag[];
const WORKSPACE = "w";
const EVENTS = { period: { start: "", end: "" }, filters: [], after: null, limit: 1 };
const USAGE = {
  range: "30d",
  zone: "UTC",
  compare: "off" as const,
  bucket: null,
  by: "feature" as const,
  measure: "events" as const,
  filters: [],
  preset: "activity" as const,
  depth: "sums" as const,
  groups: 200,
};
const REVENUE = { month: null, zone: "UTC", profile: null, currency: null };
const AUDIT = { ...queries.ALL_AUDIT, limit: 1 };

const INVOICES = { account: null, search: null, status: null, after: null, limit: 1 };

/** Every query that the interface makes. */
const OPTIONS = [
  queries.sessionOptions(),
  queries.settingsOptions(),
  queries.workspaceListOptions(),
  queries.syncStatusOptions(WORKSPACE),
  queries.overviewOptions(WORKSPACE, { range: "30d", zone: "UTC", compare: "off" }),
  queries.usageOptions(WORKSPACE, USAGE),
  queries.offenderListOptions(WORKSPACE, { range: "30d", zone: "UTC", compare: "off", limit: 0 }),
  queries.whatIfOptions(WORKSPACE, { month: null, plan: null, metric: null, limit: null, rows: 0 }),
  queries.viewListOptions(WORKSPACE),
  queries.planListOptions(WORKSPACE),
  queries.planEffectOptions(WORKSPACE, {
    plan: "pro",
    price_month_minor: 1,
    price_year_minor: null,
    limits: [],
  }),
  queries.revenueOptions(WORKSPACE, { ...REVENUE, months: 12 }),
  queries.revenueMoverPagesOptions(WORKSPACE, {
    ...REVENUE,
    movement: null,
    plan: null,
    after: null,
    limit: 10,
  }),
  queries.revenueBridgeOptions(WORKSPACE, {
    month: null,
    zone: "UTC",
    from: "stripe",
    to: "profitwell",
    currency: null,
  }),
  queries.revenueStripeBridgeOptions(WORKSPACE, { profile: null, currency: null }),
  queries.revenueForecastOptions(WORKSPACE, { zone: "UTC", profile: null, currency: null }),
  queries.revenueWhatIfOptions(WORKSPACE, {
    zone: "UTC",
    profile: null,
    currency: null,
    assumptions: { prices: [], churn: null, churn_times: null, conversion: null },
    rows: 0,
  }),
  queries.revenueTotalOptions(WORKSPACE, { month: null, months: 12, zone: "UTC", profile: null }),
  queries.scenarioListOptions(WORKSPACE),
  queries.rateListOptions(WORKSPACE),
  queries.monthListOptions(WORKSPACE),
  queries.monthFiguresOptions(WORKSPACE, { month: "2026-10", zone: "UTC", profile: null }),
  queries.userShowOptions(WORKSPACE, "u"),
  queries.timelinePagesOptions(WORKSPACE, { user: "u", zone: "UTC", topic: "all", after: null, limit: 10 }),
  queries.recentEventsOptions(WORKSPACE, EVENTS),
  queries.findOptions("w", { text: "a", kind: null, limit: 8 }),
  queries.userPagesOptions(WORKSPACE, queries.ALL_USERS),
  queries.eventPagesOptions(WORKSPACE, EVENTS),
  queries.auditListOptions(WORKSPACE, AUDIT),
  queries.recentAuditOptions(WORKSPACE),
  queries.auditPagesOptions(WORKSPACE, AUDIT),
  queries.operatorListOptions(WORKSPACE),
  queries.limitListOptions(WORKSPACE, "u"),
  queries.qualityOptions(WORKSPACE, 90),
  queries.stripeStatusOptions(WORKSPACE),
  queries.reconciliationOptions(WORKSPACE, { csv: null, class: null, limit: 1 }),
  queries.billingOptions(WORKSPACE, { range: "30d", zone: "UTC" }),
  queries.invoicePagesOptions(WORKSPACE, { ...INVOICES, is_failing: false }),
  queries.paymentPagesOptions(WORKSPACE, INVOICES),
  queries.refundPagesOptions(WORKSPACE, { account: null, search: null, after: null, limit: 1 }),
  queries.accountInvoicesOptions(WORKSPACE, "u"),
  queries.accountPaymentsOptions(WORKSPACE, "u"),
  queries.exportPlanOptions(WORKSPACE, { source: "events", request: EVENTS, format: "csv" }),
  queries.exportListOptions(WORKSPACE),
  queries.doctorOptions(WORKSPACE),
];

describe("tags", () => {
  it("knows every query that the interface makes", () => {
    const made = Object.keys(queries).filter((name) => name.endsWith("Options"));
    expect(OPTIONS).toHaveLength(made.length);
  });

  it.each(TAGS)("%s reaches a query", async (tag: Tag) => {
    const client = createClient(vi.fn());
    for (const options of OPTIONS) {
      client
        .getQueryCache()
        .build(client, { queryKey: options.queryKey as unknown[], meta: options.meta ?? { tags: [] } });
    }
    await invalidateTags(client, [tag]);
    const reached = client.getQueryCache().findAll({ predicate: (query) => query.state.isInvalidated });
    expect(reached.length).toBeGreaterThan(0);
  });

  it("an answer that was under way when something changed does not stay", async () => {
    const client = createClient(vi.fn());
    const answers: ((rows: number) => void)[] = [];
    const observer = new QueryObserver(client, {
      queryKey: ["user_list", "acme"] as readonly unknown[],
      queryFn: () => new Promise<number>((resolve) => answers.push(resolve)),
      meta: { tags: ["users"] },
    });
    const stop = observer.subscribe(() => undefined);
    const done = invalidateTags(client, ["users"]);
    // Read before the change, told after it.
    answers[0]?.(0);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.(21);
    await done;
    expect(observer.getCurrentResult().data).toBe(21);
    stop();
  });

  it("a switch of the workspace leaves no answer under another one's name", async () => {
    const client = createClient(vi.fn());
    let current = "acme";
    const answer = () => ({ workspace: { id: current } });
    const observer = new QueryObserver(client, {
      queryKey: queries.syncStatusOptions("acme").queryKey as readonly unknown[],
      queryFn: answer,
      meta: { tags: ["sync"] },
    });
    const stop = observer.subscribe(() => undefined);
    const session = queries.sessionOptions().queryKey as readonly unknown[];
    await client.fetchQuery({ queryKey: session, queryFn: answer });
    await vi.waitFor(() => expect(observer.getCurrentResult().data).toEqual(answer()));
    current = "other";
    await invalidateTags(client, ["workspace", "sync"]);
    expect(client.getQueryData(session)).toEqual(answer());
    expect(client.getQueryData(queries.syncStatusOptions("acme").queryKey)).toBeUndefined();
    stop();
  });

  it("every tag that a command announces is one the interface knows", () => {
    const announced = new Set(Object.values(commands).flatMap((spec) => [...spec.tags]));
    expect([...announced].filter((tag) => !TAGS.includes(tag))).toEqual([]);
  });
});
