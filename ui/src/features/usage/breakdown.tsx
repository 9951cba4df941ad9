import type { FC } from "react";
import type { EventField } from "@/api/generated/EventField";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Usage } from "@/api/generated/Usage";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Empty, Loading } from "@/components/states";
import { Meter, Table } from "@/components/table";
import { Drill } from "@/lib/drill";
import { FIELD_LABELS } from "@/lib/events";
import { countOf, formatNumber } from "@/lib/format";
import { DIMENSIONS, groupLines, measureFilters, measureLabel, withFilter } from "./model";
import { SqlNote } from "./sql-note";
import { AnswerExport } from "./usage-export";

/** Events by the values of one column: the measure as bars, what else is known beside it. */
export const Breakdown: FC<{
  usage: Usage;
  filters: readonly EventFilter[];
  by: EventField;
  onBy: (by: EventField) => void;
  onFilter: (filter: EventFilter) => void;
  className?: string;
}> = ({ usage, filters, by, onBy, onFilter, className }) => {
  const heading = FIELD_LABELS[usage.by];
  const measure = measureLabel(usage.measure);
  const lines = groupLines(usage);
  const rest = usage.group_count - usage.breakdown.length;
  const isWaiting = !usage.is_complete && usage.breakdown.length === 0;
  const countsAreExtra = usage.measure !== "events";
  const hasChange = usage.breakdown.some((group) => group.change !== null);
  return (
    <Panel
      title={`${measure} by ${heading.toLowerCase()}`}
      note={usage.breakdown.length > 0 ? countOf(usage.group_count, "value") : ""}
      {...(className ? { className } : {})}
      actions={
        <>
          <Choice
            label="Break down by"
            className="sm"
            value={by}
            options={DIMENSIONS}
            onChange={(next) => onBy(next as EventField)}
          />
          <SqlNote title={`${measure} by ${heading.toLowerCase()}`} sql={usage.sql.breakdown} />
          <AnswerExport rows="/breakdown" name={`${measure} by ${heading.toLowerCase()}`} />
          <MethodNote title={`${measure} by ${heading.toLowerCase()}`}>
            <p>
              {usage.chart.method} Share is of all events shown, errors of the value’s own, latency the mean
              of those that have one.
            </p>
            <p>Plan and team are those at the time of the event.</p>
          </MethodNote>
        </>
      }
    >
      {isWaiting ? (
        <Loading what="Reading rows: no sum is kept by this column" rows={7} />
      ) : lines.length === 0 ? (
        <Empty title="No events in this range">
          {filters.length > 0 ? "Fewer filters may show some." : "Choose another range."}
        </Empty>
      ) : (
        <section
          className="scroll-y"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
          tabIndex={0}
          aria-label={`${measure} by ${heading.toLowerCase()}, table`}
        >
          <Table
            className="shares bd"
            columns={[
              { heading },
              { heading: measure, className: "n" },
              ...(countsAreExtra ? [{ heading: "Events", className: "n hide-t" }] : []),
              { heading: "Share, %", className: "n" },
              { heading: "Errors, %", className: "n hide-t" },
              { heading: "Latency, ms", className: "n hide-t" },
              ...(hasChange ? [{ heading: "Change", className: "n" }] : []),
              { heading: "Filter", className: "bd-f" },
            ]}
          >
            {lines.map(({ key, group, ...line }) => {
              const own: EventFilter = { field: usage.by, value: group.value };
              return (
                <tr key={key}>
                  <td className="tr w-all" title={group.note ?? undefined}>
                    <Drill
                      className="row-link"
                      period={usage.period}
                      filters={measureFilters(
                        withFilter(
                          filters.filter((filter) => filter.exclude || filter.field !== usage.by),
                          own,
                        ),
                        usage.measure,
                      )}
                    >
                      {group.value === null ? <span className="t3">{group.label}</span> : group.label}
                    </Drill>
                  </td>
                  <td className="n">
                    <Meter percent={line.bar} text={line.amount} colour="var(--chart-1)" />
                  </td>
                  {countsAreExtra && <td className="n hide-t">{formatNumber(group.events)}</td>}
                  <td className="n">{line.share}</td>
                  <td className="n hide-t">{line.errors}</td>
                  <td className="n hide-t">{line.latency}</td>
                  {hasChange && (
                    <td className="n t2" title={line.changeTitle}>
                      {line.change}
                    </td>
                  )}
                  <td className="bd-f">
                    <button
                      type="button"
                      className="ib"
                      aria-label={`Only ${heading.toLowerCase()} ${group.label}`}
                      title="Only this"
                      onClick={() => onFilter(own)}
                    >
                      <Icon name="filter" />
                    </button>
                    <button
                      type="button"
                      className="ib"
                      aria-label={`Without ${heading.toLowerCase()} ${group.label}`}
                      title="Without this"
                      onClick={() => onFilter({ ...own, exclude: true })}
                    >
                      <Icon name="x" />
                    </button>
                  </td>
                </tr>
              );
            })}
          </Table>
          {rest > 0 && (
            <div className="foot">{countOf(rest, "more value")} not shown; filter to see them.</div>
          )}
        </section>
      )}
    </Panel>
  );
};
