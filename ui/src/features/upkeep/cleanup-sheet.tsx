import type { FC } from "react";
import type { CleanupPlan } from "@/api/generated/CleanupPlan";
import { ActionSheet } from "@/components/action-sheet";
import { Effect } from "@/components/review-parts";
import { shellWord } from "@/lib/actions";
import { countOf, formatMinute, formatNumber, sizeParts } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useWorkspace } from "@/lib/scope";

/** Removes usage before so many whole months: what goes is shown first, and has to be typed. */
export const CleanupSheet: FC<{ keepMonths: number; onClose: () => void }> = ({ keepMonths, onClose }) => {
  const workspace = useWorkspace();
  return (
    <ActionSheet
      title={`Keep ${countOf(keepMonths, "month")} of usage`}
      verb={() => "Remove old usage"}
      command="usage_cleanup"
      draft={{ keep_months: keepMonths }}
      needsReason
      isUndoable={false}
      cli={(reason) =>
        `steward cleanup --keep-months ${keepMonths} --reason ${shellWord(reason)} -w ${shellWord(workspace.name)}`
      }
      summary={(answer) => <PlanFacts plan={answer.plan} />}
      effects={({ plan }) => (
        <div className="eff">
          <Effect tone="danger">
            {countOf(plan.events, "event")} and {countOf(plan.counters, "counter")} are removed from the
            server. This can’t be undone.
          </Effect>
          <Effect tone="info">
            Step by step; where it is interrupted, it is resumed. The decision goes to the audit log. If the
            number of events has changed before you apply, nothing is removed and you see it again.
          </Effect>
        </div>
      )}
      onClose={onClose}
      onDone={({ progress }) => {
        if (!progress) return;
        notify(
          progress.is_done
            ? {
                tone: "ok",
                title: `${countOf(progress.events_removed, "event")} removed`,
                text: `${countOf(progress.partitions_dropped.length, "partition")} dropped, ${countOf(progress.counters_removed, "counter")} removed.`,
              }
            : {
                tone: "warning",
                title: "The cleanup is not finished",
                text: "Somebody reads what is to be dropped. Resume it in a while.",
                isSticky: true,
              },
        );
      }}
    />
  );
};

/** What goes and what stays; instants in UTC, as months are counted. */
const PlanFacts: FC<{ plan: CleanupPlan }> = ({ plan }) => {
  const freed = sizeParts(plan.bytes);
  const at = (instant: string | null) => (instant ? `${formatMinute(instant, "UTC")} UTC` : "none");
  const facts: [string, string][] = [
    ["Everything before", at(plan.cutoff)],
    ["Events removed", formatNumber(plan.events)],
    ["Counters removed", formatNumber(plan.counters)],
    [
      "Partitions dropped",
      plan.partitions.length === 0
        ? "none"
        : plan.partitions.map((name) => name.replace(/^steward\./, "")).join(", "),
    ],
    ["Freed at once", `${freed.figure} ${freed.unit}`],
    ["Oldest event now", at(plan.oldest)],
    ["Oldest event kept", at(plan.oldest_kept)],
  ];
  return (
    <dl className="facts as-facts">
      {facts.map(([name, value]) => (
        <div key={name} className="f">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
};
