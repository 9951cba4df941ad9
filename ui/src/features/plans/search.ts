import * as v from "valibot";

/** The part of the address that is the plans view's own. */
export const planSearch = v.object({
  month: v.optional(
    v.fallback(v.optional(v.pipe(v.string(), v.regex(/^\d{4}-(0[1-9]|1[0-2])$/))), undefined),
  ),
  currency: v.optional(v.string()),
  spread: v.optional(v.fallback(v.picklist(["mrr", "customers", "seats", "share"]), "mrr")),
});

/** What the address of the view says. */
export type PlanSearch = v.InferOutput<typeof planSearch>;
