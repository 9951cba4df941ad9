import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, type ReactNode, useMemo } from "react";
import type { BillingAccount } from "@/api/generated/BillingAccount";
import type { InvoiceRow } from "@/api/generated/InvoiceRow";
import type { Money } from "@/api/generated/Money";
import type { PaymentRow } from "@/api/generated/PaymentRow";
import type { RefundRow } from "@/api/generated/RefundRow";
import { invoicePagesOptions, paymentPagesOptions, refundPagesOptions } from "@/api/queries";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { Icon } from "@/components/icon";
import { Empty, Failure, Loading } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { invoiceStatus, paymentStatus, refundStatus } from "@/lib/billing";
import { copyText } from "@/lib/clipboard";
import { formatDay, formatMinute, formatNumber } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";

interface Page<Row> {
  rows: Row[];
  total: number | null;
  next: string | null;
}

interface Pages<Row> {
  data: { pages: Page<Row>[] } | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  isFetchingNextPage: boolean;
  hasNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** A list in each of its states. */
function BillingGrid<Row extends { id: string; account: BillingAccount | null }>({
  label,
  query,
  columns,
  nothing,
  isSearched,
}: {
  label: string;
  query: Pages<Row>;
  columns: readonly GridColumn<Row>[];
  nothing: ReactNode;
  isSearched: boolean;
}): ReactNode {
  const navigate = useNavigate();
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  if (query.isPending) return <Loading what={`Reading ${label.toLowerCase()}`} rows={10} />;
  if (query.isError && rows.length === 0) {
    return (
      <Failure
        title={`The ${label.toLowerCase()} could not be read`}
        error={query.error}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (rows.length === 0) {
    return isSearched ? (
      <Empty title={`No ${label.toLowerCase()} match`}>Search by number, id, address or name.</Empty>
    ) : (
      nothing
    );
  }
  return (
    <DataGrid
      label={label}
      columns={columns}
      rows={rows}
      rowId={(row) => row.id}
      total={query.data?.pages[0]?.total ?? rows.length}
      isLoadingMore={query.isFetchingNextPage}
      onEndReached={() => query.hasNextPage && void query.fetchNextPage()}
      onEnter={(row) => {
        if (row.account?.kind === "user")
          void navigate({ to: "/users/$user", params: { user: row.account.id } });
      }}
    />
  );
}

/** Invoices; of those that failed, what is open and when the next attempt comes. */
export const InvoiceList: FC<{ text: string; isFailing: boolean }> = ({ text, isFailing }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const query = useInfiniteQuery({
    ...invoicePagesOptions(workspace.id, {
      account: null,
      search: text || null,
      status: null,
      is_failing: isFailing,
      after: null,
      limit: 200,
    }),
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(() => (isFailing ? failingColumns(zone) : invoiceColumns(zone)), [isFailing, zone]);
  return (
    <BillingGrid
      label={isFailing ? "Failed invoices" : "Invoices"}
      query={query}
      columns={columns}
      isSearched={text !== ""}
      nothing={
        isFailing ? (
          <Empty title="No payment is failing" isGood>
            Every open invoice was either paid or not tried yet.
          </Empty>
        ) : (
          <Empty title="Stripe has no invoices" />
        )
      }
    />
  );
};

/** Payments, those that failed included. */
export const PaymentList: FC<{ text: string }> = ({ text }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const query = useInfiniteQuery({
    ...paymentPagesOptions(workspace.id, {
      account: null,
      search: text || null,
      status: null,
      after: null,
      limit: 200,
    }),
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(() => paymentColumns(zone), [zone]);
  return (
    <BillingGrid
      label="Payments"
      query={query}
      columns={columns}
      isSearched={text !== ""}
      nothing={<Empty title="Stripe has no payments" />}
    />
  );
};

/** Refunds. */
export const RefundList: FC<{ text: string }> = ({ text }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const query = useInfiniteQuery({
    ...refundPagesOptions(workspace.id, { account: null, search: text || null, after: null, limit: 200 }),
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(() => refundColumns(zone), [zone]);
  return (
    <BillingGrid
      label="Refunds"
      query={query}
      columns={columns}
      isSearched={text !== ""}
      nothing={<Empty title="Nothing was refunded" />}
    />
  );
};

/** Who it is here; else how Stripe knows the customer, which is said. */
export const Who: FC<{ account: BillingAccount | null; customer: string | null }> = ({
  account,
  customer,
}) => {
  if (account) return account.label;
  if (customer === null) return <NotApplicable />;
  return (
    <>
      {customer} <span className="warning after">at Stripe only</span>
    </>
  );
};

const amount = (money: Money) => (money.minor === 0 ? <NotApplicable /> : money.words);

const CopyLink: FC<{ url: string; what: string }> = ({ url, what }) => (
  <button
    type="button"
    className="ib"
    aria-label={`Copy the link to ${what} at Stripe`}
    title="Copy the link to its page at Stripe"
    onClick={(event) => {
      event.stopPropagation();
      void copyText(url).then(() => notify({ tone: "ok", title: "Link to Stripe copied" }));
    }}
  >
    <Icon name="copy" />
  </button>
);

const numberOf = (row: InvoiceRow) => row.number ?? row.id;

function invoiceColumns(zone: string): GridColumn<InvoiceRow>[] {
  return [
    {
      id: "number",
      header: "Invoice",
      track: "minmax(96px, 1fr)",
      cell: (row) => <span className="mono">{numberOf(row)}</span>,
    },
    {
      id: "who",
      header: "Account",
      track: "minmax(140px, 2fr)",
      cell: (row) => <Who account={row.account} customer={row.customer} />,
    },
    {
      id: "status",
      header: "Status",
      track: "124px",
      cell: (row) => {
        const { tone, word } = invoiceStatus(row);
        return <Status tone={tone}>{word}</Status>;
      },
    },
    { id: "total", header: "Total", track: "104px", isNumber: true, cell: (row) => row.total.words },
    { id: "open", header: "Open", track: "96px", isNumber: true, cell: (row) => amount(row.remaining) },
    {
      id: "reason",
      header: "For",
      track: "minmax(80px, 1fr)",
      cell: (row) => <span className="t2">{row.reason ?? <NotApplicable />}</span>,
    },
    {
      id: "made",
      header: "Made",
      track: "84px",
      cell: (row) => <span className="t2">{formatDay(row.created_at, zone)}</span>,
    },
    {
      id: "paid",
      header: "Paid",
      track: "84px",
      cell: (row) =>
        row.paid_at ? <span className="t2">{formatDay(row.paid_at, zone)}</span> : <NotApplicable />,
    },
    {
      id: "link",
      header: "Link",
      track: "32px",
      cell: (row) => <CopyLink url={row.url} what={`invoice ${numberOf(row)}`} />,
    },
  ];
}

function failingColumns(zone: string): GridColumn<InvoiceRow>[] {
  return [
    {
      id: "number",
      header: "Invoice",
      track: "minmax(96px, 1fr)",
      cell: (row) => <span className="mono">{numberOf(row)}</span>,
    },
    {
      id: "who",
      header: "Account",
      track: "minmax(150px, 2fr)",
      cell: (row) => <Who account={row.account} customer={row.customer} />,
    },
    {
      id: "risk",
      header: "At risk",
      track: "104px",
      isNumber: true,
      cell: (row) => <b>{row.remaining.words}</b>,
    },
    {
      id: "attempts",
      header: "Attempts",
      track: "64px",
      isNumber: true,
      cell: (row) => formatNumber(row.attempts),
    },
    {
      id: "next",
      header: "Next attempt",
      track: "128px",
      cell: (row) =>
        row.next_attempt_at ? (
          <span className="t2">{formatMinute(row.next_attempt_at, zone)}</span>
        ) : (
          <span className="warning">none planned</span>
        ),
    },
    {
      id: "why",
      header: "Why it failed",
      track: "minmax(150px, 2fr)",
      cell: (row) => row.failure ?? <span className="null">Stripe does not say</span>,
    },
    {
      id: "made",
      header: "Made",
      track: "84px",
      cell: (row) => <span className="t2">{formatDay(row.created_at, zone)}</span>,
    },
    {
      id: "link",
      header: "Link",
      track: "32px",
      cell: (row) => <CopyLink url={row.url} what={`invoice ${numberOf(row)}`} />,
    },
  ];
}

function paymentColumns(zone: string): GridColumn<PaymentRow>[] {
  return [
    {
      id: "at",
      header: "When",
      track: "124px",
      cell: (row) => <span className="t2">{formatMinute(row.created_at, zone)}</span>,
    },
    {
      id: "who",
      header: "Account",
      track: "minmax(120px, 2fr)",
      cell: (row) => <Who account={row.account} customer={row.customer} />,
    },
    {
      id: "invoice",
      header: "Invoice",
      track: "minmax(96px, 1fr)",
      cell: (row) => (row.invoice ? <span className="mono">{row.invoice}</span> : <NotApplicable />),
    },
    {
      id: "status",
      header: "Status",
      track: "120px",
      cell: (row) => {
        const { tone, word } = paymentStatus(row);
        return <Status tone={tone}>{word}</Status>;
      },
    },
    { id: "amount", header: "Amount", track: "104px", isNumber: true, cell: (row) => row.amount.words },
    {
      id: "refunded",
      header: "Refunded",
      track: "120px",
      isNumber: true,
      cell: (row) => amount(row.refunded),
    },
    {
      id: "method",
      header: "Method",
      track: "100px",
      cell: (row) => <span className="t2">{row.method ?? <NotApplicable />}</span>,
    },
    {
      id: "why",
      header: "Why it failed",
      track: "minmax(64px, 1.4fr)",
      cell: (row) => row.failure ?? <NotApplicable />,
    },
    {
      id: "link",
      header: "Link",
      track: "32px",
      cell: (row) => <CopyLink url={row.url} what={`payment ${row.id}`} />,
    },
  ];
}

function refundColumns(zone: string): GridColumn<RefundRow>[] {
  return [
    {
      id: "at",
      header: "When",
      track: "120px",
      cell: (row) => <span className="t2">{formatMinute(row.created_at, zone)}</span>,
    },
    {
      id: "who",
      header: "Account",
      track: "minmax(150px, 2fr)",
      cell: (row) => <Who account={row.account} customer={row.customer} />,
    },
    { id: "amount", header: "Refunded", track: "104px", isNumber: true, cell: (row) => row.amount.words },
    {
      id: "of",
      header: "Of",
      track: "104px",
      isNumber: true,
      cell: (row) => row.payment_amount?.words ?? <NotApplicable />,
    },
    {
      id: "status",
      header: "Status",
      track: "120px",
      cell: (row) => {
        const { tone, word } = refundStatus(row.status);
        return <Status tone={tone}>{word}</Status>;
      },
    },
    {
      id: "why",
      header: "Reason",
      track: "minmax(110px, 1.4fr)",
      cell: (row) => <span className="t2">{row.reason ?? <NotApplicable />}</span>,
    },
    {
      id: "payment",
      header: "Payment",
      track: "minmax(96px, 1fr)",
      cell: (row) => (row.payment ? <span className="mono t2">{row.payment}</span> : <NotApplicable />),
    },
    {
      id: "link",
      header: "Link",
      track: "32px",
      cell: (row) => row.url && <CopyLink url={row.url} what={`refund ${row.id}`} />,
    },
  ];
}
