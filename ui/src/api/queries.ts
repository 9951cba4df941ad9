import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./call";
import type { AuditListReq } from "./generated/AuditListReq";
import type { BillingReq } from "./generated/BillingReq";
import { commands } from "./generated/commands";
import type { EventListReq } from "./generated/EventListReq";
import type { ExportPlanReq } from "./generated/ExportPlanReq";
import type { FindReq } from "./generated/FindReq";
import type { InvoiceListReq } from "./generated/InvoiceListReq";
import type { MonthFiguresReq } from "./generated/MonthFiguresReq";
import type { OffenderListReq } from "./generated/OffenderListReq";
import type { OverviewReq } from "./generated/OverviewReq";
import type { PaymentListReq } from "./generated/PaymentListReq";
import type { PlanEffectReq } from "./generated/PlanEffectReq";
import type { RefundListReq } from "./generated/RefundListReq";
import type { RevenueBridgeReq } from "./generated/RevenueBridgeReq";
import type { RevenueForecastReq } from "./generated/RevenueForecastReq";
import type { RevenueMovementsReq } from "./generated/RevenueMovementsReq";
import type { RevenueReq } from "./generated/RevenueReq";
import type { RevenueStripeBridgeReq } from "./generated/RevenueStripeBridgeReq";
import type { RevenueTotalReq } from "./generated/RevenueTotalReq";
import type { RevenueWhatIfReq } from "./generated/RevenueWhatIfReq";
import type { StripeReconcileReq } from "./generated/StripeReconcileReq";
import type { TimelineReq } from "./generated/TimelineReq";
import type { UsageReq } from "./generated/UsageReq";
import type { UserListReq } from "./generated/UserListReq";
import type { WhatIfReq } from "./generated/WhatIfReq";

// Keys are [command, scope, request]; the scope is the workspace, so that one company's numbers never show
// up under another's name. What a query depends on stands in `meta.tags`.

const nextPage = (last: { next: string | null }) => last.next ?? undefined;

/** The scope of what belongs to no workspace. */
export const THIS_COMPUTER = "computer";

/** Who sits in front of it, and where. */
export const sessionOptions = () =>
  queryOptions({
    queryKey: ["session_show", THIS_COMPUTER],
    queryFn: () => call("session_show", null),
    meta: { tags: commands.session_show.tags },
  });

/** What was chosen on this computer. */
export const settingsOptions = () =>
  queryOptions({
    queryKey: ["settings_show", THIS_COMPUTER],
    queryFn: () => call("settings_show", null),
    meta: { tags: commands.settings_show.tags },
  });

/** All workspaces. */
export const workspaceListOptions = () =>
  queryOptions({
    queryKey: ["workspace_list", THIS_COMPUTER],
    queryFn: () => call("workspace_list", null),
    meta: { tags: commands.workspace_list.tags },
  });

/** The state of the copy. */
export const syncStatusOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["sync_status", workspace],
    queryFn: () => call("sync_status", null),
    meta: { tags: commands.sync_status.tags },
  });

/** The overview of a range. */
export const overviewOptions = (workspace: string, request: OverviewReq) =>
  queryOptions({
    queryKey: ["overview_show", workspace, request],
    queryFn: () => call("overview_show", request),
    meta: { tags: commands.overview_show.tags },
  });

/** What was used; with `sums` at once, with `rows` complete. */
export const usageOptions = (workspace: string, request: UsageReq) =>
  queryOptions({
    queryKey: ["usage_show", workspace, request],
    queryFn: () => call("usage_show", request),
    meta: { tags: commands.usage_show.tags },
  });

/** Recurring revenue of a month and of those before it. */
export const revenueOptions = (workspace: string, request: RevenueReq) =>
  queryOptions({
    queryKey: ["revenue_show", workspace, request],
    queryFn: () => call("revenue_show", request),
    meta: { tags: commands.revenue_show.tags },
  });

/** Who is behind a movement of revenue, page by page. */
export const revenueMoverPagesOptions = (workspace: string, request: RevenueMovementsReq) =>
  infiniteQueryOptions({
    queryKey: ["revenue_movements", workspace, request],
    queryFn: ({ pageParam }) => call("revenue_movements", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.revenue_movements.tags },
  });

/** Why two definitions of revenue differ. */
export const revenueBridgeOptions = (workspace: string, request: RevenueBridgeReq) =>
  queryOptions({
    queryKey: ["revenue_bridge", workspace, request],
    queryFn: () => call("revenue_bridge", request),
    meta: { tags: commands.revenue_bridge.tags },
  });

/** Why recurring revenue here and at Stripe differ. */
export const revenueStripeBridgeOptions = (workspace: string, request: RevenueStripeBridgeReq) =>
  queryOptions({
    queryKey: ["revenue_stripe_bridge", workspace, request],
    queryFn: () => call("revenue_stripe_bridge", request),
    meta: { tags: commands.revenue_stripe_bridge.tags },
  });

/** Where MRR is heading. */
export const revenueForecastOptions = (workspace: string, request: RevenueForecastReq) =>
  queryOptions({
    queryKey: ["revenue_forecast", workspace, request],
    queryFn: () => call("revenue_forecast", request),
    meta: { tags: commands.revenue_forecast.tags },
  });

/** What MRR would be under other prices, churn or conversion. */
export const revenueWhatIfOptions = (workspace: string, request: RevenueWhatIfReq) =>
  queryOptions({
    queryKey: ["revenue_what_if", workspace, request],
    queryFn: () => call("revenue_what_if", request),
    meta: { tags: commands.revenue_what_if.tags },
  });

/** All currencies together at stated rates. */
export const revenueTotalOptions = (workspace: string, request: RevenueTotalReq) =>
  queryOptions({
    queryKey: ["revenue_total", workspace, request],
    queryFn: () => call("revenue_total", request),
    meta: { tags: commands.revenue_total.tags },
  });

/** The scenarios kept for the workspace. */
export const scenarioListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["scenario_list", workspace],
    queryFn: () => call("scenario_list", null),
    meta: { tags: commands.scenario_list.tags },
  });

/** The base currency of the workspace and its stated rates. */
export const rateListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["rate_list", workspace],
    queryFn: () => call("rate_list", null),
    meta: { tags: commands.rate_list.tags },
  });

/** The closed months beside what history gives for them now. */
export const monthListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["month_list", workspace],
    queryFn: () => call("month_list", null),
    meta: { tags: commands.month_list.tags },
  });

/** What closing a month would write down now. */
export const monthFiguresOptions = (workspace: string, request: MonthFiguresReq) =>
  queryOptions({
    queryKey: ["month_figures", workspace, request],
    queryFn: () => call("month_figures", request),
    meta: { tags: commands.month_figures.tags },
  });

/** The accounts to look at. */
export const offenderListOptions = (workspace: string, request: OffenderListReq) =>
  queryOptions({
    queryKey: ["offender_list", workspace, request],
    queryFn: () => call("offender_list", request),
    meta: { tags: commands.offender_list.tags },
  });

/** The views kept for the workspace. */
export const viewListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["view_list", workspace],
    queryFn: () => call("view_list", null),
    meta: { tags: commands.view_list.tags },
  });

/** The plans. */
export const planListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["plan_list", workspace],
    queryFn: () => call("plan_list", null),
    meta: { tags: commands.plan_list.tags },
  });

/** What an edit of a plan would do. */
export const planEffectOptions = (workspace: string, request: PlanEffectReq) =>
  queryOptions({
    queryKey: ["plan_effect", workspace, request],
    queryFn: () => call("plan_effect", request),
    meta: { tags: commands.plan_effect.tags },
  });

/** One user; zone and range are those of the chart of days. */
export const userShowOptions = (workspace: string, user: string, zone = "UTC", range = "30d") =>
  queryOptions({
    queryKey: ["user_show", workspace, user, zone, range],
    queryFn: () => call("user_show", { user, zone, range }),
    meta: { tags: commands.user_show.tags },
  });

/** What happened to a user, page by page. */
export const timelinePagesOptions = (workspace: string, request: TimelineReq) =>
  infiniteQueryOptions({
    queryKey: ["timeline_list", workspace, request],
    queryFn: ({ pageParam }) => call("timeline_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.timeline_list.tags },
  });

/** Users and teams by whatever is at hand, the best match first. */
export const findOptions = (workspace: string, request: FindReq) =>
  queryOptions({
    queryKey: ["record_find", workspace, request],
    queryFn: () => call("record_find", request),
    meta: { tags: commands.record_find.tags },
  });

/** A list of users without any filter. */
export const ALL_USERS: UserListReq = {
  search: "",
  plan_code: null,
  status: null,
  role: null,
  team: null,
  signed_up: null,
  last_seen: null,
  zone: "UTC",
  sort: "email",
  usage: null,
  after: null,
  limit: 200,
};

/** Users page by page. */
export const userPagesOptions = (workspace: string, request: UserListReq) =>
  infiniteQueryOptions({
    queryKey: ["user_list", workspace, "pages", request],
    queryFn: ({ pageParam }) => call("user_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.user_list.tags },
  });

/** Events page by page. */
export const eventPagesOptions = (workspace: string, request: EventListReq) =>
  infiniteQueryOptions({
    queryKey: ["event_list", workspace, request],
    queryFn: ({ pageParam }) => call("event_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.event_list.tags },
  });

/** The audit log without any filter. */
export const ALL_AUDIT: AuditListReq = {
  intent: null,
  key: null,
  who: null,
  action: null,
  table: null,
  since: null,
  until: null,
  first_day: null,
  last_day: null,
  zone: "UTC",
  after: null,
  limit: 200,
};

/** Who would have been refused in a month under other limits. */
export const whatIfOptions = (workspace: string, request: WhatIfReq) =>
  queryOptions({
    queryKey: ["usage_what_if", workspace, request],
    queryFn: () => call("usage_what_if", request),
    meta: { tags: commands.usage_what_if.tags },
  });

/** The newest events that pass the filters. */
export const recentEventsOptions = (workspace: string, request: EventListReq) =>
  queryOptions({
    queryKey: ["event_list", workspace, "first", request],
    queryFn: () => call("event_list", request),
    meta: { tags: commands.event_list.tags },
  });

/** The last entries of the audit log. */
export const auditListOptions = (workspace: string, request: AuditListReq) =>
  queryOptions({
    queryKey: ["audit_list", workspace, "first", request],
    queryFn: () => call("audit_list", request),
    meta: { tags: commands.audit_list.tags },
  });

/** The newest entries of the audit log. */
export const recentAuditOptions = (workspace: string) =>
  auditListOptions(workspace, { ...ALL_AUDIT, limit: 100 });

/** The audit log page by page. */
export const auditPagesOptions = (workspace: string, request: AuditListReq) =>
  infiniteQueryOptions({
    queryKey: ["audit_list", workspace, "pages", request],
    queryFn: ({ pageParam }) => call("audit_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.audit_list.tags },
  });

/** What a user may do: limits with their use, features. */
export const limitListOptions = (workspace: string, user: string) =>
  queryOptions({
    queryKey: ["limit_list", workspace, user],
    queryFn: () => call("limit_list", { user }),
    meta: { tags: commands.limit_list.tags },
  });

/** What is wrong with the events of the last days, from the server. */
export const qualityOptions = (workspace: string, days: number) =>
  queryOptions({
    queryKey: ["quality_show", workspace, days],
    queryFn: () => call("quality_show", { days }),
    // The server looks through all its events for it; a cut every few seconds must not repeat that.
    meta: { tags: ["workspace"] },
  });

/** Who may use the console, from the server. */
export const operatorListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["operator_list", workspace],
    queryFn: () => call("operator_list", null),
    // Asked of the server: a cut every few seconds must not repeat it. The view asks again after a change.
    meta: { tags: ["workspace"] },
  });

/** How the workspace is connected to Stripe, and how far it was read. */
export const stripeStatusOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["stripe_status", workspace],
    queryFn: () => call("stripe_status", null),
    meta: { tags: commands.stripe_status.tags },
  });

/** Subscriptions here against what Stripe bills. */
export const reconciliationOptions = (workspace: string, request: StripeReconcileReq) =>
  queryOptions({
    queryKey: ["stripe_reconcile", workspace, request],
    queryFn: () => call("stripe_reconcile", request),
    meta: { tags: commands.stripe_reconcile.tags },
  });

/** Invoiced, collected, failed, refunded, at risk. */
export const billingOptions = (workspace: string, request: BillingReq) =>
  queryOptions({
    queryKey: ["billing_show", workspace, request],
    queryFn: () => call("billing_show", request),
    meta: { tags: commands.billing_show.tags },
  });

/** Invoices page by page. */
export const invoicePagesOptions = (workspace: string, request: InvoiceListReq) =>
  infiniteQueryOptions({
    queryKey: ["invoice_list", workspace, request],
    queryFn: ({ pageParam }) => call("invoice_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.invoice_list.tags },
  });

/** Payments page by page. */
export const paymentPagesOptions = (workspace: string, request: PaymentListReq) =>
  infiniteQueryOptions({
    queryKey: ["payment_list", workspace, request],
    queryFn: ({ pageParam }) => call("payment_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.payment_list.tags },
  });

/** The last invoices of an account. */
export const accountInvoicesOptions = (workspace: string, account: string) => {
  const request: InvoiceListReq = {
    account,
    search: null,
    status: null,
    is_failing: false,
    after: null,
    limit: 12,
  };
  return queryOptions({
    queryKey: ["invoice_list", workspace, "first", request],
    queryFn: () => call("invoice_list", request),
    meta: { tags: commands.invoice_list.tags },
  });
};

/** The last payments of an account. */
export const accountPaymentsOptions = (workspace: string, account: string) => {
  const request: PaymentListReq = { account, search: null, status: null, after: null, limit: 12 };
  return queryOptions({
    queryKey: ["payment_list", workspace, "first", request],
    queryFn: () => call("payment_list", request),
    meta: { tags: commands.payment_list.tags },
  });
};

/** Refunds page by page. */
export const refundPagesOptions = (workspace: string, request: RefundListReq) =>
  infiniteQueryOptions({
    queryKey: ["refund_list", workspace, request],
    queryFn: ({ pageParam }) => call("refund_list", { ...request, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: nextPage,
    meta: { tags: commands.refund_list.tags },
  });

/** What an export would hold. */
export const exportPlanOptions = (workspace: string, request: ExportPlanReq) =>
  queryOptions({
    queryKey: ["export_plan", workspace, request],
    queryFn: () => call("export_plan", request),
    meta: { tags: commands.export_plan.tags },
  });

/** The exports of this computer. */
export const exportListOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["export_list", workspace],
    queryFn: () => call("export_list", null),
    meta: { tags: commands.export_list.tags },
  });

/** The checks of this computer and of the current workspace. */
export const doctorOptions = (workspace: string) =>
  queryOptions({
    queryKey: ["doctor_run", workspace],
    queryFn: () => call("doctor_run", null),
    // Checks connect anew; a cut every few seconds must not repeat them. A person does.
    meta: { tags: ["workspace"] },
  });
