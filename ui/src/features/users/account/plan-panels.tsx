import type { FC } from "react";
import type { UserView } from "@/api/generated/UserView";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { Table } from "@/components/table";
import { formatDay, formatMinute, formatNumber } from "@/lib/format";
import { metricLabel } from "../model";
import { priceText, subscriptionStatus } from "./model";

/** What is paid for, by the user or a team of theirs. */
export const SubscriptionsPanel: FC<{ view: UserView; zone: string }> = ({ view, zone }) => (
  <Panel title="Subscriptions" note={String(view.subscriptions.length)}>
    {view.subscriptions.length === 0 ? (
      <Empty title="No subscription" />
    ) : (
      <Table
        columns={[
          { heading: "Subscription" },
          { heading: "State" },
          { heading: "Held by", className: "hide-m" },
          { heading: "Quantity", className: "n" },
          { heading: "Price", className: "n" },
          { heading: "Until" },
          { heading: "Since" },
        ]}
      >
        {view.subscriptions.map((row) => {
          const status = subscriptionStatus(row);
          const until = row.ended_at ?? row.current_period_end;
          return (
            <tr key={row.id}>
              <td>
                <span className="m">{metricLabel(row.plan_code)}</span>
                <span className="t3 after">{row.stripe_subscription_id ? "Stripe" : "by hand"}</span>
              </td>
              <td>
                <Status tone={status.tone}>{status.word}</Status>
              </td>
              <td className="t2 hide-m">{row.team ?? "the user"}</td>
              <td className="n">{formatNumber(row.quantity)}</td>
              <td className="n">
                {row.unit_amount_minor === null ? (
                  <NotApplicable />
                ) : (
                  <>
                    {priceText(row.unit_amount_minor, row.currency)}
                    <span className="t3 after">
                      {row.interval_count === 1
                        ? row.billing_interval
                        : `${row.interval_count} ${row.billing_interval}s`}
                    </span>
                  </>
                )}
              </td>
              <td>{until ? formatDay(until, zone) : <NotApplicable />}</td>
              <td className="t2">{row.started_at ? formatDay(row.started_at, zone) : <NotApplicable />}</td>
            </tr>
          );
        })}
      </Table>
    )}
  </Panel>
);

/** Limits that were raised for a time. */
export const RaisesPanel: FC<{ view: UserView; zone: string }> = ({ view, zone }) => (
  <Panel title="Raised limits" note={`${view.raises.filter((raise) => raise.is_running).length} running`}>
    <Table
      columns={[
        { heading: "Limit" },
        { heading: "To", className: "n" },
        { heading: "State" },
        { heading: "Ends" },
        { heading: "For", className: "hide-m" },
        { heading: "Reason" },
      ]}
    >
      {view.raises.map((raise) => (
        <tr key={raise.id}>
          <td className="m">
            {metricLabel(raise.metric)}
            <span className="t3 after">per {raise.period}</span>
          </td>
          <td className="n">{raise.limit === null ? "Unlimited" : formatNumber(raise.limit)}</td>
          <td>
            {raise.is_running ? (
              <Status tone="info">Running</Status>
            ) : (
              <Status tone="neutral">
                {Date.parse(raise.until) <= Date.parse(view.freshness.as_of ?? raise.until)
                  ? "Ended"
                  : "Not begun"}
              </Status>
            )}
          </td>
          <td>{formatMinute(raise.until, zone)}</td>
          <td className="t2 hide-m">{raise.team ?? "the user"}</td>
          <td className="t2 tr">{raise.reason}</td>
        </tr>
      ))}
    </Table>
  </Panel>
);

/** What the account may use of the product. */
export const FeaturesPanel: FC<{ view: UserView }> = ({ view }) => (
  <Panel
    title="Features"
    note={`${view.features.filter((feature) => feature.is_allowed).length} of ${view.features.length}`}
    actions={
      <MethodNote title="Features">
        <p>
          What the plan unlocks, judged as the product’s check_feature judges, from the copy: an admin has
          every feature, a suspended account has none. “From plan” is the lowest plan on offer that unlocks
          it.
        </p>
      </MethodNote>
    }
  >
    {view.features.length === 0 ? (
      <Empty title="No plan knows a feature" />
    ) : (
      <Table
        columns={[
          { heading: "Feature" },
          { heading: "May use it" },
          { heading: "Set to" },
          { heading: "From plan" },
        ]}
      >
        {view.features.map((feature) => (
          <tr key={feature.key}>
            <td className="m">{feature.key}</td>
            <td>
              {feature.is_allowed ? (
                <Status tone="ok">Yes</Status>
              ) : (
                <Status tone="neutral">
                  {feature.reason === "plan" ? "No" : metricLabel(feature.reason ?? "no")}
                </Status>
              )}
            </td>
            <td className="t2 mono tr">
              {feature.value === null ? <NotApplicable /> : JSON.stringify(feature.value)}
            </td>
            <td>{feature.plan_required ?? <NotApplicable />}</td>
          </tr>
        ))}
      </Table>
    )}
  </Panel>
);
