import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, Fragment, useState } from "react";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { Revenue } from "@/api/generated/Revenue";
import { planListOptions, revenueOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { ExportButton } from "@/components/export-button";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Segmented } from "@/components/segmented";
import { shellWord } from "@/lib/actions";
import { countOf, formatNumber } from "@/lib/format";
import { formatMinor, monthChoices, monthLabel } from "@/lib/money";
import { useRefusals } from "@/lib/permits";
import { planSlot } from "@/lib/plan-slot";
import { useScope, useWorkspace } from "@/lib/scope";
import { EditSheet } from "./edit-sheet";
import { catalogueLines, moveAxis, spreadRows } from "./model";
import type { PlanSearch } from "./search";
import "./plans.css";

/** What each plan is, who is on it, and who goes from which to which. */
export const PlansView: FC = () => {
  const search = useSearch({ from: "/shell/plans" });
  const { zone } = useScope();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const refusal = useRefusals();
  const plans = useQuery(planListOptions(workspace.id));
  // Money is finance's and the admins'; the catalogue is everybody's.
  const hasMoney = refusal("revenue_show") === undefined;
  const request = {
    month: search.month ?? null,
    months: 12,
    zone,
    profile: null,
    currency: search.currency ?? null,
  };
  const query = useQuery({
    ...revenueOptions(workspace.id, request),
    placeholderData: keepPreviousData,
    enabled: hasMoney,
  });
  const revenue = query.data;
  const [editing, setEditing] = useState<PlanRow>();
  const place = (change: Partial<PlanSearch>) =>
    void navigate({ to: "/plans", replace: true, search: (before) => ({ ...before, ...change }) });
  const now = revenue?.freshness.as_of ?? new Date().toISOString();
  const exportOf = (rows: string, name: string) => (
    <ExportButton
      isIcon
      name={name}
      source={{ source: "answer", command: "revenue_show", request, rows, name }}
      command={`steward export answer revenue_show ${rows} --request ${shellWord(JSON.stringify(request))}`}
    />
  );
  return (
    <div className="wrap">
      <PageHead
        title="Plans"
        note={
          plans.data &&
          `${countOf(plans.data.rows.length, "plan")}, ${countOf(
            plans.data.rows.reduce((sum, row) => sum + row.user_count, 0),
            "user",
          )}`
        }
        actions={
          revenue?.currency && (
            <>
              <Choice
                label="Month"
                value={revenue.month}
                options={monthChoices(now, zone, revenue.month)}
                onChange={(month) => place({ month })}
              />
              <Choice
                label="Currency"
                value={revenue.currency}
                options={revenue.currencies.map((row) => ({ value: row.currency, label: row.currency }))}
                onChange={(currency) => place({ currency })}
              />
            </>
          )
        }
      />
      <div className="grid">
        <QueryPanel
          query={plans}
          title="Catalogue"
          className="c12"
          waiting="Reading the plans"
          note={() => "side by side, by rank"}
          actions={
            <ExportButton
              isIcon
              name="Plans"
              source={{ source: "answer", command: "plan_list", request: null, rows: "/rows", name: "Plans" }}
              command="steward export answer plan_list /rows --request null"
            />
          }
        >
          {({ rows }) => (
            <Catalogue plans={rows} revenue={revenue} why={refusal("plan_edit")} onEdit={setEditing} />
          )}
        </QueryPanel>
        {hasMoney && (
          <QueryPanel
            query={query}
            title="Distribution over time"
            className="c7"
            waiting="Valuing the subscriptions"
            note={(data) => `at each month’s end · ${data.currency ?? "nobody pays"}`}
            actions={
              <>
                <Segmented
                  label="Distribution of"
                  value={search.spread ?? "mrr"}
                  options={[
                    { value: "mrr", label: "MRR" },
                    { value: "customers", label: "Customers" },
                    { value: "seats", label: "Seats" },
                    { value: "share", label: "Share" },
                  ]}
                  onChange={(spread) => place({ spread: spread as PlanSearch["spread"] })}
                />
                {exportOf("/plan_history", "Plans over time")}
                <MethodNote title="Distribution over time">
                  <p>
                    What is paid for each plan at the end of each month, in one currency, and by how many
                    customers. Who pays for two plans is a customer of both. Seats are the units of the
                    licensed items of their subscriptions, not the members of their teams.
                  </p>
                </MethodNote>
              </>
            }
          >
            {(data) => <Spread revenue={data} plans={plans.data?.rows ?? []} by={search.spread ?? "mrr"} />}
          </QueryPanel>
        )}
        {hasMoney && revenue && (
          <Panel
            title="From plan to plan"
            note={`${monthLabel(revenue.month)}${revenue.is_unfinished ? ", so far" : ""} · customers`}
            className="c5"
            actions={
              <>
                {exportOf("/plan_moves", "From plan to plan")}
                <MethodNote title="From plan to plan">
                  <p>
                    Customers by the plan they paid for when the month began and when it ended; who paid for
                    several counts with the dearest. “Not paying” is new or returned at the left, and lost at
                    the right.
                  </p>
                </MethodNote>
              </>
            }
          >
            <Moves revenue={revenue} plans={plans.data?.rows ?? []} />
          </Panel>
        )}
      </div>
      {editing && <EditSheet plan={editing} onClose={() => setEditing(undefined)} />}
    </div>
  );
};

const Catalogue: FC<{
  plans: readonly PlanRow[];
  revenue: Revenue | undefined;
  /** Why nothing can be edited now; nothing where it can. */
  why: string | undefined;
  onEdit: (plan: PlanRow) => void;
}> = ({ plans, revenue, why, onEdit }) => {
  const lines = catalogueLines(plans);
  const of = (code: string) => revenue?.by_plan.find((row) => row.value === code);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
    <section className="tw" tabIndex={0} aria-label="Catalogue, table">
      <table className="tb pl-cat">
        <thead>
          <tr>
            <th scope="col">Plan</th>
            {plans.map((plan) => (
              <th key={plan.code} scope="col" className="n">
                <i className="sw8 pl-sw" style={{ background: planSlot(plan.code) }} />
                {plan.name}
                {plan.archived_at !== null && <span className="tag">archived</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <span className="sr">Edit</span>
            </th>
            {plans.map((plan) => (
              <td key={plan.code} className="n">
                <button
                  type="button"
                  className="btn sm gh"
                  aria-disabled={why !== undefined}
                  title={why}
                  aria-label={`Edit ${plan.name}`}
                  onClick={() => why === undefined && onEdit(plan)}
                >
                  Edit…
                </button>
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">Users</th>
            {plans.map((plan) => (
              <td key={plan.code} className="n">
                {formatNumber(plan.user_count)}
              </td>
            ))}
          </tr>
          {revenue?.currency && (
            <tr>
              <th scope="row">MRR, {revenue.currency}</th>
              {plans.map((plan) => (
                <td key={plan.code} className="n m">
                  {formatMinor(of(plan.code)?.mrr_minor ?? 0, revenue.exponent)}
                </td>
              ))}
            </tr>
          )}
          {lines.map((line, index) => (
            <Fragment key={line.key}>
              {lines[index - 1]?.group !== line.group && (
                <tr className="pl-g">
                  <th scope="rowgroup" colSpan={plans.length + 1}>
                    {line.group}
                  </th>
                </tr>
              )}
              <tr>
                <th scope="row">{line.label}</th>
                {line.cells.map((cell, place) => (
                  <td
                    key={plans[place]?.code}
                    className={cell === "–" || cell === "unlimited" ? "n t3" : "n"}
                    {...(cell === "✓" ? { "aria-label": "included" } : {})}
                  >
                    {cell}
                  </td>
                ))}
              </tr>
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
};

const Spread: FC<{ revenue: Revenue; plans: readonly PlanRow[]; by: NonNullable<PlanSearch["spread"]> }> = ({
  revenue,
  plans,
  by,
}) => {
  const rows = spreadRows(
    revenue.plan_history,
    by,
    plans.map((plan) => plan.code),
  );
  const codes = plans
    .map((plan) => plan.code)
    .filter((code) => revenue.plan_history.some((row) => row.plan === code));
  const name = (code: string) => plans.find((plan) => plan.code === code)?.name ?? code;
  const write = (part: { mrr: number; customers: number; seats: number; share: number }) =>
    by === "share"
      ? `${formatNumber(part.share * 100, 1)}%`
      : by === "mrr"
        ? formatMinor(part.mrr, revenue.exponent)
        : formatNumber(by === "seats" ? part.seats : part.customers);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
    <section className="tw" tabIndex={0} aria-label="Distribution over time, table">
      <table className="tb">
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col" className="pl-bar-h">
              Share
            </th>
            {codes.map((code) => (
              <th key={code} scope="col" className="n">
                <i className="sw8 pl-sw" style={{ background: planSlot(code) }} />
                {name(code)}
              </th>
            ))}
            <th scope="col" className="n">
              All
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.month}>
              <td>{monthLabel(row.month)}</td>
              <td className="pl-bar-c">
                <span className="plan-bar pl-bar" aria-hidden="true">
                  {row.parts.map((part) => (
                    <i
                      key={part.plan}
                      style={{ flexGrow: part.share, background: planSlot(part.plan) }}
                      title={`${name(part.plan)} ${formatNumber(part.share * 100, 1)}%`}
                    />
                  ))}
                </span>
              </td>
              {codes.map((code) => {
                const part = row.parts.find((one) => one.plan === code);
                return (
                  <td key={code} className="n" title={part && `${formatNumber(part.share * 100, 1)}%`}>
                    {part ? write(part) : "–"}
                  </td>
                );
              })}
              <td className="n m">
                {by === "customers" || by === "seats"
                  ? formatNumber(row.total)
                  : formatMinor(row.total, revenue.exponent)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

const Moves: FC<{ revenue: Revenue; plans: readonly PlanRow[] }> = ({ revenue, plans }) => {
  const axis = moveAxis(revenue.plan_moves, plans);
  const name = (code: string | null) =>
    code === null ? "Not paying" : (plans.find((plan) => plan.code === code)?.name ?? code);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
    <section className="tw" tabIndex={0} aria-label="From plan to plan, table">
      <table className="tb pl-mv">
        <thead>
          <tr>
            <th scope="col">From, to</th>
            {axis.map((to) => (
              <th key={to} scope="col" className="n">
                {name(to)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {axis.map((from) => (
            <tr key={from}>
              <th scope="row">{name(from)}</th>
              {axis.map((to) => {
                const found = revenue.plan_moves.find((move) => move.from === from && move.to === to);
                const told = found
                  ? `${formatNumber(found.customers)} from ${name(from)} to ${name(to)}: ${formatMinor(found.before_minor, revenue.exponent)} → ${formatMinor(found.after_minor, revenue.exponent)} ${revenue.currency} a month`
                  : undefined;
                return (
                  <td key={to} className={from === to ? "n t3" : found ? "n m" : "n t3"} title={told}>
                    {found ? formatNumber(found.customers) : "–"}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {axis.length === 0 && <p className="none t2">Nobody paid when the month began or when it ended.</p>}
    </section>
  );
};
