import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, monthLabel } from "@/lib/money";
import { formatShare } from "./model";
import { RevenueExport } from "./revenue-export";

/** Month by month: balances, movements and the ratios made of them; a month opens itself. */
export const MonthsPanel: FC<{
  revenue: Revenue;
  onMonth: (month: string) => void;
  className?: string;
}> = ({ revenue, onMonth, className }) => {
  const { exponent } = revenue;
  const share = (value: number | null) => (value === null ? "n/a" : formatShare(value));
  return (
    <Panel
      title="Month by month"
      note={`${revenue.currency}, newest first`}
      {...(className ? { className } : {})}
      actions={
        <>
          <RevenueExport rows="/months" name="Revenue by month" />
          <MethodNote title="Month by month">
            <p>
              Start and the five movements are the end of every line. Customer churn is of the customers at
              the start, revenue churn of the MRR at the start; without a start there is none. NRR and GRR
              here are of the month; those above are over twelve months.
            </p>
          </MethodNote>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard */}
      <section className="tw" tabIndex={0} aria-label="Month by month, table">
        <table className="tb">
          <thead>
            <tr>
              <th scope="col">Month</th>
              {[
                "Start",
                "New",
                "Reactivation",
                "Expansion",
                "Contraction",
                "Churn",
                "End",
                "Customers",
                "Customer churn",
                "Gross churn",
                "NRR",
                "GRR",
                "Quick ratio",
              ].map((heading) => (
                <th key={heading} scope="col" className="n">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...revenue.months].reverse().map((row) => (
              <tr key={row.month} className={row.month === revenue.month ? "is-sel" : ""}>
                <td>
                  <button type="button" className="row-link" onClick={() => onMonth(row.month)}>
                    {monthLabel(row.month)}
                    {row.is_unfinished && <span className="t3">so far</span>}
                  </button>
                </td>
                <td className="n t2">{formatMinor(row.start_minor, exponent)}</td>
                <td className="n">{formatMinorSigned(row.new_minor, exponent)}</td>
                <td className="n">{formatMinorSigned(row.reactivation_minor, exponent)}</td>
                <td className="n">{formatMinorSigned(row.expansion_minor, exponent)}</td>
                <td className="n">{formatMinorSigned(row.contraction_minor, exponent)}</td>
                <td className="n">{formatMinorSigned(row.churn_minor, exponent)}</td>
                <td className="n m">{formatMinor(row.end_minor, exponent)}</td>
                <td className="n">{formatNumber(row.end_customers)}</td>
                <td className="n">{share(row.logo_churn)}</td>
                <td className="n">{share(row.gross_churn)}</td>
                <td className="n">{share(row.net_retention)}</td>
                <td className="n">{share(row.gross_retention)}</td>
                <td className="n">
                  {row.quick_ratio === null ? "no losses" : formatNumber(row.quick_ratio, 2)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
};
