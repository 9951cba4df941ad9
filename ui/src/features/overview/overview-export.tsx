import type { FC } from "react";
import type { Compare } from "@/api/generated/Compare";
import type { Overview } from "@/api/generated/Overview";
import { ExportButton } from "@/components/export-button";
import { shellWord } from "@/lib/actions";

/** Where the tables and charts of the overview are in its answer. */
const POINTERS = {
  activity: "/activity_chart",
  latency: "/latency_chart",
  errors: "/error_chart",
  features: "/by_feature",
  plans: "/by_plan",
  models: "/by_model",
  "top-users": "/top_users",
} as const;

/** A table or chart of the overview. */
export type OverviewPart = keyof typeof POINTERS;

/** The export of one panel of the overview. */
export const OverviewExport: FC<{
  overview: Overview;
  compare: Compare;
  part: OverviewPart;
  name: string;
}> = ({ overview, compare, part, name }) => (
  <ExportButton
    isIcon
    name={name}
    source={{
      source: "answer",
      command: "overview_show",
      request: { range: overview.range, zone: overview.zone, compare },
      rows: POINTERS[part],
      name,
    }}
    command={`steward export overview ${part} --range ${shellWord(overview.range)}`}
  />
);
