import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Kpi } from "@/components/kpi";
import { PopoverButton } from "@/components/popup";
import { figureText, profileWords, STRIPS } from "./model";

/** The key numbers; each opens what it means. */
export const RevenueKpis: FC<{ revenue: Revenue }> = ({ revenue }) => (
  <>
    {STRIPS.map((metrics) => (
      <section
        key={metrics[0]}
        className="kpis"
        aria-label={metrics[0] === "mrr" ? "Key numbers" : "More numbers"}
      >
        {metrics.map((metric) => {
          const figure = revenue.figures.find((one) => one.metric === metric);
          if (!figure) return null;
          return (
            <div key={metric} className="kpi-w">
              <PopoverButton
                label={`${figure.label}: how this is counted`}
                className="note"
                align="start"
                trigger={
                  <button type="button" className="kpi rv-kpi">
                    <Kpi label={figure.label} isEstimate={false} text={figureText(figure, revenue)} />
                  </button>
                }
              >
                <div className="note-h">{figure.label}</div>
                <p>{figure.definition}</p>
                {figure.without && <p>No value: {figure.without}</p>}
                <p>
                  Definition <b>{revenue.profile.name}</b>: {profileWords(revenue.profile)}
                </p>
              </PopoverButton>
            </div>
          );
        })}
      </section>
    ))}
  </>
);
