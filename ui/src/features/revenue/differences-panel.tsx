import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import type { Revenue } from "@/api/generated/Revenue";
import { revenueBridgeOptions, revenueStripeBridgeOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { MethodNote, PopoverButton } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Table } from "@/components/table";
import { countOf, formatMinute } from "@/lib/format";
import { formatMinor, formatMinorSigned } from "@/lib/money";
import { useScope, useWorkspace } from "@/lib/scope";
import { STRIPE_ACCOUNT } from "./model";

interface Against {
  revenue: Revenue;
  against: string;
  onAgainst: (name: string) => void;
  className?: string;
}

const TITLE = "Why definitions differ";

/** Why two definitions give different numbers, or this side and the account at Stripe, to the cent. */
export const DifferencesPanel: FC<Against> = (props) =>
  props.against === STRIPE_ACCOUNT ? <StripePanel {...props} /> : <ProfilesPanel {...props} />;

const AgainstChoice: FC<Against> = ({ revenue, against, onAgainst }) => {
  const others = revenue.profiles.filter((profile) => profile.name !== revenue.profile.name);
  return (
    <Choice
      label="Compared with"
      className="sm"
      value={against}
      options={[
        ...others.map((profile) => ({ value: profile.name, label: profile.name })),
        { value: STRIPE_ACCOUNT, label: "account at Stripe" },
      ]}
      onChange={onAgainst}
    />
  );
};

/** Something that differs in a note: its name, and by how much. */
const Largest: FC<{
  label: string;
  count: string;
  rows: readonly { key: string; name: string; minor: number }[];
  exponent: number;
}> = ({ label, count, rows, exponent }) => (
  <PopoverButton
    label={`${label}: largest differences`}
    className="note"
    align="start"
    trigger={
      <button type="button" className="link cap">
        {count}
      </button>
    }
  >
    <div className="note-h">Largest differences</div>
    <ul className="rv-acts">
      {rows.map((row) => (
        <li key={row.key}>
          <span className="tr">{row.name}</span>
          <span />
          <span className="n">{formatMinorSigned(row.minor, exponent)}</span>
        </li>
      ))}
    </ul>
  </PopoverButton>
);

const StripePanel: FC<Against> = (props) => {
  const { revenue, className } = props;
  const workspace = useWorkspace();
  const { zone } = useScope();
  const { exponent } = revenue;
  const query = useQuery(
    revenueStripeBridgeOptions(workspace.id, { profile: revenue.profile.name, currency: revenue.currency }),
  );
  const at = (instant: string | null) => (instant ? formatMinute(instant, zone) : "never");
  return (
    <QueryPanel
      query={query}
      title={TITLE}
      note={() => `MRR now · ${revenue.currency}, to the cent`}
      waiting="Comparing with Stripe"
      {...(className ? { className } : {})}
      actions={
        <>
          <AgainstChoice {...props} />
          <MethodNote title={TITLE}>
            <p>{query.data?.method ?? "Both sides are valued under the one definition."}</p>
          </MethodNote>
        </>
      }
    >
      {(bridge) => (
        <>
          <Table className="rv-df" columns={[{ heading: "Step" }, { heading: "MRR", className: "n" }]}>
            <tr className="tot">
              <td>
                Here <span className="t3 cap">{bridge.profile.name}, now</span>
              </td>
              <td className="n">{formatMinor(bridge.from_minor, exponent)}</td>
            </tr>
            {bridge.steps.map((step) => (
              <tr key={step.cause}>
                <td>
                  {step.label}{" "}
                  <Largest
                    label={step.label}
                    count={countOf(step.subscriptions, "subscription")}
                    rows={step.largest.map((row, place) => ({
                      key: `${place}`,
                      name: row.name ?? row.stripe_subscription ?? "",
                      minor: row.difference_minor,
                    }))}
                    exponent={exponent}
                  />
                </td>
                <td className="n">{formatMinorSigned(step.difference_minor, exponent)}</td>
              </tr>
            ))}
            {bridge.steps.length === 0 && bridge.to_minor !== null && (
              <tr>
                <td className="t2">Nobody’s value differs.</td>
                <td className="n">{formatMinor(0, exponent)}</td>
              </tr>
            )}
            <tr className="tot sum">
              <td>At Stripe</td>
              <td className="n">
                {bridge.to_minor === null ? "not known" : formatMinor(bridge.to_minor, exponent)}
              </td>
            </tr>
            {bridge.difference_minor !== null && (
              <tr>
                <td className="t2">Difference</td>
                <td className="n">{formatMinorSigned(bridge.difference_minor, exponent)}</td>
              </tr>
            )}
          </Table>
          <p className="rv-df-note t2">
            {bridge.without ? `${bridge.without} ` : ""}
            Here as of {at(bridge.freshness.as_of)}, Stripe read {at(bridge.stripe_as_of)}.
            {bridge.unvalued > 0 &&
              ` ${countOf(bridge.unvalued, "subscription")} at Stripe cannot be valued: a price in steps, a discount that was not told, or measured use.`}
          </p>
        </>
      )}
    </QueryPanel>
  );
};

const ProfilesPanel: FC<Against> = (props) => {
  const { revenue, against, className } = props;
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
  return (
    <QueryPanel
      query={query}
      title={TITLE}
      note={() => `MRR ${revenue.is_unfinished ? "now" : "at the end"} · ${revenue.currency}, to the cent`}
      waiting="Comparing the definitions"
      {...(className ? { className } : {})}
      actions={
        <>
          <AgainstChoice {...props} />
          <MethodNote title={TITLE}>
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
                <Largest
                  label={step.label}
                  count={countOf(step.customers, "customer")}
                  rows={step.largest.map((row) => ({
                    key: row.customer,
                    name: row.name ?? row.customer,
                    minor: row.difference_minor,
                  }))}
                  exponent={exponent}
                />
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
