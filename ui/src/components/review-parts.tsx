import type { FC, ReactNode } from "react";
import type { Outcome } from "@/api/generated/Outcome";
import { copyText } from "@/lib/clipboard";
import { countOf } from "@/lib/format";
import { notify } from "@/lib/notices";
import { changedColumns } from "@/lib/words";
import { Glyph, Icon, type Tone } from "./icon";

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
        changedColumns(row.before, row.after).map((change, index, { length }) => (
          <tr key={`${row.table}:${JSON.stringify(row.key)}:${change.column}`}>
            {index === 0 && (
              <td className="rv-l" rowSpan={length}>
                <div className="m">{row.label}</div>
                <div className="t3">{row.table.replace("steward.", "")}</div>
              </td>
            )}
            <td className="t2 rv-c">{change.column.replaceAll("_", " ")}</td>
            <td>
              {row.before === null ? (
                // Of a row that is not there yet nothing is replaced.
                <span className="m st-w">{change.after}</span>
              ) : (
                <span className="pl2">
                  <span className="t2 st-w">{change.before}</span>
                  <Icon name="arrow" />
                  <span className="m st-w">{change.after}</span>
                </span>
              )}
            </td>
            {index === 0 && (
              <td className="t2 rv-n" rowSpan={length}>
                {row.before === null ? "new row" : row.after === null ? "row goes" : ""}
              </td>
            )}
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

/** One thing that applying means, with how it is meant. */
export const Effect: FC<{ tone: Tone; children: ReactNode }> = ({ tone, children }) => (
  <div>
    <span className={tone}>
      <Glyph tone={tone} />
    </span>
    <span>{children}</span>
  </div>
);

/** What applying means. */
export const Effects: FC<{ preview: Outcome; isUndoable?: boolean }> = ({ preview, isUndoable = true }) => (
  <div className="eff">
    <Effect tone="ok">{countOf(preview.rows.length, "row")} in one transaction, all or none.</Effect>
    {preview.skipped.length > 0 && (
      <Effect tone="warning">
        {countOf(preview.skipped.length, "row")} left alone, for the reason beside it.
      </Effect>
    )}
    <Effect tone="info">
      If a row moves before you apply, nothing is changed and you see it again.{" "}
      {isUndoable ? "Can be undone from the audit log." : "This can’t be undone."}
    </Effect>
  </div>
);
