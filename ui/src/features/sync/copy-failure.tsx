import type { FC } from "react";
import type { CallError } from "@/api/call";
import { PageHead } from "@/components/page-head";
import { Failure } from "@/components/states";
import { useWorkspace } from "@/lib/scope";
import { isUnusableCopy } from "@/lib/words";
import { RebuildBeside } from "./rebuild";

/** In the place of every view that reads the copy, while it does not open: once, with the way on. */
export const CopyFailure: FC<{ view: string; error: CallError; onRetry: () => void }> = ({
  view,
  error,
  onRetry,
}) => {
  const workspace = useWorkspace();
  const isUnusable = isUnusableCopy(error.wire.code);
  return (
    <div className="wrap">
      <PageHead title={view} />
      <section className="panel" aria-label="The local copy">
        <Failure
          title={`The copy of ${workspace.name} ${isUnusable ? "cannot be used" : "could not be opened"}`}
          error={error}
          onRetry={onRetry}
          actions={
            isUnusable && (
              <RebuildBeside server={workspace.server} login={workspace.login} className="btn pri" />
            )
          }
        >
          Nothing was changed or removed, neither here nor on the server.
        </Failure>
      </section>
    </div>
  );
};
