import type { EventField } from "@/api/generated/EventField";
import type { EventFilter } from "@/api/generated/EventFilter";
import type { Period } from "@/api/generated/Period";
import { shellWord } from "@/lib/actions";
import { formatMinute } from "@/lib/format";

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

/** A filter in words. */
export function filterText(filter: EventFilter): string {
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
export function exportEventsCommand(period: Period, filters: readonly EventFilter[]): string {
  return [
    "steward export events",
    `--from ${period.start} --to ${period.end}`,
    ...filters.map((filter) => `--where ${shellWord(`${filter.field}=${filter.value ?? ""}`)}`),
  ].join(" ");
}
