import type { FC } from "react";
import type { ClosedMonth } from "@/api/generated/ClosedMonth";
import type { MonthAdjustment } from "@/api/generated/MonthAdjustment";
import type { MonthFigures } from "@/api/generated/MonthFigures";
import type { UnreadableClose } from "@/api/generated/UnreadableClose";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, minorDigits, monthLabel } from "@/lib/money";

/** What is written down, in every currency. */
export const FiguresTable: FC<{ figures: MonthFigures }> = ({ figures }) => (
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

/** What may be done with a row of the panel; a reason stands where it is refused. */
export interface RowActions {
  reopen: { why: string | undefined; run: (month: string) => void };
  send: { why: string | undefined; run: (month: ClosedMonth) => void };
  drop: { why: string | undefined; run: (month: string, was: ClosedMonth | undefined) => void };
}

const RowButton: FC<{
  verb: string;
  month: string;
  why: string | undefined;
  /** What is to be done with the row; the others stand back. */
  isNext?: boolean;
  onPress: () => void;
}> = ({ verb, month, why, isNext = false, onPress }) => (
  <button
    type="button"
    className={isNext ? "btn sm" : "btn sm gh"}
    aria-disabled={why !== undefined}
    title={why}
    aria-label={`${verb} ${monthLabel(month)}`}
    onClick={() => why === undefined && onPress()}
  >
    {verb}…
  </button>
);

interface Line {
  key: string;
  label: string;
  frozen: string;
  difference: string;
  now: string;
}

function lineOf(row: MonthAdjustment, prefix = ""): Line {
  const exponent = minorDigits(row.currency);
  const write = (value: number, isSigned: boolean) =>
    row.is_count ? formatNumber(value) : (isSigned ? formatMinorSigned : formatMinor)(value, exponent);
  return {
    key: `${prefix}${row.line}${row.currency}`,
    label: `${prefix}${row.label}, ${row.currency}`,
    frozen: write(row.frozen, false),
    difference: write(row.difference, true),
    now: write(row.now, false),
  };
}

/** What was reported, line by line: first what the server has otherwise, then what history gives otherwise. */
function linesOf(month: ClosedMonth): Line[] {
  const ends = month.figures.currencies.filter(
    (row) => !month.adjustments.some((one) => one.line === "end" && one.currency === row.currency),
  );
  return [
    ...(month.kept?.on_server ?? []).map((row) => lineOf(row, "On the server: ")),
    ...month.adjustments.map((row) => lineOf(row)),
    ...ends.map((row) => {
      const end = formatMinor(row.end_minor, minorDigits(row.currency));
      const label = `MRR at the end, ${row.currency}`;
      return { key: `end${row.currency}`, label, frozen: end, difference: "–", now: end };
    }),
  ];
}

const MonthStatus: FC<{ month: ClosedMonth }> = ({ month }) => {
  if (month.kept) {
    if (!month.kept.on_server) return <Status tone="warning">Not sent yet</Status>;
    return month.kept.on_server.length === 0 ? (
      <Status tone="info">On the server already</Status>
    ) : (
      <Status tone="danger">Closed otherwise on the server</Status>
    );
  }
  if (month.adjustments.length === 0) return <Status tone="ok">As reported</Status>;
  return (
    <Status tone="warning">
      {month.late_total > 0 ? countOf(month.late_total, "late change") : "Adjusted"}
    </Status>
  );
};

/** A closed month: what was reported, what changed underneath, and where it is closed. */
export const ClosedRows: FC<{ month: ClosedMonth; zone: string; actions: RowActions }> = ({
  month,
  zone,
  actions,
}) => {
  const { kept } = month;
  return (
    <>
      {linesOf(month).map((line, index) => (
        <tr key={line.key} className={index === 0 ? "rv-first" : ""}>
          <td>
            {index === 0 && (
              <>
                <b>{monthLabel(month.month)}</b>
                <span className="t3 cap">
                  {month.figures.profile.name} · {kept ? "this computer" : month.closed_by} ·{" "}
                  {formatMinute(month.closed_at, zone)}
                </span>
                {kept && (
                  <span className="t3 rv-asof">from the copy as of {formatMinute(kept.as_of, zone)}</span>
                )}
              </>
            )}
          </td>
          <td>{line.label}</td>
          <td className="n m">{line.frozen}</td>
          <td className={line.difference === "–" ? "n t3" : "n warning"}>{line.difference}</td>
          <td className="n t2">{line.now}</td>
          <td className="n">
            {index === 0 && (
              <span className="rv-state">
                <MonthStatus month={month} />
                {kept ? (
                  <>
                    <RowButton
                      verb="Send"
                      isNext
                      month={month.month}
                      why={actions.send.why}
                      onPress={() => actions.send.run(month)}
                    />
                    <RowButton
                      verb="Drop"
                      month={month.month}
                      why={actions.drop.why}
                      onPress={() => actions.drop.run(month.month, month)}
                    />
                  </>
                ) : (
                  <RowButton
                    verb="Reopen"
                    month={month.month}
                    why={actions.reopen.why}
                    onPress={() => actions.reopen.run(month.month)}
                  />
                )}
              </span>
            )}
          </td>
        </tr>
      ))}
    </>
  );
};

/** A month that is closed on this computer under a key that is not there. */
export const UnreadableRow: FC<{ kept: UnreadableClose; actions: RowActions }> = ({ kept, actions }) => (
  <tr className="rv-first">
    <td>
      <b>{monthLabel(kept.month)}</b>
    </td>
    <td colSpan={4} className="t2">
      {kept.why}
    </td>
    <td className="n">
      <span className="rv-state">
        <Status tone="danger">Cannot be opened</Status>
        <RowButton
          verb="Drop"
          month={kept.month}
          why={actions.drop.why}
          onPress={() => actions.drop.run(kept.month, undefined)}
        />
      </span>
    </td>
  </tr>
);
