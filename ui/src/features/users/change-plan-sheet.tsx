import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import { planListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Choice } from "@/components/choice";
import { Glyph } from "@/components/icon";
import { formatNumber } from "@/lib/format";
import { outcomeOf } from "@/lib/reviewed";
import { useWorkspace } from "@/lib/scope";
import {
  changePlanCommand,
  changePlanTitle,
  changePlanVerb,
  isEverybody,
  type Picked,
  pickedCount,
  planDraft,
} from "./model";

/** Moves users to another plan, reviewed row by row: those picked, or everybody who matches a filter. */
export const ChangePlanSheet: FC<{ picked: Picked; onClose: () => void; onDone: () => void }> = ({
  picked,
  onClose,
  onDone,
}) => {
  const workspace = useWorkspace();
  const plans = useQuery(planListOptions(workspace.id));
  const [plan, setPlan] = useState("");
  const planName = plans.data?.rows.find((row) => row.code === plan)?.name;
  const count = pickedCount(picked);
  return (
    <ActionSheet
      title={changePlanTitle(count, planName)}
      verb={(outcome) => changePlanVerb(outcome, count)}
      command="user_change_plan"
      draft={plan === "" ? undefined : planDraft(picked, plan)}
      missing="Choose a plan to see every row before and after."
      needsReason={count > 1}
      cli={(reason) => changePlanCommand(picked, plan, reason, workspace.name)}
      summary={(answer) => {
        const outcome = outcomeOf(answer);
        return (
          count > 1 &&
          outcome && (
            <dl className="sum4 as-sum">
              <div>
                <dt>users asked for</dt>
                <dd>{formatNumber(count)}</dd>
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
      {isEverybody(picked) && (
        <p className="ex-warn" role="status">
          <span className="warning">
            <Glyph tone="warning" />
          </span>
          No filter is set: this is every user there is.
        </p>
      )}
    </ActionSheet>
  );
};
