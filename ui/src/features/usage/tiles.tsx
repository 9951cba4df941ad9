import type { FC } from "react";
import type { Usage } from "@/api/generated/Usage";
import { Drill } from "@/lib/drill";
import { measureFilters, tileText } from "./model";
import { SqlNote } from "./sql-note";

/** The numbers at the top in one strip; each opens the events behind it and shows its statement. */
export const Tiles: FC<{ usage: Usage }> = ({ usage }) => (
  <section className={usage.tiles.length < 6 ? "kpis k4" : "kpis"} aria-label="Key numbers">
    {usage.tiles.map((tile) => {
      const text = tileText(tile, usage.currency);
      return (
        <div key={tile.label} className="kpi-w">
          <Drill
            className="kpi"
            period={usage.period}
            filters={measureFilters(tile.filters, tile.measure)}
            title={tile.definition}
          >
            <span className="l">
              {tile.label}
              {tile.is_estimate && <span className="tag est">est.</span>}
            </span>
            <span className={tile.is_estimate ? "v est" : "v"}>
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
          <SqlNote title={tile.label} sql={tile.sql} className="kpi-sql" />
        </div>
      );
    })}
  </section>
);

/** The strip while the first answer is counted. */
export const TilesLoading: FC = () => (
  <section className="kpis" aria-label="Key numbers" aria-busy="true">
    {["Events", "Active users", "Limit hits", "Latency, p95", "Tokens", "Cost"].map((label) => (
      <div key={label} className="kpi">
        <span className="l">{label}</span>
        <span className="v">
          <span className="sk sk-late" style={{ height: 24, width: 96, margin: "4px 0" }} />
        </span>
        <span className="d">Counting</span>
      </div>
    ))}
  </section>
);
