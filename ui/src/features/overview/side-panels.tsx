import { Link } from "@tanstack/react-router";
import type { FC } from "react";
import type { AuditList } from "@/api/generated/AuditList";
import type { Overview } from "@/api/generated/Overview";
import type { SyncStatus } from "@/api/generated/SyncStatus";
import { Panel } from "@/components/panel";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { formatClock, formatDay, formatNumber, formatShortDay } from "@/lib/format";
import { auditSentence, stateTone, stateWord } from "@/lib/words";

/** How fresh each dataset is. */
export const FreshnessPanel: FC<{ status: SyncStatus; zone: string; className?: string }> = ({
  status,
  zone,
  className,
}) => {
  // What is not consistent comes first: that is what somebody looks for here.
  const rank = (state: string) => (state === "consistent" ? 1 : 0);
  const rows = [...status.datasets].sort((a, b) => rank(a.state.state) - rank(b.state.state)).slice(0, 8);
  const hidden = status.datasets.length - rows.length;
  return (
    <Panel
      title="Data freshness"
      note={hidden > 0 ? `${rows.length} of ${status.datasets.length} shown` : `${rows.length} datasets`}
      {...(className ? { className } : {})}
      actions={
        <Link to="/sync" className="link more">
          Open sync
        </Link>
      }
    >
      <div className="tw">
        <table className="tb">
          <thead>
            <tr>
              <th scope="col">Dataset</th>
              <th scope="col">State</th>
              <th scope="col" className="n">
                As of
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.dataset}>
                <td>{row.label}</td>
                <td>
                  <Status tone={stateTone(row.state)}>{stateWord(row.state)}</Status>
                </td>
                <td className="n t2">
                  {row.state.state === "consistent" ? (
                    formatClock(row.state.as_of, zone)
                  ) : status.as_of ? (
                    formatClock(status.as_of, zone)
                  ) : (
                    <NotApplicable />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
};

/** The newest entries of the audit log. */
export const ChangesPanel: FC<{ list: AuditList; zone: string; className?: string }> = ({
  list,
  zone,
  className,
}) => {
  const today = list.freshness.as_of ? formatDay(list.freshness.as_of, zone) : "";
  return (
    <Panel
      title="Last changes"
      note="from the audit log"
      {...(className ? { className } : {})}
      actions={
        <Link to="/audit" className="link more">
          Open audit log
        </Link>
      }
    >
      {list.rows.length === 0 ? (
        <Empty title="No change was made yet">
          Changes made from Steward show here with who, what and why.
        </Empty>
      ) : (
        <div className="tw">
          <table className="tb lg">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Who did what</th>
              </tr>
            </thead>
            <tbody>
              {list.rows.slice(0, 8).map((row) => {
                const day = formatDay(row.at, zone);
                const sentence = auditSentence(row);
                return (
                  <tr key={row.id}>
                    <td className="t3">
                      {day === today ? formatClock(row.at, zone).slice(0, 5) : formatShortDay(day)}
                    </td>
                    <td className="tr w-all" title={row.reason}>
                      <span className="t2">{sentence.who}</span> {sentence.verb} <b>{sentence.object}</b>{" "}
                      {sentence.rest}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
};

/** The ten most active users. */
export const TopUsersPanel: FC<{ overview: Overview; className?: string }> = ({ overview, className }) => {
  const largest = Math.max(1, ...overview.top_users.map((user) => user.events));
  return (
    <Panel
      title="Top users"
      note="by events"
      {...(className ? { className } : {})}
      actions={
        <Link to="/users" className="link more">
          Open users
        </Link>
      }
    >
      {overview.top_users.length === 0 ? (
        <Empty title="No events in this range" />
      ) : (
        <div className="tw">
          <table className="tb shares">
            <thead>
              <tr>
                <th scope="col">User</th>
                <th scope="col" className="hide-t">
                  Plan
                </th>
                <th scope="col" className="n">
                  Events
                </th>
                <th scope="col" className="n">
                  Share, %
                </th>
              </tr>
            </thead>
            <tbody>
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
                    <span className="mt">
                      <span className="meter">
                        <i
                          style={{ width: `${(user.events / largest) * 100}%`, background: "var(--chart-1)" }}
                        />
                      </span>
                      <span>
                        {formatNumber((user.events / Math.max(1, overview.totals.events)) * 100, 1)}
                      </span>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
};
