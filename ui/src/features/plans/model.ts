import type { PlanHistory } from "@/api/generated/PlanHistory";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { RevenuePlanMove } from "@/api/generated/RevenuePlanMove";
import { formatNumber } from "@/lib/format";
import { formatMinor, minorDigits } from "@/lib/money";

/** A line of the catalogue: what it is about, and what each plan says to it. */
export interface CatalogueLine {
  key: string;
  label: string;
  group: "Price" | "Allowance" | "Limits" | "Features";
  cells: string[];
}

/** What stays in capitals. */
const INITIALISMS = ["ai", "api", "e2e", "pdf", "sla", "sql", "sso"];

/** `customDomains` and `image_generation` as people write them. */
const words = (text: string) => {
  const parts = text
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[_\-\s]+/)
    .map((part) => (INITIALISMS.includes(part) ? part.toUpperCase() : part));
  const joined = parts.join(" ");
  return joined.charAt(0).toUpperCase() + joined.slice(1);
};

const unlimited = (value: number | null) => (value === null ? "unlimited" : formatNumber(value));

/** The catalogue side by side, a line per thing any plan says something about. */
export function catalogueLines(plans: readonly PlanRow[]): CatalogueLine[] {
  const price = (minor: number | null, currency: string) =>
    minor === null ? "–" : `${formatMinor(minor, minorDigits(currency))} ${currency}`;
  const line = (
    group: CatalogueLine["group"],
    label: string,
    cell: (plan: PlanRow) => string,
  ): CatalogueLine => ({ key: `${group}:${label}`, label, group, cells: plans.map(cell) });
  const limits = new Map<string, { metric: string; period: string }>();
  const features = new Set<string>();
  for (const plan of plans) {
    for (const { metric, period } of plan.limits) limits.set(`${metric} ${period}`, { metric, period });
    for (const feature of plan.features) features.add(feature.key);
  }
  return [
    line("Price", "A month", (plan) => price(plan.price_month_minor, plan.currency)),
    line("Price", "A year", (plan) => price(plan.price_year_minor, plan.currency)),
    line("Allowance", "Credits a month", (plan) =>
      plan.credits_per_month === null ? "–" : formatNumber(plan.credits_per_month),
    ),
    line("Allowance", "Seats", (plan) => unlimited(plan.seats)),
    line("Allowance", "Projects", (plan) => unlimited(plan.projects)),
    line("Allowance", "Integrations", (plan) => unlimited(plan.integrations)),
    line("Allowance", "Requests a minute", (plan) => unlimited(plan.requests_per_minute)),
    ...[...limits.values()].map(({ metric, period }) =>
      line("Limits", limitName({ metric, period }), (plan) => {
        const found = plan.limits.find((limit) => limit.metric === metric && limit.period === period);
        if (!found) return "–";
        return found.limit !== null && found.kind === "soft"
          ? `${formatNumber(found.limit)} soft`
          : unlimited(found.limit);
      }),
    ),
    ...[...features].sort().map((key) =>
      line("Features", words(key), (plan) => {
        const found = plan.features.find((feature) => feature.key === key);
        return found?.is_unlocked ? "✓" : "–";
      }),
    ),
  ];
}

/** A limit as people say it: `Prompts a month`. */
export function limitName(limit: { metric: string; period: string }): string {
  return limit.period === "lifetime"
    ? `${words(limit.metric)}, ever`
    : `${words(limit.metric)} a ${limit.period}`;
}

/** A typed limit; empty is unlimited, and nothing where it cannot be read. */
export function parseLimit(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === "") return null;
  return /^\d{1,15}$/.test(typed) ? Number(typed) : undefined;
}

/** One month of the distribution: each plan's part, in the order of the catalogue. */
export interface SpreadRow {
  month: string;
  total: number;
  parts: { plan: string; mrr: number; customers: number; seats: number; share: number }[];
}

/** Newest first. */
export function spreadRows(
  history: readonly PlanHistory[],
  by: "mrr" | "customers" | "seats" | "share",
  order: readonly string[] = [],
): SpreadRow[] {
  const months = new Map<string, PlanHistory[]>();
  for (const row of history) months.set(row.month, [...(months.get(row.month) ?? []), row]);
  const byPlace = (a: PlanHistory, b: PlanHistory) => order.indexOf(a.plan) - order.indexOf(b.plan);
  const rows = [...months].map(([month, parts]) => {
    const of = (row: PlanHistory) =>
      by === "customers" ? row.customers : by === "seats" ? row.seats : row.mrr_minor;
    const total = parts.reduce((sum, row) => sum + of(row), 0);
    return {
      month,
      total,
      parts: [...parts].sort(byPlace).map((row) => ({
        plan: row.plan,
        mrr: row.mrr_minor,
        customers: row.customers,
        seats: row.seats,
        share: total === 0 ? 0 : of(row) / total,
      })),
    };
  });
  return rows.sort((a, b) => b.month.localeCompare(a.month));
}

/** The plans customers came from and went to, paying nothing last. */
export function moveAxis(moves: readonly RevenuePlanMove[], plans: readonly PlanRow[]): (string | null)[] {
  const known = new Set(moves.flatMap((move) => [move.from, move.to]));
  const ordered = plans.map((plan) => plan.code).filter((code) => known.has(code));
  const others = [...known].filter((code): code is string => code !== null && !ordered.includes(code));
  return [...ordered, ...others, ...(known.has(null) ? [null] : [])];
}
