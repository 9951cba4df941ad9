import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useDeferredValue, useId, useMemo, useState } from "react";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { RevenueWhatIf } from "@/api/generated/RevenueWhatIf";
import { planListOptions, revenueWhatIfOptions } from "@/api/queries";
import { ChartPanel } from "@/charts/chart-panel";
import { Choice } from "@/components/choice";
import { ExportButton } from "@/components/export-button";
import { Icon } from "@/components/icon";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { CopyCommand } from "@/components/review-parts";
import { Failure } from "@/components/states";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { countOf, formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, minorDigits } from "@/lib/money";
import { useScope, useWorkspace } from "@/lib/scope";
import {
  assumptionText,
  NOTHING,
  type Read,
  readTyped,
  type Typed,
  type TypedPrice,
  typeAssumptions,
  whatIfCommand,
} from "./model";
import { Scenarios } from "./scenarios";
import type { ForecastSearch } from "./search";

const SHOWN = 100;
const EXPORTED = 100_000;

/** What MRR would be if prices, churn or conversion were others. Nothing is changed by it. */
export const WhatIf: FC<{ search: ForecastSearch }> = ({ search }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const plans = useQuery(planListOptions(workspace.id)).data?.rows ?? [];
  const [typed, setTyped] = useState<Typed>(NOTHING);
  const supposed = useDeferredValue(typed);
  const read = useMemo(() => readTyped(supposed, plans), [supposed, plans]);
  const request = {
    zone,
    profile: search.profile ?? null,
    currency: search.currency ?? null,
    assumptions: read.assumptions,
    rows: SHOWN,
  };
  const query = useQuery({
    ...revenueWhatIfOptions(workspace.id, request),
    placeholderData: keepPreviousData,
    enabled: read.wrong.length === 0,
  });
  const exportOf = (rows: string, name: string) => {
    const asked = { ...request, rows: EXPORTED };
    return (
      <ExportButton
        isIcon
        name={name}
        source={{ source: "answer", command: "revenue_what_if", request: asked, rows, name }}
        command={`steward export answer revenue_what_if ${rows} --request ${shellWord(JSON.stringify(asked))}`}
      />
    );
  };
  const answer = query.data;
  const sold = plans.filter((plan) => plan.currency === answer?.currency && plan.archived_at === null);
  return (
    <div className="grid">
      <Panel
        title="What if"
        note="nothing is changed by asking"
        className="c8"
        actions={
          <Link to="/usage" search={(before) => ({ ...before, tab: "what-if" as const })} className="link">
            Other limits
          </Link>
        }
      >
        <Form plans={sold} typed={typed} wrong={read.wrong} onChange={setTyped} />
        <div className="fc-say">
          {answer ? <Effect answer={answer} /> : <span className="t2">Computing what it does</span>}
          <CopyCommand command={whatIfCommand(read.assumptions, search, zone, workspace.name)} />
        </div>
        {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      </Panel>
      <Scenarios
        search={search}
        plans={plans}
        assumptions={read.assumptions}
        isReadable={read.wrong.length === 0}
        currency={answer?.currency ?? null}
        onOpen={(scenario) => setTyped(typeAssumptions(scenario.assumptions, plans))}
      />
      {answer?.chart ? (
        <ChartPanel
          spec={answer.chart}
          height={240}
          unfinishedLabel="so far"
          className="c6"
          actions={exportOf("/months", "MRR over twelve months")}
        />
      ) : (
        answer?.without && (
          <Panel title="MRR over twelve months" className="c6">
            <p className="foot">{answer.without}</p>
          </Panel>
        )
      )}
      <QueryPanel
        query={query}
        title="Every number of it"
        note={() => "where each comes from"}
        className="c6"
        waiting="Averaging the last months"
        rows={7}
        actions={
          answer && (
            <MethodNote title="Every number of it">
              <p>{answer.method}</p>
            </MethodNote>
          )
        }
      >
        {(data) => <Assumed answer={data} />}
      </QueryPanel>
      {answer && answer.customer_count > 0 && (
        <Panel
          title="Whose price would change"
          note={`${countOf(answer.customer_count, "customer")} · ${answer.currency} a month`}
          className="c12"
          actions={exportOf("/customers", "Customers of a supposed price")}
        >
          <Touched answer={answer} plans={plans} />
        </Panel>
      )}
    </div>
  );
};

const Effect: FC<{ answer: RevenueWhatIf }> = ({ answer }) => {
  const write = (minor: number) => formatMinor(minor, answer.exponent);
  const last = answer.months.at(-1);
  return (
    <dl className="facts fc-facts" aria-live="polite">
      <div className="f">
        <dt>MRR now, exact</dt>
        <dd>
          {write(answer.mrr_minor)} → <b>{write(answer.mrr_after_minor)}</b> {answer.currency} (
          {formatMinorSigned(answer.mrr_after_minor - answer.mrr_minor, answer.exponent)})
        </dd>
      </div>
      {last && (
        <div className="f">
          <dt>In 12 months, estimate</dt>
          <dd>
            {write(last.as_is_minor)} → <b>{write(last.supposed_minor)}</b> {answer.currency} (
            {formatMinorSigned(last.difference_minor, answer.exponent)})
          </dd>
        </div>
      )}
      {answer.prices.map((price) => (
        <div key={price.plan} className="f">
          <dt>{price.label}</dt>
          <dd>
            {countOf(price.customers, "customer")} on its list price
            {price.keeps_existing ? ", who keep it" : ""}; {formatNumber(price.untouched_customers)} with a
            price of their own stay
          </dd>
        </div>
      ))}
    </dl>
  );
};

const Form: FC<{
  plans: readonly PlanRow[];
  typed: Typed;
  wrong: Read["wrong"];
  onChange: (next: Typed) => void;
}> = ({ plans, typed, wrong, onChange }) => {
  const ids = useId();
  const hintOf = (field: string) => wrong.find((one) => one.field === field)?.text;
  const change = (at: number, part: Partial<TypedPrice>) =>
    onChange({
      ...typed,
      prices: typed.prices.map((price, place) => (place === at ? { ...price, ...part } : price)),
    });
  const free = plans.filter((plan) => !typed.prices.some((price) => price.plan === plan.code));
  const amount = (at: number, plan: PlanRow | undefined, interval: "month" | "year") => {
    const price = typed.prices[at];
    const now = interval === "month" ? plan?.price_month_minor : plan?.price_year_minor;
    const id = `${ids}-${price?.plan}-${interval}`;
    const problem = hintOf(`${price?.plan}-${interval}`);
    return (
      <div className="fld">
        <label className="fl" htmlFor={id}>
          A {interval}, {plan?.currency}
        </label>
        <input
          id={id}
          className="inp n"
          inputMode="decimal"
          autoComplete="off"
          value={price?.[interval] ?? ""}
          placeholder={now == null ? "not sold so" : formatMinor(now, minorDigits(plan?.currency ?? ""))}
          disabled={now == null}
          aria-invalid={problem !== undefined}
          onChange={(event) => change(at, { [interval]: event.target.value })}
        />
        {problem && <div className="hint warning">{problem}</div>}
      </div>
    );
  };
  const share = (field: "churn" | "conversion", label: string, usual: string) => (
    <div className="fld">
      <label className="fl" htmlFor={`${ids}-${field}`}>
        {label}
      </label>
      <input
        id={`${ids}-${field}`}
        className="inp n"
        autoComplete="off"
        value={typed[field]}
        placeholder="as it was"
        aria-invalid={hintOf(field) !== undefined}
        aria-describedby={`${ids}-${field}-hint`}
        onChange={(event) => onChange({ ...typed, [field]: event.target.value })}
      />
      <div className={hintOf(field) ? "hint warning" : "hint"} id={`${ids}-${field}-hint`}>
        {hintOf(field) ?? usual}
      </div>
    </div>
  );
  return (
    <div className="fc-form">
      {typed.prices.map((price, at) => {
        const plan = plans.find((row) => row.code === price.plan);
        return (
          <div key={price.plan} className="fc-price">
            <div className="fld">
              <span className="fl">Price of</span>
              <Choice
                label="Plan"
                value={price.plan}
                options={[...(plan ? [plan] : []), ...free].map((row) => ({
                  value: row.code,
                  label: row.name,
                }))}
                onChange={(code) => change(at, { plan: code, month: "", year: "" })}
              />
            </div>
            {amount(at, plan, "month")}
            {amount(at, plan, "year")}
            <label className="fc-keep">
              <input
                type="checkbox"
                checked={price.keepsExisting}
                onChange={(event) => change(at, { keepsExisting: event.target.checked })}
              />
              Who has it keeps the price
            </label>
            <button
              type="button"
              className="ib"
              aria-label={`Leave the price of ${plan?.name ?? price.plan} as it is`}
              onClick={() => onChange({ ...typed, prices: typed.prices.filter((_, place) => place !== at) })}
            >
              <Icon name="x" />
            </button>
          </div>
        );
      })}
      <div className="fc-row">
        {share("churn", "Customer churn a month", "2.5%, or 1.5x what it was.")}
        {share("conversion", "Trial conversion", "Of the trials that end.")}
        <div className="fld">
          <span className="fl">Prices</span>
          <button
            type="button"
            className="btn"
            disabled={free.length === 0}
            onClick={() =>
              free[0] &&
              onChange({
                ...typed,
                prices: [...typed.prices, { plan: free[0].code, month: "", year: "", keepsExisting: false }],
              })
            }
          >
            <Icon name="plus" />
            Suppose a price
          </button>
        </div>
      </div>
    </div>
  );
};

const Assumed: FC<{ answer: RevenueWhatIf }> = ({ answer }) => (
  <Table
    columns={[
      { heading: "Number" },
      { heading: "As it was", className: "n" },
      { heading: "Supposed", className: "n" },
    ]}
  >
    {answer.assumptions.map((one) => {
      const [was, is] = [
        assumptionText(one, one.as_is, answer.exponent),
        assumptionText(one, one.supposed, answer.exponent),
      ];
      return (
        <tr key={one.key}>
          <td className="fc-src">
            {one.label}
            <div className="t3">{one.source}</div>
          </td>
          <td className="n t2">{was}</td>
          <td className={was === is ? "n t2" : "n m"}>{is}</td>
        </tr>
      );
    })}
  </Table>
);

const Touched: FC<{ answer: RevenueWhatIf; plans: readonly PlanRow[] }> = ({ answer, plans }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
  <section className="fc-scroll" tabIndex={0} aria-label="Whose price would change, table">
    <Table
      columns={[
        { heading: "Customer" },
        { heading: "Plan" },
        { heading: "Now", className: "n" },
        { heading: "Difference", className: "n" },
      ]}
    >
      {answer.customers.map((row) => (
        <tr key={`${row.customer} ${row.plan}`}>
          <td>
            {row.is_team ? (
              (row.name ?? row.customer)
            ) : (
              <Link to="/users/$user" params={{ user: row.customer }} className="row-link">
                {row.name ?? row.customer}
              </Link>
            )}
          </td>
          <td>{plans.find((plan) => plan.code === row.plan)?.name ?? row.plan}</td>
          <td className="n">{formatMinor(row.before_minor, answer.exponent)}</td>
          <td className="n m">{formatMinorSigned(row.difference_minor, answer.exponent)}</td>
        </tr>
      ))}
    </Table>
    {answer.customer_count > answer.customers.length && (
      <div className="foot">
        {countOf(answer.customer_count - answer.customers.length, "more customer")} in the export.
      </div>
    )}
  </section>
);
