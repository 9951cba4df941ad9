import { type FC, useId, useState } from "react";
import { ActionSheet } from "@/components/action-sheet";
import { shellWord } from "@/lib/actions";
import { countOf } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";

/** Counts a month's counters of everybody again from the events. */
export const RecountAllSheet: FC<{ onClose: () => void }> = ({ onClose }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [month, setMonth] = useState(() => new Date().toISOString().slice(0, 7));
  const isMonth = /^\d{4}-(0[1-9]|1[0-2])$/.test(month);
  return (
    <ActionSheet
      title={isMonth ? `Recount ${month}` : "Recount a month"}
      verb={(outcome) => `Recount ${countOf(outcome?.rows.length ?? 0, "counter")}`}
      command="usage_recount"
      draft={isMonth ? { period: month, users: [] } : undefined}
      missing="A month is written 2026-11."
      needsReason
      cli={(reason) =>
        `steward recount ${month} --reason ${shellWord(reason)} -w ${shellWord(workspace.name)}`
      }
      onClose={onClose}
    >
      <div className="fld">
        <label className="fl" htmlFor={`${ids}-month`}>
          Month (UTC)
        </label>
        <input
          id={`${ids}-month`}
          className="inp as-s"
          value={month}
          aria-invalid={!isMonth}
          autoComplete="off"
          onChange={(event) => setMonth(event.target.value)}
        />
        <div className="hint">The events are the truth; counters that differ from them are set to them.</div>
      </div>
    </ActionSheet>
  );
};
