import * as v from "valibot";

const isMonth = (text: string) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
const monthText = v.pipe(v.string(), v.check(isMonth));

/** The part of the address that is the revenue view's own. */
export const revenueSearch = v.object({
  month: v.optional(v.fallback(v.optional(monthText), undefined)),
  months: v.optional(v.fallback(v.picklist([6, 12, 24, 36]), 12)),
  profile: v.optional(v.fallback(v.picklist(["stripe", "chartmogul", "profitwell"]), "stripe")),
  currency: v.optional(v.string()),
  against: v.optional(
    v.fallback(v.picklist(["stripe", "chartmogul", "profitwell", "stripe-account"]), "profitwell"),
  ),
  split: v.optional(v.fallback(v.picklist(["plan", "interval", "country", "status", "price"]), "plan")),
  kept: v.optional(v.fallback(v.picklist(["revenue", "customers"]), "revenue")),
  movers: v.optional(
    v.fallback(v.picklist(["all", "new", "reactivation", "expansion", "contraction", "churn"]), "all"),
  ),
  on: v.optional(v.string()),
});

/** What the address of the view says. */
export type RevenueSearch = v.InferOutput<typeof revenueSearch>;

/** A part of the revenue by what it is told apart by. */
export type SplitName = NonNullable<RevenueSearch["split"]>;
