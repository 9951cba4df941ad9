import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { billingOptions } from "@/api/queries";
import { Kpi, KpisLoading } from "@/components/kpi";
import { Failure } from "@/components/states";
import { useScope, useWorkspace } from "@/lib/scope";
import { figureText } from "./model";

const LABELS = ["Invoiced", "Collected", "Failed", "Refunded", "At risk"];

/** The figures of the range in one strip; each says what it counts. */
export const Figures: FC = () => {
  const workspace = useWorkspace();
  const { range, zone } = useScope();
  const query = useQuery({
    ...billingOptions(workspace.id, { range, zone }),
    placeholderData: keepPreviousData,
  });
  if (query.isError && !query.data) {
    return <Failure title="The figures could not be counted" error={query.error} />;
  }
  if (!query.data) return <KpisLoading labels={LABELS} />;
  if (query.data.figures.length === 0) return null;
  return (
    <section className="kpis k5" aria-label="Key numbers">
      {query.data.figures.map((figure) => {
        const text = figureText(figure);
        const tone = figure.name === "at_risk" && figure.count > 0 ? "wr" : "t2";
        return (
          <div key={figure.name} className="kpi" title={figure.note}>
            <Kpi label={figure.label} isEstimate={false} text={{ ...text, triangle: "", change: "", tone }} />
          </div>
        );
      })}
    </section>
  );
};
