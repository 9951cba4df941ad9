import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, useState } from "react";
import type { Workspace } from "@/api/generated/Workspace";
import { workspaceMode, workspaceRemove, workspaceUse } from "@/api/mutations";
import { workspaceListOptions } from "@/api/queries";
import { EnterPassword } from "@/components/enter-password";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { Segmented } from "@/components/segmented";
import { Failure, Loading } from "@/components/states";
import { ENVIRONMENTS } from "@/lib/words";

/** The workspaces of this computer: which is open, whether it may be written to, and removing one. */
export const WorkspacePanel: FC = () => {
  const list = useQuery(workspaceListOptions());
  const navigate = useNavigate();
  const [removing, setRemoving] = useState<Workspace>();
  return (
    <Panel
      title="Workspaces"
      actions={
        <button type="button" className="btn sm" onClick={() => void navigate({ to: "/setup" })}>
          <Icon name="plus" />
          Add a workspace…
        </button>
      }
    >
      {list.isPending ? (
        <Loading what="Reading the workspaces" rows={2} />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <div className="tw">
          <table className="tb">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Server</th>
                <th scope="col">Login</th>
                <th scope="col">Mode</th>
                <th scope="col">
                  <span className="sr">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.rows.map((row) => (
                <WorkspaceLine key={row.id} row={row} onRemove={() => setRemoving(row)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {removing && <RemoveDialog workspace={removing} onClose={() => setRemoving(undefined)} />}
    </Panel>
  );
};

const WorkspaceLine: FC<{ row: Workspace; onRemove: () => void }> = ({ row, onRemove }) => {
  const mode = useMutation(workspaceMode());
  const use = useMutation(workspaceUse());
  const environment = ENVIRONMENTS[row.environment];
  return (
    <tr>
      <td>
        <span className="ws1">
          <b>{row.name}</b>
          <span className={environment.className}>{environment.chip}</span>
        </span>
      </td>
      <td className="mono tr w-all">{row.server}</td>
      <td className="t2">{row.login}</td>
      <td>
        <Segmented
          label={`Mode of ${row.name}`}
          value={row.is_read_only ? "read" : "write"}
          options={[
            { value: "read", label: "Read-only" },
            { value: "write", label: "Reviewed writes" },
          ]}
          onChange={(value) =>
            mode.mutate({ workspace: row.id, mode: value === "read" ? "read_only" : "reviewed" })
          }
        />
      </td>
      <td>
        <span className="row-a">
          {!row.is_current && (
            <button type="button" className="btn sm gh" onClick={() => use.mutate(row.id)}>
              Open
            </button>
          )}
          <EnterPassword workspace={row} className="btn sm gh">
            Password…
          </EnterPassword>
          <button type="button" className="btn sm gh" onClick={onRemove} aria-label={`Remove ${row.name}`}>
            Remove…
          </button>
        </span>
      </td>
    </tr>
  );
};

const RemoveDialog: FC<{ workspace: Workspace; onClose: () => void }> = ({ workspace, onClose }) => {
  const remove = useMutation(workspaceRemove());
  const [typed, setTyped] = useState("");
  // Where months are closed on this computer only, the answer names the longer text that gives them up, too.
  const isRight = typed.trim() === workspace.name || typed.trim().startsWith(`${workspace.name} without `);
  return (
    <Modal isOpen onClose={onClose} className="ask">
      <div className="dh">
        <ModalTitle>Remove {workspace.name}</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <p className="ask-p">
        This computer forgets the connection, its password and the encrypted copy. The database at{" "}
        <span className="mono">{workspace.server}</span> keeps everything.
      </p>
      <div className="ask-f">
        <label className="fl" htmlFor="remove-confirm">
          Type <span className="mono ph2">{workspace.name}</span> to confirm
        </label>
        <input
          id="remove-confirm"
          className="inp"
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="btn dng"
            disabled={!isRight || remove.isPending}
            onClick={() =>
              remove.mutate({ workspace: workspace.id, confirm: typed.trim() }, { onSuccess: onClose })
            }
          >
            Remove workspace
          </button>
        </span>
      </div>
    </Modal>
  );
};
