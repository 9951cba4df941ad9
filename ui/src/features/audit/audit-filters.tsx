import { type FC, useDeferredValue, useEffect, useState } from "react";
import type { AuditChoices } from "@/api/generated/AuditChoices";
import { Choice } from "@/components/choice";
import { Icon } from "@/components/icon";
import { type AuditSearch, sinceChoices } from "./model";

/** What the log is narrowed by: whose row, by whom, what, where, since when. */
export const AuditFilters: FC<{
  search: AuditSearch;
  choices: AuditChoices | null;
  onChange: (change: Partial<AuditSearch>) => void;
  onClear?: () => void;
}> = ({ search, choices, onChange, onClear }) => {
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
        onChange={(since) => onChange({ since: since || undefined, until: undefined })}
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
