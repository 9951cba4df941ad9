import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useDeferredValue, useId, useMemo, useState } from "react";
import type { CallError } from "@/api/call";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { WhatIf as Answer } from "@/api/generated/WhatIf";
import { planListOptions, whatIfOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { CopyCommand } from "@/components/review-parts";
import { Empty } from "@/components/states";
import { Table } from "@/components/table";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";
import { AnswerExport, AskedProvider } from "./usage-export";
import { metricsOf, type Supposed, supposedRequest, whatIfCommand } from "./what-if-model";

/** Accounts on screen, and in a file. */
const SHOWN = 200;
const EXPORTED = 100_000;

const ALL = "";

/** Who would be refused if limits were kept that only warn, or if one were another. Nothing is changed by it. */
export const WhatIf: FC = () => {
  const workspace = useWorkspace();
  const plans = useQuery(planListOptions(workspace.id)).data?.rows ?? [];
  const [typed, setTyped] = useState<Supposed>({ month: "", plan: ALL, metric: ALL, limit: "" });
  const supposed = useDeferredValue(typed);
  const request = useMemo(() => supposedRequest(supposed), [supposed]);
  const asked = useMemo(
    () => ({ command: "usage_what_if" as const, request: { ...request.ask, rows: EXPORTED } }),
    [request],
  );
  const query = useQuery({
    ...whatIfOptions(workspace.id, { ...request.ask, rows: SHOWN }),
    placeholderData: keepPreviousData,
    enabled: request.wrong === null,
  });
  return (
    <div className="grid">
      <Panel title="Suppose" note="nothing is changed by asking" className="c12">
        <Form plans={plans} typed={typed} onChange={setTyped} wrong={request.wrong} />
        <div className="wi-say">
          <span className="t2">{query.data?.supposed}</span>
          <CopyCommand command={whatIfCommand(request.ask, workspace.name)} />
        </div>
      </Panel>
      <AskedProvider value={asked}>
        <LimitsPanel query={query} />
        <AccountsPanel query={query} />
      </AskedProvider>
    </div>
  );
};

const Form: FC<{
  plans: readonly PlanRow[];
  typed: Supposed;
  onChange: (next: Supposed) => void;
  wrong: { field: keyof Supposed; text: string } | null;
}> = ({ plans, typed, onChange, wrong }) => {
  const ids = useId();
  const set = (change: Partial<Supposed>) => onChange({ ...typed, ...change });
  const hint = (field: keyof Supposed, usual: string) =>
    wrong?.field === field ? (
      <div className="hint warning" id={`${ids}-${field}-hint`}>
        {wrong.text}
      </div>
    ) : (
      <div className="hint" id={`${ids}-${field}-hint`}>
        {usual}
      </div>
    );
  const canLimit = typed.plan !== ALL && typed.metric !== ALL;
  return (
    <div className="wi-f">
      <div className="fld">
        <label className="fl" htmlFor={`${ids}-month`}>
          Month (UTC)
        </label>
        <input
          id={`${ids}-month`}
          className="inp"
          value={typed.month}
          placeholder="the current one"
          aria-invalid={wrong?.field === "month"}
          aria-describedby={`${ids}-month-hint`}
          autoComplete="off"
          onChange={(event) => set({ month: event.target.value })}
        />
        {hint("month", "As 2026-11. Limits are counted by months of UTC.")}
      </div>
      <div className="fld">
        <span className="fl">Plan</span>
        <Choice
          label="Plan"
          value={typed.plan}
          options={[
            { value: ALL, label: "Every plan" },
            ...plans.map((plan) => ({ value: plan.code, label: plan.name })),
          ]}
          onChange={(plan) => set({ plan, ...(plan === ALL ? { limit: "" } : {}) })}
        />
      </div>
      <div className="fld">
        <span className="fl">Metric</span>
        <Choice
          label="Metric"
          value={typed.metric}
          options={[
            { value: ALL, label: "Every metric" },
            ...metricsOf(plans).map((metric) => ({ value: metric, label: metric })),
          ]}
          onChange={(metric) => set({ metric, ...(metric === ALL ? { limit: "" } : {}) })}
        />
      </div>
      <div className="fld">
        <label className="fl" htmlFor={`${ids}-limit`}>
          Limit a month
        </label>
        <input
          id={`${ids}-limit`}
          className="inp n"
          inputMode="numeric"
          value={typed.limit}
          disabled={!canLimit}
          placeholder="as it is"
          aria-invalid={wrong?.field === "limit"}
          aria-describedby={`${ids}-limit-hint`}
          autoComplete="off"
          onChange={(event) => set({ limit: event.target.value })}
        />
        {hint("limit", canLimit ? "Empty leaves it as high as it is." : "Choose a plan and a metric first.")}
      </div>
    </div>
  );
};

type Query = UseQueryResult<Answer, CallError>;

const LimitsPanel: FC<{ query: Query }> = ({ query }) => (
  <QueryPanel
    query={query}
    title="Limits"
    note={(answer) => `${answer.month} by UTC${answer.is_unfinished ? ", so far" : ""}`}
    className="c12"
    waiting="Reading counters"
    rows={4}
    failure="The limits could not be read"
    actions={
      <>
        <AnswerExport rows="/limits" name="Limits supposed" />
        <MethodNote title="Limits">
          <p>
            What active accounts used in the month, by the counters that the product checks against, beside
            what would be allowed: today’s plans, and raises as they held last in the month. Admins of the
            product pass every limit and are left out.
          </p>
          <p>
            Beyond is what they used more than that, together: the most that would have been refused. People
            who are refused use differently afterwards, which no counter tells. Of limits a day the fullest
            day counts; rates a minute are kept nowhere.
          </p>
        </MethodNote>
      </>
    }
  >
    {(answer) =>
      answer.limits.length === 0 ? (
        <Empty title="No plan has a limit that this is about">
          What is unlimited stays so, until a limit is supposed for it.
        </Empty>
      ) : (
        <Table
          className="shares"
          columns={[
            { heading: "Plan" },
            { heading: "Limit" },
            { heading: "Kind", className: "hide-t" },
            { heading: "Now", className: "n" },
            { heading: "Supposed", className: "n" },
            { heading: "Accounts", className: "n hide-t" },
            { heading: "Over now", className: "n" },
            { heading: "Would be refused", className: "n" },
            { heading: "Beyond", className: "n" },
          ]}
        >
          {answer.limits.map((limit) => (
            <tr key={`${limit.plan_code} ${limit.metric} ${limit.period}`}>
              <td className="m">{limit.plan}</td>
              <td>
                {limit.metric} <span className="t3">per {limit.period}</span>
              </td>
              <td className="t2 hide-t">{limit.kind}</td>
              <td className="n">
                {limit.limit_now === null ? (
                  <span className="t3">Unlimited</span>
                ) : (
                  formatNumber(limit.limit_now)
                )}
              </td>
              <td className="n m">{formatNumber(limit.limit)}</td>
              <td className="n hide-t">{formatNumber(limit.accounts)}</td>
              <td className="n">{formatNumber(limit.over_now)}</td>
              <td className="n">
                <span className={limit.over > 0 ? "warning m" : "t3"}>{formatNumber(limit.over)}</span>
              </td>
              <td className="n">{formatNumber(limit.beyond)}</td>
            </tr>
          ))}
        </Table>
      )
    }
  </QueryPanel>
);

const AccountsPanel: FC<{ query: Query }> = ({ query }) => {
  const { zone } = useScope();
  return (
    <QueryPanel
      query={query}
      title="Accounts that would be refused"
      note={(answer) => countOf(answer.account_count, "account")}
      className="c12"
      waiting="Reading counters"
      rows={8}
      failure="The accounts could not be read"
      actions={<AnswerExport rows="/accounts" name="Accounts that would be refused" />}
    >
      {(answer) =>
        answer.accounts.length === 0 ? (
          <Empty title="Nobody would be refused" isGood />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
          <section className="scroll-y" tabIndex={0} aria-label="Accounts that would be refused, table">
            <Table
              className="shares"
              columns={[
                { heading: "Account" },
                { heading: "Plan", className: "hide-t" },
                { heading: "Limit" },
                { heading: "Used", className: "n" },
                { heading: "Allowed", className: "n" },
                { heading: "Beyond", className: "n" },
              ]}
            >
              {answer.accounts.map((account) => (
                <tr key={`${account.user_id} ${account.metric} ${account.period}`}>
                  <td className="tr w-all" title={account.name}>
                    <Link to="/users/$user" params={{ user: account.user_id }} className="row-link">
                      {account.email}
                    </Link>
                  </td>
                  <td className="hide-t">{account.plan_code}</td>
                  <td>
                    {account.metric} <span className="t3">per {account.period}</span>
                  </td>
                  <td className="n">{formatNumber(account.used)}</td>
                  <td
                    className="n"
                    title={
                      account.raised_until === null
                        ? undefined
                        : `Raised until ${formatMinute(account.raised_until, zone)} ${zone}`
                    }
                  >
                    {formatNumber(account.limit)}
                    {account.raised_until !== null && <span className="t3"> raised</span>}
                  </td>
                  <td className="n">{formatNumber(account.beyond)}</td>
                </tr>
              ))}
            </Table>
            {answer.row_count > answer.accounts.length && (
              <div className="foot">
                {countOf(answer.row_count - answer.accounts.length, "more row")} in the export.
              </div>
            )}
          </section>
        )
      }
    </QueryPanel>
  );
};
