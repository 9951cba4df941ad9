import type { FC } from "react";
import type { Check } from "@/api/generated/Check";
import { CheckRows, checkReport, checkSummary } from "@/components/check-list";
import { Glyph, Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { Failure } from "@/components/states";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { UPCOMING_CHECKS, withUpcoming } from "./model";

/** The way to the server, step by step. */
export const ChecksPanel: FC<{
  checks: readonly Check[] | undefined;
  error: unknown;
  isRunning: boolean;
  canRun: boolean;
  onRun: () => void;
}> = ({ checks, error, isRunning, canRun, onRun }) => {
  const copy = async () => {
    if (!checks) return;
    await copyText(checkReport(checks));
    notify({ tone: "ok", title: "Report copied", text: "It holds no password." });
  };
  return (
    <Panel
      title="Checks"
      note={checks ? checkSummary(checks) : isRunning ? "running" : "in this order"}
      className="cks"
      actions={
        <>
          {checks && (
            <button type="button" className="btn sm gh" onClick={() => void copy()}>
              <Icon name="copy" />
              Copy report
            </button>
          )}
          <button type="button" className="btn sm" disabled={!canRun || isRunning} onClick={onRun}>
            <Icon name="sync" />
            {isRunning ? "Checking" : checks ? "Check again" : "Run checks"}
          </button>
        </>
      }
    >
      {error ? (
        <Failure title="The checks could not run" error={error} onRetry={onRun} />
      ) : checks ? (
        <CheckRows checks={withUpcoming(checks)} />
      ) : (
        <ol className="checks">
          {UPCOMING_CHECKS.map((check) => (
            <li key={check.name} className="wait">
              <span className="neutral gw">
                <Glyph tone="neutral" />
              </span>
              <span className="cn">{check.label}</span>
              <span className="cd t2">{check.finding}</span>
              <span className="n" />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
};
