import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useMemo } from "react";
import type { BucketSize } from "@/api/generated/BucketSize";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Measure } from "@/api/generated/Measure";
import type { Usage } from "@/api/generated/Usage";
import { usageOptions } from "@/api/queries";
import { ChartPanel } from "@/charts/chart-panel";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { QueryPanel } from "@/components/query-panel";
import { Segmented } from "@/components/segmented";
import { copyText } from "@/lib/clipboard";
import { formatClock } from "@/lib/format";
import { notify } from "@/lib/notices";
import { compareLabel } from "@/lib/range";
import { type Scope, useScope, useWorkspace } from "@/lib/scope";
import { Breakdown } from "./breakdown";
import { FilterBar } from "./filter-bar";
import { HeatMap } from "./heat-map";
import {
  adminText,
  BUCKETS,
  measureFilters,
  openText,
  titleLine,
  usageCommand,
  usageRequest,
  withFilter,
} from "./model";
import { Offenders } from "./offenders";
import { SavedViews } from "./saved-views";
import { MEASURES, type UsageSearch, type UsageTab } from "./search";
import { SqlNote } from "./sql-note";
import { Tiles, TilesLoading } from "./tiles";
import { AnswerExport, AskedProvider } from "./usage-export";
import { WhatIf } from "./what-if";
import "./usage.css";

/** Groups of the breakdown on screen, and in a file. */
const SHOWN = 200;
const EXPORTED = 100_000;

const TABS = [
  { value: "usage", label: "Usage" },
  { value: "offenders", label: "Offenders" },
  { value: "what-if", label: "What if" },
];

const NOTES: Record<UsageTab, string> = {
  usage: "",
  offenders: "Accounts to look at, worst first.",
  "what-if": "Who would be refused under other limits.",
};

/** Who uses what, when, how fast, and what is refused? */
export const UsageView: FC = () => {
  const search = useSearch({ from: "/shell/usage" });
  const scope = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const request = useMemo(() => usageRequest(search, scope), [search, scope]);
  const asked = useMemo(
    () => ({
      command: "usage_show" as const,
      request: { ...request, depth: "rows" as const, groups: EXPORTED },
    }),
    [request],
  );
  const tab = search.tab ?? "usage";
  const isUsage = tab === "usage";
  const sums = useQuery({
    ...usageOptions(workspace.id, { ...request, depth: "sums", groups: SHOWN }),
    placeholderData: keepPreviousData,
    enabled: isUsage,
  });
  // What only the rows tell is read after the rest is on screen.
  const isOpen =
    sums.data !== undefined &&
    !sums.isPlaceholderData &&
    !sums.data.is_complete &&
    sums.data.rows_since === null;
  const rows = useQuery({
    ...usageOptions(workspace.id, { ...request, depth: "rows", groups: SHOWN }),
    enabled: isUsage && isOpen,
  });
  const usage = (isOpen ? rows.data : undefined) ?? sums.data;
  const place = (change: UsageSearch) =>
    void navigate({ to: "/usage", search: (before) => ({ ...before, tab: search.tab, ...change }) });
  const copy = async (text: string, title: string) => {
    await copyText(text);
    notify({ tone: "ok", title, text });
  };
  return (
    <div className="wrap">
      <PageHead
        title="Usage"
        note={isUsage ? usage && titleLine(usage) : NOTES[tab]}
        actions={
          <>
            <Segmented
              label="Part of the view"
              value={tab}
              options={TABS}
              onChange={(next) => place({ tab: next === "usage" ? undefined : (next as UsageTab) })}
            />
            {isUsage && usage && <SavedViews search={search} presets={usage.presets} />}
            {isUsage && (
              <>
                <button
                  type="button"
                  className="btn hide-n"
                  onClick={() => void copy(location.href, "Link copied")}
                >
                  <Icon name="copy" />
                  Copy link
                </button>
                <button
                  type="button"
                  className="btn hide-n"
                  onClick={() => void copy(usageCommand(request, workspace.name), "Command copied")}
                >
                  <Icon name="code" />
                  Copy as command
                </button>
              </>
            )}
          </>
        }
      />
      {tab === "offenders" ? (
        <Offenders scope={scope} />
      ) : tab === "what-if" ? (
        <WhatIf />
      ) : (
        <>
          <FilterBar
            request={request}
            admins={usage ? adminText(usage) : null}
            onChange={(filters) => place({ filters })}
          />
          {usage ? (
            <div className={sums.isPlaceholderData ? "dimmed" : ""}>
              <Tiles usage={usage} />
              {openText(usage, usage.zone) && (
                <p className="note" role="note">
                  {openText(usage, usage.zone)}
                </p>
              )}
              <AskedProvider value={asked}>
                <Panels usage={usage} search={search} scope={scope} place={place} />
              </AskedProvider>
              {rows.isError && (
                <p className="warning" role="status">
                  What only the rows tell could not be read: {rows.error.message}
                </p>
              )}
            </div>
          ) : (
            <>
              {sums.isPending && <TilesLoading />}
              <QueryPanel
                query={sums}
                title={sums.isPending ? "Events" : "Usage"}
                className="r1"
                waiting="Counting events"
                rows={8}
                failure="The numbers could not be read"
              >
                {() => null}
              </QueryPanel>
            </>
          )}
        </>
      )}
    </div>
  );
};

const Panels: FC<{
  usage: Usage;
  search: UsageSearch;
  scope: Scope;
  place: (change: UsageSearch) => void;
}> = ({ usage, search, scope, place }) => {
  const navigate = useNavigate();
  const filters = useMemo(() => search.filters ?? [], [search.filters]);
  const asOf = usage.freshness.as_of;
  const unfinishedLabel = asOf ? `to ${formatClock(asOf, usage.zone).slice(0, 5)}` : "so far";
  const compared = compareLabel(usage.range, scope.compare).replace(/^vs /, "");
  const chart: ChartSpec = {
    ...usage.chart,
    title: `${usage.chart.title} per ${usage.bucket}`,
    series: usage.chart.series.map((series) =>
      series.is_previous ? { ...series, label: compared } : series,
    ),
  };
  const openStep = (own: EventFilter[]) => (step: number) => {
    const point = usage.steps[step];
    if (!point) return;
    void navigate({
      to: "/events",
      search: (before) => ({ ...before, start: point.period.start, end: point.period.end, filters: own }),
    });
  };
  return (
    <div className="grid">
      <ChartPanel
        spec={chart}
        height={252}
        unfinishedLabel={unfinishedLabel}
        className="c8 wide r1"
        onOpen={openStep(measureFilters(filters, usage.measure))}
        actions={
          <>
            <Choice
              label="Measure"
              className="sm"
              value={search.measure ?? "events"}
              options={MEASURES}
              onChange={(measure) => place({ measure: measure as Measure })}
            />
            <Choice
              label="Steps"
              className="sm"
              value={search.bucket ?? "auto"}
              options={BUCKETS}
              onChange={(size) => place({ bucket: size === "auto" ? undefined : (size as BucketSize) })}
            />
            <SqlNote title={chart.title} sql={usage.sql.series} />
            <AnswerExport rows="/chart" name={chart.title} spec={chart} />
          </>
        }
      />
      <ChartPanel
        spec={usage.limit_chart}
        height={252}
        unfinishedLabel={unfinishedLabel}
        className="c4 r1"
        onOpen={openStep(measureFilters(filters, "limit_hits"))}
        actions={
          <>
            <SqlNote title="Limit hits" sql={usage.sql.limit_hits} />
            <AnswerExport rows="/limit_chart" name="Limit hits" spec={usage.limit_chart} />
          </>
        }
      />
      <Breakdown
        usage={usage}
        filters={filters}
        by={search.by ?? "feature"}
        onBy={(by) => place({ by })}
        onFilter={(filter) => place({ filters: withFilter(filters, filter) })}
        className="c8 wide"
      />
      <ChartPanel
        spec={usage.latency_chart}
        height={252}
        unfinishedLabel={unfinishedLabel}
        className="c4"
        onOpen={openStep(filters)}
        actions={
          <>
            <SqlNote title="Latency" sql={usage.sql.latency} />
            <AnswerExport rows="/latency_chart" name="Latency" spec={usage.latency_chart} />
          </>
        }
      />
      <HeatMap usage={usage} filters={filters} className="c12" />
    </div>
  );
};
