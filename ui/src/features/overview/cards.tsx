import type { FC } from "react";
import type { Overview } from "@/api/generated/Overview";
import { Kpi, KpisLoading } from "@/components/kpi";
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
          <Kpi label={cardLabel(card.metric)} isEstimate={card.is_estimate} text={text} />
        </Drill>
      );
    })}
  </section>
);

const PLACES = ["events", "active_users", "error_rate", "latency_p95", "tokens", "cost"] as const;

/** The strip while the first answer is counted. */
export const CardsLoading: FC = () => <KpisLoading labels={PLACES.map(cardLabel)} />;
