import { type FC, useId, useState } from "react";
import type { OperatorCreated } from "@/api/generated/OperatorCreated";
import type { Role } from "@/api/generated/Role";
import { ActionSheet } from "@/components/action-sheet";
import { Segmented } from "@/components/segmented";
import { shellWord } from "@/lib/actions";
import { useWorkspace } from "@/lib/scope";
import { isLogin, ROLE_HINTS, ROLES } from "./model";

/** Makes a login with a role's rights; its password is shown once, after it is made. */
export const CreateSheet: FC<{
  onClose: () => void;
  onCreated: (login: string, answer: OperatorCreated) => void;
}> = ({ onClose, onCreated }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("support");
  const isRight = isLogin(login);
  return (
    <ActionSheet
      title={name.trim() ? `Add ${name.trim()} as ${role}` : "Add an operator"}
      verb={() => "Add operator"}
      command="operator_create"
      draft={isRight && name.trim() !== "" ? { login, name: name.trim(), role } : undefined}
      missing="A login and a name are needed."
      needsReason
      isUndoable={false}
      cli={(reason) =>
        `steward operators create ${login} --name ${shellWord(name.trim())} --role ${role}${reason ? ` --reason ${shellWord(reason)}` : ""} -w ${shellWord(workspace.name)}`
      }
      onClose={onClose}
      onDone={(answer) => onCreated(login, answer)}
    >
      <div className="as-2">
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-login`}>
            Login
          </label>
          <input
            id={`${ids}-login`}
            className="inp mono"
            value={login}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={login !== "" && !isRight}
            aria-describedby={`${ids}-hint`}
            onChange={(event) => setLogin(event.target.value)}
          />
          <div className={login !== "" && !isRight ? "hint warning" : "hint"} id={`${ids}-hint`}>
            Small letters, digits and _
          </div>
        </div>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-name`}>
            Name
          </label>
          <input
            id={`${ids}-name`}
            className="inp"
            value={name}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
          <div className="hint">As the audit log shows it</div>
        </div>
        <div className="fld">
          <span className="fl">Role</span>
          <Segmented
            label="Role"
            value={role}
            options={ROLES.map((value) => ({ value, label: value }))}
            onChange={(next) => setRole(next as Role)}
          />
          <div className="hint">{ROLE_HINTS[role]}</div>
        </div>
      </div>
    </ActionSheet>
  );
};
