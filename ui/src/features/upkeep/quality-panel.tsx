import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";
import type { Quality } from "@/api/generated/Quality";
import { qualityOptions } from "@/api/queries";
import { ExportButton } from "@/components/export-button";
import { QueryPanel } from "@/components/query-panel";
import { Segmented } from "@/components/segmented";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { useScope, useWorkspace } from "@/lib/scope";
import { exampleText, findings } from "./model";

const DAYS = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "365 days" },
];

/** What is wrong with the events of the last days, asked of the server. */
export const QualityPanel: FC = () => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const [days, setDays] = useState("90");
  const query = useQuery(qualityOptions(workspace.id, Number(days)));
  return (
    <QueryPanel
      query={query}
      title="Data quality"
      note={(quality) => noteText(quality, zone)}
      actions={
        <>
          <Segmented label="How far back" value={days} options={DAYS} onChange={setDays} />
          <ExportButton
            isIcon
            name="Data quality"
            source={{
              source: "answer",
              command: "quality_show",
              request: { days: Number(days) },
              rows: "/checks",
              name: "Data quality",
            }}
            command={`steward export answer quality_show /checks --request '{"days":${days}}'`}
          />
        </>
      }
      className="c12"
      waiting="Asking the server to look through its events"
      rows={8}
      failure="The report could not be made"
    >
      {(quality) => (
        <Table
          columns={[
            { heading: "Check" },
            { heading: "Result" },
            { heading: "Found", className: "n" },
            { heading: "Examples", className: "hide-t" },
          ]}
        >
          {quality.checks.map((check) => (
            <tr key={check.check}>
              <td className="m">{check.label}</td>
              <td>
                {check.count === 0 ? (
                  <Status tone="ok">Nothing found</Status>
                ) : (
                  <Status tone="warning">Look at it</Status>
                )}
              </td>
              <td className="n">{formatNumber(check.count)}</td>
              <td className="t2 hide-t qx">
                {check.examples.map((example) => (
                  <div key={JSON.stringify(example)}>{exampleText(example)}</div>
                ))}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </QueryPanel>
  );
};

function noteText(quality: Quality, zone: string): string {
  const found = findings(quality).length;
  const what = found === 0 ? "nothing found" : `${countOf(found, "check")} found something`;
  return `${what}, asked at ${formatMinute(quality.as_of, zone)}`;
}
