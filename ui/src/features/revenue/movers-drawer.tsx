import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FC } from "react";
import type { Movement } from "@/api/generated/Movement";
import type { Revenue } from "@/api/generated/Revenue";
import type { RevenueMover } from "@/api/generated/RevenueMover";
import { revenueMoverPagesOptions } from "@/api/queries";
import { Drawer } from "@/components/drawer";
import { Failure, Loading } from "@/components/states";
import { countOf, formatMinute } from "@/lib/format";
import { formatMinor, formatMinorSigned, monthLabel } from "@/lib/money";
import { useWorkspace } from "@/lib/scope";

const KINDS: Record<Movement, string> = {
  new: "New",
  reactivation: "Reactivation",
  expansion: "Expansion",
  contraction: "Contraction",
  churn: "Churn",
};

/** Who is behind a movement, and by which changes. */
export const MoversDrawer: FC<{
  revenue: Revenue;
  movement: Movement | null;
  /** Only customers who were or are on this plan. */
  plan: string | null;
  onClose: () => void;
}> = ({ revenue, movement, plan, onClose }) => {
  const workspace = useWorkspace();
  const query = useInfiniteQuery(
    revenueMoverPagesOptions(workspace.id, {
      month: revenue.month,
      zone: revenue.zone,
      profile: revenue.profile.name,
      currency: revenue.currency,
      movement,
      plan,
      after: null,
      limit: 50,
    }),
  );
  const first = query.data?.pages[0];
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  const on = plan && (revenue.by_plan.find((row) => row.value === plan)?.label ?? plan);
  const name = `${movement ? KINDS[movement] : "All movements"}${on ? ` on ${on}` : ""}`;
  return (
    <Drawer title={`${name}, ${monthLabel(revenue.month)}`} onClose={onClose}>
      {query.isError ? (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      ) : !first ? (
        <Loading what="Finding the customers" rows={8} />
      ) : (
        <>
          <p className="rv-sum">
            {countOf(first.total, "customer")},{" "}
            <b>
              {formatMinorSigned(first.change_minor, revenue.exponent)} {revenue.currency}
            </b>{" "}
            a month
          </p>
          {rows.map((row) => (
            <MoverRow key={row.customer} row={row} revenue={revenue} hasKind={movement === null} />
          ))}
          {rows.length === 0 && <p className="none">Nobody in this month.</p>}
          {query.hasNextPage && (
            <button
              type="button"
              className="btn rv-more"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Show more of {countOf(first.total, "customer")}
            </button>
          )}
        </>
      )}
    </Drawer>
  );
};

const MoverRow: FC<{ row: RevenueMover; revenue: Revenue; hasKind: boolean }> = ({
  row,
  revenue,
  hasKind,
}) => {
  const { exponent, zone } = revenue;
  const name = row.name ?? row.customer;
  return (
    <div className="rv-row">
      <div className="rv-row-h">
        {row.is_team ? (
          <span className="tr m">{name}</span>
        ) : (
          <Link to="/users/$user" params={{ user: row.customer }} className="row-link m">
            {name}
          </Link>
        )}
        <span className="n m">{formatMinorSigned(row.change_minor, exponent)}</span>
      </div>
      <div className="rv-row-s t3">
        <span>
          {hasKind && `${row.movement ? KINDS[row.movement] : "Came and went"} · `}
          {formatMinor(row.start_minor, exponent)} → {formatMinor(row.end_minor, exponent)}
        </span>
      </div>
      <ul className="rv-acts">
        {row.activities.map((activity) => (
          <li key={`${activity.at}${activity.movement}`}>
            <span className="t3">{formatMinute(activity.at, zone)}</span>
            <span>{KINDS[activity.movement]}</span>
            <span className="n">
              {formatMinorSigned(activity.after_minor - activity.before_minor, exponent)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
};
