import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useCallback, useId, useMemo, useState } from "react";
import { wireError } from "@/api/call";
import type { Drift } from "@/api/generated/Drift";
import type { Reconciliation } from "@/api/generated/Reconciliation";
import type { StripeStatus } from "@/api/generated/StripeStatus";
import { reconciliationOptions } from "@/api/queries";
import { DataGrid, type GridColumn } from "@/components/data-grid";
import { Drawer } from "@/components/drawer";
import { Icon } from "@/components/icon";
import { MethodNote } from "@/components/popup";
import { CopyCommand } from "@/components/review-parts";
import { Empty, Failure, Loading } from "@/components/states";
import { NotApplicable, Status } from "@/components/status";
import { copyText } from "@/lib/clipboard";
import { countOf, formatNumber } from "@/lib/format";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { Who } from "./lists";
import { type BillingSearch, comparedText, driftId, driftTone, reconcileCommand } from "./model";

/** Subscriptions here against what Stripe bills, from what was read or from an exported file. */
export const ReconciliationPart: FC<{
  search: BillingSearch;
  place: (change: BillingSearch) => void;
  status: StripeStatus;
}> = ({ search, place, status }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const hasSource = search.csv !== undefined || status.as_of !== null;
  const query = useQuery({
    ...reconciliationOptions(workspace.id, {
      csv: search.csv ?? null,
      class: search.class ?? null,
      limit: 1000,
    }),
    enabled: hasSource,
    placeholderData: keepPreviousData,
  });
  const found = query.data;
  const close = useCallback(() => place({ row: undefined }), [place]);
  const columns = useMemo(() => driftColumns(), []);
  const opened = found?.rows.find((row) => driftId(row) === search.row);
  const isFileWrong = query.isError && wireError(query.error).fields.some((field) => field.field === "csv");
  return (
    <>
      <div className="tools rc-tools">
        <FileField
          key={search.csv ?? ""}
          path={search.csv}
          problem={
            isFileWrong
              ? wireError(query.error).fields.find((field) => field.field === "csv")?.message
              : undefined
          }
          onPath={(csv) => place({ csv, class: undefined, row: undefined })}
        />
        <span className="picked">
          <MethodNote title="Reconciliation">
            <p>
              Each open subscription here is compared with the one of Stripe’s that it names: status, plan,
              price, discount, interval, quantity and end of the period. A difference is told once, at its
              cause. What one side does not say is not compared, and is counted below.
            </p>
          </MethodNote>
          <CopyCommand command={reconcileCommand(search, workspace.name)} />
        </span>
      </div>
      {!hasSource ? (
        <Empty title="There is nothing to compare with yet">
          Connect Stripe and read it, or export subscriptions as CSV on Stripe’s page and give the path of the
          file above. A file needs no key and no network.
        </Empty>
      ) : query.isPending ? (
        <Loading what="Comparing both sides" rows={10} />
      ) : query.isError && !found ? (
        <Failure
          title={isFileWrong ? "The file could not be compared with" : "The sides could not be compared"}
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        found && (
          <>
            {isFileWrong && <Failure title="The file could not be compared with" error={query.error} />}
            <p className="rc-line t2">{comparedText(found, zone)}</p>
            <Classes found={found} chosen={search.class} place={place} />
            {found.rows.length === 0 ? (
              <Empty title="Both sides say the same" isGood>
                {countOf(found.clean, "subscription")} compared, and no difference found.
              </Empty>
            ) : (
              <DataGrid
                label="Differences"
                columns={columns}
                rows={found.rows}
                rowId={driftId}
                total={found.rows.length}
                openId={opened ? driftId(opened) : undefined}
                onOpen={(row) => place({ row: driftId(row) })}
              />
            )}
            <NotComparedNote found={found} />
            {opened && <DriftDrawer row={opened} onClose={close} />}
          </>
        )
      )}
    </>
  );
};

/** The path of an exported table; empty is what was read through the API. */
const FileField: FC<{
  path: string | undefined;
  problem: string | undefined;
  onPath: (path: string | undefined) => void;
}> = ({ path, problem, onPath }) => {
  const ids = useId();
  const [typed, setTyped] = useState(path ?? "");
  return (
    <form
      className="rc-file"
      onSubmit={(event) => {
        event.preventDefault();
        onPath(typed.trim() || undefined);
      }}
    >
      <label className="fl" htmlFor={`${ids}-csv`}>
        Stripe’s side
      </label>
      <input
        id={`${ids}-csv`}
        className="inp mono"
        value={typed}
        placeholder="as read; or the path of an exported CSV"
        spellCheck={false}
        autoComplete="off"
        aria-invalid={problem !== undefined}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit" className="btn" disabled={typed.trim() === (path ?? "")}>
        Compare
      </button>
      {path && (
        <button type="button" className="btn gh" onClick={() => onPath(undefined)}>
          <Icon name="x" />
          Use what was read
        </button>
      )}
    </form>
  );
};

/** Every class with its number; a press narrows the list. */
const Classes: FC<{
  found: Reconciliation;
  chosen: BillingSearch["class"];
  place: (change: BillingSearch) => void;
}> = ({ found, chosen, place }) => (
  <fieldset className="rc-classes">
    <legend className="sr">Kind of difference</legend>
    {found.classes.map((row) => (
      <button
        key={row.class}
        type="button"
        className="rc-class"
        aria-pressed={chosen === row.class}
        disabled={row.rows === 0}
        onClick={() => place({ class: chosen === row.class ? undefined : row.class, row: undefined })}
      >
        <span>{row.label}</span>
        <b className={row.rows === 0 ? "t3" : driftTone(row.class)}>{formatNumber(row.rows)}</b>
      </button>
    ))}
  </fieldset>
);

const NotComparedNote: FC<{ found: Reconciliation }> = ({ found }) =>
  found.not_compared.length === 0 ? null : (
    <section className="rc-not" aria-label="Not compared">
      {found.not_compared.map((row) => (
        <p key={`${row.class} ${row.why}`} className="cap t2">
          {row.why} Not compared for {countOf(row.subscriptions, "subscription")}.
        </p>
      ))}
    </section>
  );

function driftColumns(): GridColumn<Drift>[] {
  return [
    {
      id: "class",
      header: "Difference",
      track: "148px",
      cell: (row) => <Status tone={driftTone(row.class)}>{DRIFT_LABELS[row.class]}</Status>,
    },
    {
      id: "who",
      header: "Account",
      track: "minmax(170px, 1.4fr)",
      cell: (row) => <Who account={row.account} customer={row.stripe_label ?? row.stripe_customer} />,
    },
    {
      id: "here",
      header: "Here",
      track: "minmax(120px, 1.2fr)",
      cell: (row) => row.here ?? <NotApplicable />,
    },
    {
      id: "there",
      header: "At Stripe",
      track: "minmax(120px, 1.2fr)",
      cell: (row) => row.there ?? <NotApplicable />,
    },
    {
      id: "fix",
      header: "What to do",
      track: "minmax(200px, 2.4fr)",
      cell: (row) => <span className="t2">{row.fix}</span>,
    },
  ];
}

const DRIFT_LABELS: Record<Drift["class"], string> = {
  missing_here: "Missing here",
  missing_there: "Missing at Stripe",
  status: "Status",
  plan: "Plan",
  amount: "Amount",
  interval: "Interval",
  quantity: "Quantity",
  period: "Period",
  duplicate: "Duplicate",
  orphan: "Orphan",
};

const DriftDrawer: FC<{ row: Drift; onClose: () => void }> = ({ row, onClose }) => {
  const copy = (text: string, what: string) =>
    void copyText(text).then(() => notify({ tone: "ok", title: `${what} copied` }));
  return (
    <Drawer title={DRIFT_LABELS[row.class]} onClose={onClose}>
      <dl className="facts">
        <div className="f">
          <dt>Account</dt>
          <dd>
            {row.account?.kind === "user" ? (
              <Link to="/users/$user" params={{ user: row.account.id }} className="link">
                {row.account.label}
              </Link>
            ) : (
              <Who account={row.account} customer={row.stripe_label ?? row.stripe_customer} />
            )}
          </dd>
        </div>
        <div className="f">
          <dt>Here</dt>
          <dd>{row.here ?? <NotApplicable />}</dd>
        </div>
        <div className="f">
          <dt>At Stripe</dt>
          <dd>{row.there ?? <NotApplicable />}</dd>
        </div>
        {[
          ["Subscription", row.stripe_subscription],
          ["Customer", row.stripe_customer],
        ].map(
          ([name, id]) =>
            id && (
              <div key={name} className="f">
                <dt>{name}</dt>
                <dd>
                  <span className="mono tr">{id}</span>
                  <button
                    type="button"
                    className="ib"
                    aria-label={`Copy ${name} id`}
                    onClick={() => copy(id, `${name} id`)}
                  >
                    <Icon name="copy" />
                  </button>
                </dd>
              </div>
            ),
        )}
      </dl>
      <h3 className="rc-h">What to do</h3>
      <p>{row.fix}</p>
    </Drawer>
  );
};
