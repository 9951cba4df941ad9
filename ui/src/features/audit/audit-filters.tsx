import { type FC, useDeferredValue, useEffect, useState } from "react";
import type { AuditChoices } from "@/api/generated/AuditChoices";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { type AuditSearch, sinceChoices } from "./model";

/** What the log is narrowed by: whose row, by whom, what, where, since when. */
export const AuditFilters: FC<{
  search: AuditSearch;
  zone: string;
  choices: AuditChoices | null;
  onChange: (change: Partial<AuditSearch>) => void;
  onClear?: () => void;
}> = ({ search, zone, choices, onChange, onClear }) => {
  const [typed, setTyped] = useState(search.key ?? "");
  const [now] = useState(Date.now);
  const wanted = useDeferredValue(typed.trim());
  useEffect(() => {
    if (wanted !== (search.key ?? "")) onChange({ key: wanted || undefined });
  }, [wanted, search.key, onChange]);
  const all = (any: string, values: readonly string[] | undefined, chosen: string | undefined) => [
    { value: "", label: any },
    ...[...new Set([...(values ?? []), ...(chosen ? [chosen] : [])])].map((value) => ({
      value,
      label: value.replaceAll("_", " "),
    })),
  ];
  return (
    // biome-ignore lint/a11y/useSemanticElements: older webviews do not know <search>
    <div role="search" className="tools">
      <span className="field-i">
        <Icon name="search" />
        <input
          className="inp"
          type="search"
          aria-label="Row"
          placeholder="E-mail or id of the row"
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      </span>
      <Choice
        label="Who"
        value={search.who ?? ""}
        options={all("Anybody", choices?.people, search.who)}
        onChange={(who) => onChange({ who: who || undefined })}
      />
      <Choice
        label="Action"
        value={search.action ?? ""}
        options={all("Any action", choices?.actions, search.action)}
        onChange={(action) => onChange({ action: action || undefined })}
      />
      <Choice
        label="Table"
        value={search.table ?? ""}
        options={all("Any table", choices?.tables, search.table)}
        onChange={(table) => onChange({ table: table || undefined })}
      />
      <Choice
        label="Since"
        value={search.since ?? ""}
        options={sinceChoices(now, search.since)}
        onChange={(since) =>
          onChange({ since: since || undefined, until: undefined, from: undefined, to: undefined })
        }
      />
      <DayField
        label={`From, in ${zone}`}
        day={search.from}
        max={search.to}
        onChange={(from) => onChange({ from, since: undefined, until: undefined })}
      />
      <span className="t3" aria-hidden="true">
        –
      </span>
      <DayField
        label={`To, included, in ${zone}`}
        day={search.to}
        min={search.from}
        onChange={(to) => onChange({ to, since: undefined, until: undefined })}
      />
      {search.intent && (
        <span className="filter">
          One operation
          <button
            type="button"
            className="ib"
            aria-label="Show every operation"
            onClick={() => onChange({ intent: undefined })}
          >
            <Icon name="x" />
          </button>
        </span>
      )}
      {onClear && (
        <button
          type="button"
          className="btn gh"
          onClick={() => {
            setTyped("");
            onClear();
          }}
        >
          Clear filters
        </button>
      )}
    </div>
  );
};

/** A day of the range. What is typed is taken once it is a day, and in order with the other. */
const DayField: FC<{
  label: string;
  day: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  onChange: (day: string | undefined) => void;
}> = ({ label, day, min = "1970-01-01", max = "9998-12-31", onChange }) => {
  const [typed, setTyped] = useState(day ?? "");
  useEffect(() => setTyped(day ?? ""), [day]);
  return (
    <input
      className={day === undefined ? "inp" : "inp is-on"}
      type="date"
      aria-label={label}
      title={label}
      value={typed}
      min={min}
      max={max}
      onChange={({ target }) => {
        setTyped(target.value);
        if (target.validity.valid && target.value !== (day ?? "")) onChange(target.value || undefined);
      }}
    />
  );
};
