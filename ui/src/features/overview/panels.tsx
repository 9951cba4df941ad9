import type { UseQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, useMemo } from "react";
import type { CallError } from "@/api/call";
import type { AuditList } from "@/api/generated/AuditList";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Overview } from "@/api/generated/Overview";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { ChartPanel } from "@/charts/chart-panel";
import { formatClock } from "@/lib/format";
import { useScope } from "@/lib/scope";
import { overviewCharts, readSoFar } from "./charts";
import { OverviewExport, type OverviewPart } from "./overview-export";
import { SharePanel } from "./shares";
import { ChangesPanel, FreshnessPanel, TopUsersPanel } from "./side-panels";

/** Something to look at while the first read goes on: what is whole already. */
export const NewestSteps: FC<{ overview: Overview }> = ({ overview }) => {
  const spec = useMemo(() => readSoFar(overview), [overview]);
  return spec && <ChartPanel spec={spec} height={200} unfinishedLabel="so far" />;
};

/** What the numbers are made of: the days, the shares, the state of the copy, the last changes. */
export const Panels: FC<{
  overview: Overview;
  status: UseQueryResult<SyncStatus, CallError>;
  changes: UseQueryResult<AuditList, CallError>;
}> = ({ overview, status, changes }) => {
  const navigate = useNavigate();
  const { zone } = overview;
  const { compare } = useScope();
  const charts = useMemo(() => overviewCharts(overview, compare), [overview, compare]);
  const asOf = overview.freshness.as_of;
  const unfinishedLabel = asOf ? `${isToday(overview)} to ${formatClock(asOf, zone).slice(0, 5)}` : "so far";
  const exportPart = (part: OverviewPart, name: string, spec?: ChartSpec) => (
    <OverviewExport
      overview={overview}
      compare={compare}
      part={part}
      name={name}
      {...(spec ? { spec } : {})}
    />
  );
  const openStep = (isErrors: boolean) => (step: number) => {
    const point = overview.activity[step];
    if (!point) return;
    void navigate({
      to: "/events",
      search: (before) => ({
        ...before,
        start: point.period.start,
        end: point.period.end,
        filters: isErrors ? [{ field: "status" as const, value: "error" }] : [],
      }),
    });
  };
  return (
    <div className="grid">
      <ChartPanel
        spec={charts.events}
        height={252}
        unfinishedLabel={unfinishedLabel}
        className="c8 wide r1"
        onOpen={openStep(false)}
        actions={exportPart("activity", charts.events.title, charts.events)}
      />
      <SharePanel
        title="By feature"
        heading="Feature"
        field="feature"
        shares={overview.by_feature}
        period={overview.period}
        most={7}
        className="c4 r1"
        actions={exportPart("features", "By feature")}
        method="Events of the range by the feature they used. The change compares the finished days with the days before; the whole range is what the counts show."
      />
      <SharePanel
        title="By plan"
        heading="Plan"
        field="plan_code"
        shares={overview.by_plan}
        period={overview.period}
        most={8}
        isByPlan
        className="c4 r2"
        actions={exportPart("plans", "By plan")}
        method="Events by the plan their user had at the time of the event, not by the plan they have now."
      />
      <FreshnessPanel query={status} zone={zone} className="c4 r2" />
      <ChangesPanel query={changes} zone={zone} className="c4 r2 lastc" />
      <ChartPanel
        spec={charts.latency}
        height={200}
        unfinishedLabel={unfinishedLabel}
        className="c6"
        onOpen={openStep(false)}
        actions={exportPart("latency", charts.latency.title, charts.latency)}
      />
      <ChartPanel
        spec={charts.errors}
        height={200}
        unfinishedLabel={unfinishedLabel}
        className="c6"
        onOpen={openStep(true)}
        actions={exportPart("errors", charts.errors.title, charts.errors)}
      />
      <SharePanel
        title="By model"
        heading="Model"
        field="model"
        shares={overview.by_model}
        period={overview.period}
        most={10}
        className="c6"
        actions={exportPart("models", "By model")}
        method="Events by the AI model that answered. Events without a model did not call one."
      />
      <TopUsersPanel overview={overview} className="c6" actions={exportPart("top-users", "Top users")} />
    </div>
  );
};

function isToday(overview: Overview): string {
  return overview.range.endsWith("h") ? "now" : "today";
}
