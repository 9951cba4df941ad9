import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, type KeyboardEvent, useDeferredValue, useId, useRef, useState } from "react";
import { findOptions } from "@/api/queries";
import { Icon, type IconName } from "@/components/icon";
import { Modal } from "@/components/popup";
import { type Action, findActions, keyLabels, shellWord } from "@/lib/actions";
import { copyText } from "@/lib/clipboard";
import { notify } from "@/lib/notices";
import { useWorkspace } from "@/lib/scope";

interface Row {
  id: string;
  group: string;
  icon: IconName;
  title: string;
  note?: string;
  keys?: string | undefined;
  cli?: string | undefined;
  run: () => void;
}

/** Go somewhere, do something, find a user; every row says how to do the same from the command line. */
export const Palette: FC<{ isOpen: boolean; onClose: () => void; actions: readonly Action[] }> = ({
  isOpen,
  onClose,
  actions,
}) => (
  <Modal isOpen={isOpen} onClose={onClose} className="palette" label="Command palette">
    <PaletteBody onClose={onClose} actions={actions} />
  </Modal>
);

const PaletteBody: FC<{ onClose: () => void; actions: readonly Action[] }> = ({ onClose, actions }) => {
  const list = useId();
  const listRef = useRef<HTMLDivElement>(null);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const rows = useRows(typed, actions);
  const current = rows[Math.min(active, rows.length - 1)];

  const run = (row: Row | undefined) => {
    if (!row) return;
    onClose();
    row.run();
  };
  const copyCommand = async () => {
    if (!current?.cli) return;
    await copyText(current.cli);
    onClose();
    notify({ tone: "ok", title: "Command copied", text: current.cli });
  };
  const move = (to: number) => {
    const next = (to + rows.length) % Math.max(1, rows.length);
    setActive(next);
    listRef.current?.querySelector(`[data-row="${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  const handleKey = (event: KeyboardEvent) => {
    const isCopy = event.key.toLowerCase() === "c" && (event.ctrlKey || event.metaKey) && event.shiftKey;
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter") run(current);
    else if (isCopy) void copyCommand();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="pal-in">
        <Icon name="search" />
        <input
          role="combobox"
          aria-label="Search or run"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={current ? `${list}-${current.id}` : undefined}
          placeholder="Go to a view, run a command, find a user or a team"
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            setTyped(event.target.value);
            setActive(0);
          }}
          onKeyDown={handleKey}
        />
        <kbd>Esc</kbd>
      </div>
      <div className="pal-l" role="listbox" id={list} aria-label="Results" ref={listRef} tabIndex={-1}>
        {rows.map((row, index) => (
          <PaletteRow
            key={row.id}
            row={row}
            id={`${list}-${row.id}`}
            index={index}
            heading={rows[index - 1]?.group !== row.group ? row.group : undefined}
            isActive={row === current}
            onActive={() => setActive(index)}
            onRun={() => run(row)}
          />
        ))}
        {rows.length === 0 && (
          <div className="pal-none t2">
            Nothing matches “{typed}”. Users and teams are found by id, e-mail address, Stripe’s id, an
            invoice’s number, or words of a name; <kbd>u:</kbd> in front asks for users only, <kbd>t:</kbd>{" "}
            for teams.
          </div>
        )}
      </div>
      <div className="pal-f">
        <Icon name="code" />
        <span className="mono tr">{current?.cli ?? "no command for this"}</span>
        {current?.cli && (
          <button type="button" className="btn sm gh" onClick={() => void copyCommand()}>
            Copy command
            <kbd>{keyLabels("$mod+Shift+c")[0]}</kbd>
          </button>
        )}
      </div>
    </>
  );
};

const PaletteRow: FC<{
  row: Row;
  id: string;
  index: number;
  heading: string | undefined;
  isActive: boolean;
  onActive: () => void;
  onRun: () => void;
}> = ({ row, id, index, heading, isActive, onActive, onRun }) => (
  <>
    {heading && (
      <div className="pal-g" role="presentation">
        {heading}
      </div>
    )}
    {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys */}
    <div
      id={id}
      data-row={index}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      className={isActive ? "mi is-active" : "mi"}
      onClick={onRun}
      onPointerMove={onActive}
    >
      <span className="mi-c">
        <Icon name={row.icon} />
      </span>
      <span className="mi-t tr">
        {row.title}
        {row.note && <span className="t3 after">{row.note}</span>}
      </span>
      {row.keys && (
        <span className="keys">
          {keyLabels(row.keys).map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </span>
      )}
    </div>
  </>
);

function useRows(typed: string, actions: readonly Action[]): Row[] {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const kind = /^u:/i.test(typed) ? "user" : /^t:/i.test(typed) ? "team" : null;
  const wanted = useDeferredValue(typed.replace(/^[ut]:/i, "").trim());
  const query = useQuery({
    ...findOptions(workspace.id, { text: wanted, kind, limit: 8 }),
    enabled: wanted.length > 1,
  });
  const found = kind === null ? findActions(actions, typed).map((action) => ({ ...action })) : [];
  const records = wanted.length > 1 ? (query.data?.rows ?? []) : [];
  const inWorkspace = ` -w ${shellWord(workspace.name)}`;
  // An id that was pasted means its record, whatever else has similar words.
  const isNamed = records[0]?.reason === "id" || records[0]?.reason === "exact";
  const rows = records.map((record): Row => {
    const shared = { id: record.id, title: record.title, note: record.note };
    return record.kind === "user"
      ? {
          ...shared,
          group: "Users",
          icon: "user",
          cli: `steward users show ${record.id}${inWorkspace}`,
          run: () => void navigate({ to: "/users/$user", params: { user: record.id } }),
        }
      : {
          ...shared,
          group: "Teams",
          icon: "team",
          cli: `steward users list --team ${record.id}${inWorkspace}`,
          run: () => void navigate({ to: "/users", search: (before) => ({ ...before, team: record.id }) }),
        };
  });
  const grouped = [
    ...rows.filter((row) => row.group === "Users"),
    ...rows.filter((row) => row.group === "Teams"),
  ];
  return isNamed ? [...grouped, ...found] : [...found, ...grouped];
}
