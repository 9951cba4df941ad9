import { type FC, useState } from "react";
import type { ReportReq } from "@/api/generated/ReportReq";
import { Icon } from "./icon";
import { ExportDialog } from "./popup";

/** Opens the making of a document that others can be sent. */
export const ReportButton: FC<{
  name: string;
  request: ReportReq;
  /** The same on the command line, without the file. */
  command: string;
  label?: string;
  isSmall?: boolean;
}> = ({ name, request, command, label = "Report…", isSmall = false }) => {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className={isSmall ? "btn sm" : "btn"} onClick={() => setIsOpen(true)}>
        <Icon name="download" />
        {label}
      </button>
      {isOpen && (
        <ExportDialog
          name={name}
          source={{ source: "report", request }}
          command={command}
          format="pdf"
          onClose={() => setIsOpen(false)}
        />
      )}
    </>
  );
};
