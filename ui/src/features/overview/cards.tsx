import type { FC } from "react";
import type { Overview } from "@/api/generated/Overview";
import { Drill } from "@/lib/drill";
import { cardFilters, cardLabel, cardText } from "./model";

/** The six numbers in one strip; each opens the events behind it. */
export const Cards: FC<{ overview: Overview }> = ({ overview }) => (
  <section className="kpis" aria-label="Key numbers">
    {overview.cards.map((card) => {
      const text = cardText(card, overview);
      return (
        <Drill
          key={card.metric}
          className="kpi"
          period={overview.period}
          filters={cardFilters(card.metric)}
          title={card.definition}
        >
          <span className="l">
            {text.label}
            {card.is_estimate && <span className="tag est">est.</span>}
          </span>
          <span className={card.is_estimate ? "v est" : "v"}>
            {text.figure}
            {text.unit && <small>{text.unit}</small>}
          </span>
          <span className="d">
            {text.change && (
              <b className={text.tone}>
                {text.triangle && (
                  <svg className="tri" viewBox="0 0 8 7" aria-hidden="true">
                    <path d={text.triangle === "▲" ? "M4 0l4 7H0z" : "M4 7L0 0h8z"} fill="currentColor" />
                  </svg>
                )}
                {text.change}
              </b>
            )}{" "}
            {text.rest}
          </span>
        </Drill>
      );
    })}
  </section>
);

const PLACES = ["events", "active_users", "error_rate", "latency_p95", "tokens", "cost"] as const;

/** The strip while the first answer is counted. */
export const CardsLoading: FC = () => (
  <section className="kpis" aria-label="Key numbers" aria-busy="true">
    {PLACES.map((metric) => (
      <div key={metric} className="kpi">
        <span className="l">{cardLabel(metric)}</span>
        <span className="v">
          <span className="sk sk-late" style={{ height: 24, width: 96, margin: "4px 0" }} />
        </span>
        <span className="d">Counting</span>
      </div>
    ))}
  </section>
);
