import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useCallback, useMemo, useState } from "react";
import type { AuditRow } from "@/api/generated/AuditRow";
import { auditPagesOptions } from "@/api/queries";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { ExportButton } from "@/components/export-button";
import { PageHead } from "@/components/page-head";
import { Empty, Failure, Loading } from "@/components/states";
import { formatNumber, formatSecond } from "@/lib/format";
import { useRefusals } from "@/lib/permits";
import { useScope, useWorkspace } from "@/lib/scope";
import { auditSentence } from "@/lib/words";
import { AuditDrawer } from "./audit-drawer";
import { AuditFilters } from "./audit-filters";
import { ChainButton } from "./chain-button";
import {
  type AuditSearch,
  auditRequest,
  changeText,
  exportAuditCommand,
  hasAuditFilter,
  isRevertible,
  revertCommand,
} from "./model";
import { RevertSheet } from "./revert-sheet";

/** Who did what, and what it was before. */
export const AuditView: FC = () => {
  const search = useSearch({ from: "/shell/audit" });
  const { zone } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [reverting, setReverting] = useState<AuditRow>();
  const request = useMemo(() => auditRequest(search, zone), [search, zone]);
  const query = useInfiniteQuery(auditPagesOptions(workspace.id, request));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? rows.length;
  const refusal = useRefusals();
  const reasons = { operation_revert: refusal("operation_revert"), usage_recount: refusal("usage_recount") };
  const { operation_revert, usage_recount } = reasons;
  const columns = useMemo(
    () => auditColumns(zone, setReverting, { operation_revert, usage_recount }),
    [zone, operation_revert, usage_recount],
  );
  const hasFilter = hasAuditFilter(search);
  const place = useCallback(
    (change: Partial<AuditSearch>) =>
      void navigate({ to: "/audit", replace: true, search: (before) => ({ ...before, ...change }) }),
    [navigate],
  );
  const clear = () =>
    place({
      key: undefined,
      intent: undefined,
      who: undefined,
      action: undefined,
      table: undefined,
      since: undefined,
      until: undefined,
      from: undefined,
      to: undefined,
    });
  const close = useCallback(() => place({ entry: undefined }), [place]);
  const opened = rows.find((row) => row.id === search.entry);
  return (
    <div className={opened ? "full has-drawer" : "full"}>
      <PageHead
        title="Audit log"
        note={
          query.data
            ? `${formatNumber(total)} ${hasFilter ? "changes match" : "changes"}, newest first`
            : "Every change made through Steward"
        }
        actions={
          <>
            <ChainButton />
            <ExportButton
              name="Audit log"
              source={{ source: "audit", request: { ...request, after: null, limit: 0 } }}
              command={exportAuditCommand(request)}
            />
          </>
        }
      />
      <AuditFilters
        search={search}
        zone={zone}
        choices={query.data?.pages[0]?.choices ?? null}
        onChange={place}
        {...(hasFilter ? { onClear: clear } : {})}
      />
      {query.isPending ? (
        <Loading what="Reading the audit log" rows={10} />
      ) : query.isError && rows.length === 0 ? (
        <Failure
          title="The audit log could not be read"
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : rows.length === 0 ? (
        <Empty
          title={hasFilter ? "No changes match" : "No change was made yet"}
          actions={
            hasFilter && (
              <button type="button" className="btn" onClick={clear}>
                Clear filters
              </button>
            )
          }
        >
          {!hasFilter && "Change a user’s plan, and it shows here with who, what and why."}
        </Empty>
      ) : (
        <DataGrid
          label="Audit log"
          columns={columns}
          rows={rows}
          rowId={auditId}
          total={Math.max(total, rows.length)}
          openId={opened ? auditId(opened) : undefined}
          onOpen={(row) => place({ entry: row.id })}
          isLoadingMore={query.isFetchingNextPage}
          onEndReached={() => query.hasNextPage && void query.fetchNextPage()}
        />
      )}
      {opened && (
        <AuditDrawer
          row={opened}
          zone={zone}
          onClose={close}
          onRevert={setReverting}
          revertReason={reasons[revertCommand(opened)]}
        />
      )}
      {reverting && <RevertSheet row={reverting} onClose={() => setReverting(undefined)} />}
    </div>
  );
};

const auditId = (row: AuditRow) => String(row.id);

function auditColumns(
  zone: string,
  onRevert: (row: AuditRow) => void,
  reasons: Record<ReturnType<typeof revertCommand>, string | undefined>,
): GridColumn<AuditRow>[] {
  return [
    {
      id: "at",
      header: "Time",
      track: "156px",
      cell: (row) => <span className="t2">{formatSecond(row.at, zone)}</span>,
    },
    { id: "who", header: "Who", track: "minmax(120px, 1fr)", cell: (row) => row.operator ?? row.login },
    {
      id: "what",
      header: "What",
      track: "minmax(180px, 1.6fr)",
      cell: (row) => {
        const sentence = auditSentence(row);
        return (
          <>
            {sentence.verb} <b>{sentence.object}</b> {sentence.rest}
          </>
        );
      },
    },
    {
      id: "change",
      header: "Before → after",
      track: "minmax(180px, 2fr)",
      cell: (row) => <span className="t2">{changeText(row)}</span>,
    },
    { id: "table", header: "Table", track: "112px", cell: (row) => <span className="t2">{row.table}</span> },
    {
      id: "why",
      header: "Reason",
      track: "minmax(96px, 1.2fr)",
      cell: (row) => row.reason || <span className="null">none given</span>,
    },
    {
      id: "revert",
      header: "Take back",
      track: "84px",
      cell: (row) =>
        isRevertible(row) && (
          <button
            type="button"
            className="btn sm gh"
            disabled={reasons[revertCommand(row)] !== undefined}
            title={reasons[revertCommand(row)]}
            aria-label={`Revert the change of ${row.label ?? row.table} at ${formatSecond(row.at, zone)}`}
            onClick={(event) => {
              event.stopPropagation();
              onRevert(row);
            }}
          >
            Revert…
          </button>
        ),
    },
  ];
}
