import type { FC, ReactNode } from "react";
import type { Check } from "@/api/generated/Check";
import { formatNumber } from "@/lib/format";
import { Glyph, type Tone } from "./icon";
import { errorReport } from "./states";
import { Words } from "./words";

const TONES: Record<Check["state"], Tone> = {
  ok: "ok",
  warning: "warning",
  failed: "danger",
  waiting: "neutral",
};
const WORDS: Record<Check["state"], string> = {
  ok: "passed",
  warning: "warning",
  failed: "failed",
  waiting: "waits",
};

/** How many passed, and how long all took. */
export function checkSummary(checks: readonly Check[]): string {
  const passed = checks.filter((check) => check.state === "ok" || check.state === "warning").length;
  const ms = checks.reduce((sum, check) => sum + check.ms, 0);
  return `${passed} of ${checks.length} passed · ${formatNumber(ms)} ms`;
}

/** All checks as text, for somebody who helps; findings never hold a secret. */
export function checkReport(checks: readonly Check[]): string {
  return checks
    .map((check) => {
      const line = `${WORDS[check.state].padEnd(8)} ${check.label}: ${check.finding} (${formatNumber(check.ms)} ms)`;
      return check.error ? `${line}\n  ${errorReport(check.error).replaceAll("\n", "\n  ")}` : line;
    })
    .join("\n");
}

/** Checks in order; a failed one says what happened, what it means and what to do. */
export const CheckRows: FC<{ checks: readonly Check[]; remedy?: (check: Check) => ReactNode }> = ({
  checks,
  remedy,
}) => (
  <ol className="checks" aria-live="polite">
    {checks.map((check) => {
      const tone = TONES[check.state];
      return (
        <li
          key={check.name}
          className={check.state === "failed" ? "bad" : check.state === "waiting" ? "wait" : ""}
        >
          <span className={`${tone} gw`}>
            <Glyph tone={tone} />
          </span>
          <span className="cn">
            {check.label}
            <span className="sr"> {WORDS[check.state]}</span>
          </span>
          <span
            className={
              check.state === "failed" ? "cd danger" : check.state === "warning" ? "cd warning" : "cd t2"
            }
          >
            <Words>{check.state === "failed" && check.error ? check.error.message : check.finding}</Words>
          </span>
          <span className="n t3">
            {check.state === "waiting" ? "" : `${formatNumber(check.ms, check.ms < 10 ? 1 : 0)} ms`}
          </span>
          {check.error && (
            <div className="why">
              {check.error.detail && <div className="why-d mono">{check.error.detail}</div>}
              <p>
                <Words>{check.error.hint}</Words>
              </p>
              {remedy?.(check)}
              <code className="why-c cap t3 mono">{check.error.code}</code>
            </div>
          )}
        </li>
      );
    })}
  </ol>
);
