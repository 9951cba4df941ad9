import { useMutation } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import { cleanupResume } from "@/api/mutations";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { countOf } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useRefusals } from "@/lib/permits";
import { CleanupSheet } from "./cleanup-sheet";
import { parseMonths } from "./model";
import { QualityPanel } from "./quality-panel";
import { RecountAllSheet } from "./recount-all-sheet";

/** Is the usage data in order, and how much of it is kept? */
export const UpkeepView: FC = () => {
  const refusal = useRefusals();
  const [isRecounting, setIsRecounting] = useState(false);
  const reason = refusal("usage_recount");
  return (
    <div className="wrap">
      <PageHead title="Upkeep" note="Quality, retention and counters of usage" />
      <div className="grid">
        <RetentionPanel />
        <Panel title="Counters" note="what limits are checked against" className="c6">
          <div className="pb upk">
            <p className="t2">
              Counters are raised with every event. Counted again from the events of a month, those that
              differ are set right; each one is shown first.
            </p>
            <button
              type="button"
              className="btn"
              disabled={reason !== undefined}
              title={reason}
              onClick={() => setIsRecounting(true)}
            >
              Recount a month…
            </button>
            {reason && <p className="hint">{reason}</p>}
          </div>
        </Panel>
        <QualityPanel />
      </div>
      {isRecounting && <RecountAllSheet onClose={() => setIsRecounting(false)} />}
    </div>
  );
};

const RetentionPanel: FC = () => {
  const refusal = useRefusals();
  const ids = useId();
  const [typed, setTyped] = useState("13");
  const [isOpen, setIsOpen] = useState(false);
  const resume = useMutation(cleanupResume());
  const months = parseMonths(typed);
  const reason = refusal("usage_cleanup");
  const handleResume = () =>
    resume.mutate(undefined, {
      onSuccess: (progress) =>
        notify({
          tone: progress.is_done ? "ok" : "warning",
          title: progress.is_done ? "The cleanup is finished" : "The cleanup is still not finished",
          text: `${countOf(progress.events_removed, "event")} removed so far.`,
        }),
    });
  return (
    <Panel title="Retention" note="usage before it is removed" className="c6">
      <div className="pb upk">
        <div className="upk-r">
          <div className="fld">
            <label className="fl" htmlFor={`${ids}-months`}>
              Whole months kept
            </label>
            <input
              id={`${ids}-months`}
              className="inp n as-s"
              inputMode="numeric"
              value={typed}
              aria-invalid={months === undefined}
              aria-describedby={`${ids}-hint`}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
          <button
            type="button"
            className="btn"
            disabled={months === undefined || reason !== undefined}
            title={reason}
            onClick={() => setIsOpen(true)}
          >
            Clean up…
          </button>
          <button
            type="button"
            className="btn gh"
            disabled={reason !== undefined || resume.isPending}
            title={reason}
            onClick={handleResume}
          >
            Resume an interrupted cleanup
          </button>
        </div>
        <p className={months === undefined ? "hint warning" : "hint"} id={`${ids}-hint`}>
          {months === undefined
            ? "1 to 1,200 whole months, beside the current one."
            : "Beside the current month. Events, bytes and partitions that would go are shown before anything is removed."}
        </p>
        {reason && <p className="hint">{reason}</p>}
      </div>
      {isOpen && months !== undefined && (
        <CleanupSheet keepMonths={months} onClose={() => setIsOpen(false)} />
      )}
    </Panel>
  );
};
