import { type FC, useState } from "react";
import { ActionSheet } from "@/components/action-sheet";
import { Segmented } from "@/components/segmented";
import { formatMinute } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";
import type { ActionUser } from "./action-user";
import { spanEnd, TRIAL_SPANS, userCommand } from "./model";

/** Moves the end of a trial to a later instant. */
export const ExtendTrialSheet: FC<{ user: ActionUser; onClose: () => void }> = ({ user, onClose }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const [opened] = useState(Date.now);
  const [span, setSpan] = useState("14d");
  const until = spanEnd(opened, TRIAL_SPANS.find((row) => row.value === span)?.days ?? 14);
  return (
    <ActionSheet
      title={`Extend the trial of ${user.email}`}
      verb={() => "Extend trial"}
      command="user_extend_trial"
      draft={{ users: [user.id], until }}
      needsReason={false}
      cli={(reason) => userCommand("extend-trial", user.email, `--until ${until}`, reason, workspace.name)}
      onClose={onClose}
    >
      <div className="fld">
        <span className="fl">From now on</span>
        <Segmented label="How long" value={span} options={TRIAL_SPANS} onChange={setSpan} />
        <div className="hint">
          Ends at {formatMinute(until, zone)} {zone}.
        </div>
      </div>
    </ActionSheet>
  );
};
