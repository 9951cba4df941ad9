import { createContext, type FC, useContext } from "react";
import type { RevenueReq } from "@/api/generated/RevenueReq";
import { ExportButton } from "@/components/export-button";
import { shellWord } from "@/lib/actions";

const AskedContext = createContext<RevenueReq | undefined>(undefined);

/** Says below which month is exported. */
export const AskedProvider = AskedContext.Provider;

/** The export of a table of the answer, read anew at one cut. */
export const RevenueExport: FC<{ rows: string; name: string; isIcon?: boolean }> = ({
  rows,
  name,
  isIcon = true,
}) => {
  const request = useContext(AskedContext);
  if (!request) return null;
  return (
    <ExportButton
      isIcon={isIcon}
      name={name}
      source={{ source: "answer", command: "revenue_show", request, rows, name }}
      command={`steward export answer revenue_show ${rows} --request ${shellWord(JSON.stringify(request))}`}
    />
  );
};
