import { useMutation } from "@tanstack/react-query";
import { type FC, type ReactElement, useId, useRef, useState } from "react";
import { wireError } from "@/api/call";
import type { Workspace } from "@/api/generated/Workspace";
import { workspacePassword } from "@/api/mutations";
import { shellWord } from "@/lib/actions";
import { notify } from "@/lib/notices";
import { useSession } from "@/lib/scope";
import { Modal } from "./popup";
import { CopyCommand } from "./review-parts";
import { WorkspaceHead } from "./workspace-head";

/** The button that asks for the password of a workspace's login, and the dialog behind it. */
export const EnterPassword: FC<{ workspace: Workspace; className?: string; children: string }> = ({
  workspace,
  className = "btn",
  children,
}) => {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className={className} onClick={() => setIsOpen(true)}>
        {children}
      </button>
      {isOpen && <PasswordDialog workspace={workspace} onClose={() => setIsOpen(false)} />}
    </>
  );
};

/** Takes a password; the server is asked before it is kept, so that a wrong one is told here. */
const PasswordDialog: FC<{ workspace: Workspace; onClose: () => void }> = ({
  workspace,
  onClose,
}): ReactElement => {
  const { session } = useSession();
  const ids = useId();
  const field = useRef<HTMLInputElement>(null);
  const [password, setPassword] = useState("");
  const keep = useMutation(workspacePassword());
  const problem = keep.error ? wireError(keep.error) : undefined;
  const submit = () =>
    keep.mutate(
      { workspace: workspace.id, password },
      {
        onSuccess: () => {
          notify({ tone: "ok", title: "Password kept", text: `Steward reads ${workspace.name} again.` });
          onClose();
        },
      },
    );
  return (
    <Modal isOpen onClose={onClose} className="ask" initialFocus={field}>
      <WorkspaceHead workspace={workspace}>Enter the password</WorkspaceHead>
      <form
        id={`${ids}-form`}
        className="ask-p"
        onSubmit={(event) => {
          event.preventDefault();
          if (password !== "" && !keep.isPending) submit();
        }}
      >
        <p className="pw-who">
          Login <b>{workspace.login}</b> at <span className="mono">{workspace.server}</span>
        </p>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-password`}>
            Password
          </label>
          <input
            ref={field}
            id={`${ids}-password`}
            className="inp mono"
            type="password"
            value={password}
            autoComplete="current-password"
            spellCheck={false}
            aria-invalid={problem !== undefined}
            aria-describedby={`${ids}-hint`}
            onChange={(event) => {
              setPassword(event.target.value);
              keep.reset();
            }}
          />
          <div
            className={problem ? "hint warning" : "hint"}
            id={`${ids}-hint`}
            {...(problem ? { role: "alert" } : {})}
          >
            {problem ? (
              <>
                {problem.message} {problem.fields.length === 0 && problem.hint}{" "}
                <span className="mono">{problem.code}</span>
              </>
            ) : (
              `The server is asked first. Then it is kept in: ${session.secrets}.`
            )}
          </div>
        </div>
      </form>
      <div className="dfoot">
        <CopyCommand command={`steward workspace password ${shellWord(workspace.name)}`} />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form={`${ids}-form`}
            className="btn pri"
            disabled={password === "" || keep.isPending}
          >
            {keep.isPending ? "Asking the server" : "Keep password"}
          </button>
        </span>
      </div>
    </Modal>
  );
};
