import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { OperatorRow } from "@/api/generated/OperatorRow";
import { operatorListOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { ExportButton } from "@/components/export-button";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { countOf, formatMinute } from "@/lib/format";
import { useRefusals } from "@/lib/permits";
import { useScope, useSession, useWorkspace } from "@/lib/scope";
import { CreateSheet } from "./create-sheet";
import { ROLES, rightLines } from "./model";
import { PasswordDialog } from "./password-dialog";

/** Who may use the console, and what may they do? */
export const OperatorsView: FC = () => {
  const workspace = useWorkspace();
  const { role } = useSession().session;
  const { zone } = useScope();
  const refusal = useRefusals();
  const mayList = refusal("operator_list") === undefined;
  const query = useQuery({ ...operatorListOptions(workspace.id), enabled: mayList });
  const [isAdding, setIsAdding] = useState(false);
  const [removing, setRemoving] = useState<OperatorRow>();
  const [made, setMade] = useState<{ login: string; password: string }>();
  const refresh = () => void query.refetch();
  const addReason = refusal("operator_create");
  return (
    <div className="wrap">
      <PageHead
        title="Operators"
        note="People who use the console, by their database login"
        actions={
          <>
            <button
              type="button"
              className="btn"
              disabled={addReason !== undefined}
              title={addReason}
              onClick={() => setIsAdding(true)}
            >
              <Icon name="plus" />
              Add an operator…
            </button>
            {mayList && (
              <ExportButton
                name="Operators"
                source={{
                  source: "answer",
                  command: "operator_list",
                  request: null,
                  rows: "/rows",
                  name: "Operators",
                }}
                command="steward export answer operator_list /rows"
              />
            )}
          </>
        }
      />
      <div className="grid">
        {mayList ? (
          <QueryPanel
            query={query}
            title="Logins"
            note={(list) => countOf(list.rows.length, "login")}
            className="c12"
            waiting="Asking the server who may connect"
            failure="The operators could not be read"
          >
            {(list) =>
              list.rows.length === 0 ? (
                <Empty title="No login is a member of a console role" />
              ) : (
                <Table
                  columns={[
                    { heading: "Name" },
                    { heading: "Login" },
                    { heading: "Role" },
                    { heading: "State" },
                    { heading: "Last change" },
                    { heading: "Last sync" },
                    { heading: "Password ends", className: "hide-t" },
                    { heading: "Remove" },
                  ]}
                >
                  {list.rows.map((row) => (
                    <tr key={row.login}>
                      <td className="m">{row.name ?? <span className="null">nobody named it</span>}</td>
                      <td className="mono">{row.login}</td>
                      <td>{row.role ?? <span className="null">login is gone</span>}</td>
                      <td>
                        <OperatorState row={row} />
                      </td>
                      <td className="t2">
                        {row.last_change_at ? (
                          formatMinute(row.last_change_at, zone)
                        ) : (
                          <span className="null">none</span>
                        )}
                      </td>
                      <td className="t2">
                        {row.last_sync_at ? (
                          formatMinute(row.last_sync_at, zone)
                        ) : (
                          <span className="null">none</span>
                        )}
                      </td>
                      <td className="t2 hide-t">
                        {row.valid_until ? formatMinute(row.valid_until, zone) : <NotApplicable />}
                      </td>
                      <td>
                        {row.is_named && row.login !== workspace.login && (
                          <button
                            type="button"
                            className="btn sm gh"
                            disabled={refusal("operator_remove") !== undefined}
                            title={refusal("operator_remove")}
                            aria-label={`Remove ${row.name ?? row.login}`}
                            onClick={() => setRemoving(row)}
                          >
                            Remove…
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </Table>
              )
            }
          </QueryPanel>
        ) : (
          <Panel title="Logins" className="c12">
            <Empty title="The list of operators is for admins">{refusal("operator_list")}</Empty>
          </Panel>
        )}
        <Panel
          title="Who can do what"
          note="from the command table; the server’s own grants have the last word"
          className="c12"
        >
          <Table
            columns={[
              { heading: "Action" },
              { heading: "Tier", className: "hide-t" },
              ...ROLES.map((name) => ({ heading: name === role ? `${name}, you` : name })),
            ]}
          >
            {rightLines().map((line) => (
              <tr key={line.name}>
                <td>{line.doc.replace(/\.$/, "")}</td>
                <td className="t2 hide-t">{line.tier}</td>
                {ROLES.map((name) => (
                  <td key={name}>
                    {line.may[name] ? <Status tone="ok">may</Status> : <span className="t3">refused</span>}
                  </td>
                ))}
              </tr>
            ))}
          </Table>
        </Panel>
      </div>
      {isAdding && (
        <CreateSheet
          onClose={() => setIsAdding(false)}
          onCreated={(login, { password }) => {
            refresh();
            if (password) setMade({ login, password });
          }}
        />
      )}
      {removing && (
        <ActionSheet
          title={`Remove ${removing.name ?? removing.login}`}
          verb={() => "Remove operator"}
          command="operator_remove"
          draft={{ login: removing.login }}
          needsReason
          isUndoable={false}
          cli={(reason) =>
            `steward operators remove ${removing.login} --reason ${shellWord(reason)} -w ${shellWord(workspace.name)}`
          }
          onClose={() => setRemoving(undefined)}
          onDone={refresh}
        >
          <p className="t2">
            The login is dropped and can connect no longer. What was done with it stays in the audit log.
          </p>
        </ActionSheet>
      )}
      {made && (
        <PasswordDialog login={made.login} password={made.password} onClose={() => setMade(undefined)} />
      )}
    </div>
  );
};

const OperatorState: FC<{ row: OperatorRow }> = ({ row }) => {
  if (row.role === null) return <Status tone="neutral">Gone</Status>;
  if (!row.can_log_in) return <Status tone="neutral">May not connect</Status>;
  return row.is_connected ? (
    <Status tone="ok">Connected now</Status>
  ) : (
    <Status tone="neutral">Not connected</Status>
  );
};
