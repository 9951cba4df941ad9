import { useNavigate } from "@tanstack/react-router";
import { type FC, type KeyboardEvent, useRef, useState } from "react";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Usage } from "@/api/generated/Usage";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { axisNumber, formatNumber } from "@/lib/format";
import { clock, type HeatText, heatRows, WEEKDAYS } from "./model";
import { SqlNote } from "./sql-note";
import { AnswerExport } from "./usage-export";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Events by hour of the week in the zone: one tab stop, arrows move, Enter or a click opens the hour's rows. */
export const HeatMap: FC<{ usage: Usage; filters: readonly EventFilter[]; className?: string }> = ({
  usage,
  filters,
  className,
}) => {
  const [isTable, setIsTable] = useState(false);
  const rows = heatRows(usage.heat);
  return (
    <Panel
      title="Busiest hours"
      note={`events per hour, by weekday in ${usage.zone}`}
      {...(className ? { className } : {})}
      actions={
        <>
          <Ramp rows={rows} />
          <button
            type="button"
            className="ib"
            aria-label={isTable ? "Busiest hours: view as map" : "Busiest hours: view as table"}
            onClick={() => setIsTable(!isTable)}
          >
            <Icon name={isTable ? "bars" : "table"} />
          </button>
          <SqlNote title="Busiest hours" sql={usage.sql.heat} />
          <AnswerExport rows="/heat" name="Busiest hours" />
          <MethodNote title="Busiest hours">
            <p>
              All events of the range that fell into an hour of the week, over how many such hours the range
              has: a range of 30 days has some weekdays five times and others four. Where clocks change, an
              hour may last two or none.
            </p>
          </MethodNote>
        </>
      }
    >
      {isTable ? <HeatTable rows={rows} /> : <HeatGrid usage={usage} rows={rows} filters={filters} />}
    </Panel>
  );
};

/** What the six steps mean. */
const Ramp: FC<{ rows: HeatText[][] }> = ({ rows }) => {
  const highest = Math.max(0, ...rows.flat().map((cell) => cell.mean ?? 0));
  return (
    <span className="ramp" aria-hidden="true">
      0
      {[1, 2, 3, 4, 5, 6].map((step) => (
        <i key={step} style={{ background: `var(--heat-${step})` }} />
      ))}
      {axisNumber(Math.round(highest))}
    </span>
  );
};

const HeatGrid: FC<{ usage: Usage; rows: HeatText[][]; filters: readonly EventFilter[] }> = ({
  usage,
  rows,
  filters,
}) => {
  const navigate = useNavigate();
  const ref = useRef<HTMLTableElement>(null);
  const [active, setActive] = useState({ day: 0, hour: 0 });
  const open = ({ cell }: HeatText) => {
    void navigate({
      to: "/events",
      search: (before) => ({
        ...before,
        start: usage.period.start,
        end: usage.period.end,
        filters: [...filters],
        hour: { zone: usage.zone, weekday: cell.weekday, hour: cell.hour },
      }),
    });
  };
  const move = (event: KeyboardEvent) => {
    const { day, hour } = active;
    const next = {
      ArrowUp: { day: Math.max(0, day - 1), hour },
      ArrowDown: { day: Math.min(6, day + 1), hour },
      ArrowLeft: { day, hour: Math.max(0, hour - 1) },
      ArrowRight: { day, hour: Math.min(23, hour + 1) },
      Home: { day, hour: 0 },
      End: { day, hour: 23 },
    }[event.key];
    if (!next) return;
    event.preventDefault();
    setActive(next);
    ref.current?.querySelector<HTMLElement>(`[data-cell="${next.day}-${next.hour}"]`)?.focus();
  };
  return (
    <div className="heat-w">
      <table
        className="heat"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the arrows move in its cells
        role="grid"
        aria-label="Events per hour by weekday and hour"
        ref={ref}
        onKeyDown={move}
      >
        <thead>
          <tr>
            <th scope="col">
              <span className="sr">Weekday</span>
            </th>
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                {String(hour).padStart(2, "0")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, day) => (
            <tr key={WEEKDAYS[day]}>
              <th scope="row">{WEEKDAYS[day]?.slice(0, 3)}</th>
              {row.map((text) => {
                const { hour } = text.cell;
                const isActive = active.day === day && active.hour === hour;
                return (
                  <td
                    key={hour}
                    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a cell of a grid
                    role="gridcell"
                    data-cell={`${day}-${hour}`}
                    tabIndex={isActive ? 0 : -1}
                    className={`h${text.step}`}
                    aria-label={text.label}
                    title={text.label}
                    onFocus={() => setActive({ day, hour })}
                    onClick={() => open(text)}
                    onKeyDown={(event) => event.key === "Enter" && open(text)}
                  >
                    {text.mean === null ? "" : axisNumber(Math.round(text.mean))}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

/** The exact sums. */
const HeatTable: FC<{ rows: HeatText[][] }> = ({ rows }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
  <section className="tw ct" tabIndex={0} aria-label="Busiest hours as table">
    <table className="tb">
      <thead>
        <tr>
          <th scope="col">Hour</th>
          {WEEKDAYS.map((day) => (
            <th key={day} scope="col" className="n">
              {day}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {HOURS.map((hour) => (
          <tr key={hour}>
            <td>{clock(hour)}</td>
            {rows.map((row, day) => (
              <td key={WEEKDAYS[day]} className="n" title={row[hour]?.label}>
                {formatNumber(row[hour]?.cell.events ?? 0)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);
