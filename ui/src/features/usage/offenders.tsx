import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FC, useMemo } from "react";
import type { Evidence } from "@/api/generated/Evidence";
import type { Offender } from "@/api/generated/Offender";
import type { OffenderSection } from "@/api/generated/OffenderSection";
import type { Period } from "@/api/generated/Period";
import { offenderListOptions } from "@/api/queries";
import { Panel } from "@/components/panel";
import { MethodNote } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { Empty } from "@/components/states";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { Drill } from "@/lib/drill";
import { countOf, formatMinute, formatNumber } from "@/lib/format";
import { type Scope, useWorkspace } from "@/lib/scope";
import { offenderText } from "./offender-words";
import { AnswerExport, AskedProvider } from "./usage-export";

/** Rows of each kind that are asked for. */
const ROWS = 100;

/** Rows of each kind that a file holds at most. */
const EXPORTED = 100_000;

/** The accounts that limits, refusals, failures or a rise make worth a look. */
export const Offenders: FC<{ scope: Scope }> = ({ scope }) => {
  const workspace = useWorkspace();
  const asked = useMemo(
    () => ({ command: "offender_list" as const, request: { ...scope, limit: EXPORTED } }),
    [scope],
  );
  const query = useQuery({
    ...offenderListOptions(workspace.id, { ...scope, limit: ROWS }),
    placeholderData: keepPreviousData,
  });
  if (!query.data) {
    return (
      <QueryPanel
        query={query}
        title="Offenders"
        className="r1"
        waiting="Looking at limits and events"
        rows={8}
        failure="The accounts could not be read"
      >
        {() => null}
      </QueryPanel>
    );
  }
  const { sections, period, zone, rows_since: rowsSince } = query.data;
  return (
    <div className={query.isPlaceholderData ? "dimmed grid" : "grid"}>
      <AskedProvider value={asked}>
        {sections
          .map((section, place) => ({ section, place }))
          // The wide tables of limits first, then three beside each other.
          .sort((a, b) => Number(isOfLimit(b.section)) - Number(isOfLimit(a.section)))
          .map(({ section, place }) => (
            <Section
              key={section.kind}
              section={section}
              place={place}
              period={period}
              zone={zone}
              rowsSince={isOfRows(section) ? rowsSince : null}
            />
          ))}
      </AskedProvider>
    </div>
  );
};

const isOfLimit = ({ kind }: OffenderSection) => kind === "over_limit" || kind === "near_limit";

/** Whether only rows tell whose the events are. */
const isOfRows = ({ kind }: OffenderSection) => kind === "error_heavy" || kind === "rate_limited";

const NOBODY: Record<OffenderSection["kind"], string> = {
  over_limit: "Nobody is over a limit",
  near_limit: "Nobody is near a limit",
  error_heavy: "Nobody’s events fail that often",
  sudden_rise: "Nobody’s use rose that much",
  rate_limited: "Nobody was refused in this range",
};

const Section: FC<{
  section: OffenderSection;
  place: number;
  period: Period;
  zone: string /** From when on there are rows, where the range begins earlier. */;
  rowsSince: string | null;
}> = ({ section, place, period, zone, rowsSince }) => {
  const hidden = section.total - section.rows.length;
  const isOfLimits = isOfLimit(section);
  const count = countOf(section.total, isOfLimits ? "limit" : "account");
  return (
    <Panel
      title={section.label}
      note={rowsSince ? `${count} · rows since ${formatMinute(rowsSince, zone)}` : count}
      className={isOfLimits ? "c12" : "c4"}
      actions={
        <>
          <AnswerExport rows={`/sections/${place}/rows`} name={section.label} />
          <MethodNote title={section.label}>
            <p>{section.rule}</p>
          </MethodNote>
        </>
      }
    >
      {section.rows.length === 0 ? (
        <Empty title={NOBODY[section.kind]} isGood />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
        <section className="scroll-y" tabIndex={0} aria-label={`${section.label}, table`}>
          {isOfLimits ? (
            <LimitTable rows={section.rows} zone={zone} />
          ) : (
            <EventTable rows={section.rows} kind={section.kind} period={period} />
          )}
          {hidden > 0 && <div className="foot">{formatNumber(hidden)} more</div>}
        </section>
      )}
    </Panel>
  );
};

const Account: FC<{ offender: Offender }> = ({ offender }) => (
  <Link to="/users" className="row-link" search={(before) => ({ ...before, user: offender.user_id })}>
    {offender.email ?? <span className="mono t3">{offender.user_id.slice(0, 8)}…</span>}
  </Link>
);

const LimitTable: FC<{ rows: readonly Offender[]; zone: string }> = ({ rows, zone }) => (
  <Table
    className="shares"
    columns={[
      { heading: "Account" },
      { heading: "Plan", className: "hide-t" },
      { heading: "Limit" },
      { heading: "Used", className: "n" },
      { heading: "Allowed", className: "n" },
      { heading: "Used, %", className: "n" },
      { heading: `Resets at, ${zone}`, className: "hide-t" },
      { heading: "State" },
    ]}
  >
    {rows.map((offender) => {
      const { evidence } = offender;
      if (evidence.of !== "limit") return null;
      const text = offenderText(evidence);
      return (
        <tr key={`${offender.user_id} ${evidence.metric} ${evidence.period}`}>
          <td className="tr w-all">
            <Account offender={offender} />
          </td>
          <td className="hide-t">{offender.plan_code}</td>
          <td>
            {evidence.metric} <span className="t3">per {evidence.period}</span>
          </td>
          <td className="n">{formatNumber(evidence.used ?? 0)}</td>
          <td className="n" title={raisedTitle(evidence, zone)}>
            {evidence.limit === null ? "Unlimited" : formatNumber(evidence.limit)}
            {evidence.raised_until !== null && <span className="t3"> raised</span>}
          </td>
          <td className="n">{text.percent}</td>
          <td className="t2 hide-t">
            {evidence.resets_at === null ? "never" : formatMinute(evidence.resets_at, zone)}
          </td>
          <td>
            <Status tone={text.tone}>{text.state}</Status>
          </td>
        </tr>
      );
    })}
  </Table>
);

function raisedTitle(evidence: Extract<Evidence, { of: "limit" }>, zone: string): string | undefined {
  return evidence.raised_until === null
    ? undefined
    : `The plan allows ${formatNumber(evidence.plan_limit ?? 0)}; raised until ${formatMinute(evidence.raised_until, zone)}`;
}

const HEADINGS: Record<string, [string, string, string]> = {
  error_heavy: ["Failed", "Events", "Failed, %"],
  sudden_rise: ["Events", "Before", "Times"],
  rate_limited: ["Refused", "Events", "Refused, %"],
};

const EventTable: FC<{ rows: readonly Offender[]; kind: OffenderSection["kind"]; period: Period }> = ({
  rows,
  kind,
  period,
}) => {
  const [first, second, third] = HEADINGS[kind] ?? ["", "", ""];
  const status = { error_heavy: "error", rate_limited: "rate_limited" }[kind as string];
  return (
    <Table
      className="shares"
      columns={[
        { heading: "Account" },
        { heading: first, className: "n" },
        { heading: second, className: "n" },
        { heading: third, className: "n" },
      ]}
    >
      {rows.map((offender) => {
        const text = offenderText(offender.evidence);
        const own = { field: "user_id" as const, value: offender.user_id };
        return (
          <tr key={offender.user_id}>
            <td className="tr w-all">
              <Account offender={offender} />
            </td>
            <td className="n">
              {status ? (
                <Drill period={period} filters={[own, { field: "status", value: status }]}>
                  {text.amount}
                </Drill>
              ) : (
                text.amount
              )}
            </td>
            <td className="n">
              {status ? (
                <Drill period={period} filters={[own]}>
                  {text.base}
                </Drill>
              ) : (
                text.base
              )}
            </td>
            <td className="n">{text.percent}</td>
          </tr>
        );
      })}
    </Table>
  );
};
