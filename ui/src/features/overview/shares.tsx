import type { FC, ReactNode } from "react";
import type { EventField } from "@/api/generated/EventField";
import type { Period } from "@/api/generated/Period";
import type { Share } from "@/api/generated/Share";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { Empty } from "@/components/states";
import { Meter, Table } from "@/components/table";
import { Drill } from "@/lib/drill";
import { planSlot } from "@/lib/plan-slot";
import { shareLines } from "./lines";

/** Events by the values of one column. */
export const SharePanel: FC<{
  title: string;
  heading: string;
  field: EventField;
  shares: readonly Share[];
  period: Period;
  most: number;
  method: ReactNode;
  isByPlan?: boolean;
  className?: string;
  actions?: ReactNode;
}> = ({ title, heading, field, shares, period, most, method, isByPlan = false, className, actions }) => (
  <Panel
    title={title}
    note="events"
    {...(className ? { className } : {})}
    actions={
      <>
        {actions}
        <MethodNote title={title}>
          <p>{method}</p>
        </MethodNote>
      </>
    }
  >
    {shares.length === 0 ? (
      <Empty title="No events in this range" />
    ) : (
      <Table
        className="shares"
        lead={isByPlan && <PlanBar shares={shares} />}
        columns={[
          { heading },
          { heading: "Events", className: "n" },
          { heading: "Share, %", className: "n" },
          { heading: "Change", className: "n hide-t" },
        ]}
      >
        {shareLines(shares, most).map((line) => (
          <tr key={line.label}>
            <td className="tr w-all">
              {line.isOther ? (
                <span className="t3">{line.label}</span>
              ) : (
                <Drill className="row-link" period={period} filters={[{ field, value: line.value }]}>
                  {isByPlan && <i className="sw8" style={{ background: planSlot(line.value) }} />}
                  {line.value === null ? <span className="t3">{line.label}</span> : line.label}
                </Drill>
              )}
            </td>
            <td className="n">{line.events}</td>
            <td className="n">
              <Meter
                percent={line.percent}
                text={line.percentText}
                colour={
                  isByPlan ? planSlot(line.value) : line.isOther ? "var(--chart-other)" : "var(--chart-1)"
                }
              />
            </td>
            <td className="n t2 hide-t" title={line.changeTitle}>
              {line.change}
            </td>
          </tr>
        ))}
      </Table>
    )}
  </Panel>
);

/** The plans' shares in one bar, a line of ground between them. */
const PlanBar: FC<{ shares: readonly Share[] }> = ({ shares }) => {
  const total = Math.max(
    1,
    shares.reduce((sum, share) => sum + share.events, 0),
  );
  return (
    <div className="plan-bar" aria-hidden="true">
      {shares.map((share) => (
        <i
          key={share.label}
          style={{ flexGrow: share.events / total, background: planSlot(share.value) }}
          title={share.label}
        />
      ))}
    </div>
  );
};
