import type { FC, ReactNode } from "react";
import type { Workspace } from "@/api/generated/Workspace";
import { ENVIRONMENTS } from "@/lib/words";
import { ModalClose, ModalTitle } from "./popup";

/** The head of a dialog that acts on a workspace: what it does, and on which one. */
export const WorkspaceHead: FC<{ workspace: Workspace; children: ReactNode }> = ({ workspace, children }) => {
  const environment = ENVIRONMENTS[workspace.environment];
  return (
    <div className="dh">
      <ModalTitle>{children}</ModalTitle>
      <span className="dx">
        <span className={environment.className}>{environment.chip}</span>
        <span>{workspace.name}</span>
        <ModalClose />
      </span>
    </div>
  );
};
