import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Table } from "@/components/table";
import { formatChange, formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, monthLabel } from "@/lib/money";
import { movementLines } from "./model";
import type { RevenueSearch } from "./search";

/** The movements of the month beside the month before; each opens its customers. */
export const MovementsPanel: FC<{
  revenue: Revenue;
  opened: RevenueSearch["movers"];
  onOpen: (movers: RevenueSearch["movers"]) => void;
  className?: string;
}> = ({ revenue, opened, onOpen, className }) => {
  const now = revenue.months.at(-1);
  if (!now) return null;
  const before = revenue.months.at(-2);
  const { exponent } = revenue;
  return (
    <Panel
      title="Movements"
      note={`${now.is_unfinished ? "so far, " : ""}net per customer · ${now.currency}`}
      {...(className ? { className } : {})}
      actions={
        <>
          <button type="button" className="btn sm gh" onClick={() => onOpen("all")}>
            All customers
          </button>
          <MethodNote title="Movements">
            <p>
              Per customer, not per subscription, from the balance when the month began to the balance at its
              end. Changing the plan is expansion or contraction, ending one of two subscriptions is
              contraction. Who came and went within the month is among all customers, and in no line here.
            </p>
          </MethodNote>
        </>
      }
    >
      <Table
        className="rv-mv"
        columns={[
          { heading: "Movement" },
          { heading: "Customers", className: "n" },
          { heading: monthLabel(now.month), className: "n" },
          { heading: before ? monthLabel(before.month) : "Before", className: "n" },
          { heading: "Change, %", className: "n" },
        ]}
      >
        {movementLines(now, before).map((line) => {
          const write = line.isBalance ? formatMinor : formatMinorSigned;
          const isComparable = line.before !== undefined && (line.isBalance || !now.is_unfinished);
          const change = (line.minor - (line.before ?? 0)) / Math.abs(line.before || 1);
          return (
            <tr
              key={line.key}
              className={[line.key === "end" && "sum", opened === line.key && "is-sel"]
                .filter(Boolean)
                .join(" ")}
            >
              <td>
                {line.isBalance ? (
                  <span className={line.key === "start" ? "t2" : ""}>{line.label}</span>
                ) : (
                  <button
                    type="button"
                    className="row-link"
                    aria-label={`${line.label}: show the customers`}
                    onClick={() => onOpen(line.key as RevenueSearch["movers"])}
                  >
                    {line.label}
                  </button>
                )}
              </td>
              <td className="n">{formatNumber(line.customers)}</td>
              <td className="n">{write(line.minor, exponent)}</td>
              <td className="n t2">{line.before === undefined ? "–" : write(line.before, exponent)}</td>
              <td className="n t2">
                {isComparable && line.before !== undefined
                  ? formatChange(
                      Math.abs(line.minor),
                      Math.abs(line.before),
                      line.before === 0 ? null : change * 100,
                    ).replace("%", "")
                  : "so far"}
              </td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
};
