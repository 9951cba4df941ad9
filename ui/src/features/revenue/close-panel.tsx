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
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { countOf, formatMinute } from "@/lib/format";
import { monthLabel } from "@/lib/money";
import { useIsOut, useRefusals } from "@/lib/permits";
import { useWorkspace } from "@/lib/scope";
import { ClosedRows, FiguresTable, type RowActions, UnreadableRow } from "./closed-rows";
import { DropSheet, KeepSheet } from "./kept-sheets";

/** What is open over the panel. */
type Sheet =
  | { kind: "close" | "keep" | "reopen"; month: string }
  | { kind: "send"; was: ClosedMonth }
  | { kind: "drop"; month: string; was: ClosedMonth | undefined };

/** The closed months: what was reported, and by how much history says otherwise now. */
export const ClosePanel: FC<{ revenue: Revenue; className?: string }> = ({ revenue, className }) => {
  const workspace = useWorkspace();
  const refusal = useRefusals();
  const query = useQuery(monthListOptions(workspace.id));
  const isOut = useIsOut();
  const [sheet, setSheet] = useState<Sheet>();
  // A kept month that cannot be opened is closed, too, until it is dropped.
  const isClosed =
    query.data?.months.some((month) => month.month === revenue.month) ||
    query.data?.unreadable.some((month) => month.month === revenue.month);
  const name = shellWord(workspace.name);
  const isOver = !revenue.is_unfinished;
  const why = isOver
    ? refusal(isOut ? "month_keep" : "month_close")
    : `${monthLabel(revenue.month)} still runs; choose a month that is over.`;
  const actions: RowActions = {
    reopen: { why: refusal("month_reopen"), run: (month) => setSheet({ kind: "reopen", month }) },
    send: { why: refusal("month_close"), run: (was) => setSheet({ kind: "send", was }) },
    drop: { why: refusal("month_drop"), run: (month, was) => setSheet({ kind: "drop", month, was }) },
  };
  return (
    <>
      <QueryPanel
        query={query}
        title="Closed months"
        waiting="Comparing the closed months"
        {...(className ? { className } : {})}
        note={({ months, unreadable }) => {
          const count = new Set([...months, ...unreadable].map((row) => row.month)).size;
          return count === 0 ? "none yet" : countOf(count, "month");
        }}
        actions={
          <>
            {!isClosed && (
              <button
                type="button"
                className="btn sm"
                aria-disabled={why !== undefined}
                title={why}
                onClick={() =>
                  why === undefined && setSheet({ kind: isOut ? "keep" : "close", month: revenue.month })
                }
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
              <p>
                Without a connection the numbers are kept on this computer, encrypted, and sent later as they
                were: the server then writes down exactly what was reported, even when the copy has moved on.
              </p>
            </MethodNote>
          </>
        }
      >
        {({ months, unreadable }) =>
          months.length + unreadable.length === 0 ? (
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
                  { heading: "State", className: "n" },
                ]}
              >
                {unreadable.map((kept) => (
                  <UnreadableRow key={kept.month} kept={kept} actions={actions} />
                ))}
                {months.map((month) => (
                  <ClosedRows
                    key={`${month.month}${month.kept ? " kept" : ""}`}
                    month={month}
                    zone={revenue.zone}
                    actions={actions}
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
          draft={{ month: sheet.month, zone: revenue.zone, profile: revenue.profile.name, is_kept: false }}
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
      {sheet?.kind === "keep" && <KeepSheet revenue={revenue} onClose={() => setSheet(undefined)} />}
      {sheet?.kind === "drop" && (
        <DropSheet
          month={sheet.month}
          was={sheet.was}
          zone={revenue.zone}
          onClose={() => setSheet(undefined)}
        />
      )}
      {sheet?.kind === "send" && (
        <ActionSheet
          title={`Send ${monthLabel(sheet.was.month)}`}
          verb={() => "Send month"}
          command="month_close"
          draft={{
            month: sheet.was.month,
            zone: sheet.was.figures.zone,
            profile: sheet.was.figures.profile.name,
            is_kept: true,
          }}
          needsReason={false}
          reason={sheet.was.kept?.reason ?? ""}
          isUndoable={false}
          cli={(reason) =>
            `steward revenue close ${sheet.was.month} --kept${reason ? ` --reason ${shellWord(reason)}` : ""} -w ${name}`
          }
          summary={(answer) => <FrozenFigures outcome={answer} />}
          onClose={() => setSheet(undefined)}
        >
          <p className="t2">
            The server writes down what was closed on this computer on{" "}
            {formatMinute(sheet.was.closed_at, revenue.zone)}, from the copy as of{" "}
            {sheet.was.kept && formatMinute(sheet.was.kept.as_of, revenue.zone)}, whatever the copy says by
            now.
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

/** What is written down, as the preview answers it. */
const FrozenFigures: FC<{ outcome: Outcome }> = ({ outcome }) => {
  const figures = outcome.rows[0]?.after?.figures as MonthFigures | undefined;
  return figures ? <FiguresTable figures={figures} /> : null;
};
