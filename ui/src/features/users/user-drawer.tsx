import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FC, ReactNode } from "react";
import type { UserView } from "@/api/generated/UserView";
import { userShowOptions } from "@/api/queries";
import { Drawer } from "@/components/drawer";
import { Icon } from "@/components/icon";
import { Failure, Loading } from "@/components/states";
import { NotApplicable, Status, StatusChip } from "@/components/status";
import { copyText } from "@/lib/clipboard";
import { formatMinute, formatNumber } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { auditSentence } from "@/lib/words";
import { UserActions } from "./actions/user-actions";
import { limitUse, metricLabel, userStatus } from "./model";

/** One user beside the list. */
export const UserDrawer: FC<{ user: string; onClose: () => void }> = ({ user, onClose }) => {
  const workspace = useWorkspace();
  const { zone, range } = useScope();
  const query = useQuery(userShowOptions(workspace.id, user, zone, range));
  const view = query.data;
  return (
    <Drawer
      title={view ? view.user.name || view.user.email : "User"}
      onClose={onClose}
      actions={
        view && (
          <>
            <Link to="/users/$user" params={{ user: view.user.id }} className="btn sm">
              Open page
            </Link>
            <UserActions user={view.user} />
          </>
        )
      }
    >
      {query.isPending ? (
        <Loading what="Reading the user" />
      ) : query.isError ? (
        <Failure
          title="The user could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        view && <UserDetails view={view} />
      )}
    </Drawer>
  );
};

const UserDetails: FC<{ view: UserView }> = ({ view }) => {
  const { zone } = useScope();
  const { user } = view;
  const status = userStatus(user.status);
  const copyId = async () => {
    await copyText(user.id);
    notify({ tone: "ok", title: "User id copied" });
  };
  return (
    <>
      <div className="idl">
        <StatusChip tone={status.tone}>{status.word}</StatusChip>
        <span className="chip neutral">{view.plan.name}</span>
        {user.role !== "user" && <span className="chip neutral">{user.role}</span>}
      </div>
      <dl className="facts">
        <Fact name="E-mail">{user.email}</Fact>
        <Fact name="User id">
          <span className="mono">
            {user.id.slice(0, 8)}…{user.id.slice(-4)}
          </span>
          <button type="button" className="ib" aria-label="Copy user id" onClick={() => void copyId()}>
            <Icon name="copy" />
          </button>
        </Fact>
        <Fact name="Created">{formatMinute(user.created_at, zone)}</Fact>
        <Fact name="Last seen">{user.last_seen_at ? formatMinute(user.last_seen_at, zone) : "never"}</Fact>
        <Fact name="Events, 30 d">{formatNumber(view.events_30d)}</Fact>
        <Fact name="Teams">
          {view.teams.length > 0 ? view.teams.map((team) => team.name).join(", ") : "none"}
        </Fact>
      </dl>
      <h3>Limits</h3>
      <LimitTable view={view} zone={zone} />
      <h3>Subscriptions</h3>
      {view.subscriptions.length === 0 ? (
        <p className="t2 none">No subscription.</p>
      ) : (
        <table className="tb">
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col">Status</th>
              <th scope="col">Billed</th>
              <th scope="col">Period ends</th>
            </tr>
          </thead>
          <tbody>
            {view.subscriptions.map((row) => (
              <tr key={row.id}>
                <td className="m">{row.plan_code}</td>
                <td>
                  <Status
                    tone={row.status === "active" ? "ok" : row.status === "past_due" ? "warning" : "neutral"}
                  >
                    {metricLabel(row.status)}
                  </Status>
                </td>
                <td className="t2">
                  by the {row.billing_interval}
                  {row.is_billed_at_stripe ? ", Stripe" : ""}
                </td>
                <td className="t2">
                  {row.current_period_end ? formatMinute(row.current_period_end, zone) : <NotApplicable />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>
        Changes{" "}
        <Link to="/audit" search={(before) => ({ ...before, key: user.id })} className="link more">
          Open audit log
        </Link>
      </h3>
      {view.changes.length === 0 ? (
        <p className="t2 none">Nothing was changed from Steward.</p>
      ) : (
        <ol className="tl">
          {view.changes.map((row) => {
            const sentence = auditSentence(row);
            return (
              <li key={row.id}>
                <span>
                  <span className="t2">{sentence.who}</span> {sentence.verb} {sentence.rest}
                </span>
                <span className="w">{formatMinute(row.at, zone)}</span>
                {row.reason && <span className="b">{row.reason}</span>}
              </li>
            );
          })}
        </ol>
      )}
    </>
  );
};

const Fact: FC<{ name: string; children: ReactNode }> = ({ name, children }) => (
  <div className="f">
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const LimitTable: FC<{ view: UserView; zone: string }> = ({ view, zone }) =>
  view.limits.length === 0 ? (
    <p className="t2 none">The plan sets no limits.</p>
  ) : (
    <table className="tb">
      <thead>
        <tr>
          <th scope="col">Limit</th>
          <th scope="col" className="n">
            Used
          </th>
          <th scope="col" className="n">
            Limit
          </th>
          <th scope="col" className="n">
            Used, %
          </th>
          <th scope="col">Resets at</th>
        </tr>
      </thead>
      <tbody>
        {view.limits.map((limit) => {
          const use = limitUse(limit);
          return (
            <tr key={`${limit.metric}:${limit.period}`}>
              <td className="m">
                {metricLabel(limit.metric)}
                <span className="t3 after">{limit.period}</span>
              </td>
              <td className="n">{limit.used === null ? <NotApplicable /> : formatNumber(limit.used)}</td>
              <td className="n">{limit.limit === null ? "Unlimited" : formatNumber(limit.limit)}</td>
              <td className="n">
                {use.percent === null ? (
                  <NotApplicable />
                ) : (
                  <span className="mt">
                    <span className={`meter ${use.tone}`}>
                      <i style={{ width: `${Math.min(100, use.percent)}%` }} />
                    </span>
                    <span>{formatNumber(use.percent, 1)}</span>
                  </span>
                )}
              </td>
              <td className="t2">{limit.resets_at ? formatMinute(limit.resets_at, zone) : "never"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
