import type { FC } from "react";
import type { Outcome } from "@/api/generated/Outcome";
import { copyText } from "@/lib/clipboard";
import { countOf } from "@/lib/format";
import { notify } from "@/lib/notices";
import { changedColumns } from "@/lib/words";
import { Glyph, Icon } from "./icon";

/** Copies the same change for the command line. */
export const CopyCommand: FC<{ command: string }> = ({ command }) => (
  <button
    type="button"
    className="btn sm gh"
    onClick={() =>
      void copyText(command).then(() => notify({ tone: "ok", title: "Command copied", text: command }))
    }
  >
    <Icon name="copy" />
    Copy as CLI command
  </button>
);

/** Every row a change touches, before and after, and every row it leaves alone with the reason. */
export const PreviewRows: FC<{ preview: Outcome }> = ({ preview }) => (
  <table className="tb">
    <thead>
      <tr>
        <th scope="col">Row</th>
        <th scope="col">Column</th>
        <th scope="col">Now → after</th>
        <th scope="col">Note</th>
      </tr>
    </thead>
    <tbody>
      {preview.rows.flatMap((row) =>
        changedColumns(row.before, row.after).map((change, index) => (
          <tr key={`${row.table}:${JSON.stringify(row.key)}:${change.column}`}>
            <td>
              {index === 0 && (
                <>
                  <span className="m">{row.label}</span>
                  <span className="t3 after">{row.table.replace("steward.", "")}</span>
                </>
              )}
            </td>
            <td className="t2">{change.column.replaceAll("_", " ")}</td>
            <td>
              <span className="pl2">
                <span className="t2 st-w">{change.before}</span>
                <Icon name="arrow" />
                <span className="m st-w">{change.after}</span>
              </span>
            </td>
            <td className="t2">{row.before === null ? "new row" : row.after === null ? "row goes" : ""}</td>
          </tr>
        )),
      )}
      {preview.skipped.map((row) => (
        <tr key={row.label}>
          <td className="t3">{row.label}</td>
          <td colSpan={2} className="t3">
            left alone
          </td>
          <td className="t2">{row.reason}</td>
        </tr>
      ))}
      {preview.rows.length + preview.skipped.length === 0 && (
        <tr>
          <td colSpan={4} className="t2">
            Nothing would change.
          </td>
        </tr>
      )}
    </tbody>
  </table>
);

/** What applying means. */
export const Effects: FC<{ preview: Outcome; isUndoable?: boolean }> = ({ preview, isUndoable = true }) => (
  <div className="eff">
    <div>
      <span className="ok">
        <Glyph tone="ok" />
      </span>
      <span>{countOf(preview.rows.length, "row")} in one transaction, all or none.</span>
    </div>
    {preview.skipped.length > 0 && (
      <div>
        <span className="warning">
          <Glyph tone="warning" />
        </span>
        <span>{countOf(preview.skipped.length, "row")} left alone, for the reason beside it.</span>
      </div>
    )}
    <div>
      <span className="info">
        <Glyph tone="info" />
      </span>
      <span>
        If a row moves before you apply, nothing is changed and you see it again.{" "}
        {isUndoable ? "Can be undone from the audit log." : "This can’t be undone."}
      </span>
    </div>
  </div>
);
