import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { FC } from "react";
import type { UserView } from "@/api/generated/UserView";
import { userShowOptions } from "@/api/queries";
import { Glyph } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { Empty, Failure, Loading } from "@/components/states";
import { StatusChip } from "@/components/status";
import { useScope, useWorkspace } from "@/lib/scope";
import { UserActions } from "../actions/user-actions";
import { userStatus } from "../model";
import { AtStripePanel, BillingPanels } from "./billing-panel";
import { LimitsPanel } from "./limits-panel";
import { limitName, standing } from "./model";
import { FeaturesPanel, RaisesPanel, SubscriptionsPanel } from "./plan-panels";
import { IdentityPanel, TeamsPanel } from "./side-panels";
import { TimelinePanel } from "./timeline-panel";
import { AllMonths, DaysPanel, EventsPanel, MonthsPanel } from "./use-panels";

const TABS = [
  { value: "summary", label: "Summary" },
  { value: "use", label: "Use" },
  { value: "billing", label: "Billing" },
  { value: "access", label: "Access" },
  { value: "timeline", label: "Timeline" },
] as const;

/** One customer: what they may do, what they used, what happened. */
export const AccountView: FC = () => {
  const { user } = useParams({ from: "/shell/users/$user" });
  const { zone, range } = useScope();
  const workspace = useWorkspace();
  const query = useQuery(userShowOptions(workspace.id, user, zone, range));
  if (query.data) return <Account view={query.data} />;
  return (
    <div className="wrap">
      <PageHead title="Account" note={user} />
      {query.isPending ? (
        <Loading what="Reading the account" rows={10} />
      ) : query.error.wire.code === "not_found" ? (
        <Empty
          title="There is no such user"
          actions={
            <Link to="/users" search={(before) => ({ ...before, search: user })} className="btn">
              Search users
            </Link>
          }
        >
          No user in the copy has the id or e-mail address {user}. It may have been removed since the link was
          made.
        </Empty>
      ) : (
        <Failure
          title="The account could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      )}
    </div>
  );
};

const Account: FC<{ view: UserView }> = ({ view }) => {
  const search = useSearch({ from: "/shell/users/$user" });
  const { zone } = useScope();
  const navigate = useNavigate();
  const { user } = view;
  const status = userStatus(user.status);
  const part = search.part ?? "summary";
  const topic = search.topic ?? "all";
  const place = (change: Partial<typeof search>) =>
    void navigate({ to: ".", replace: true, search: (before) => ({ ...before, ...change }) });
  const reached = user.role === "admin" ? [] : view.limits.filter((limit) => limit.is_over);
  const first = reached.find((limit) => limit.kind === "hard") ?? reached[0];
  return (
    <div className="wrap account">
      <PageHead
        title={user.name || user.email || "User without a name"}
        note={
          <span className="idl">
            {view.teams[0] && <span>{view.teams[0].name}</span>}
            <span className="chip neutral">{view.plan.name}</span>
            <StatusChip tone={status.tone}>{status.word}</StatusChip>
            {user.role === "admin" && <span className="chip neutral">Admin</span>}
            {first && (
              <StatusChip tone={first.kind === "hard" ? "danger" : "warning"}>
                {sentence(limitName(first))} reached
              </StatusChip>
            )}
          </span>
        }
        actions={<UserActions user={user} />}
      />
      <Tabs.Root value={part} onValueChange={(next: typeof part) => place({ part: next })}>
        <Tabs.List className="tabs" aria-label="Parts of the account">
          {TABS.map((row) => (
            <Tabs.Tab key={row.value} value={row.value}>
              {row.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="summary">
          <StandingLine view={view} zone={zone} />
          <div className="acc">
            <div className="l">
              <LimitsPanel view={view} zone={zone} />
              <MonthsPanel months={view.months} />
              <SubscriptionsPanel view={view} zone={zone} />
              {view.raises.length > 0 && <RaisesPanel view={view} zone={zone} />}
              <EventsPanel view={view} zone={zone} limit={5} />
            </div>
            <div className="rr">
              <IdentityPanel view={view} zone={zone} />
              <TeamsPanel view={view} />
              <TimelinePanel
                user={user.id}
                asOf={view.freshness.as_of}
                zone={zone}
                topic={topic}
                onTopic={(next) => place({ topic: next })}
                limit={10}
                className="grow"
              />
            </div>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="use" className="stack">
          <DaysPanel view={view} />
          <AllMonths months={view.months} />
          <EventsPanel view={view} zone={zone} limit={25} />
        </Tabs.Panel>
        <Tabs.Panel value="billing" className="stack">
          <SubscriptionsPanel view={view} zone={zone} />
          <AtStripePanel view={view} />
          {view.profile.stripe_customer_id ? (
            <BillingPanels user={user.id} zone={zone} customer={view.profile.stripe_customer_id} />
          ) : (
            <Panel title="Invoices">
              <Empty title="No customer of Stripe’s">
                No customer id of Stripe’s stands at this user, so its invoices and payments cannot be told
                apart.
              </Empty>
            </Panel>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="access" className="stack">
          <StandingLine view={view} zone={zone} />
          <LimitsPanel view={view} zone={zone} />
          <FeaturesPanel view={view} />
        </Tabs.Panel>
        <Tabs.Panel value="timeline">
          <TimelinePanel
            user={user.id}
            asOf={view.freshness.as_of}
            zone={zone}
            topic={topic}
            onTopic={(next) => place({ topic: next })}
            limit={100}
            isWhole
          />
        </Tabs.Panel>
      </Tabs.Root>
    </div>
  );
};

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Why somebody is blocked, or that nobody is: the first thing support looks for. */
const StandingLine: FC<{ view: UserView; zone: string }> = ({ view, zone }) => {
  const { tone, title, text } = standing(view, zone);
  return (
    <div className={`verdict ${tone}`} role="status">
      <span className={tone}>
        <Glyph tone={tone} />
      </span>
      <span>
        <b>{title}</b> <span className="t2">{text}</span>
      </span>
    </div>
  );
};
