import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, useEffect, useMemo } from "react";
import type { CallError } from "@/api/call";
import type { AuditList } from "@/api/generated/AuditList";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Overview } from "@/api/generated/Overview";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { overviewOptions, recentAuditOptions, syncStatusOptions } from "@/api/queries";
import { ChartPanel } from "@/charts/chart-panel";
import { FirstRead } from "@/components/first-read";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { QueryPanel } from "@/components/query-panel";
import { shellWord } from "@/lib/actions";
import { copyText } from "@/lib/clipboard";
import { formatClock } from "@/lib/format";
import { afterFrame, useIsDrawn } from "@/lib/frame";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { platform } from "@/platform/current";
import { Cards, CardsLoading } from "./cards";
import { cardLabel, overviewCharts, readSoFar, titleLine } from "./model";
import { OverviewExport, type OverviewPart, OverviewReport } from "./overview-export";
import { SharePanel } from "./shares";
import { ChangesPanel, FreshnessPanel, TopUsersPanel } from "./side-panels";

let isTold = false;

/** Tells the program around the interface, once for each start, that numbers are on screen. */
function tellFirstNumbers(): void {
  if (isTold) return;
  isTold = true;
  afterFrame(() => platform().onFirstNumbers());
}

/** Is anything wrong, and how are we doing? */
export const OverviewView: FC = () => {
  const scope = useScope();
  const workspace = useWorkspace();
  const query = useQuery({ ...overviewOptions(workspace.id, scope), placeholderData: keepPreviousData });
  // Asked beside the numbers, not after them: what the panels show arrives with the first drawing.
  const status = useQuery(syncStatusOptions(workspace.id));
  const changes = useQuery(recentAuditOptions(workspace.id));
  const overview = query.data;
  const isRead = overview !== undefined && overview.freshness.as_of !== null;
  useEffect(() => {
    if (isRead) tellFirstNumbers();
  }, [isRead]);
  const copy = async (text: string, title: string) => {
    await copyText(text);
    notify({ tone: "ok", title, text });
  };
  const command = `steward overview --range ${shellWord(scope.range)} --tz ${shellWord(scope.zone)} -w ${shellWord(workspace.name)}`;
  return (
    <div className="wrap">
      <PageHead
        title="Overview"
        note={isRead ? titleLine(overview) : ""}
        method={
          isRead && (
            <dl className="defs">
              {overview.cards.map((card) => (
                <div key={card.metric}>
                  <dt>{cardLabel(card.metric)}</dt>
                  <dd>{card.definition}</dd>
                </div>
              ))}
            </dl>
          )
        }
        actions={
          <>
            <button type="button" className="btn" onClick={() => void copy(location.href, "Link copied")}>
              <Icon name="copy" />
              Copy link
            </button>
            <button type="button" className="btn" onClick={() => void copy(command, "Command copied")}>
              <Icon name="code" />
              Copy as command
            </button>
            {isRead && <OverviewReport overview={overview} compare={scope.compare} />}
          </>
        }
      />
      {isRead ? (
        <div className={query.isPlaceholderData ? "dimmed" : ""}>
          <Cards overview={overview} />
          <Panels overview={overview} status={status} changes={changes} />
        </div>
      ) : overview ? (
        <>
          <NewestSteps overview={overview} />
          <FirstRead query={status} />
        </>
      ) : (
        <>
          {query.isPending && <CardsLoading />}
          <QueryPanel
            query={query}
            title={query.isPending ? "Events per day" : "Overview"}
            className="r1"
            waiting="Counting events"
            rows={8}
            failure="The numbers could not be read"
          >
            {() => null}
          </QueryPanel>
        </>
      )}
    </div>
  );
};

/** Something to look at while the first read goes on: what is whole already. */
const NewestSteps: FC<{ overview: Overview }> = ({ overview }) => {
  const spec = useMemo(() => readSoFar(overview), [overview]);
  return spec && <ChartPanel spec={spec} height={200} unfinishedLabel="so far" />;
};

const Panels: FC<{
  overview: Overview;
  status: UseQueryResult<SyncStatus, CallError>;
  changes: UseQueryResult<AuditList, CallError>;
}> = ({ overview, status, changes }) => {
  const navigate = useNavigate();
  const { zone } = overview;
  const { compare } = useScope();
  const charts = useMemo(() => overviewCharts(overview, compare), [overview, compare]);
  // Below what a window shows at first: whoever opens it sees the numbers sooner.
  const isDrawn = useIsDrawn();
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
      {isDrawn && (
        <>
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
        </>
      )}
    </div>
  );
};

function isToday(overview: Overview): string {
  return overview.range.endsWith("h") ? "now" : "today";
}
