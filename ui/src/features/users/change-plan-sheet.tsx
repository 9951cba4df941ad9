import { useMutation, useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import { userChangePlan } from "@/api/mutations";
import { planListOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { type ReviewInput, ReviewSheet } from "@/components/review-sheet";
import { formatNumber } from "@/lib/format";
import { newIntent, useAnnounceChange } from "@/lib/operations";
import { useWorkspace } from "@/lib/scope";
import { changePlanCommand, changePlanTitle, changePlanVerb } from "./model";

/** Moves users to another plan, reviewed row by row. */
export const ChangePlanSheet: FC<{ users: readonly string[]; onClose: () => void; onDone: () => void }> = ({
  users,
  onClose,
  onDone,
}) => {
  const workspace = useWorkspace();
  const announce = useAnnounceChange();
  const plans = useQuery(planListOptions(workspace.id));
  const [plan, setPlan] = useState("");
  // One decision, one id: a repeated Apply cannot move anybody twice.
  const [intent, setIntent] = useState(newIntent);
  const preview = useMutation(userChangePlan());
  const apply = useMutation(userChangePlan());
  const request = (planCode: string, id: string) => ({
    intent: id,
    users: [...users],
    plan_code: planCode,
    reason: "",
    plan_token: null,
    confirm: null,
  });
  const look = (planCode: string) => {
    const id = newIntent();
    setIntent(id);
    apply.reset();
    preview.mutate({ request: request(planCode, id), mode: "preview" });
  };
  const outcome = preview.data;
  const planName = plans.data?.rows.find((row) => row.code === plan)?.name;
  const title = changePlanTitle(users.length, planName);
  const handleApply = (input: ReviewInput) => {
    if (!outcome) return;
    apply.mutate(
      {
        request: {
          ...request(plan, intent),
          reason: input.reason.trim(),
          plan_token: outcome.plan_token,
          confirm: outcome.confirm === null ? null : input.confirm.trim(),
        },
        mode: "run",
      },
      {
        onSuccess: (done) => {
          announce(title, done);
          onDone();
        },
      },
    );
  };
  return (
    <ReviewSheet
      title={title}
      verb={changePlanVerb(outcome, users.length)}
      isOpen
      onClose={onClose}
      preview={preview.isPending ? undefined : outcome}
      error={apply.error ?? preview.error}
      isPreviewing={preview.isPending}
      isApplying={apply.isPending}
      onRetry={() => look(plan)}
      onApply={handleApply}
      needsReason={users.length > 1}
      command={(reason) => changePlanCommand(users, plan, reason, workspace.name)}
    >
      <div className="rv-top">
        <span className="fl">New plan</span>
        <Choice
          label="New plan"
          value={plan}
          placeholder="Choose a plan"
          options={[
            ...(plans.data?.rows ?? [])
              .filter((row) => row.archived_at === null)
              .map((row) => ({
                value: row.code,
                label: `${row.name}, ${formatNumber(row.user_count)} users`,
              })),
          ]}
          onChange={(next) => {
            setPlan(next);
            look(next);
          }}
        />
        {outcome && !preview.isPending && (
          <dl className="sum4">
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
        )}
      </div>
    </ReviewSheet>
  );
};
