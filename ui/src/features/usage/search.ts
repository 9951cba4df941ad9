import * as v from "valibot";
import type { BucketSize } from "@/api/generated/BucketSize";
import type { EventField } from "@/api/generated/EventField";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Measure } from "@/api/generated/Measure";
import type { Preset } from "@/api/generated/Preset";
import { eventFilter, FIELDS } from "@/lib/events";

/** What can be measured, in the order of the menu. */
export const MEASURES: { value: Measure; label: string }[] = [
  { value: "events", label: "Events" },
  { value: "active_users", label: "Active users" },
  { value: "quantity", label: "Quantity" },
  { value: "tokens", label: "Tokens" },
  { value: "cost", label: "Cost" },
  { value: "credits", label: "Credits" },
  { value: "bytes_out", label: "Bytes out" },
  { value: "errors", label: "Errors" },
  { value: "error_rate", label: "Error rate" },
  { value: "limit_hits", label: "Limit hits" },
  { value: "latency_average", label: "Average latency" },
  { value: "latency_p50", label: "Latency p50" },
  { value: "latency_p95", label: "Latency p95" },
];

/** The part of the address that says what of the use is shown; a wrong value falls back to the usual one. */
export const usageSearch = v.object({
  tab: v.optional(v.fallback(v.picklist(["usage", "offenders", "what-if"]), "usage")),
  by: v.optional(v.fallback(v.picklist(FIELDS), "feature")),
  measure: v.optional(v.fallback(v.picklist(MEASURES.map((entry) => entry.value)), "events")),
  bucket: v.optional(v.fallback(v.optional(v.picklist(["hour", "day", "week", "month"])), undefined)),
  preset: v.optional(v.fallback(v.picklist(["activity", "assistant", "quotas"]), "activity")),
  filters: v.optional(v.fallback(v.array(eventFilter), [])),
});

/** A part of the view. */
export type UsageTab = "usage" | "offenders" | "what-if";

/** What the address says of the use. */
export interface UsageSearch {
  tab?: UsageTab | undefined;
  by?: EventField | undefined;
  measure?: Measure | undefined;
  bucket?: BucketSize | undefined;
  preset?: Preset | undefined;
  filters?: EventFilter[] | undefined;
}
