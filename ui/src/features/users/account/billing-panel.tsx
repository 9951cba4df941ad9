import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useState } from "react";
import type { PaymentRow } from "@/api/generated/PaymentRow";
import type { UserView } from "@/api/generated/UserView";
import { accountInvoicesOptions, accountPaymentsOptions } from "@/api/queries";
import { Panel } from "@/components/panel";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { Table } from "@/components/table";
import { invoiceStatus, paymentStatus } from "@/lib/billing";
import { countOf, formatDay, formatMinute } from "@/lib/format";
import { useRefusals } from "@/lib/permits";
import { useWorkspace } from "@/lib/scope";
import { metricLabel } from "../model";
import { subscriptionStatus } from "./model";
import {
  CancelAtStripeSheet,
  ChangeAtStripeSheet,
  RefundSheet,
  ReinstateAtStripeSheet,
} from "./stripe-actions";

/** Subscriptions that Stripe bills: what is changed about them is changed there. */
export const AtStripePanel: FC<{ view: UserView }> = ({ view }) => {
  const refusal = useRefusals();
  const [open, setOpen] = useState<{ what: "change" | "cancel" | "reinstate"; id: string }>();
  const rows = view.subscriptions.filter(
    (row) => row.stripe_subscription_id !== null && row.ended_at === null,
  );
  if (rows.length === 0) return null;
  const close = () => setOpen(undefined);
  const chosen = rows.find((row) => row.stripe_subscription_id === open?.id);
  const reasons = {
    change: refusal("subscription_change"),
    cancel: refusal("subscription_cancel"),
    reinstate: refusal("subscription_reinstate"),
  };
  return (
    <Panel title="Billed at Stripe" note="changed there, written down here">
      <Table
        columns={[
          { heading: "Subscription" },
          { heading: "Plan" },
          { heading: "State" },
          { heading: "Change" },
        ]}
      >
        {rows.map((row) => {
          const id = row.stripe_subscription_id ?? "";
          const status = subscriptionStatus(row);
          return (
            <tr key={row.id}>
              <td className="mono">{id}</td>
              <td>{metricLabel(row.plan_code)}</td>
              <td>
                <Status tone={status.tone}>{status.word}</Status>
              </td>
              <td>
                <span className="acts-r">
                  {(["change", row.cancel_at_period_end ? "reinstate" : "cancel"] as const).map((what) => (
                    <button
                      key={what}
                      type="button"
                      className="btn sm gh"
                      disabled={reasons[what] !== undefined}
                      title={reasons[what]}
                      aria-label={`${metricLabel(what)} ${id}`}
                      onClick={() => setOpen({ what, id })}
                    >
                      {metricLabel(what)}…
                    </button>
                  ))}
                </span>
              </td>
            </tr>
          );
        })}
      </Table>
      {reasons.change && <p className="hint pb">{reasons.change}</p>}
      {chosen && open?.what === "change" && <ChangeAtStripeSheet row={chosen} id={open.id} onClose={close} />}
      {open?.what === "cancel" && <CancelAtStripeSheet id={open.id} onClose={close} />}
      {open?.what === "reinstate" && <ReinstateAtStripeSheet id={open.id} onClose={close} />}
    </Panel>
  );
};

/** What Stripe billed the account, and how it was paid; each as of its own reading. */
export const BillingPanels: FC<{ user: string; zone: string; customer: string }> = ({
  user,
  zone,
  customer,
}) => {
  const workspace = useWorkspace();
  const invoices = useQuery(accountInvoicesOptions(workspace.id, user));
  const payments = useQuery(accountPaymentsOptions(workspace.id, user));
  const refusal = useRefusals();
  const [refunding, setRefunding] = useState<PaymentRow>();
  const reason = refusal("payment_refund");
  const all = (list: "invoices" | "payments") => (
    <Link
      to="/billing"
      search={({ range, zone: name, compare }) => ({ range, zone: name, compare, list, search: customer })}
      className="link more"
    >
      All in Billing
    </Link>
  );
  return (
    <>
      <QueryPanel
        query={invoices}
        title="Invoices"
        note={(list) =>
          list.freshness.as_of
            ? `${countOf(list.total ?? 0, "invoice")}, as of ${formatMinute(list.freshness.as_of, zone)}`
            : "not read yet"
        }
        actions={all("invoices")}
        waiting="Reading the invoices"
        rows={4}
        failure="The invoices could not be read"
      >
        {(list) =>
          list.rows.length === 0 ? (
            <Empty
              title={
                list.freshness.as_of ? "Stripe has no invoice of this customer" : "Stripe was not read yet"
              }
            />
          ) : (
            <Table
              columns={[
                { heading: "Invoice" },
                { heading: "State" },
                { heading: "Total", className: "n" },
                { heading: "Open", className: "n" },
                { heading: "Attempts", className: "n hide-m" },
                { heading: "Made" },
              ]}
            >
              {list.rows.map((row) => {
                const { tone, word } = invoiceStatus(row);
                return (
                  <tr key={row.id}>
                    <td className="mono">{row.number ?? row.id}</td>
                    <td>
                      <Status tone={tone}>{word}</Status>
                    </td>
                    <td className="n">{row.total.words}</td>
                    <td className="n">
                      {row.remaining.minor === 0 ? <NotApplicable /> : row.remaining.words}
                    </td>
                    <td className="n hide-m">{row.attempts}</td>
                    <td className="t2">{formatDay(row.created_at, zone)}</td>
                  </tr>
                );
              })}
            </Table>
          )
        }
      </QueryPanel>
      <QueryPanel
        query={payments}
        title="Payments"
        note={(list) => countOf(list.total ?? 0, "payment")}
        actions={all("payments")}
        waiting="Reading the payments"
        rows={4}
        failure="The payments could not be read"
      >
        {(list) =>
          list.rows.length === 0 ? (
            <Empty title={list.freshness.as_of ? "Nothing was paid or tried" : "Stripe was not read yet"} />
          ) : (
            <Table
              columns={[
                { heading: "When" },
                { heading: "State" },
                { heading: "Amount", className: "n" },
                { heading: "Refunded", className: "n" },
                { heading: "Method", className: "hide-m" },
                { heading: "Why it failed" },
                { heading: "Refund" },
              ]}
            >
              {list.rows.map((row) => {
                const { tone, word } = paymentStatus(row);
                return (
                  <tr key={row.id}>
                    <td className="t2">{formatMinute(row.created_at, zone)}</td>
                    <td>
                      <Status tone={tone}>{word}</Status>
                    </td>
                    <td className="n">{row.amount.words}</td>
                    <td className="n">{row.refunded.minor === 0 ? <NotApplicable /> : row.refunded.words}</td>
                    <td className="t2 hide-m">{row.method ?? <NotApplicable />}</td>
                    <td>{row.failure ?? <NotApplicable />}</td>
                    <td>
                      {row.status === "succeeded" && row.refunded.minor < row.amount.minor && (
                        <button
                          type="button"
                          className="btn sm gh"
                          disabled={reason !== undefined}
                          title={reason}
                          aria-label={`Refund ${row.amount.words} of ${formatMinute(row.created_at, zone)}`}
                          onClick={() => setRefunding(row)}
                        >
                          Refund…
                        </button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </Table>
          )
        }
      </QueryPanel>
      {refunding && <RefundSheet row={refunding} onClose={() => setRefunding(undefined)} />}
    </>
  );
};
