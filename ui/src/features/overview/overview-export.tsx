import type { FC } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Compare } from "@/api/generated/Compare";
import type { ExportSource } from "@/api/generated/ExportSource";
import type { Overview } from "@/api/generated/Overview";
import { ChartMenu } from "@/components/chart-menu";
import { ExportButton } from "@/components/export-button";
import { ReportButton } from "@/components/report-button";
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

/** The export of one panel of the overview; of a chart, its picture too. */
export const OverviewExport: FC<{
  overview: Overview;
  compare: Compare;
  part: OverviewPart;
  name: string;
  spec?: ChartSpec;
}> = ({ overview, compare, part, name, spec }) => {
  const source: ExportSource = {
    source: "answer",
    command: "overview_show",
    request: { range: overview.range, zone: overview.zone, compare },
    rows: POINTERS[part],
    name,
  };
  const command = `steward export overview ${part} --range ${shellWord(overview.range)}`;
  return spec ? (
    <ChartMenu name={name} spec={spec} source={source} command={command} />
  ) : (
    <ExportButton isIcon name={name} source={source} command={command} />
  );
};

/** The overview as a document. */
export const OverviewReport: FC<{ overview: Overview; compare: Compare }> = ({ overview, compare }) => (
  <ReportButton
    name="Overview report"
    request={{ report: "overview", range: overview.range, zone: overview.zone, compare }}
    command={`steward report overview --range ${shellWord(overview.range)} --compare ${compare}`}
  />
);
