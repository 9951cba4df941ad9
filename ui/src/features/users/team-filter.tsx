import { useQuery } from "@tanstack/react-query";
import { type FC, type KeyboardEvent, useDeferredValue, useId, useState } from "react";
import { findOptions } from "@/api/queries";
import { Icon } from "@/components/icon";
import { PopoverButton } from "@/components/popup";
import { useWorkspace } from "@/lib/scope";

/** Narrows users to the members of one team, found by its name. */
export const TeamFilter: FC<{ team: string | undefined; onChange: (team: string | undefined) => void }> = ({
  team,
  onChange,
}) => {
  const workspace = useWorkspace();
  const [isOpen, setIsOpen] = useState(false);
  const chosen = useQuery({
    ...findOptions(workspace.id, { text: team ?? "", kind: "team", limit: 1 }),
    enabled: team !== undefined,
  });
  const name = chosen.data?.rows[0]?.title;
  const choose = (next: string | undefined) => {
    setIsOpen(false);
    onChange(next);
  };
  return (
    <PopoverButton
      label="Team"
      align="start"
      isOpen={isOpen}
      onOpenChange={setIsOpen}
      trigger={
        <button
          type="button"
          className={team ? "btn sel is-on" : "btn sel"}
          aria-label={`Team: ${team ? (name ?? "one that is gone") : "any"}`}
        >
          <span className="tr">{team ? (name ?? "Unknown team") : "Any team"}</span>
          <Icon name="down" />
        </button>
      }
    >
      <TeamPicker team={team} onChoose={choose} />
    </PopoverButton>
  );
};

const TeamPicker: FC<{ team: string | undefined; onChoose: (team: string | undefined) => void }> = ({
  team,
  onChoose,
}) => {
  const workspace = useWorkspace();
  const list = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const wanted = useDeferredValue(typed.trim());
  const query = useQuery({
    ...findOptions(workspace.id, { text: wanted, kind: "team", limit: 20 }),
    enabled: wanted.length > 0,
  });
  const found = wanted === "" ? [] : (query.data?.rows ?? []);
  const options = [
    ...(team ? [{ id: undefined, title: "Any team", note: "" }] : []),
    ...found.map((row) => ({ id: row.id, title: row.title, note: row.note })),
  ];
  const handleKey = (event: KeyboardEvent) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (to !== undefined) setActive(Math.max(0, Math.min(options.length - 1, to)));
    else if (event.key === "Enter" && options[active]) onChoose(options[active].id);
    else return;
    event.preventDefault();
  };
  return (
    <div className="pick">
      <input
        className="inp"
        role="combobox"
        aria-label="Team"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={options[active] ? `${list}-${active}` : undefined}
        placeholder="Name of a team"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={handleKey}
      />
      <div className="pick-l" role="listbox" id={list} aria-label="Teams" tabIndex={-1}>
        {options.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <div
            key={option.id ?? "any"}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={option.id === team}
            className={index === active ? "mi is-active" : "mi"}
            onClick={() => onChoose(option.id)}
            onPointerMove={() => setActive(index)}
          >
            <span className="mi-c">
              {option.id !== undefined && option.id === team && <Icon name="check" />}
            </span>
            <span className="mi-t">{option.title}</span>
            <span className="mi-h">{option.note}</span>
          </div>
        ))}
        {wanted !== "" && found.length === 0 && !query.isPending && (
          <div className="pick-none t2">No team has a name like “{wanted}”.</div>
        )}
      </div>
    </div>
  );
};
