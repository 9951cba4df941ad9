import type { FC } from "react";

/** A key number in words. */
export interface KpiText {
  figure: string;
  unit: string;
  triangle: "▲" | "▼" | "";
  change: string;
  tone: "up" | "dn" | "wr" | "t2";
  rest: string;
}

/** What a key number shows, within whatever it opens. */
export const Kpi: FC<{ label: string; isEstimate: boolean; text: KpiText }> = ({
  label,
  isEstimate,
  text,
}) => (
  <>
    <span className="l">
      {label}
      {isEstimate && <span className="tag est">est.</span>}
    </span>
    <span className={isEstimate ? "v est" : "v"}>
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
  </>
);

/** The strip of key numbers while the first answer is counted. */
export const KpisLoading: FC<{ labels: readonly string[] }> = ({ labels }) => (
  <section className="kpis" aria-label="Key numbers" aria-busy="true">
    {labels.map((label) => (
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
