import type { FC, ReactNode } from "react";
import type { AuditRow } from "@/api/generated/AuditRow";
import { Drawer } from "@/components/drawer";
import { Icon } from "@/components/icon";
import { copyText } from "@/lib/clipboard";
import { formatSecond } from "@/lib/format";
import { notify } from "@/lib/notices";
import { auditSentence, cellText, changedColumns } from "@/lib/words";
import { isRevertible } from "./model";

/** One entry of the log: every touched column before and after, and where it stands in the chain. */
export const AuditDrawer: FC<{
  row: AuditRow;
  zone: string;
  onClose: () => void;
  onRevert: (row: AuditRow) => void;
  /** Why it cannot be taken back now. */
  revertReason: string | undefined;
}> = ({ row, zone, onClose, onRevert, revertReason }) => {
  const sentence = auditSentence(row);
  const changes = changedColumns(row.before, row.after);
  const copy = async () => {
    await copyText(JSON.stringify(row, null, 2));
    notify({ tone: "ok", title: "Entry copied as JSON" });
  };
  return (
    <Drawer
      title={`${sentence.verb} ${sentence.object}`}
      onClose={onClose}
      actions={
        <>
          {isRevertible(row) && (
            <button
              type="button"
              className="btn sm"
              disabled={revertReason !== undefined}
              title={revertReason}
              onClick={() => onRevert(row)}
            >
              Revert…
            </button>
          )}
          <button type="button" className="ib" aria-label="Copy entry as JSON" onClick={() => void copy()}>
            <Icon name="copy" />
          </button>
        </>
      }
    >
      <dl className="facts">
        <Fact name="Time">{formatSecond(row.at, zone)}</Fact>
        <Fact name="Who">{row.operator ? `${row.operator} (${row.login})` : row.login}</Fact>
        <Fact name="Action">{row.action.replaceAll("_", " ")}</Fact>
        <Fact name="Table">{row.table}</Fact>
        <Fact name="Key">
          <span className="mono">
            {Object.entries(row.key)
              .map(([name, value]) => `${name} ${cellText(value)}`)
              .join(", ")}
          </span>
        </Fact>
        <Fact name="Reason">{row.reason || <span className="null">none given</span>}</Fact>
        <Fact name="Entry">{row.id}</Fact>
        <Fact name="Operation">
          {row.intent ? <span className="mono">{row.intent}</span> : <span className="null">none</span>}
        </Fact>
      </dl>
      <h3>Before and after</h3>
      <table className="tb diff">
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <tr key={change.column}>
              <td className="m">{change.column.replaceAll("_", " ")}</td>
              <td className="qx">
                {row.before ? <del>{change.before}</del> : <span className="null">no row</span>}
              </td>
              <td className="qx">
                {row.after ? <ins>{change.after}</ins> : <span className="null">no row</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Drawer>
  );
};

const Fact: FC<{ name: string; children: ReactNode }> = ({ name, children }) => (
  <div className="f">
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
