import { type FC, useState } from "react";
import type { Compare } from "@/api/generated/Compare";
import { Icon } from "@/components/icon";
import { MenuButton, MenuChoice, MenuChoices, PopoverButton } from "@/components/popup";
import { keyLabels } from "@/lib/actions";
import { formatDay } from "@/lib/format";
import { COMPARES, compareLabel, parseRange, rangeLabel, rangePresets } from "@/lib/range";
import { useScope, useSetScope } from "@/lib/scope";

/** The days of the window, and what they are compared with, where that means something. */
export const RangeSlots: FC<{
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  offReason: string | undefined;
  /** Whether the view compares its numbers. */
  isCompared: boolean;
}> = ({ isOpen, onOpenChange, offReason, isCompared }) => {
  const scope = useScope();
  const setScope = useSetScope();
  if (offReason !== undefined) {
    return (
      <div className="seg2 off">
        <button type="button" aria-disabled="true" title={offReason} aria-label={`Range. ${offReason}`}>
          <Icon name="calendar" />
          {rangeLabel(scope.range)}
        </button>
      </div>
    );
  }
  const choose = (range: string) => {
    setScope({ range });
    onOpenChange(false);
  };
  return (
    <div className="seg2">
      <PopoverButton
        label="Range"
        className="range"
        isOpen={isOpen}
        onOpenChange={onOpenChange}
        trigger={
          <button type="button" aria-label={`Range: ${rangeLabel(scope.range)}`}>
            <Icon name="calendar" />
            {rangeLabel(scope.range)}
            <Icon name="down" />
          </button>
        }
      >
        <RangeForm range={scope.range} zone={scope.zone} onChoose={choose} />
      </PopoverButton>
      {isCompared && (
        <MenuButton
          trigger={
            <button type="button" aria-label={`Comparison: ${compareLabel(scope.range, scope.compare)}`}>
              <Icon name="compare" />
              <span className="hide-n">{compareLabel(scope.range, scope.compare)}</span>
              <Icon name="down" />
            </button>
          }
        >
          <MenuChoices value={scope.compare} onValueChange={(compare: Compare) => setScope({ compare })}>
            {COMPARES.map((choice) => (
              <MenuChoice key={choice.compare} value={choice.compare}>
                <span className="mi-c">{choice.compare === scope.compare && <Icon name="check" />}</span>
                <span className="mi-t">{choice.label}</span>
                <span className="mi-h">{choice.hint}</span>
              </MenuChoice>
            ))}
          </MenuChoices>
        </MenuButton>
      )}
    </div>
  );
};

const RangeForm: FC<{ range: string; zone: string; onChoose: (range: string) => void }> = ({
  range,
  zone,
  onChoose,
}) => {
  const today = formatDay(new Date().toISOString(), zone);
  const [first = "", last = ""] = range.includes("..") ? range.split("..") : [];
  const [days, setDays] = useState({ first, last });
  const [typed, setTyped] = useState(range);
  const parsed = parseRange(typed);
  const between = parseRange(`${days.first}..${days.last}`);
  return (
    <div className="range-b">
      <ul className="presets">
        {rangePresets(today).map((preset) => (
          <li key={preset.label}>
            <button
              type="button"
              className="mi"
              aria-current={preset.range === range}
              onClick={() => onChoose(preset.range)}
            >
              <span className="mi-t">{preset.label}</span>
              {preset.keys && <kbd>{keyLabels(preset.keys)[0]}</kbd>}
            </button>
          </li>
        ))}
      </ul>
      <div className="range-f">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (between) onChoose(between);
          }}
        >
          <label className="fl" htmlFor="range-first">
            From
          </label>
          <input
            id="range-first"
            className="inp"
            type="date"
            value={days.first}
            max={today}
            onChange={(event) => setDays({ ...days, first: event.target.value })}
          />
          <label className="fl" htmlFor="range-last">
            To, included
          </label>
          <input
            id="range-last"
            className="inp"
            type="date"
            value={days.last}
            max={today}
            onChange={(event) => setDays({ ...days, last: event.target.value })}
          />
          <button type="submit" className="btn" disabled={!between}>
            Show these days
          </button>
        </form>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (parsed) onChoose(parsed);
          }}
        >
          <label className="fl" htmlFor="range-typed">
            Or type a range
          </label>
          <input
            id="range-typed"
            className="inp mono"
            value={typed}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={!parsed}
            aria-describedby="range-hint"
            onChange={(event) => setTyped(event.target.value)}
          />
          <div id="range-hint" className={parsed ? "hint" : "hint warning"}>
            {parsed ? `${rangeLabel(parsed)} · Enter shows it` : "24h, 30d, 2026-10, 2026-10-01..2026-10-31"}
          </div>
        </form>
      </div>
    </div>
  );
};
