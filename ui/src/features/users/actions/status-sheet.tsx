import type { FC } from "react";
import { ActionSheet } from "@/components/action-sheet";
import { useWorkspace } from "@/lib/scope";
import type { ActionUser } from "./action-user";
import { userCommand } from "./model";

/** Shuts a user out, or lets a suspended one back in. */
export const StatusSheet: FC<{ user: ActionUser; isSuspending: boolean; onClose: () => void }> = ({
  user,
  isSuspending,
  onClose,
}) => {
  const workspace = useWorkspace();
  const verb = isSuspending ? "Suspend" : "Restore";
  return (
    <ActionSheet
      title={`${verb} ${user.email}`}
      verb={() => `${verb} user`}
      command={isSuspending ? "user_suspend" : "user_restore"}
      draft={{ users: [user.id] }}
      needsReason={isSuspending}
      cli={(reason) => userCommand(verb.toLowerCase(), user.email, "", reason, workspace.name)}
      onClose={onClose}
    >
      <p className="t2">
        {isSuspending
          ? "Every request of this user is refused at once, until somebody restores the account. Nothing of it is removed."
          : "The user may use the product again, with plan and limits as they are."}
      </p>
    </ActionSheet>
  );
};
