import { createContext, type FC, useContext } from "react";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { ExportSource } from "@/api/generated/ExportSource";
import { ChartMenu } from "@/components/chart-menu";
import { ExportButton } from "@/components/export-button";
import { shellWord } from "@/lib/actions";

/** A question whose answer holds tables and charts. */
interface Asked {
  command: "usage_show" | "usage_what_if" | "offender_list";
  request: object;
}

const AskedContext = createContext<Asked | undefined>(undefined);

/** Says below which question is exported. */
export const AskedProvider = AskedContext.Provider;

/** The export of a table or a chart of the answer: all of it, read anew at one cut. Of a chart, its picture too. */
export const AnswerExport: FC<{ rows: string; name: string; spec?: ChartSpec }> = ({ rows, name, spec }) => {
  const asked = useContext(AskedContext);
  if (!asked) return null;
  const { command, request } = asked;
  const source: ExportSource = { source: "answer", command, request, rows, name };
  const line = `steward export answer ${command} ${rows} --request ${shellWord(JSON.stringify(request))}`;
  return spec ? (
    <ChartMenu name={name} spec={spec} source={source} command={line} />
  ) : (
    <ExportButton isIcon name={name} source={source} command={line} />
  );
};
