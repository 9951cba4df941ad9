import type { Assumptions } from "@/api/generated/Assumptions";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { Scenario } from "@/api/generated/Scenario";
import type { WhatIfAssumption } from "@/api/generated/WhatIfAssumption";
import { shellWord } from "@/lib/actions";
import { formatNumber } from "@/lib/format";
import { formatMinor, minorDigits, parsePrice } from "@/lib/money";
import type { ForecastSearch } from "./search";

/** A supposed price as it is typed. */
export interface TypedPrice {
  plan: string;
  month: string;
  year: string;
  keepsExisting: boolean;
}

/** What is supposed, as it is typed; empty is as it was. */
export interface Typed {
  prices: TypedPrice[];
  churn: string;
  conversion: string;
}

export const NOTHING: Typed = { prices: [], churn: "", conversion: "" };

/** What is typed as a request, and what cannot be read of it. */
export interface Read {
  assumptions: Assumptions;
  wrong: { field: string; text: string }[];
}

/** `2.5%`, `2.5` or nothing as a share. */
function parseShare(text: string): number | null | undefined {
  const typed = text.trim().replace(/\s*%$/, "");
  if (typed === "") return null;
  if (!/^\d{1,3}(\.\d{1,6})?$/.test(typed)) return undefined;
  const percent = Number(typed);
  return percent <= 100 ? percent / 100 : undefined;
}

/** `1.5x` as a multiple. */
function parseTimes(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)\s*[x×]$/i.exec(text.trim());
  return match && Number(match[1]) <= 100 ? Number(match[1]) : undefined;
}

/** Reads what is typed; a price that cannot be read leaves its plan out. */
export function readTyped(typed: Typed, plans: readonly PlanRow[]): Read {
  const wrong: Read["wrong"] = [];
  const prices = typed.prices.flatMap((price) => {
    const plan = plans.find((row) => row.code === price.plan);
    if (!plan) return [];
    const digits = minorDigits(plan.currency);
    const [month, year] = [parsePrice(price.month, digits), parsePrice(price.year, digits)];
    for (const [interval, minor] of [
      ["month", month],
      ["year", year],
    ] as const) {
      if (minor === undefined) {
        wrong.push({ field: `${price.plan}-${interval}`, text: "An amount, as 39 or 39.50." });
      }
    }
    if (month === undefined || year === undefined || (month === null && year === null)) return [];
    return [
      {
        plan: price.plan,
        price_month_minor: month,
        price_year_minor: year,
        keeps_existing: price.keepsExisting,
      },
    ];
  });
  const times = parseTimes(typed.churn);
  const churn = times === undefined ? parseShare(typed.churn) : null;
  if (churn === undefined) {
    wrong.push({ field: "churn", text: "A share of 0% to 100%, or a multiple as 1.5x." });
  }
  const conversion = parseShare(typed.conversion);
  if (conversion === undefined) wrong.push({ field: "conversion", text: "A share of 0% to 100%." });
  return {
    assumptions: {
      prices,
      churn: churn ?? null,
      churn_times: times ?? null,
      conversion: conversion ?? null,
    },
    wrong,
  };
}

const percentText = (share: number) => String(Number((share * 100).toPrecision(12)));

/** Kept assumptions as somebody would type them. */
export function typeAssumptions(assumptions: Assumptions, plans: readonly PlanRow[]): Typed {
  const written = (minor: number | null, currency: string) =>
    minor === null ? "" : formatMinor(minor, minorDigits(currency)).replaceAll(",", "");
  return {
    prices: assumptions.prices.map((price) => {
      const currency = plans.find((row) => row.code === price.plan)?.currency ?? "USD";
      return {
        plan: price.plan,
        month: written(price.price_month_minor, currency),
        year: written(price.price_year_minor, currency),
        keepsExisting: price.keeps_existing,
      };
    }),
    churn:
      assumptions.churn !== null
        ? `${percentText(assumptions.churn)}%`
        : assumptions.churn_times !== null
          ? `${assumptions.churn_times}x`
          : "",
    conversion: assumptions.conversion === null ? "" : `${percentText(assumptions.conversion)}%`,
  };
}

/** Assumptions in a line. */
export function supposedWords(assumptions: Assumptions, plans: readonly PlanRow[]): string {
  const prices = assumptions.prices.flatMap((price) => {
    const plan = plans.find((row) => row.code === price.plan);
    const currency = plan?.currency ?? "";
    const kept = price.keeps_existing ? ", who has it keeps the price" : "";
    return (
      [
        ["month", price.price_month_minor],
        ["year", price.price_year_minor],
      ] as const
    ).flatMap(([interval, minor]) =>
      minor === null
        ? []
        : [
            `${plan?.name ?? price.plan} at ${formatMinor(minor, minorDigits(currency))} ${currency} a ${interval}${kept}`,
          ],
    );
  });
  const rest = [
    assumptions.churn !== null && `churn ${percentText(assumptions.churn)}% a month`,
    assumptions.churn_times !== null && `churn × ${assumptions.churn_times}`,
    assumptions.conversion !== null && `conversion ${percentText(assumptions.conversion)}%`,
  ].filter((part) => part !== false);
  const all = [...prices, ...rest];
  return all.length === 0 ? "Nothing else than it was" : all.join("; ");
}

/** The same question on the command line. */
export function whatIfCommand(
  assumptions: Assumptions,
  search: ForecastSearch,
  zone: string,
  workspace: string,
): string {
  const flags = [
    ...assumptions.prices.flatMap((price) => [
      price.price_month_minor !== null &&
        `--price ${shellWord(`${price.plan}/month=${price.price_month_minor}`)}`,
      price.price_year_minor !== null &&
        `--price ${shellWord(`${price.plan}/year=${price.price_year_minor}`)}`,
      price.keeps_existing && `--grandfather ${shellWord(price.plan)}`,
    ]),
    assumptions.churn !== null && `--churn ${percentText(assumptions.churn)}%`,
    assumptions.churn_times !== null && `--churn-times ${assumptions.churn_times}`,
    assumptions.conversion !== null && `--conversion ${percentText(assumptions.conversion)}%`,
    search.profile && `--profile ${search.profile}`,
    search.currency && `--currency ${shellWord(search.currency)}`,
    `--tz ${shellWord(zone)}`,
    `-w ${shellWord(workspace)}`,
  ];
  return `steward revenue what-if ${flags.filter(Boolean).join(" ")}`;
}

/** A number of the recurrence as people write it. */
export function assumptionText(one: WhatIfAssumption, value: number | null, exponent: number): string {
  if (value === null) return "–";
  if (one.unit === "share") return `${formatNumber(value * 100, 2)}%`;
  if (one.unit === "count") return formatNumber(value, 1);
  return formatMinor(Math.round(value), exponent);
}

/** A share with one decimal. */
export const shareText = (share: number | null) =>
  share === null ? "n/a" : `${formatNumber(share * 100, 1)}%`;

/** A scenario of this name, without regard to the case of letters. */
export const sameName = (one: Scenario, name: string) => one.name.toLowerCase() === name.trim().toLowerCase();
