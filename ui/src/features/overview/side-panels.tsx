import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FC, ReactNode } from "react";
import type { CallError } from "@/api/call";
import type { AuditList } from "@/api/generated/AuditList";
import type { DatasetStatus } from "@/api/generated/DatasetStatus";
import type { Overview } from "@/api/generated/Overview";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { Meter, Table } from "@/components/table";
import { formatClock, formatDay, formatNumber, formatShortDay } from "@/lib/format";
import { auditSentence, stateTone, stateWord } from "@/lib/words";
import { type ChangeText, lastChanges } from "./lines";

/** Rows of a panel in the overview's second line: as tall as the plans beside them. */
const MOST = 6;

/** What is not consistent comes first: that is what somebody looks for here. */
function byNeed(status: SyncStatus): DatasetStatus[] {
  const rank = (row: DatasetStatus) => (row.state.state === "consistent" ? 1 : 0);
  return [...status.datasets].sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

/** How fresh each dataset is. */
export const FreshnessPanel: FC<{
  query: UseQueryResult<SyncStatus, CallError>;
  zone: string;
  className: string;
}> = ({ query, zone, className }) => (
  <QueryPanel
    query={query}
    title="Data freshness"
    note={({ datasets }) =>
      datasets.length > MOST ? `${MOST} of ${datasets.length} shown` : `${datasets.length} datasets`
    }
    className={className}
    actions={
      <Link to="/sync" className="link more">
        Open sync
      </Link>
    }
    waiting="Reading the state of the copy"
  >
    {(status) => (
      <Table columns={[{ heading: "Dataset" }, { heading: "State" }, { heading: "As of", className: "n" }]}>
        {byNeed(status).map((row) => {
          const asOf = row.state.state === "consistent" ? row.state.as_of : status.as_of;
          return (
            <tr key={row.dataset}>
              <td>{row.label}</td>
              <td>
                <Status tone={stateTone(row.state)}>{stateWord(row.state)}</Status>
              </td>
              <td className="n t2">{asOf ? formatClock(asOf, zone) : <NotApplicable />}</td>
            </tr>
          );
        })}
      </Table>
    )}
  </QueryPanel>
);

/** The newest entries of the audit log. */
export const ChangesPanel: FC<{
  query: UseQueryResult<AuditList, CallError>;
  zone: string;
  className: string;
}> = ({ query, zone, className }) => (
  <QueryPanel
    query={query}
    title="Last changes"
    note={() => "from the audit log"}
    className={className}
    actions={
      <Link to="/audit" className="link more">
        Open audit log
      </Link>
    }
    waiting="Reading the audit log"
  >
    {(list) =>
      list.rows.length === 0 ? (
        <Empty title="No change was made yet">
          Changes made from Steward show here with who, what and why.
        </Empty>
      ) : (
        <Table className="lg" columns={[{ heading: "Time" }, { heading: "Who did what" }]}>
          {lastChanges(list.rows, MOST).map((change) => (
            <ChangeLine key={change.row.id} change={change} asOf={list.freshness.as_of} zone={zone} />
          ))}
        </Table>
      )
    }
  </QueryPanel>
);

const ChangeLine: FC<{ change: ChangeText; asOf: string | null; zone: string }> = ({
  change: { row, others },
  asOf,
  zone,
}) => {
  const day = formatDay(row.at, zone);
  const isToday = asOf !== null && day === formatDay(asOf, zone);
  const sentence = auditSentence(row);
  return (
    <tr>
      <td className="t3">{isToday ? formatClock(row.at, zone).slice(0, 5) : formatShortDay(day)}</td>
      <td className="tr w-all" title={row.reason}>
        <span className="t2">{sentence.who}</span> {sentence.verb} <b>{sentence.object}</b>
        {others > 0 && ` and ${formatNumber(others)} more`} {sentence.rest}
      </td>
    </tr>
  );
};

/** The ten most active users. */
export const TopUsersPanel: FC<{ overview: Overview; className?: string; actions?: ReactNode }> = ({
  overview,
  className,
  actions,
}) => {
  const largest = Math.max(1, ...overview.top_users.map((user) => user.events));
  return (
    <Panel
      title="Top users"
      note="by events"
      {...(className ? { className } : {})}
      actions={
        <>
          {actions}
          <Link to="/users" className="link more">
            Open users
          </Link>
        </>
      }
    >
      {overview.top_users.length === 0 ? (
        <Empty title="No events in this range" />
      ) : (
        <Table
          className="shares"
          columns={[
            { heading: "User" },
            { heading: "Plan", className: "hide-t" },
            { heading: "Events", className: "n" },
            { heading: "Share, %", className: "n" },
          ]}
        >
          {overview.top_users.map((user) => (
            <tr key={user.id}>
              <td className="tr w-all">
                <Link
                  to="/users"
                  search={(before) => ({ ...before, user: user.id })}
                  className="row-link"
                  title={user.email ?? user.id}
                >
                  {user.name ?? <span className="mono t3">{user.id.slice(0, 8)}</span>}
                  {user.email && <span className="t3 after">{user.email}</span>}
                </Link>
              </td>
              <td className="t2 hide-t">{user.plan_code ?? <span className="null">unknown</span>}</td>
              <td className="n">{formatNumber(user.events)}</td>
              <td className="n">
                <Meter
                  percent={(user.events / largest) * 100}
                  text={formatNumber((user.events / Math.max(1, overview.totals.events)) * 100, 1)}
                  colour="var(--chart-1)"
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
};
