import { type FC, useState } from "react";
import type { ExportSource } from "@/api/generated/ExportSource";
import { Icon } from "./icon";
import { ExportDialog } from "./popup";

/** Opens the export of a table or a chart; `name` says of what. */
export const ExportButton: FC<{
  name: string;
  source: ExportSource;
  /** The same on the command line, without the file. */
  command: string;
  /** Whether only the icon stands there, as in the head of a panel. */
  isIcon?: boolean;
}> = ({ name, source, command, isIcon = false }) => {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      {isIcon ? (
        <button type="button" className="ib" aria-label={`${name}: export`} onClick={() => setIsOpen(true)}>
          <Icon name="download" />
        </button>
      ) : (
        <button type="button" className="btn" onClick={() => setIsOpen(true)}>
          <Icon name="download" />
          Export…
        </button>
      )}
      {isOpen && (
        <ExportDialog name={name} source={source} command={command} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
};
