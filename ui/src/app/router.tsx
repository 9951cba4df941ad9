import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  retainSearchParams,
} from "@tanstack/react-router";
import type { FC } from "react";
import * as v from "valibot";
import { Failure } from "@/components/states";
import { forecastSearch } from "@/features/forecast/search";
import { OverviewView } from "@/features/overview/overview-view";
import { planSearch } from "@/features/plans/search";
import { revenueSearch } from "@/features/revenue/search";
import { usageSearch } from "@/features/usage/search";
import { eventFilter, hourOfWeek } from "@/lib/events";
import { isDay } from "@/lib/range";
import { scopeSearch } from "@/lib/scope";
import { FirstFrame } from "./first-frame";
import { Missing } from "./missing";
import { Shell } from "./shell";

/** A day in an address; a wrong one is none. */
const daySearch = v.optional(v.fallback(v.optional(v.pipe(v.string(), v.check(isDay))), undefined));

const Root: FC = () => (
  <>
    <Outlet />
    <FirstFrame />
  </>
);

const rootRoute = createRootRoute({
  component: Root,
  validateSearch: scopeSearch,
  // The days stay the same from view to view.
  search: { middlewares: [retainSearchParams(["range", "zone", "compare"])] },
  notFoundComponent: Missing,
});

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  component: Shell,
  errorComponent: ({ error, reset }) => (
    <Failure title="This view could not be drawn" error={error} onRetry={reset} />
  ),
});

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  component: OverviewView,
});

const eventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/events",
  validateSearch: v.object({
    start: v.optional(v.string()),
    end: v.optional(v.string()),
    filters: v.optional(v.fallback(v.array(eventFilter), [])),
    hour: v.optional(v.fallback(v.optional(hourOfWeek), undefined)),
  }),
  component: lazyRouteComponent(() => import("@/features/events/events-view"), "EventsView"),
});

const usageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/usage",
  validateSearch: usageSearch,
  component: lazyRouteComponent(() => import("@/features/usage/usage-view"), "UsageView"),
});

const plansRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/plans",
  validateSearch: planSearch,
  component: lazyRouteComponent(() => import("@/features/plans/plans-view"), "PlansView"),
});

const revenueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/revenue",
  validateSearch: revenueSearch,
  component: lazyRouteComponent(() => import("@/features/revenue/revenue-view"), "RevenueView"),
});

const forecastRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/forecast",
  validateSearch: forecastSearch,
  component: lazyRouteComponent(() => import("@/features/forecast/forecast-view"), "ForecastView"),
});

const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users",
  validateSearch: v.object({
    search: v.optional(v.fallback(v.string(), "")),
    plan: v.optional(v.string()),
    status: v.optional(v.string()),
    role: v.optional(v.string()),
    team: v.optional(v.string()),
    signed: v.optional(v.string()),
    seen: v.optional(v.string()),
    sort: v.optional(v.fallback(v.picklist(["email", "created_at", "last_seen_at", "usage"]), "email")),
    user: v.optional(v.string()),
  }),
  component: lazyRouteComponent(() => import("@/features/users/users-view"), "UsersView"),
});

const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users/$user",
  validateSearch: v.object({
    part: v.optional(v.fallback(v.picklist(["summary", "use", "billing", "access", "timeline"]), "summary")),
    topic: v.optional(v.fallback(v.picklist(["all", "plan", "limits", "changes"]), "all")),
  }),
  component: lazyRouteComponent(() => import("@/features/users/account/account-view"), "AccountView"),
});

const billingRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/billing",
  validateSearch: v.object({
    list: v.optional(
      v.fallback(v.picklist(["invoices", "failing", "payments", "refunds", "reconciliation"]), "invoices"),
    ),
    search: v.optional(v.string()),
    csv: v.optional(v.string()),
    class: v.optional(
      v.fallback(
        v.optional(
          v.picklist([
            "missing_here",
            "missing_there",
            "status",
            "plan",
            "amount",
            "interval",
            "quantity",
            "period",
            "duplicate",
            "orphan",
          ]),
        ),
        undefined,
      ),
    ),
    row: v.optional(v.string()),
  }),
  component: lazyRouteComponent(() => import("@/features/billing/billing-view"), "BillingView"),
});

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit",
  validateSearch: v.object({
    key: v.optional(v.string()),
    intent: v.optional(v.string()),
    who: v.optional(v.string()),
    action: v.optional(v.string()),
    table: v.optional(v.string()),
    since: v.optional(v.string()),
    until: v.optional(v.string()),
    from: daySearch,
    to: daySearch,
    entry: v.optional(v.number()),
  }),
  component: lazyRouteComponent(() => import("@/features/audit/audit-view"), "AuditView"),
});

const operatorsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/operators",
  component: lazyRouteComponent(() => import("@/features/operators/operators-view"), "OperatorsView"),
});

const upkeepRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/upkeep",
  component: lazyRouteComponent(() => import("@/features/upkeep/upkeep-view"), "UpkeepView"),
});

const syncRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/sync",
  validateSearch: v.object({ dataset: v.optional(v.string()) }),
  component: lazyRouteComponent(() => import("@/features/sync/sync-view"), "SyncView"),
});

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/features/settings/settings-view"), "SettingsView"),
});

const diagnosticsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/diagnostics",
  component: lazyRouteComponent(() => import("@/features/diagnostics/diagnostics-view"), "DiagnosticsView"),
});

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  // Whoever asked for the sample company outside, with `--sample`, does not press a button for it.
  validateSearch: v.object({ open: v.optional(v.fallback(v.optional(v.literal("sample")), undefined)) }),
  component: lazyRouteComponent(() => import("@/features/setup/setup-view"), "SetupView"),
});

const routeTree = rootRoute.addChildren([
  shellRoute.addChildren([
    overviewRoute,
    eventsRoute,
    plansRoute,
    revenueRoute,
    forecastRoute,
    usageRoute,
    usersRoute,
    accountRoute,
    billingRoute,
    auditRoute,
    upkeepRoute,
    operatorsRoute,
    syncRoute,
    settingsRoute,
    diagnosticsRoute,
  ]),
  setupRoute,
]);

/** The router; places live behind `#`, because a desktop window has no server to answer for paths. */
export function createAppRouter() {
  return createRouter({
    routeTree,
    history: createHashHistory(),
    defaultPreload: "intent",
    scrollRestoration: false,
  });
}

export type AppRouter = ReturnType<typeof createAppRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}
