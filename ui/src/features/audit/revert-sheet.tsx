import type { FC } from "react";
import type { AuditRow } from "@/api/generated/AuditRow";
import { ActionSheet } from "@/components/action-sheet";
import { shellWord } from "@/lib/actions";
import { countOf } from "@/lib/format";
import { useWorkspace } from "@/lib/scope";
import { auditSentence } from "@/lib/words";

/** Takes the whole operation of an entry back, where its rows have not moved since. */
export const RevertSheet: FC<{ row: AuditRow; onClose: () => void }> = ({ row, onClose }) => {
  const workspace = useWorkspace();
  const operation = row.intent ?? "";
  const sentence = auditSentence(row);
  return (
    <ActionSheet
      title={`Revert: ${sentence.verb} ${sentence.object} ${sentence.rest}`.trim()}
      verb={(outcome) => `Revert ${countOf(outcome?.rows.length ?? 0, "row")}`}
      command="operation_revert"
      draft={{ operation }}
      needsReason={false}
      needsReasonFor={(outcome) => outcome.rows.length > 1}
      isUndoable={false}
      cli={(reason) =>
        `steward revert ${operation}${reason ? ` --reason ${shellWord(reason)}` : ""} -w ${shellWord(workspace.name)}`
      }
      onClose={onClose}
    />
  );
};
