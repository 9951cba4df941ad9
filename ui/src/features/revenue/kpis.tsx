import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { Kpi } from "@/components/kpi";
import { PopoverButton, PopoverLead } from "@/components/popup";
import { BESIDE, besideText, figureText, MOVERS, profileWords, STRIPS } from "./model";
import type { RevenueSearch } from "./search";

/** The key numbers; each opens what it means, and who is behind it. */
export const RevenueKpis: FC<{
  revenue: Revenue;
  onOpen: (movers: RevenueSearch["movers"]) => void;
}> = ({ revenue, onOpen }) => (
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
          const beside = revenue.figures.find((one) => one.metric === BESIDE[metric]);
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
                {beside && (
                  <p>
                    <b>
                      {beside.label}: {besideText(beside, revenue)}
                    </b>
                    . {beside.definition}
                  </p>
                )}
                <p>
                  Definition <b>{revenue.profile.name}</b>: {profileWords(revenue.profile)}
                </p>
                {MOVERS[metric] && (
                  <PopoverLead onClick={() => onOpen(MOVERS[metric])}>
                    {MOVERS[metric] === "churn" ? "Who was lost" : "Whose movements changed it"}
                  </PopoverLead>
                )}
              </PopoverButton>
            </div>
          );
        })}
      </section>
    ))}
  </>
);
