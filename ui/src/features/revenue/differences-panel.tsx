import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { FC, ReactElement, ReactNode } from "react";
import type { CallError } from "@/api/call";
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

/** What a step of a bridge has in it, largest first. */
interface Largest {
  key: string;
  name: string;
  minor: number;
}

/** A total, the steps from it to another one, and that one; unknown is never zero. */
interface Steps {
  from: { name: string; note: string; minor: number };
  steps: readonly { key: string; label: string; minor: number; count: string; largest: readonly Largest[] }[];
  to: { name: string; minor: number | null };
  difference: number | null;
}

/** The panel around either comparison: the same head, the same table, and what only one of them says below it. */
function StepsPanel<Bridge>({
  props,
  query,
  note,
  waiting,
  method,
  steps,
  below,
}: {
  props: Against;
  query: UseQueryResult<Bridge, CallError>;
  note: string;
  waiting: string;
  method: ReactNode;
  steps: (bridge: Bridge) => Steps;
  below?: (bridge: Bridge) => ReactNode;
}): ReactElement {
  return (
    <QueryPanel
      query={query}
      title={TITLE}
      note={() => `${note} · ${props.revenue.currency}, to the cent`}
      waiting={waiting}
      {...(props.className ? { className: props.className } : {})}
      actions={
        <>
          <AgainstChoice {...props} />
          <MethodNote title={TITLE}>
            <p>{method}</p>
          </MethodNote>
        </>
      }
    >
      {(bridge) => (
        <>
          <StepsTable {...steps(bridge)} exponent={props.revenue.exponent} />
          {below?.(bridge)}
        </>
      )}
    </QueryPanel>
  );
}

const StepsTable: FC<Steps & { exponent: number }> = ({ from, steps, to, difference, exponent }) => (
  <Table className="rv-df" columns={[{ heading: "Step" }, { heading: "MRR", className: "n" }]}>
    <tr className="tot">
      <td>
        {from.name} <span className="t3 cap">{from.note}</span>
      </td>
      <td className="n">{formatMinor(from.minor, exponent)}</td>
    </tr>
    {steps.map((step) => (
      <tr key={step.key}>
        <td>
          {step.label}{" "}
          <LargestNote label={step.label} count={step.count} largest={step.largest} exponent={exponent} />
        </td>
        <td className="n">{formatMinorSigned(step.minor, exponent)}</td>
      </tr>
    ))}
    {steps.length === 0 && to.minor !== null && (
      <tr>
        <td className="t2">Nobody’s value differs.</td>
        <td className="n">{formatMinor(0, exponent)}</td>
      </tr>
    )}
    <tr className="tot sum">
      <td>{to.name}</td>
      <td className="n">{to.minor === null ? "not known" : formatMinor(to.minor, exponent)}</td>
    </tr>
    {difference !== null && (
      <tr>
        <td className="t2">Difference</td>
        <td className="n">{formatMinorSigned(difference, exponent)}</td>
      </tr>
    )}
  </Table>
);

/** How many a step is about; behind it, which of them differ most. */
const LargestNote: FC<{ label: string; count: string; largest: readonly Largest[]; exponent: number }> = ({
  label,
  count,
  largest,
  exponent,
}) => (
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
      {largest.map((row) => (
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
  const { revenue } = props;
  const workspace = useWorkspace();
  const { zone } = useScope();
  const query = useQuery(
    revenueStripeBridgeOptions(workspace.id, { profile: revenue.profile.name, currency: revenue.currency }),
  );
  const at = (instant: string | null) => (instant ? formatMinute(instant, zone) : "never");
  return (
    <StepsPanel
      props={props}
      query={query}
      note="MRR now"
      waiting="Comparing with Stripe"
      method={query.data?.method ?? "Both sides are valued under the one definition."}
      steps={(bridge) => ({
        from: { name: "Here", note: `${bridge.profile.name}, now`, minor: bridge.from_minor },
        steps: bridge.steps.map((step) => ({
          key: step.cause,
          label: step.label,
          minor: step.difference_minor,
          count: countOf(step.subscriptions, "subscription"),
          largest: step.largest.map((row, place) => ({
            key: `${place}`,
            name: row.name ?? row.stripe_subscription ?? "",
            minor: row.difference_minor,
          })),
        })),
        to: { name: "At Stripe", minor: bridge.to_minor },
        difference: bridge.difference_minor,
      })}
      below={(bridge) => (
        <p className="rv-df-note t2">
          {bridge.without ? `${bridge.without} ` : ""}
          Here as of {at(bridge.freshness.as_of)}, Stripe read {at(bridge.stripe_as_of)}.
          {bridge.unvalued > 0 &&
            ` ${countOf(bridge.unvalued, "subscription")} at Stripe cannot be valued: a price in steps, a discount that was not told, or measured use.`}
        </p>
      )}
    />
  );
};

const ProfilesPanel: FC<Against> = (props) => {
  const { revenue, against } = props;
  const workspace = useWorkspace();
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
    <StepsPanel
      props={props}
      query={query}
      note={`MRR ${revenue.is_unfinished ? "now" : "at the end"}`}
      waiting="Comparing the definitions"
      method="The other definition’s answers are adopted one after the other. Each step begins where the one before it ended, so the steps sum to the difference, and nothing is counted twice."
      steps={(bridge) => ({
        from: { name: bridge.from.name, note: "now selected", minor: bridge.from_minor },
        steps: bridge.steps.map((step) => ({
          key: step.rule,
          label: step.label,
          minor: step.difference_minor,
          count: countOf(step.customers, "customer"),
          largest: step.largest.map((row) => ({
            key: row.customer,
            name: row.name ?? row.customer,
            minor: row.difference_minor,
          })),
        })),
        to: { name: bridge.to.name, minor: bridge.to_minor },
        difference: bridge.difference_minor,
      })}
    />
  );
};
