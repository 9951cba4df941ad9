import { useMutation, useQuery } from "@tanstack/react-query";
import { type FC, type FormEvent, useId, useState } from "react";
import type { Assumptions } from "@/api/generated/Assumptions";
import type { PlanRow } from "@/api/generated/PlanRow";
import type { Scenario } from "@/api/generated/Scenario";
import { scenarioRemove, scenarioRename, scenarioSave } from "@/api/mutations";
import { revenueWhatIfOptions, scenarioListOptions } from "@/api/queries";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { QueryPanel } from "@/components/query-panel";
import { CopyCommand } from "@/components/review-parts";
import { Failure, Loading } from "@/components/states";
import { Table } from "@/components/table";
import { shellWord } from "@/lib/actions";
import { formatMinor } from "@/lib/money";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { sameName, supposedWords } from "./model";
import type { ForecastSearch } from "./search";

/** Months from now that a comparison tells. */
const TOLD = [0, 3, 6, 12];

/** Assumptions kept on this computer: opened, renamed, removed, two side by side. Never what came out of them. */
export const Scenarios: FC<{
  search: ForecastSearch;
  plans: readonly PlanRow[];
  assumptions: Assumptions;
  isReadable: boolean;
  /** The currency on screen; a scenario keeps it, since its prices are in it. */
  currency: string | null;
  onOpen: (scenario: Scenario) => void;
}> = ({ search, plans, assumptions, isReadable, currency, onOpen }) => {
  const workspace = useWorkspace();
  const query = useQuery(scenarioListOptions(workspace.id));
  const remove = useMutation(scenarioRemove());
  const [naming, setNaming] = useState<{ renamed?: Scenario }>();
  const [isComparing, setIsComparing] = useState(false);
  const list = query.data?.scenarios ?? [];
  const close = () => setNaming(undefined);
  return (
    <QueryPanel
      query={query}
      title="Scenarios"
      note={() => "kept on this computer"}
      className="c4"
      waiting="Reading the scenarios"
      rows={4}
      actions={
        <button
          type="button"
          className="btn sm gh"
          disabled={list.length < 2}
          title={list.length < 2 ? "Two are needed." : undefined}
          onClick={() => setIsComparing(true)}
        >
          Compare…
        </button>
      }
    >
      {({ scenarios }) => (
        <>
          {scenarios.length === 0 && (
            <p className="foot">None yet. What is supposed beside this can be kept under a name.</p>
          )}
          <ul className="fc-list" aria-label="Scenarios">
            {scenarios.map((one) => (
              <li key={one.name}>
                <button type="button" className="row-link" onClick={() => onOpen(one)}>
                  {one.name}
                </button>
                <span className="fc-acts">
                  <button
                    type="button"
                    className="btn sm gh"
                    aria-label={`Rename ${one.name}`}
                    onClick={() => setNaming({ renamed: one })}
                  >
                    Rename…
                  </button>
                  <button
                    type="button"
                    className="ib"
                    aria-label={`Remove ${one.name}`}
                    onClick={() =>
                      remove.mutate(one.name, {
                        onSuccess: () => notify({ tone: "ok", title: "Scenario removed", text: one.name }),
                      })
                    }
                  >
                    <Icon name="x" />
                  </button>
                </span>
                <span className="t3">{supposedWords(one.assumptions, plans)}</span>
              </li>
            ))}
          </ul>
          <div className="fc-keepbar">
            <button type="button" className="btn" disabled={!isReadable} onClick={() => setNaming({})}>
              <Icon name="plus" />
              Keep this one…
            </button>
          </div>
          <Modal isOpen={naming !== undefined} onClose={close} className="ask">
            {naming && (
              <NameForm
                {...(naming.renamed ? { renamed: naming.renamed } : {})}
                taken={scenarios}
                scenario={{ name: "", profile: search.profile ?? null, currency, assumptions }}
                onDone={close}
              />
            )}
          </Modal>
          {isComparing && scenarios.length > 1 && (
            <CompareDialog scenarios={scenarios} plans={plans} onClose={() => setIsComparing(false)} />
          )}
        </>
      )}
    </QueryPanel>
  );
};

const NameForm: FC<{
  renamed?: Scenario;
  taken: readonly Scenario[];
  scenario: Scenario;
  onDone: () => void;
}> = ({ renamed, taken, scenario, onDone }) => {
  const ids = useId();
  const [name, setName] = useState(renamed?.name ?? "");
  const save = useMutation(scenarioSave());
  const rename = useMutation(scenarioRename());
  const failure = save.error ?? rename.error;
  const replaced = !renamed && taken.find((one) => sameName(one, name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const onSuccess = () => {
      notify({ tone: "ok", title: renamed ? "Scenario renamed" : "Scenario kept", text: name.trim() });
      onDone();
    };
    if (renamed) rename.mutate({ name: renamed.name, to: name }, { onSuccess });
    else save.mutate({ ...scenario, name }, { onSuccess });
  };
  return (
    <form onSubmit={submit}>
      <div className="dh">
        <ModalTitle>{renamed ? `Rename ${renamed.name}` : "Keep this scenario"}</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="ask-p">
        <label className="fl" htmlFor={ids}>
          Name
        </label>
        <input
          id={ids}
          className="inp"
          value={name}
          maxLength={80}
          autoComplete="off"
          aria-describedby={`${ids}-hint`}
          onChange={(event) => setName(event.target.value)}
        />
        <div id={`${ids}-hint`} className={failure || replaced ? "hint warning" : "hint"}>
          {failure?.message ??
            (replaced
              ? `The scenario ${replaced.name} is replaced.`
              : "Its assumptions are kept, never what came out of them: that follows the data.")}
        </div>
      </div>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={onDone}>
            Cancel
          </button>
          <button
            type="submit"
            className="btn pri"
            disabled={name.trim() === "" || save.isPending || rename.isPending}
          >
            {renamed ? "Rename" : "Keep scenario"}
          </button>
        </span>
      </div>
    </form>
  );
};

/** Two scenarios side by side, each asked anew of today's data. */
const CompareDialog: FC<{
  scenarios: readonly Scenario[];
  plans: readonly PlanRow[];
  onClose: () => void;
}> = ({ scenarios, plans, onClose }) => {
  const workspace = useWorkspace();
  const { zone } = useScope();
  const [names, setNames] = useState([scenarios[0]?.name ?? "", scenarios[1]?.name ?? ""]);
  const chosen = names.map((name) => scenarios.find((one) => one.name === name));
  const ask = (scenario: Scenario | undefined) => ({
    ...revenueWhatIfOptions(workspace.id, {
      zone,
      profile: scenario?.profile ?? null,
      currency: scenario?.currency ?? null,
      assumptions: scenario?.assumptions ?? { prices: [], churn: null, churn_times: null, conversion: null },
      rows: 1,
    }),
    enabled: scenario !== undefined,
  });
  const answers = [useQuery(ask(chosen[0])), useQuery(ask(chosen[1]))] as const;
  const failed = answers.find((answer) => answer.isError);
  const [left, right] = [answers[0].data, answers[1].data];
  return (
    <Modal isOpen onClose={onClose} className="export">
      <div className="dh">
        <ModalTitle>Compare scenarios</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="ex-body">
        <div className="fc-two">
          {(["First", "Second"] as const).map((label, at) => (
            <div key={label} className="fld">
              <span className="fl">{label}</span>
              <Choice
                label={`${label} scenario`}
                value={names[at] ?? ""}
                options={scenarios.map((one) => ({ value: one.name, label: one.name }))}
                onChange={(name) => setNames(names.map((known, place) => (place === at ? name : known)))}
              />
              <div className="hint">{chosen[at] && supposedWords(chosen[at].assumptions, plans)}</div>
            </div>
          ))}
        </div>
        {failed ? (
          <Failure error={failed.error} onRetry={() => void failed.refetch()} />
        ) : !left || !right ? (
          <Loading what="Computing both" rows={5} />
        ) : (
          <>
            <Table
              columns={[
                { heading: "MRR" },
                { heading: "As it was", className: "n" },
                { heading: names[0] ?? "", className: "n" },
                { heading: `${names[1]}${names[0] === names[1] ? " " : ""}`, className: "n" },
              ]}
            >
              {TOLD.map((ahead) => {
                const [one, other] = [left.months[ahead], right.months[ahead]];
                return (
                  <tr key={ahead}>
                    <td>{ahead === 0 ? "Now, exact" : `In ${ahead} months, estimate`}</td>
                    <td className="n t2">
                      {one ? `${formatMinor(one.as_is_minor, left.exponent)} ${one.currency}` : "–"}
                    </td>
                    <td className="n m">
                      {one ? `${formatMinor(one.supposed_minor, left.exponent)} ${one.currency}` : "–"}
                    </td>
                    <td className="n m">
                      {other ? `${formatMinor(other.supposed_minor, right.exponent)} ${other.currency}` : "–"}
                    </td>
                  </tr>
                );
              })}
            </Table>
            {[left.without, right.without].map(
              (without, at) =>
                without && <p key={names[at]} className="foot">{`${names[at]}: ${without}`}</p>,
            )}
          </>
        )}
      </div>
      <div className="dfoot">
        <CopyCommand
          command={`steward scenarios compare ${names.map(shellWord).join(" ")} -w ${shellWord(workspace.name)}`}
        />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Close
          </button>
        </span>
      </div>
    </Modal>
  );
};
