import { type FC, useState } from "react";
import { Icon } from "@/components/icon";
import { MenuButton, MenuItem } from "@/components/popup";
import { useRefusals } from "@/lib/permits";
import type { ReviewedName } from "@/lib/reviewed";
import { ChangePlanSheet } from "../change-plan-sheet";
import type { ActionUser } from "./action-user";
import { ExtendTrialSheet } from "./extend-trial-sheet";
import { RaiseLimitSheet } from "./raise-limit-sheet";
import { RecountSheet } from "./recount-sheet";
import { ResetUsageSheet } from "./reset-usage-sheet";
import { StatusSheet } from "./status-sheet";

type ActionName = "plan" | "raise" | "trial" | "reset" | "recount" | "suspend" | "restore";

const ACTIONS: readonly { name: ActionName; label: string; command: ReviewedName }[] = [
  { name: "plan", label: "Change plan…", command: "user_change_plan" },
  { name: "raise", label: "Raise a limit…", command: "limit_raise" },
  { name: "trial", label: "Extend trial…", command: "user_extend_trial" },
  { name: "reset", label: "Reset usage…", command: "user_reset_usage" },
  { name: "recount", label: "Recount usage…", command: "usage_recount" },
  { name: "suspend", label: "Suspend…", command: "user_suspend" },
  { name: "restore", label: "Restore…", command: "user_restore" },
];

/** Why an action means nothing for a user in this state. */
function pointless(name: ActionName, user: ActionUser): string | undefined {
  if (user.status === "erased") return "The account is erased.";
  if (name === "restore" && user.status !== "suspended") return "The account is not suspended.";
  if (name === "suspend" && user.status === "suspended") return "The account is suspended already.";
  return undefined;
}

/** What can be done to an account: a menu, and the review of what was chosen. Drawer and page mount it alike. */
export const UserActions: FC<{ user: ActionUser }> = ({ user }) => {
  const refusal = useRefusals();
  const [chosen, setChosen] = useState<ActionName>();
  const close = () => setChosen(undefined);
  return (
    <>
      <MenuButton
        className="acts"
        trigger={
          <button type="button" className="btn sm">
            Actions
            <Icon name="down" />
          </button>
        }
      >
        {ACTIONS.filter(({ name }) =>
          user.status === "suspended" ? name !== "suspend" : name !== "restore",
        ).map(({ name, label, command }) => {
          const reason = refusal(command) ?? pointless(name, user);
          return (
            <MenuItem
              key={name}
              disabled={reason !== undefined}
              title={reason}
              onClick={() => setChosen(name)}
            >
              <span className="mi-t">
                {label}
                {reason && <span className="ws2">{reason}</span>}
              </span>
            </MenuItem>
          );
        })}
      </MenuButton>
      {chosen === "plan" && <ChangePlanSheet picked={{ users: [user.id] }} onClose={close} onDone={close} />}
      {chosen === "raise" && <RaiseLimitSheet user={user} onClose={close} />}
      {chosen === "trial" && <ExtendTrialSheet user={user} onClose={close} />}
      {chosen === "reset" && <ResetUsageSheet user={user} onClose={close} />}
      {chosen === "recount" && <RecountSheet user={user} onClose={close} />}
      {(chosen === "suspend" || chosen === "restore") && (
        <StatusSheet user={user} isSuspending={chosen === "suspend"} onClose={close} />
      )}
    </>
  );
};
