import type { FC } from "react";
import type { Usage } from "@/api/generated/Usage";
import { Kpi, KpisLoading } from "@/components/kpi";
import { Drill } from "@/lib/drill";
import { measureFilters, tileText } from "./model";
import { SqlNote } from "./sql-note";

/** The numbers at the top in one strip; each opens the events behind it and shows its statement. */
export const Tiles: FC<{ usage: Usage }> = ({ usage }) => (
  <section className={usage.tiles.length < 6 ? "kpis k4" : "kpis"} aria-label="Key numbers">
    {usage.tiles.map((tile) => {
      const text = tileText(tile, usage);
      return (
        <div key={tile.label} className="kpi-w">
          <Drill
            className="kpi"
            period={usage.period}
            filters={measureFilters(tile.filters, tile.measure)}
            title={tile.definition}
          >
            <Kpi label={tile.label} isEstimate={tile.is_estimate} text={text} />
          </Drill>
          <SqlNote title={tile.label} sql={tile.sql} className="kpi-sql" />
        </div>
      );
    })}
  </section>
);

/** The strip while the first answer is counted. */
export const TilesLoading: FC = () => (
  <KpisLoading labels={["Events", "Active users", "Limit hits", "Latency, p95", "Tokens", "Cost"]} />
);
