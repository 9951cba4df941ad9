import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { ClosedMonth } from "@/api/generated/ClosedMonth";
import type { MonthFigures } from "@/api/generated/MonthFigures";
import type { Outcome } from "@/api/generated/Outcome";
import type { Revenue } from "@/api/generated/Revenue";
import { monthListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, minorDigits, monthLabel } from "@/lib/money";
import { useRefusals } from "@/lib/permits";
import { useWorkspace } from "@/lib/scope";

/** The closed months: what was reported, and by how much history says otherwise now. */
export const ClosePanel: FC<{ revenue: Revenue; className?: string }> = ({ revenue, className }) => {
  const workspace = useWorkspace();
  const refusal = useRefusals();
  const query = useQuery(monthListOptions(workspace.id));
  const [sheet, setSheet] = useState<{ kind: "close" | "reopen"; month: string }>();
  const closed = query.data?.months.find((month) => month.month === revenue.month);
  const name = shellWord(workspace.name);
  const isOver = !revenue.is_unfinished;
  const why = closed
    ? undefined
    : isOver
      ? refusal("month_close")
      : `${monthLabel(revenue.month)} still runs; choose a month that is over.`;
  return (
    <>
      <QueryPanel
        query={query}
        title="Closed months"
        waiting="Comparing the closed months"
        {...(className ? { className } : {})}
        note={({ months }) => (months.length === 0 ? "none yet" : countOf(months.length, "month"))}
        actions={
          <>
            {!closed && (
              <button
                type="button"
                className="btn sm"
                aria-disabled={why !== undefined}
                title={why}
                onClick={() => why === undefined && setSheet({ kind: "close", month: revenue.month })}
              >
                Close {monthLabel(revenue.month)}…
              </button>
            )}
            <MethodNote title="Closed months">
              <p>
                Closing writes the month’s numbers down on the server with the definition they were made by:
                they stay as they were reported. What history gives for the month now is computed beside them,
                and the difference is the adjustment. Finance and admins close and reopen; reopening takes a
                reason and stays in the audit log.
              </p>
            </MethodNote>
          </>
        }
      >
        {({ months }) =>
          months.length === 0 ? (
            <div className="state">
              <p>
                No month is closed. A closed month keeps the numbers that were reported; later changes show as
                adjustments.
              </p>
            </div>
          ) : (
            <div className="rv-scroll">
              <Table
                columns={[
                  { heading: "Month" },
                  { heading: "Line" },
                  { heading: "Reported", className: "n" },
                  { heading: "Adjustment", className: "n" },
                  { heading: "Now", className: "n" },
                  { heading: "" },
                ]}
              >
                {months.flatMap((month) => (
                  <ClosedRows
                    key={month.month}
                    month={month}
                    zone={revenue.zone}
                    why={refusal("month_reopen")}
                    onReopen={() => setSheet({ kind: "reopen", month: month.month })}
                  />
                ))}
              </Table>
            </div>
          )
        }
      </QueryPanel>
      {sheet?.kind === "close" && (
        <ActionSheet
          title={`Close ${monthLabel(sheet.month)}`}
          verb={() => "Close month"}
          command="month_close"
          draft={{ month: sheet.month, zone: revenue.zone, profile: revenue.profile.name }}
          needsReason
          isUndoable={false}
          cli={(reason) =>
            `steward revenue close ${sheet.month} --profile ${revenue.profile.name} --tz ${shellWord(revenue.zone)}${reason ? ` --reason ${shellWord(reason)}` : ""} -w ${name}`
          }
          summary={(answer) => <FrozenFigures outcome={answer} />}
          onClose={() => setSheet(undefined)}
        >
          <p className="t2">
            The numbers of {monthLabel(sheet.month)} in {revenue.zone} under <b>{revenue.profile.name}</b> are
            written down for every currency. They stay so, whatever history says later; with a reason the
            month can be reopened.
          </p>
        </ActionSheet>
      )}
      {sheet?.kind === "reopen" && (
        <ActionSheet
          title={`Reopen ${monthLabel(sheet.month)}`}
          verb={() => "Reopen month"}
          command="month_reopen"
          draft={{ month: sheet.month }}
          needsReason
          isUndoable={false}
          cli={(reason) => `steward revenue reopen ${sheet.month} --reason ${shellWord(reason)} -w ${name}`}
          onClose={() => setSheet(undefined)}
        >
          <p className="t2">
            The frozen numbers are given up; what they were stays in the audit log. The month can be closed
            again with the numbers of then.
          </p>
        </ActionSheet>
      )}
    </>
  );
};

/** What is written down, in every currency. */
const FrozenFigures: FC<{ outcome: Outcome }> = ({ outcome }) => {
  const figures = outcome.rows[0]?.after?.figures as MonthFigures | undefined;
  if (!figures) return null;
  return (
    <Table
      columns={[
        { heading: "Currency" },
        { heading: "Start", className: "n" },
        { heading: "Movements", className: "n" },
        { heading: "End", className: "n" },
        { heading: "Customers", className: "n" },
      ]}
    >
      {figures.currencies.map((row) => {
        const exponent = minorDigits(row.currency);
        return (
          <tr key={row.currency}>
            <td>{row.currency}</td>
            <td className="n t2">{formatMinor(row.start_minor, exponent)}</td>
            <td className="n">{formatMinorSigned(row.end_minor - row.start_minor, exponent)}</td>
            <td className="n m">{formatMinor(row.end_minor, exponent)}</td>
            <td className="n">{formatNumber(row.end_customers)}</td>
          </tr>
        );
      })}
    </Table>
  );
};

const ClosedRows: FC<{ month: ClosedMonth; zone: string; why: string | undefined; onReopen: () => void }> = ({
  month,
  zone,
  why,
  onReopen,
}) => {
  const ends = month.figures.currencies.filter(
    (row) => !month.adjustments.some((one) => one.line === "end" && one.currency === row.currency),
  );
  const exponentOf = (currency: string) => minorDigits(currency);
  const head = (
    <>
      <b>{monthLabel(month.month)}</b>
      <span className="t3 cap">
        {month.figures.profile.name} · {month.closed_by} · {formatMinute(month.closed_at, zone)}
      </span>
    </>
  );
  const lines = [
    ...month.adjustments.map((row) => {
      const write = (value: number, isSigned: boolean) =>
        row.is_count
          ? formatNumber(value)
          : (isSigned ? formatMinorSigned : formatMinor)(value, exponentOf(row.currency));
      return {
        key: `${row.line}${row.currency}`,
        label: `${row.label}, ${row.currency}`,
        frozen: write(row.frozen, false),
        difference: write(row.difference, true),
        now: write(row.now, false),
      };
    }),
    ...ends.map((row) => ({
      key: `end${row.currency}`,
      label: `MRR at the end, ${row.currency}`,
      frozen: formatMinor(row.end_minor, exponentOf(row.currency)),
      difference: "–",
      now: formatMinor(row.end_minor, exponentOf(row.currency)),
    })),
  ];
  return (
    <>
      {lines.map((line, index) => (
        <tr key={line.key} className={index === 0 ? "rv-first" : ""}>
          <td>{index === 0 && head}</td>
          <td>{line.label}</td>
          <td className="n m">{line.frozen}</td>
          <td className={line.difference === "–" ? "n t3" : "n warning"}>{line.difference}</td>
          <td className="n t2">{line.now}</td>
          <td className="n">
            <span className="rv-state">
              {index === 0 &&
                (month.adjustments.length === 0 ? (
                  <Status tone="ok">As reported</Status>
                ) : (
                  <Status tone="warning">
                    {month.late_total > 0 ? countOf(month.late_total, "late change") : "Adjusted"}
                  </Status>
                ))}
              {index === 0 && (
                <button
                  type="button"
                  className="btn sm gh"
                  aria-disabled={why !== undefined}
                  title={why}
                  aria-label={`Reopen ${monthLabel(month.month)}`}
                  onClick={() => why === undefined && onReopen()}
                >
                  Reopen…
                </button>
              )}
            </span>
          </td>
        </tr>
      ))}
    </>
  );
};
