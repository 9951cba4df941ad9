import { createContext, type FC, useContext } from "react";
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

/** The export of a table or a chart of the answer: all of it, read anew at one cut. */
export const AnswerExport: FC<{ rows: string; name: string }> = ({ rows, name }) => {
  const asked = useContext(AskedContext);
  if (!asked) return null;
  const { command, request } = asked;
  return (
    <ExportButton
      isIcon
      name={name}
      source={{ source: "answer", command, request, rows, name }}
      command={`steward export answer ${command} ${rows} --request ${shellWord(JSON.stringify(request))}`}
    />
  );
};
