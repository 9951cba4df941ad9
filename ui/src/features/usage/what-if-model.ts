import type { PlanRow } from "@/api/generated/PlanRow";
import type { WhatIfReq } from "@/api/generated/WhatIfReq";
import { shellWord } from "@/lib/actions";

/** What is supposed, as it is typed; empty is everything, or as it is. */
export interface Supposed {
  month: string;
  plan: string;
  metric: string;
  limit: string;
}

/** A request without how many accounts are wanted. */
export type WhatIfAsked = Omit<WhatIfReq, "rows">;

/** What is asked, or which field stands in the way. */
export function supposedRequest(supposed: Supposed): {
  ask: WhatIfAsked;
  wrong: { field: keyof Supposed; text: string } | null;
} {
  const month = supposed.month.trim();
  const limit = supposed.limit.replaceAll(/[\s,]/g, "");
  const isLimit = limit !== "" && supposed.plan !== "" && supposed.metric !== "";
  const ask = {
    month: month === "" ? null : month,
    plan: supposed.plan === "" ? null : supposed.plan,
    metric: supposed.metric === "" ? null : supposed.metric,
    limit: isLimit ? Number(limit) : null,
  };
  if (month !== "" && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) {
    return { ask, wrong: { field: "month", text: "A month is written 2026-11." } };
  }
  if (isLimit && !/^\d{1,13}$/.test(limit)) {
    return { ask, wrong: { field: "limit", text: "A whole number, 0 or more." } };
  }
  return { ask, wrong: null };
}

/** The metrics that any plan limits, by name. */
export function metricsOf(plans: readonly PlanRow[]): string[] {
  const counted = plans.flatMap((plan) => plan.limits).filter((limit) => limit.period !== "minute");
  return [...new Set(counted.map((limit) => limit.metric))].sort();
}

/** The same question for the command line. */
export function whatIfCommand(ask: WhatIfAsked, workspace: string): string {
  const words = ["steward usage what-if"];
  if (ask.month) words.push(`--month ${shellWord(ask.month)}`);
  if (ask.plan) words.push(`--plan ${shellWord(ask.plan)}`);
  if (ask.metric) words.push(`--metric ${shellWord(ask.metric)}`);
  if (ask.limit !== null) words.push(`--limit ${ask.limit}`);
  return [...words, `-w ${shellWord(workspace)}`].join(" ");
}
