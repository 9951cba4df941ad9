import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useEffect, useMemo, useState } from "react";
import type { AuditRow } from "@/api/generated/AuditRow";
import { operationRevert } from "@/api/mutations";
import { auditPagesOptions } from "@/api/queries";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { ExportButton } from "@/components/export-button";
import { Icon } from "@/components/icon";
import { PageHead } from "@/components/page-head";
import { type ReviewInput, ReviewSheet } from "@/components/review-sheet";
import { Empty, Failure, Loading } from "@/components/states";
import { shellWord } from "@/lib/actions";
import { countOf, formatSecond } from "@/lib/format";
import { newIntent, useAnnounceChange } from "@/lib/operations";
import { useScope, useWorkspace } from "@/lib/scope";
import { auditSentence } from "@/lib/words";
import { changeText, exportAuditCommand, isRevertible } from "./model";

/** Who did what, and what it was before. */
export const AuditView: FC = () => {
  const search = useSearch({ from: "/shell/audit" });
  const { zone } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [reverting, setReverting] = useState<AuditRow>();
  const request = useMemo(
    () => ({ intent: search.intent ?? null, key: search.key ?? null, after: null, limit: 200 }),
    [search.intent, search.key],
  );
  const query = useInfiniteQuery(auditPagesOptions(workspace.id, request));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const columns = useMemo(() => auditColumns(zone, setReverting), [zone]);
  const hasFilter = search.key !== undefined || search.intent !== undefined;
  const clear = () => void navigate({ to: "/audit" });
  return (
    <div className="full">
      <PageHead
        title="Audit log"
        note={
          rows.length > 0
            ? `${query.hasNextPage ? "The newest " : ""}${countOf(rows.length, "change")}, newest first`
            : "Every change made through Steward"
        }
        actions={
          <ExportButton
            name="Audit log"
            source={{ source: "audit", request: { ...request, after: null, limit: 0 } }}
            command={exportAuditCommand(request)}
          />
        }
      />
      {hasFilter && (
        <ul className="filters" aria-label="Filters">
          <li className="filter">
            {search.key !== undefined ? `Row is ${search.key}` : `Change is ${search.intent}`}
            <button type="button" className="ib" aria-label="Remove filter" onClick={clear}>
              <Icon name="x" />
            </button>
          </li>
        </ul>
      )}
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
          total={query.hasNextPage ? rows.length + 1 : rows.length}
          isLoadingMore={query.isFetchingNextPage}
          onEndReached={() => query.hasNextPage && void query.fetchNextPage()}
        />
      )}
      {reverting && <RevertSheet row={reverting} onClose={() => setReverting(undefined)} />}
    </div>
  );
};

const RevertSheet: FC<{ row: AuditRow; onClose: () => void }> = ({ row, onClose }) => {
  const workspace = useWorkspace();
  const announce = useAnnounceChange();
  const [intent] = useState(newIntent);
  const preview = useMutation(operationRevert());
  const apply = useMutation(operationRevert());
  const operation = row.intent ?? "";
  const look = preview.mutate;
  const request = useMemo(
    () => ({ intent, operation, reason: "", plan_token: null, confirm: null }),
    [intent, operation],
  );
  useEffect(() => {
    look({ request, mode: "preview" });
  }, [look, request]);
  const sentence = auditSentence(row);
  const count = preview.data?.rows.length ?? 0;
  const title = `Revert: ${sentence.verb} ${sentence.object} ${sentence.rest}`.trim();
  const handleApply = (input: ReviewInput) => {
    if (!preview.data) return;
    apply.mutate(
      {
        request: {
          ...request,
          reason: input.reason.trim(),
          plan_token: preview.data.plan_token,
          confirm: preview.data.confirm === null ? null : input.confirm.trim(),
        },
        mode: "run",
      },
      {
        onSuccess: (done) => {
          announce(title, done, false);
          onClose();
        },
      },
    );
  };
  return (
    <ReviewSheet
      title={title}
      verb={`Revert ${countOf(count, "row")}`}
      isOpen
      onClose={onClose}
      preview={preview.isPending ? undefined : preview.data}
      error={apply.error ?? preview.error}
      isPreviewing={preview.isPending}
      isApplying={apply.isPending}
      onRetry={() => {
        apply.reset();
        look({ request, mode: "preview" });
      }}
      onApply={handleApply}
      needsReason={count > 1}
      command={() => `steward undo ${operation} -w ${shellWord(workspace.name)}`}
    />
  );
};

const auditId = (row: AuditRow) => String(row.id);

function auditColumns(zone: string, onRevert: (row: AuditRow) => void): GridColumn<AuditRow>[] {
  return [
    {
      id: "at",
      header: "Time",
      track: "152px",
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
