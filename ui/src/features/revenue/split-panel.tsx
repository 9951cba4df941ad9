import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import type { RevenueShare } from "@/api/generated/RevenueShare";
import { Choice } from "@/components/choice";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Meter, Table } from "@/components/table";
import { formatNumber } from "@/lib/format";
import { formatMinor } from "@/lib/money";
import { formatShare } from "./model";
import { RevenueExport } from "./revenue-export";
import type { SplitName } from "./search";

const SPLITS: { value: SplitName; label: string; rows: (revenue: Revenue) => RevenueShare[] }[] = [
  { value: "plan", label: "Plan", rows: (revenue) => revenue.by_plan },
  { value: "interval", label: "Interval", rows: (revenue) => revenue.by_interval },
  { value: "country", label: "Country", rows: (revenue) => revenue.by_country },
  { value: "status", label: "Status", rows: (revenue) => revenue.by_status },
  { value: "price", label: "Price from", rows: (revenue) => revenue.by_price },
];

const NOTES: Record<SplitName, string> = {
  plan: "By the plan of each subscription.",
  interval: "By how often it is billed; a year counts as a twelfth a month whatever its interval.",
  country: "By the country of the user who pays, or of the owner of the team that does.",
  status: "By where the subscription stands: past due is revenue at risk.",
  price:
    "How far the numbers can be trusted: what is billed at Stripe, what is agreed in the subscription, and what rests on today’s price of the plan, which may have been another one earlier.",
};

/** The revenue at the month’s end, told apart by one of five things. */
export const SplitPanel: FC<{
  revenue: Revenue;
  by: SplitName;
  onBy: (by: SplitName) => void;
  /** Opens the movements of a plan. */
  onPlan: (plan: string) => void;
  className?: string;
}> = ({ revenue, by, onBy, onPlan, className }) => {
  const split = SPLITS.find((one) => one.value === by) ?? SPLITS[0];
  const rows = split?.rows(revenue) ?? [];
  return (
    <Panel
      title="Revenue by"
      note={`${revenue.is_unfinished ? "now" : "at the end"} · ${revenue.currency}`}
      {...(className ? { className } : {})}
      actions={
        <>
          <Choice
            label="Revenue by"
            className="sm"
            value={by}
            options={SPLITS.map(({ value, label }) => ({ value, label }))}
            onChange={(next) => onBy(next as SplitName)}
          />
          <RevenueExport rows={`/by_${by}`} name={`Revenue by ${by}`} />
          <MethodNote title="Revenue by">
            <p>{NOTES[by]}</p>
          </MethodNote>
        </>
      }
    >
      <div className="rv-scroll">
        <Table
          columns={[
            { heading: split?.label ?? "" },
            { heading: "Customers", className: "n" },
            { heading: "MRR", className: "n" },
            { heading: "Share", className: "n" },
          ]}
        >
          {rows.map((row) => (
            <tr key={row.value ?? row.label}>
              <td>
                {row.value === null ? (
                  <span className="t2">{row.label}</span>
                ) : by === "plan" ? (
                  <button
                    type="button"
                    className="row-link"
                    aria-label={`${row.label}: show who moved`}
                    onClick={() => row.value !== null && onPlan(row.value)}
                  >
                    {row.label}
                  </button>
                ) : (
                  row.label
                )}
              </td>
              <td className="n">{formatNumber(row.customers)}</td>
              <td className="n">{formatMinor(row.mrr_minor, revenue.exponent)}</td>
              <td className="n">
                <Meter percent={row.share * 100} text={formatShare(row.share)} />
              </td>
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td colSpan={4} className="t2">
                Nobody pays at the end of this month.
              </td>
            </tr>
          )}
        </Table>
      </div>
      {revenue.unpriced > 0 && (
        <p className="foot warning">
          {formatNumber(revenue.unpriced)} subscriptions count but have no price; they are in no amount.
        </p>
      )}
    </Panel>
  );
};
