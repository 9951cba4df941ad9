import type { Quality } from "@/api/generated/Quality";
import type { QualityCheck } from "@/api/generated/QualityCheck";

/** Whole months kept, as typed: 1 to 1,200; nothing where it is none. */
export function parseMonths(typed: string): number | undefined {
  if (!/^\d{1,4}$/.test(typed.trim())) return undefined;
  const months = Number(typed);
  return months >= 1 && months <= 1200 ? months : undefined;
}

/** One example of a finding as a line of text. */
export function exampleText(example: unknown): string {
  if (typeof example !== "object" || example === null) return String(example);
  // Who it is about comes first: by the address where there is one, else by the id.
  const { email, user_id: userId, ...rest } = example as Record<string, unknown>;
  const who = email === undefined ? (userId === undefined ? {} : { user_id: userId }) : { user: email };
  return Object.entries({ ...who, ...rest })
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value === null ? "NULL" : String(value)}`)
    .join(", ");
}

/** How many checks found something. */
export function findings(quality: Quality): QualityCheck[] {
  return quality.checks.filter((check) => check.count > 0);
}

/** A share of planned events that is removed, 0 to 100. */
export function removedPercent(planned: number, removed: number): number {
  return planned > 0 ? Math.min(100, Math.round((removed / planned) * 100)) : 100;
}
