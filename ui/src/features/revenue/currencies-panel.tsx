import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { revenueTotalOptions } from "@/api/queries";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Table } from "@/components/table";
import { formatNumber } from "@/lib/format";
import { formatMinor } from "@/lib/money";
import { useWorkspace } from "@/lib/scope";
import { formatShare } from "./model";
import { RatesSheet } from "./rates-sheet";
import { RevenueExport } from "./revenue-export";

/** What is paid in each currency, and what became of trials. */
export const CurrenciesPanel: FC<{
  revenue: Revenue;
  onCurrency: (currency: string) => void;
  className?: string;
}> = ({ revenue, onCurrency, className }) => (
  <Panel
    title="Currencies"
    note="never added"
    {...(className ? { className } : {})}
    actions={
      <>
        <RevenueExport rows="/currencies" name="Currencies" />
        <MethodNote title="Currencies">
          <p>
            What is paid in each currency stands by itself. A total in one currency is beside it, at rates you
            state with their day and source; one rate holds for every month, so that a currency that rose is
            never shown as expansion. Without a rate for one of them there is no total.
          </p>
        </MethodNote>
      </>
    }
  >
    <Table
      columns={[
        { heading: "Currency" },
        { heading: "Customers", className: "n" },
        { heading: "MRR", className: "n" },
      ]}
    >
      {revenue.currencies.map((row) => (
        <tr key={row.currency} className={row.currency === revenue.currency ? "is-sel" : ""}>
          <td>
            <button type="button" className="row-link" onClick={() => onCurrency(row.currency)}>
              {row.currency}
            </button>
          </td>
          <td className="n">{formatNumber(row.customers)}</td>
          <td className="n">{formatMinor(row.mrr_minor, row.exponent)}</td>
        </tr>
      ))}
    </Table>
    <TotalLine revenue={revenue} />
  </Panel>
);

/** All currencies together at stated rates, and the way to state them. */
const TotalLine: FC<{ revenue: Revenue }> = ({ revenue }) => {
  const workspace = useWorkspace();
  const [isOpen, setIsOpen] = useState(false);
  const { data } = useQuery(
    revenueTotalOptions(workspace.id, {
      month: revenue.month,
      months: 1,
      zone: revenue.zone,
      profile: revenue.profile.name,
    }),
  );
  const hasBase = data?.base != null;
  return (
    <div className="rv-total">
      {hasBase && (
        <p className={data.mrr_minor === null ? "warning" : ""}>
          {data.mrr_minor === null ? (
            <>
              Together in {data.base}: {data.without}
            </>
          ) : (
            <>
              <b>
                {formatMinor(data.mrr_minor, data.exponent)} {data.base}
              </b>{" "}
              together, {data.told}
            </>
          )}
        </p>
      )}
      <button type="button" className="btn sm gh" onClick={() => setIsOpen(true)}>
        {hasBase ? "Rates…" : "Total in one currency…"}
      </button>
      {isOpen && <RatesSheet revenue={revenue} onClose={() => setIsOpen(false)} />}
    </div>
  );
};

/** Both ways to count trials that became customers. */
export const TrialsPanel: FC<{ revenue: Revenue; className?: string }> = ({ revenue, className }) => {
  const rows = [
    { label: "Ended in the month", trials: revenue.trials_ended },
    { label: "Began in the month", trials: revenue.trials_started },
  ];
  return (
    <Panel
      title="Trial conversion"
      note={`${revenue.currency}, by both definitions`}
      {...(className ? { className } : {})}
    >
      <Table
        columns={[
          { heading: "Trials that" },
          { heading: "Paying", className: "n" },
          { heading: "Decided", className: "n" },
          { heading: "Open", className: "n" },
          { heading: "Share", className: "n" },
        ]}
      >
        {rows.map(({ label, trials }) => (
          <tr key={label}>
            <td>{label}</td>
            <td className="n">{formatNumber(trials.converted)}</td>
            <td className="n">{formatNumber(trials.decided)}</td>
            <td className="n">{formatNumber(trials.open)}</td>
            <td className="n m">{trials.share === null ? "n/a" : formatShare(trials.share)}</td>
          </tr>
        ))}
      </Table>
      <p className="foot">
        Of the trials that ended, the share is final once the month is over; of those that began it rises
        while trials are open.
      </p>
    </Panel>
  );
};
