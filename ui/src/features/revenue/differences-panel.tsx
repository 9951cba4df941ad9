import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { revenueBridgeOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { MethodNote, PopoverButton } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Table } from "@/components/table";
import { countOf } from "@/lib/format";
import { formatMinor, formatMinorSigned } from "@/lib/money";
import { useWorkspace } from "@/lib/scope";

/** Why two definitions give different numbers, to the cent. */
export const DifferencesPanel: FC<{
  revenue: Revenue;
  against: string;
  onAgainst: (name: string) => void;
  className?: string;
}> = ({ revenue, against, onAgainst, className }) => {
  const workspace = useWorkspace();
  const { exponent } = revenue;
  const query = useQuery(
    revenueBridgeOptions(workspace.id, {
      month: revenue.month,
      zone: revenue.zone,
      from: revenue.profile.name,
      to: against,
      currency: revenue.currency,
    }),
  );
  const others = revenue.profiles.filter((profile) => profile.name !== revenue.profile.name);
  return (
    <QueryPanel
      query={query}
      title="Why definitions differ"
      note={() => `MRR ${revenue.is_unfinished ? "now" : "at the end"} · ${revenue.currency}, to the cent`}
      waiting="Comparing the definitions"
      {...(className ? { className } : {})}
      actions={
        <>
          <Choice
            label="Compared with"
            className="sm"
            value={against}
            options={others.map((profile) => ({ value: profile.name, label: profile.name }))}
            onChange={onAgainst}
          />
          <MethodNote title="Why definitions differ">
            <p>
              The other definition’s answers are adopted one after the other. Each step begins where the one
              before it ended, so the steps sum to the difference, and nothing is counted twice.
            </p>
          </MethodNote>
        </>
      }
    >
      {(bridge) => (
        <Table className="rv-df" columns={[{ heading: "Step" }, { heading: "MRR", className: "n" }]}>
          <tr className="tot">
            <td>
              {bridge.from.name} <span className="t3 cap">now selected</span>
            </td>
            <td className="n">{formatMinor(bridge.from_minor, exponent)}</td>
          </tr>
          {bridge.steps.map((step) => (
            <tr key={step.rule}>
              <td>
                {step.label}{" "}
                <PopoverButton
                  label={`${step.label}: largest differences`}
                  className="note"
                  align="start"
                  trigger={
                    <button type="button" className="link cap">
                      {countOf(step.customers, "customer")}
                    </button>
                  }
                >
                  <div className="note-h">Largest differences</div>
                  <ul className="rv-acts">
                    {step.largest.map((row) => (
                      <li key={row.customer}>
                        <span className="tr">{row.name ?? row.customer}</span>
                        <span />
                        <span className="n">{formatMinorSigned(row.difference_minor, exponent)}</span>
                      </li>
                    ))}
                  </ul>
                </PopoverButton>
              </td>
              <td className="n">{formatMinorSigned(step.difference_minor, exponent)}</td>
            </tr>
          ))}
          {bridge.steps.length === 0 && (
            <tr>
              <td className="t2">Nobody’s value differs.</td>
              <td className="n">{formatMinor(0, exponent)}</td>
            </tr>
          )}
          <tr className="tot sum">
            <td>{bridge.to.name}</td>
            <td className="n">{formatMinor(bridge.to_minor, exponent)}</td>
          </tr>
          <tr>
            <td className="t2">Difference</td>
            <td className="n">{formatMinorSigned(bridge.difference_minor, exponent)}</td>
          </tr>
        </Table>
      )}
    </QueryPanel>
  );
};
