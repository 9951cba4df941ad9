import type { FC } from "react";
import type { UserLimit } from "@/api/generated/UserLimit";
import type { UserView } from "@/api/generated/UserView";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Empty } from "@/components/states";
import { NotApplicable } from "@/components/status";
import { type Column, Table } from "@/components/table";
import { formatMinute, formatNumber } from "@/lib/format";
import { limitUse, metricLabel } from "../model";
import { forecastText } from "./model";

const COLUMNS: readonly Column[] = [
  { heading: "Limit" },
  { heading: "Kind", className: "hide-m" },
  { heading: "Used", className: "n" },
  { heading: "Limit ", className: "n" },
  { heading: "Remaining", className: "n" },
  { heading: "Used, %", className: "n" },
  { heading: "Resets at" },
  { heading: "Will hit on" },
];

/** What is used of each limit, when it starts again and when it will be reached. */
export const LimitsPanel: FC<{ view: UserView; zone: string }> = ({ view, zone }) => (
  <Panel
    title="Limits"
    note={`${view.plan.name} · instants in ${zone}`}
    actions={
      <MethodNote title="Limits">
        <p>
          What holds now: the better one of the plan’s limit and the raises that run, with the counters the
          product checks against. Days and months of limits begin at 00:00 UTC; “resets at” is that instant in{" "}
          {zone}. A limit per minute is counted on the server only.
        </p>
        <p>
          “Will hit on” is an estimate: use grows on a straight line, at its average pace since the period
          began, or since the account was made where that is later. A raise that ends earlier gives way to the
          plan’s limit.
        </p>
      </MethodNote>
    }
  >
    {view.limits.length === 0 ? (
      <Empty title="The plan sets no limits" />
    ) : (
      <Table className="lim" columns={COLUMNS}>
        {view.limits.map((limit) => (
          <LimitRow key={`${limit.metric}:${limit.period}`} limit={limit} zone={zone} />
        ))}
      </Table>
    )}
  </Panel>
);

const LimitRow: FC<{ limit: UserLimit; zone: string }> = ({ limit, zone }) => {
  const use = limitUse(limit);
  const hit = forecastText(limit.forecast, zone);
  return (
    <tr>
      <td className="m">
        {metricLabel(limit.metric)}
        <span className="t3 after">per {limit.period}</span>
        {limit.raised_until && (
          <span className="tag rs" title={`Until ${formatMinute(limit.raised_until, zone)}`}>
            raised
          </span>
        )}
      </td>
      <td className="t2 hide-m">{limit.kind}</td>
      <td className="n">{limit.used === null ? <NotApplicable /> : formatNumber(limit.used)}</td>
      <td className="n">
        {limit.limit === null ? <span className="t3">Unlimited</span> : formatNumber(limit.limit)}
      </td>
      <td className="n">{limit.remaining === null ? <NotApplicable /> : formatNumber(limit.remaining)}</td>
      <td className="n">
        {use.percent === null ? (
          <NotApplicable />
        ) : (
          <span className="mt">
            <span className={`meter ${use.tone}`}>
              <i style={{ width: `${Math.min(100, use.percent)}%` }} />
            </span>
            <span>{formatNumber(use.percent, 1)}</span>
          </span>
        )}
      </td>
      <td className="t2">{limit.resets_at ? formatMinute(limit.resets_at, zone) : "never"}</td>
      <td>
        <span
          className={`${hit.isEstimate ? "est " : ""}${hit.tone === "quiet" ? "t3" : hit.tone}`}
          title={hit.title}
        >
          {hit.text}
        </span>
      </td>
    </tr>
  );
};
