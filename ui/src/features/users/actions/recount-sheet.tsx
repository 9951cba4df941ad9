import { type FC, useId, useState } from "react";
import { ActionSheet } from "@/components/action-sheet";
import { shellWord } from "@/lib/actions";
import { useWorkspace } from "@/lib/scope";
import type { ActionUser } from "./action-user";

/** Counts a month's counters of one user again from the events. */
export const RecountSheet: FC<{ user: ActionUser; onClose: () => void }> = ({ user, onClose }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [month, setMonth] = useState(() => new Date().toISOString().slice(0, 7));
  const isMonth = /^\d{4}-(0[1-9]|1[0-2])$/.test(month);
  return (
    <ActionSheet
      title={`Recount the usage of ${user.email}`}
      verb={() => "Recount"}
      command="usage_recount"
      draft={isMonth ? { period: month, users: [user.id] } : undefined}
      missing="A month is written 2026-11."
      needsReason
      cli={(reason) =>
        `steward recount ${month} ${shellWord(user.email)} --reason ${shellWord(reason)} -w ${shellWord(workspace.name)}`
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
        <div className="hint">
          The events of the month are the truth; counters that differ are set to them.
        </div>
      </div>
    </ActionSheet>
  );
};
