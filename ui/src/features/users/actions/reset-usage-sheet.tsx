import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import { limitListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Choice } from "@/components/choice";
import { useWorkspace } from "@/lib/scope";
import { metricLabel } from "../model";
import type { ActionUser } from "./action-user";
import { userCommand } from "./model";

/** Sets the counters of the current period back to 0; what they were stays in the history. */
export const ResetUsageSheet: FC<{ user: ActionUser; onClose: () => void }> = ({ user, onClose }) => {
  const workspace = useWorkspace();
  const limits = useQuery(limitListOptions(workspace.id, user.id));
  const [metric, setMetric] = useState("");
  const metrics = [...new Set((limits.data?.limits ?? []).map((line) => line.metric))].sort();
  return (
    <ActionSheet
      title={`Reset the usage of ${user.email}`}
      verb={() => "Reset usage"}
      command="user_reset_usage"
      draft={{ users: [user.id], metric: metric || null, period: null }}
      needsReason
      cli={(reason) =>
        userCommand("reset-usage", user.email, metric ? `--metric ${metric}` : "", reason, workspace.name)
      }
      onClose={onClose}
    >
      <div className="fld">
        <span className="fl">Metric</span>
        <Choice
          label="Metric"
          value={metric}
          options={[
            { value: "", label: "Every metric" },
            ...metrics.map((name) => ({ value: name, label: metricLabel(name) })),
          ]}
          onChange={setMetric}
        />
        <div className="hint">The current month and day (UTC). What was used stays in the history.</div>
      </div>
    </ActionSheet>
  );
};
