import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { doctorOptions } from "@/api/queries";
import { CheckRows, checkReport, checkSummary } from "@/components/check-list";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { Failure, Loading } from "@/components/states";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { useSession, useWorkspace } from "@/lib/scope";

/** The same checks as `steward doctor`. */
export const DiagnosticsView: FC = () => {
  const workspace = useWorkspace();
  const { session } = useSession();
  const query = useQuery(doctorOptions(workspace.id));
  const checks = query.data?.checks ?? [];
  const copy = async () => {
    await copyText(`Steward ${session.version}\n${checkReport(checks)}`);
    notify({ tone: "ok", title: "Report copied", text: "It holds no password and no row of your data." });
  };
  const failed = checks.filter((check) => check.state === "failed").length;
  const warned = checks.filter((check) => check.state === "warning").length;
  return (
    <div className="wrap narrow">
      <PageHead
        title="Diagnostics"
        note={
          query.data
            ? failed + warned === 0
              ? "Everything works."
              : `${failed} failed, ${warned} ${warned === 1 ? "warning" : "warnings"}.`
            : ""
        }
        actions={
          <>
            <button type="button" className="btn" disabled={!query.data} onClick={() => void copy()}>
              <Icon name="copy" />
              Copy report
            </button>
            <button
              type="button"
              className="btn pri"
              disabled={query.isFetching}
              onClick={() => void query.refetch()}
            >
              <Icon name="sync" />
              {query.isFetching ? "Checking" : "Check again"}
            </button>
          </>
        }
      />
      <Panel
        title="Checks"
        note={query.data ? checkSummary(checks) : "the same as steward doctor"}
        className="cks"
      >
        {query.isPending ? (
          <Loading what="Checking this computer and the server" rows={10} />
        ) : query.isError && !query.data ? (
          <Failure
            title="The checks could not run"
            error={query.error}
            onRetry={() => void query.refetch()}
          />
        ) : (
          <CheckRows checks={checks} />
        )}
      </Panel>
    </div>
  );
};
