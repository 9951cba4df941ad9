import { Link } from "@tanstack/react-router";
import type { FC, ReactNode } from "react";
import type { UserView } from "@/api/generated/UserView";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { Empty } from "@/components/states";
import { NotApplicable } from "@/components/status";
import { Table } from "@/components/table";
import { copyText } from "@/lib/clipboard";
import { formatMinute, formatNumber } from "@/lib/format";
import { notify } from "@/lib/notices";
import { metricLabel } from "../model";

const Fact: FC<{ name: string; copy?: string; children: ReactNode }> = ({ name, copy, children }) => (
  <div className="f">
    <dt>{name}</dt>
    <dd>
      <span className="tr">{children}</span>
      {copy && (
        <button
          type="button"
          className="ib"
          aria-label={`Copy ${name}`}
          onClick={() => void copyText(copy).then(() => notify({ tone: "ok", title: `${name} copied` }))}
        >
          <Icon name="copy" />
        </button>
      )}
    </dd>
  </div>
);

/** Who it is. */
export const IdentityPanel: FC<{ view: UserView; zone: string }> = ({ view, zone }) => {
  const { user, profile } = view;
  const customer = profile.stripe_customer_id;
  return (
    <Panel title="Identity">
      <dl className="facts">
        <Fact name="E-mail" copy={user.email}>
          {user.email || <span className="null">none</span>}
        </Fact>
        <Fact name="User id" copy={user.id}>
          <span className="mono">
            {user.id.slice(0, 8)}…{user.id.slice(-4)}
          </span>
        </Fact>
        <Fact name="Stripe id" {...(customer ? { copy: customer } : {})}>
          {customer ? <span className="mono">{customer}</span> : <NotApplicable />}
        </Fact>
        <Fact name="Created">{formatMinute(user.created_at, zone)}</Fact>
        <Fact name="Last seen">{user.last_seen_at ? formatMinute(user.last_seen_at, zone) : "never"}</Fact>
        {profile.trial_end && <Fact name="Trial ends">{formatMinute(profile.trial_end, zone)}</Fact>}
        <Fact name="Country">{profile.country ?? <NotApplicable />}</Fact>
        <Fact name="Time zone">{profile.timezone ?? <NotApplicable />}</Fact>
        <Fact name="Events">{formatNumber(view.events_30d)} in 30 days</Fact>
      </dl>
    </Panel>
  );
};

/** Which teams, as what. */
export const TeamsPanel: FC<{ view: UserView }> = ({ view }) => (
  <Panel title="Teams" note={String(view.teams.length)}>
    {view.teams.length === 0 ? (
      <Empty title="In no team" />
    ) : (
      <Table columns={[{ heading: "Team" }, { heading: "Role" }, { heading: "Members", className: "n" }]}>
        {view.teams.map((team) => (
          <tr key={team.id}>
            <td className="tr w-all">
              <Link
                to="/users"
                search={(before) => ({ ...before, team: team.id })}
                className="row-link"
                title={`Members of ${team.name}`}
              >
                {team.name}
              </Link>
            </td>
            <td className="t2">{metricLabel(team.role)}</td>
            <td className="n">{formatNumber(team.members)}</td>
          </tr>
        ))}
      </Table>
    )}
  </Panel>
);
