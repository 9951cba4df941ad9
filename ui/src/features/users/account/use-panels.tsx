import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useState } from "react";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { MetricMonths } from "@/api/generated/MetricMonths";
import type { UserView } from "@/api/generated/UserView";
import { recentEventsOptions } from "@/api/queries";
import { ChartPanel } from "@/charts/chart-panel";
import { Choice } from "@/components/choice";
import { Panel } from "@/components/panel";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { Table } from "@/components/table";
import { formatNumber, formatSecond } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";
import { metricLabel } from "../model";
import { ceilingOf } from "./model";

/** One metric by month against its limit; another one is a choice away. */
export const MonthsPanel: FC<{ months: readonly MetricMonths[] }> = ({ months }) => {
  const [chosen, setChosen] = useState<string>();
  const shown = months.find((row) => row.metric === chosen) ?? months[0];
  if (!shown) {
    return (
      <Panel title="Use by month">
        <Empty title="Nothing was counted yet" />
      </Panel>
    );
  }
  return (
    <ChartPanel
      spec={shown.chart}
      height={128}
      unfinishedLabel="so far"
      ceiling={ceilingOf(shown)}
      actions={
        months.length > 1 && (
          <Choice
            label="Metric"
            className="sm gh"
            value={shown.metric}
            options={months.map((row) => ({ value: row.metric, label: metricLabel(row.metric) }))}
            onChange={setChosen}
          />
        )
      }
    />
  );
};

/** Every metric by month. */
export const AllMonths: FC<{ months: readonly MetricMonths[] }> = ({ months }) => (
  <div className="acc-2">
    {months.map((row) => (
      <ChartPanel
        key={row.metric}
        spec={row.chart}
        height={128}
        unfinishedLabel="so far"
        ceiling={ceilingOf(row)}
      />
    ))}
  </div>
);

/** The user's events of the range, step by step. */
export const DaysPanel: FC<{ view: UserView }> = ({ view }) => (
  <ChartPanel spec={view.days} height={160} unfinishedLabel="so far" />
);

/** The last events, and the way to all of them. */
export const EventsPanel: FC<{ view: UserView; zone: string; limit: number }> = ({ view, zone, limit }) => {
  const workspace = useWorkspace();
  const asOf = view.freshness.as_of;
  const filters: EventFilter[] = [{ field: "user_id", value: view.user.id }];
  // The last instant counts: a period leaves its end out.
  const end = new Date(Date.parse(asOf ?? view.user.created_at) + 1).toISOString();
  const period = { start: new Date(Date.parse(end) - 30 * 86_400_000).toISOString(), end };
  const query = useQuery(recentEventsOptions(workspace.id, { period, filters, after: null, limit }));
  return (
    <QueryPanel
      query={query}
      title="Last events"
      note={(list) => `${formatNumber(list.total)} in 30 days`}
      waiting="Reading events"
      rows={Math.min(limit, 5)}
      actions={
        <Link
          to="/events"
          search={(before) => ({ ...before, start: period.start, end: period.end, filters })}
          className="link more"
        >
          Open events
        </Link>
      }
    >
      {(list) =>
        list.rows.length === 0 ? (
          <Empty title="No event in 30 days" />
        ) : (
          <Table
            columns={[
              { heading: "Time" },
              { heading: "Event" },
              { heading: "Feature" },
              { heading: "Model", className: "hide-m" },
              { heading: "Status" },
              { heading: "Tokens", className: "n hide-m" },
              { heading: "Latency, ms", className: "n" },
            ]}
          >
            {list.rows.map((row) => (
              <tr key={row.event_key}>
                <td className="t2">{formatSecond(row.occurred_at, zone)}</td>
                <td>{row.event_type}</td>
                <td>{row.feature ?? <NotApplicable />}</td>
                <td className="t2 hide-m">{row.model ?? <NotApplicable />}</td>
                <td>
                  <Status
                    tone={row.status === "success" ? "ok" : row.status === "error" ? "danger" : "warning"}
                  >
                    {metricLabel(row.status)}
                  </Status>
                </td>
                <td className="n hide-m">{formatNumber(row.tokens)}</td>
                <td className="n">
                  {row.latency_ms === null ? <NotApplicable /> : formatNumber(row.latency_ms)}
                </td>
              </tr>
            ))}
          </Table>
        )
      }
    </QueryPanel>
  );
};
