import type { Compare } from "@/api/generated/Compare";
import type { Session } from "@/api/generated/Session";
import type { Settings } from "@/api/generated/Settings";

/** Which days, in which zone, compared with what. */
export interface Scope {
  range: string;
  zone: string;
  compare: Compare;
}

/** What holds where the address says nothing: the settings, else this computer's zone. */
export function defaultScope(session: Session, settings: Settings): Scope {
  return { range: settings.range, zone: settings.zone || session.zone, compare: settings.compare };
}
