import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useMemo } from "react";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { EventRow } from "@/api/generated/EventRow";
import type { HourOfWeek } from "@/api/generated/HourOfWeek";
import type { Period } from "@/api/generated/Period";
import { eventPagesOptions, overviewOptions } from "@/api/queries";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { ExportButton } from "@/components/export-button";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Empty, Failure, Loading } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import {
  exportEventsCommand,
  filterText,
  hourText,
  periodText,
  statusTone,
  statusWord,
  withoutFilter,
} from "@/lib/events";
import { countOf, formatDecimal, formatMinute, formatNumber, formatSecond } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";

const NO_FILTERS: EventFilter[] = [];

/** The rows behind a number. */
export const EventsView: FC = () => {
  const search = useSearch({ from: "/shell/events" });
  const scope = useScope();
  const workspace = useWorkspace();
  const hasPeriod = search.start !== undefined && search.end !== undefined;
  // A link without a period means the range of the window; Rust knows its instants.
  const overview = useQuery({ ...overviewOptions(workspace.id, scope), enabled: !hasPeriod });
  const period = useMemo(
    () =>
      search.start !== undefined && search.end !== undefined
        ? { start: search.start, end: search.end }
        : overview.data?.period,
    [search.start, search.end, overview.data],
  );
  if (!period) {
    return overview.isError ? (
      <Failure error={overview.error} onRetry={() => void overview.refetch()} />
    ) : (
      <Loading what="Finding the range" />
    );
  }
  return <Rows period={period} filters={search.filters ?? NO_FILTERS} hour={search.hour} zone={scope.zone} />;
};

const Rows: FC<{
  period: Period;
  filters: EventFilter[];
  hour: HourOfWeek | undefined;
  zone: string;
}> = ({ period, filters, hour, zone }) => {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const query = useInfiniteQuery({
    ...eventPagesOptions(workspace.id, {
      period,
      filters,
      after: null,
      limit: 200,
      ...(hour ? { hour } : {}),
    }),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const first = query.data?.pages[0];
  const total = first?.total ?? 0;
  const columns = useMemo(() => eventColumns(zone), [zone]);
  const setFilters = (next: EventFilter[]) => {
    void navigate({ to: "/events", search: (before) => ({ ...before, filters: next }) });
  };
  return (
    <div className="full">
      <PageHead
        title="Events"
        note={
          query.data ? `${countOf(total, "event")}, ${periodText(period, zone)}` : periodText(period, zone)
        }
        actions={
          <>
            <Link
              to="/"
              className="btn"
              search={({ range, zone: name, compare }) => ({ range, zone: name, compare })}
            >
              Back to overview
            </Link>
            <ExportButton
              name="Events"
              source={{
                source: "events",
                request: { period, filters, after: null, limit: 0, ...(hour ? { hour } : {}) },
              }}
              command={exportEventsCommand(period, filters, hour)}
            />
          </>
        }
      />
      {(filters.length > 0 || hour) && (
        <ul className="filters" aria-label="Filters">
          {hour && (
            <li className="filter">
              {hourText(hour)}
              <button
                type="button"
                className="ib"
                aria-label={`Remove filter ${hourText(hour)}`}
                onClick={() => void navigate({ to: "/events", search: ({ hour: _, ...before }) => before })}
              >
                <Icon name="x" />
              </button>
            </li>
          )}
          {filters.map((filter, index) => (
            <li key={filterText(filter)} className="filter">
              {filterText(filter)}
              <button
                type="button"
                className="ib"
                aria-label={`Remove filter ${filterText(filter)}`}
                onClick={() => setFilters(withoutFilter(filters, index))}
              >
                <Icon name="x" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {first?.rows_since && rows.length > 0 && (
        <p className="note" role="note">
          {olderText(first.rows_since, first.older, zone)}
        </p>
      )}
      {query.isPending ? (
        <Loading what="Reading events" rows={10} />
      ) : query.isError && rows.length === 0 ? (
        <Failure
          title="The events could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : rows.length === 0 && first?.rows_since ? (
        <Empty title="Only sums are kept of this time">
          {olderText(first.rows_since, first.older, zone)} Their totals are in the overview; their rows are on
          the server. In Sync you set for how many days rows are kept here.
        </Empty>
      ) : rows.length === 0 ? (
        <Empty
          title="No events match"
          actions={
            filters.length > 0 && (
              <button type="button" className="btn" onClick={() => setFilters([])}>
                Clear filters
              </button>
            )
          }
        >
          {filters.length > 0 ? filters.map(filterText).join(", ") : "Nothing happened in this time."}
        </Empty>
      ) : (
        <DataGrid
          label="Events"
          columns={columns}
          rows={rows}
          rowId={eventId}
          total={total}
          isLoadingMore={query.isFetchingNextPage}
          onEndReached={() => query.hasNextPage && void query.fetchNextPage()}
          onOpen={(row) =>
            void navigate({ to: "/users", search: (before) => ({ ...before, user: row.user_id }) })
          }
        />
      )}
    </div>
  );
};

/** Since when there are rows, and how much came before. */
function olderText(since: string, older: number | null, zone: string): string {
  const before = older === null ? "Older events of this time" : countOf(older, "older event");
  return `Rows are kept since ${formatMinute(since, zone)}. ${before} ${older === 1 ? "is" : "are"} kept as sums.`;
}

const eventId = (row: EventRow) => row.event_key;
const orDash = (value: string | null) => value ?? <NotApplicable />;

function eventColumns(zone: string): GridColumn<EventRow>[] {
  return [
    {
      id: "at",
      header: "Occurred at",
      track: "156px",
      cell: (row) => <span className="t2">{formatSecond(row.occurred_at, zone)}</span>,
    },
    {
      id: "user",
      header: "User",
      track: "minmax(160px, 2fr)",
      cell: (row) => row.email ?? <span className="mono t3">{row.user_id.slice(0, 8)}…</span>,
    },
    { id: "feature", header: "Feature", track: "minmax(96px, 1fr)", cell: (row) => orDash(row.feature) },
    { id: "model", header: "Model", track: "minmax(96px, 1fr)", cell: (row) => orDash(row.model) },
    { id: "plan", header: "Plan", track: "80px", cell: (row) => orDash(row.plan_code) },
    {
      id: "status",
      header: "Status",
      track: "108px",
      cell: (row) => <Status tone={statusTone(row.status)}>{statusWord(row.status)}</Status>,
    },
    {
      id: "tokens",
      header: "Tokens",
      track: "72px",
      isNumber: true,
      cell: (row) => formatNumber(row.tokens),
    },
    {
      id: "cost",
      header: "Cost",
      track: "80px",
      isNumber: true,
      cell: (row) =>
        row.cost === null ? <span className="null">unpriced</span> : formatDecimal(row.cost, 6),
    },
    {
      id: "latency",
      header: "Latency, ms",
      track: "80px",
      isNumber: true,
      cell: (row) => (row.latency_ms === null ? <NotApplicable /> : formatNumber(row.latency_ms)),
    },
  ];
}
