import type { FC } from "react";
import { Icon } from "@/components/icon";
import { PopoverButton } from "@/components/popup";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";

/** The statement that yields a number from the server, to look at and to copy. */
export const SqlNote: FC<{ title: string; sql: string; className?: string }> = ({
  title,
  sql,
  className,
}) => {
  const copy = async () => {
    await copyText(sql);
    notify({ tone: "ok", title: "Statement copied", text: title });
  };
  return (
    <PopoverButton
      label={`${title}: the same number from the server`}
      className="note sql"
      trigger={
        <button
          type="button"
          className={className ? `ib ${className}` : "ib"}
          aria-label={`${title}: show SQL`}
          title="Show SQL"
        >
          <Icon name="code" />
        </button>
      }
    >
      <div className="note-h">The same number from the server</div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard */}
      <pre className="mono" tabIndex={0}>
        {sql}
      </pre>
      <div className="bt">
        <button type="button" className="btn" onClick={() => void copy()}>
          <Icon name="copy" />
          Copy SQL
        </button>
      </div>
    </PopoverButton>
  );
};
