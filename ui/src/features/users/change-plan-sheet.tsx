import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import { planListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Choice } from "@/components/choice";
import { formatNumber } from "@/lib/format";
import { outcomeOf } from "@/lib/reviewed";
import { useWorkspace } from "@/lib/scope";
import { changePlanCommand, changePlanTitle, changePlanVerb } from "./model";

/** Moves users to another plan, reviewed row by row. */
export const ChangePlanSheet: FC<{ users: readonly string[]; onClose: () => void; onDone: () => void }> = ({
  users,
  onClose,
  onDone,
}) => {
  const workspace = useWorkspace();
  const plans = useQuery(planListOptions(workspace.id));
  const [plan, setPlan] = useState("");
  const planName = plans.data?.rows.find((row) => row.code === plan)?.name;
  return (
    <ActionSheet
      title={changePlanTitle(users.length, planName)}
      verb={(outcome) => changePlanVerb(outcome, users.length)}
      command="user_change_plan"
      draft={plan === "" ? undefined : { users: [...users], plan_code: plan }}
      missing="Choose a plan to see every row before and after."
      needsReason={users.length > 1}
      cli={(reason) => changePlanCommand(users, plan, reason, workspace.name)}
      summary={(answer) => {
        const outcome = outcomeOf(answer);
        return (
          users.length > 1 &&
          outcome && (
            <dl className="sum4 as-sum">
              <div>
                <dt>users asked for</dt>
                <dd>{formatNumber(users.length)}</dd>
              </div>
              <div>
                <dt>rows change</dt>
                <dd>{formatNumber(outcome.rows.length)}</dd>
              </div>
              <div>
                <dt>left alone</dt>
                <dd>{formatNumber(outcome.skipped.length)}</dd>
              </div>
            </dl>
          )
        );
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <div className="fld">
        <span className="fl">New plan</span>
        <Choice
          label="New plan"
          value={plan}
          placeholder="Choose a plan"
          options={(plans.data?.rows ?? [])
            .filter((row) => row.archived_at === null)
            .map((row) => ({ value: row.code, label: `${row.name}, ${formatNumber(row.user_count)} users` }))}
          onChange={setPlan}
        />
      </div>
    </ActionSheet>
  );
};
