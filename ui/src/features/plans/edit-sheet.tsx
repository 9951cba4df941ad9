import { useQuery } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import type { PlanEffect } from "@/api/generated/PlanEffect";
import type { PlanEffectReq } from "@/api/generated/PlanEffectReq";
import type { PlanRow } from "@/api/generated/PlanRow";
import { planEffectOptions } from "@/api/queries";
import { ActionSheet } from "@/components/action-sheet";
import { Failure } from "@/components/states";
import { shellWord } from "@/lib/actions";
import { countOf, formatNumber } from "@/lib/format";
import { formatMinor, formatMinorSigned, minorDigits, parsePrice } from "@/lib/money";
import { useWorkspace } from "@/lib/scope";
import { limitName, parseLimit } from "./model";

/** Prices and limits of a plan; what they do to revenue and to whom stands below before anything is applied. */
export const EditSheet: FC<{ plan: PlanRow; onClose: () => void }> = ({ plan, onClose }) => {
  const workspace = useWorkspace();
  const ids = useId();
  const digits = minorDigits(plan.currency);
  const written = (minor: number | null) =>
    minor === null ? "" : formatMinor(minor, digits).replaceAll(",", "");
  const [month, setMonth] = useState(written(plan.price_month_minor));
  const [year, setYear] = useState(written(plan.price_year_minor));
  const [limits, setLimits] = useState<Record<string, string>>({});
  const monthMinor = parsePrice(month, digits);
  const yearMinor = parsePrice(year, digits);
  const typed = plan.limits.map((own) => {
    const text = limits[limitName(own)];
    return { own, limit: text === undefined ? own.limit : parseLimit(text) };
  });
  const edits = typed.flatMap(({ own, limit }) =>
    limit === undefined || limit === own.limit ? [] : [{ metric: own.metric, period: own.period, limit }],
  );
  const isRight =
    monthMinor !== undefined && yearMinor !== undefined && typed.every(({ limit }) => limit !== undefined);
  const isOther =
    monthMinor !== plan.price_month_minor || yearMinor !== plan.price_year_minor || edits.length > 0;
  const draft =
    isRight && isOther
      ? {
          plan: plan.code,
          price_month_minor: monthMinor,
          price_year_minor: yearMinor,
          limits: edits,
        }
      : undefined;
  const flags = [
    monthMinor !== plan.price_month_minor && `--price-month ${monthMinor ?? "none"}`,
    yearMinor !== plan.price_year_minor && `--price-year ${yearMinor ?? "none"}`,
    ...edits.map((edit) => `--limit ${edit.metric}/${edit.period}=${edit.limit ?? "none"}`),
  ].filter(Boolean);
  return (
    <ActionSheet
      title={`Edit ${plan.name}`}
      verb={() => "Change plan"}
      command="plan_edit"
      draft={draft}
      missing={isRight ? "Change a price or a limit." : "A price or a limit cannot be read."}
      needsReason
      isUndoable={false}
      cli={(reason) =>
        `steward plans edit ${plan.code} ${flags.join(" ")} --reason ${shellWord(reason)} -w ${shellWord(workspace.name)}`
      }
      onClose={onClose}
    >
      <div className="pl-edit">
        {(
          [
            ["month", "Price of a month", month, setMonth, monthMinor],
            ["year", "Price of a year", year, setYear, yearMinor],
          ] as const
        ).map(([key, label, value, set, minor]) => (
          <div key={key} className="fld">
            <label className="fl" htmlFor={`${ids}-${key}`}>
              {label}, {plan.currency}
            </label>
            <input
              id={`${ids}-${key}`}
              className="inp"
              inputMode="decimal"
              autoComplete="off"
              value={value}
              aria-invalid={minor === undefined}
              placeholder="not sold so"
              onChange={(event) => set(event.target.value)}
            />
          </div>
        ))}
        {plan.limits.map((own) => {
          const name = limitName(own);
          const text = limits[name] ?? (own.limit === null ? "" : String(own.limit));
          return (
            <div key={name} className="fld">
              <label className="fl" htmlFor={`${ids}-${name}`}>
                {name}
              </label>
              <input
                id={`${ids}-${name}`}
                className="inp"
                inputMode="numeric"
                autoComplete="off"
                value={text}
                aria-invalid={parseLimit(text) === undefined}
                placeholder="unlimited"
                onChange={(event) => setLimits({ ...limits, [name]: event.target.value })}
              />
            </div>
          );
        })}
      </div>
      {draft && <EffectLines request={draft} />}
    </ActionSheet>
  );
};

/** What it would do, from the copy. */
const EffectLines: FC<{ request: PlanEffectReq }> = ({ request }) => {
  const workspace = useWorkspace();
  const query = useQuery(planEffectOptions(workspace.id, request));
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <section className="pl-effect" aria-label="What it does" aria-live="polite">
      {query.data ? <EffectFacts effect={query.data} /> : <p className="t2">Computing what it does</p>}
    </section>
  );
};

const EffectFacts: FC<{ effect: PlanEffect }> = ({ effect }) => {
  const digits = minorDigits(effect.currency);
  const change = effect.mrr_after_minor - effect.mrr_minor;
  return (
    <dl className="facts as-facts">
      <div className="f">
        <dt>MRR of {countOf(effect.customers, "customer")} on this price</dt>
        <dd>
          {formatMinor(effect.mrr_minor, digits)} → <b>{formatMinor(effect.mrr_after_minor, digits)}</b>{" "}
          {effect.currency} ({formatMinorSigned(change, digits)})
        </dd>
      </div>
      <div className="f">
        <dt>With a price of their own</dt>
        <dd>{countOf(effect.untouched_customers, "customer")}, unchanged</dd>
      </div>
      {effect.limits.map((limit) => (
        <div key={limitName(limit)} className="f">
          <dt>Over {limitName(limit).toLowerCase()}</dt>
          <dd>
            {formatNumber(limit.over)} → <b>{formatNumber(limit.over_after)}</b> users in the running period
          </dd>
        </div>
      ))}
    </dl>
  );
};
