import * as v from "valibot";
import type { EventField } from "@/api/generated/EventField";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { HourOfWeek } from "@/api/generated/HourOfWeek";
import type { Period } from "@/api/generated/Period";
import { shellWord } from "./actions";
import { formatMinute } from "./format";

/** What a column is called in a filter. */
export const FIELD_LABELS: Record<EventField, string> = {
  user_id: "User",
  feature: "Feature",
  plan_code: "Plan",
  model: "Model",
  provider: "Provider",
  endpoint: "Endpoint",
  status: "Status",
  event_type: "Type",
  team_id: "Team",
  is_admin: "Admin",
};

/** Every column that events can be filtered and broken down by, in the order in which they are offered. */
export const FIELDS = [
  "event_type",
  "feature",
  "provider",
  "model",
  "endpoint",
  "plan_code",
  "status",
  "is_admin",
  "team_id",
  "user_id",
] as const satisfies readonly EventField[];

/** A filter in an address. */
export const eventFilter = v.object({
  field: v.picklist(FIELDS),
  value: v.nullable(v.string()),
  exclude: v.exactOptional(v.boolean()),
});

/** An hour of the week in an address. */
export const hourOfWeek = v.object({
  zone: v.string(),
  weekday: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7)),
  hour: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(23)),
});

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** An hour of the week in words. */
export function hourText(hour: HourOfWeek): string {
  return `${DAYS[hour.weekday - 1] ?? ""}s from ${String(hour.hour).padStart(2, "0")}:00, ${hour.zone}`;
}

/** A filter in words. */
export function filterText(filter: EventFilter): string {
  if (filter.field === "is_admin")
    return (filter.value === "true") === !filter.exclude ? "Admins only" : "Without admins";
  return `${FIELD_LABELS[filter.field]} is ${filter.exclude ? "not " : ""}${filter.value ?? "empty"}`;
}

/** The filters without one of them. */
export function withoutFilter(filters: readonly EventFilter[], index: number): EventFilter[] {
  return filters.filter((_, place) => place !== index);
}

/** A period in words, in the zone; the end is left out where it is only the start of the next day. */
export function periodText(period: Period, zone: string): string {
  const start = formatMinute(period.start, zone);
  const end = formatMinute(period.end, zone);
  const [startDay, startTime] = start.split(" ");
  const [endDay, endTime] = end.split(" ");
  if (startTime === "00:00" && endTime === "00:00") {
    const last = formatMinute(new Date(Date.parse(period.end) - 1).toISOString(), zone).slice(0, 10);
    return startDay === last ? `${startDay}` : `${startDay} to ${last}`;
  }
  return startDay === endDay ? `${start} to ${endTime}` : `${start} to ${end}`;
}

/** How an event ended, as a tone. */
export function statusTone(status: string): "ok" | "danger" | "warning" | "neutral" {
  if (status === "success") return "ok";
  if (status === "error") return "danger";
  return status === "rate_limited" ? "warning" : "neutral";
}

/** How an event ended, in words. */
export function statusWord(status: string): string {
  return { success: "Success", error: "Failed", rate_limited: "Rate limited" }[status] ?? status;
}

/** The export of these events on the command line, for exactly this time. */
export function exportEventsCommand(
  period: Period,
  filters: readonly EventFilter[],
  hour?: HourOfWeek,
): string {
  return [
    "steward export events",
    `--from ${period.start} --to ${period.end}`,
    ...filters.map(
      (filter) => `--where ${shellWord(`${filter.field}${filter.exclude ? "!" : ""}=${filter.value ?? ""}`)}`,
    ),
    ...(hour ? [`--hour ${hour.weekday}:${hour.hour} --tz ${shellWord(hour.zone)}`] : []),
  ].join(" ");
}
