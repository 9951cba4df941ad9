import * as v from "valibot";

/** The part of the address that is the forecast view's own. */
export const forecastSearch = v.object({
  profile: v.optional(v.fallback(v.picklist(["stripe", "chartmogul", "profitwell"]), "stripe")),
  currency: v.optional(v.string()),
});

/** What the address of the view says. */
export type ForecastSearch = v.InferOutput<typeof forecastSearch>;
