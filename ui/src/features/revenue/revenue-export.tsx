import { createContext, type FC, useContext } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { ExportSource } from "@/api/generated/ExportSource";
import type { Revenue } from "@/api/generated/Revenue";
import type { RevenueReq } from "@/api/generated/RevenueReq";
import { ChartMenu } from "@/components/chart-menu";
import { ExportButton } from "@/components/export-button";
import { ReportButton } from "@/components/report-button";
import { shellWord } from "@/lib/actions";

const AskedContext = createContext<RevenueReq | undefined>(undefined);

/** Says below which month is exported. */
export const AskedProvider = AskedContext.Provider;

/** The export of a table or a chart of the answer, read anew at one cut. */
export const RevenueExport: FC<{ rows: string; name: string; isIcon?: boolean; spec?: ChartSpec }> = ({
  rows,
  name,
  isIcon = true,
  spec,
}) => {
  const request = useContext(AskedContext);
  if (!request) return null;
  const source: ExportSource = { source: "answer", command: "revenue_show", request, rows, name };
  const command = `steward export answer revenue_show ${rows} --request ${shellWord(JSON.stringify(request))}`;
  return spec ? (
    <ChartMenu name={name} spec={spec} source={source} command={command} />
  ) : (
    <ExportButton isIcon={isIcon} name={name} source={source} command={command} />
  );
};

/** The month in every currency as a document and a workbook. */
export const RevenueReport: FC<{ revenue: Revenue }> = ({ revenue }) => {
  const { month, zone, profile } = revenue;
  return (
    <ReportButton
      name="Revenue report"
      request={{ report: "revenue", month, zone, profile: profile.name }}
      command={`steward report revenue --month ${month} --profile ${profile.name}`}
    />
  );
};
