import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Segmented } from "@/components/segmented";
import { formatNumber } from "@/lib/format";
import { formatMinor, monthLabel } from "@/lib/money";
import { cohortRows, cohortStep } from "./model";
import { RevenueExport } from "./revenue-export";

const KINDS = [
  { value: "revenue", label: "Revenue" },
  { value: "customers", label: "Customers" },
];

/** What is kept of the customers of each month, month after month. */
export const CohortPanel: FC<{
  revenue: Revenue;
  kept: "revenue" | "customers";
  onKept: (kept: "revenue" | "customers") => void;
  className?: string;
}> = ({ revenue, kept, onKept, className }) => {
  const isRevenue = kept === "revenue";
  const cohorts = cohortRows(revenue.cohorts);
  const ages = Math.max(0, ...cohorts.map((cohort) => cohort.cells.length));
  return (
    <Panel
      title={isRevenue ? "Revenue kept, by start month" : "Customers kept, by start month"}
      note={isRevenue ? "% of first month’s MRR · months since" : "% of the cohort · months since"}
      {...(className ? { className } : {})}
      actions={
        <>
          <span className="rv-key">
            <i aria-hidden="true" />
            not finished
          </span>
          <Segmented
            label="What is kept"
            value={kept}
            options={KINDS}
            onChange={(next) => onKept(next === "customers" ? "customers" : "revenue")}
          />
          <RevenueExport rows="/cohorts" name="Cohorts" />
          <MethodNote title="Cohorts">
            <p>
              Customers by the month at whose end they paid for the first time. Each cell is what they pay, or
              how many of them do, so many months later, of the first month. It can rise above 100% where they
              pay more. An outlined cell is of a month that still runs and may change.
            </p>
          </MethodNote>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard */}
      <section className="rv-coh-w" tabIndex={0} aria-label="Cohorts, table">
        <table className="coh">
          <thead>
            <tr>
              <th scope="col">Started</th>
              <th scope="col" className="n">
                {isRevenue ? "MRR" : "Customers"}
              </th>
              {Array.from({ length: ages }, (_, age) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the age is what a column is
                <th key={age} scope="col" className="n">
                  {age}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cohorts.map((cohort) => {
              const first = cohort.cells[0];
              return (
                <tr key={cohort.month}>
                  <th scope="row">{monthLabel(cohort.month)}</th>
                  <td className="n">
                    {isRevenue
                      ? formatMinor(first?.mrr_minor ?? 0, revenue.exponent, 0)
                      : formatNumber(first?.customers ?? 0)}
                  </td>
                  {cohort.cells.map((cell, age) => {
                    const share = isRevenue ? cell.revenue_retention : cell.logo_retention;
                    const told = `${monthLabel(cohort.month)} after ${age} months: ${formatMinor(cell.mrr_minor, revenue.exponent)} ${cell.currency} of ${formatNumber(cell.customers)} customers`;
                    return (
                      <td
                        // biome-ignore lint/suspicious/noArrayIndexKey: the age is what a column is
                        key={age}
                        className={`h${cohortStep(share, age)}${cell.is_unfinished ? " un" : ""}`}
                        title={told}
                      >
                        {share === null ? "n/a" : formatNumber(share * 100, age === 0 || ages > 9 ? 0 : 1)}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
        {cohorts.length === 0 && <p className="t2">No customer began to pay in these months.</p>}
      </section>
    </Panel>
  );
};
