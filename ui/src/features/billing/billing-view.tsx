import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useState } from "react";
import { stripePull } from "@/api/mutations";
import { stripeStatusOptions } from "@/api/queries";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Segmented } from "@/components/segmented";
import { Empty, Failure, Loading } from "@/components/states";
import { useRefusals } from "@/lib/permits";
import { useScope, useWorkspace } from "@/lib/scope";
import { ConnectSheet } from "./connect-sheet";
import { ConnectionSheet } from "./connection-sheet";
import { Figures } from "./figures";
import { InvoiceList, PaymentList, RefundList } from "./lists";
import { type BillingPart, type BillingSearch, billingLine, PART_LABELS, PARTS } from "./model";
import { ReconciliationPart } from "./reconciliation";
import "./billing.css";

/** What was invoiced and paid, what failed, and whether it is what we believe? */
export const BillingView: FC = () => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const search = useSearch({ from: "/shell/billing" });
  const navigate = useNavigate();
  const refusal = useRefusals();
  const query = useQuery(stripeStatusOptions(workspace.id));
  const pull = useMutation(stripePull());
  const [sheet, setSheet] = useState<"connect" | "connection">();
  const status = query.data;
  const part = search.list ?? "invoices";
  const place = (change: BillingSearch) =>
    void navigate({ to: "/billing", replace: true, search: (before) => ({ ...before, ...change }) });
  const isPulling = pull.isPending || status?.is_pulling === true;
  const connectReason = refusal("stripe_connect");
  const connect = (
    <button
      type="button"
      className="btn pri"
      disabled={connectReason !== undefined}
      title={connectReason}
      onClick={() => setSheet("connect")}
    >
      <Icon name="plug" />
      Connect Stripe…
    </button>
  );
  const hasRows = status !== undefined && (status.as_of !== null || status.parts.some((row) => row.rows > 0));
  return (
    <div className={search.row ? "full has-drawer" : "full"}>
      <PageHead
        title="Billing"
        note={status ? billingLine(status, zone) : ""}
        actions={
          status?.link ? (
            <>
              <button type="button" className="btn" onClick={() => setSheet("connection")}>
                <Icon name="plug" />
                Connection…
              </button>
              <button type="button" className="btn pri" disabled={isPulling} onClick={() => pull.mutate()}>
                <Icon name="sync" />
                {isPulling ? "Reading" : status.is_unfinished ? "Go on reading" : "Read Stripe now"}
              </button>
            </>
          ) : (
            status && connect
          )
        }
      />
      {query.isPending ? (
        <Loading what="Looking at what was read of Stripe" rows={8} />
      ) : query.isError && !status ? (
        <Failure
          title="The state of Stripe could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        status && (
          <>
            {status.trouble && !isPulling && (
              <p className="note warning" role="note">
                The last reading broke off. {status.trouble}
              </p>
            )}
            {hasRows && <Figures />}
            <div className="tools">
              <Segmented
                label="Part"
                value={part}
                options={PARTS.map((value) => ({ value, label: PART_LABELS[value] }))}
                onChange={(next) =>
                  place({ list: next as BillingPart, search: undefined, class: undefined, row: undefined })
                }
              />
              {part !== "reconciliation" && (
                <span className="field-i">
                  <Icon name="search" />
                  <input
                    className="inp"
                    type="search"
                    aria-label={`Search ${PART_LABELS[part].toLowerCase()}`}
                    placeholder="Number, id or customer"
                    value={search.search ?? ""}
                    onChange={(event) => place({ search: event.target.value || undefined })}
                  />
                </span>
              )}
            </div>
            {part === "reconciliation" ? (
              <ReconciliationPart search={search} place={place} status={status} />
            ) : !hasRows ? (
              <Empty
                title={status.link ? "Stripe was not read yet" : "This workspace is not connected to Stripe"}
                actions={
                  status.link ? (
                    <button type="button" className="btn" disabled={isPulling} onClick={() => pull.mutate()}>
                      Read Stripe now
                    </button>
                  ) : (
                    <>
                      {connect}
                      <button type="button" className="btn" onClick={() => place({ list: "reconciliation" })}>
                        Compare with an exported file
                      </button>
                    </>
                  )
                }
              >
                {status.link
                  ? "Invoices, payments and refunds are read once in full, then every hour."
                  : "A restricted key with read rights is enough. It goes to the keyring of this computer and nowhere else."}
              </Empty>
            ) : part === "payments" ? (
              <PaymentList text={search.search ?? ""} />
            ) : part === "refunds" ? (
              <RefundList text={search.search ?? ""} />
            ) : (
              <InvoiceList text={search.search ?? ""} isFailing={part === "failing"} />
            )}
          </>
        )
      )}
      {sheet === "connect" && (
        <ConnectSheet
          onClose={() => setSheet(undefined)}
          onConnected={() => {
            setSheet(undefined);
            pull.mutate();
          }}
        />
      )}
      {sheet === "connection" && status && (
        <ConnectionSheet
          status={status}
          onClose={() => setSheet(undefined)}
          onReplace={() => setSheet("connect")}
        />
      )}
    </div>
  );
};
