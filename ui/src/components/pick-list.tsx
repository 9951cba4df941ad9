import { type FC, type KeyboardEvent, useId, useRef, useState } from "react";
import { Icon } from "./icon";

/** Something to pick. */
export interface PickItem {
  id: string;
  label: string;
  note?: string;
}

const MOST_SHOWN = 60;

/** A field that narrows a list; arrows move, Enter picks. */
export const PickList: FC<{
  label: string;
  placeholder: string;
  items: readonly PickItem[];
  selected?: string;
  onPick: (id: string) => void;
}> = ({ label, placeholder, items, selected, onPick }) => {
  const list = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const listRef = useRef<HTMLDivElement>(null);
  const words = typed.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean);
  const found = items
    .filter((item) => {
      const text = `${item.label} ${item.note ?? ""}`.toLowerCase().replaceAll("_", " ");
      return words.every((word) => text.includes(word));
    })
    .slice(0, MOST_SHOWN);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setActive(next);
    listRef.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const handleKey = (event: KeyboardEvent) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 8, PageUp: active - 8 }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const item = found[active];
      if (item) onPick(item.id);
    }
  };
  return (
    <div className="pick">
      <input
        className="inp"
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[active] ? `${list}-${active}` : undefined}
        placeholder={placeholder}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={handleKey}
      />
      <div className="pick-l" role="listbox" id={list} aria-label={label} ref={listRef} tabIndex={-1}>
        {found.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <div
            key={item.id}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={item.id === selected}
            className={index === active ? "mi is-active" : "mi"}
            onClick={() => onPick(item.id)}
            onPointerMove={() => setActive(index)}
          >
            <span className="mi-c">{item.id === selected && <Icon name="check" />}</span>
            <span className="mi-t">{item.label}</span>
            <span className="mi-h">{item.note}</span>
          </div>
        ))}
        {found.length === 0 && <div className="pick-none t2">Nothing matches “{typed}”.</div>}
      </div>
    </div>
  );
};
