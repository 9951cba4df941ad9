import { useEffect, useRef } from "react";
import { tinykeys } from "tinykeys";
import { type Action, isSingleKey } from "@/lib/actions";

/** Whether the keys belong to a field or a dialog right now. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  const isField = !!target?.closest("input, textarea, select, [contenteditable]");
  return isField || !!document.querySelector(".dlg, .pop[data-open]");
}

/** Binds the keys of the registry; single keys only where the person leaves them on. */
export function useShortcuts(actions: readonly Action[], hasSingleKeys: boolean): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  }, [actions]);
  const bound = actions
    .flatMap((action) => (action.keys && (hasSingleKeys || !isSingleKey(action.keys)) ? [action.keys] : []))
    .join("\n");
  useEffect(() => {
    const bindings = Object.fromEntries(
      bound.split("\n").map((keys) => [
        // `?` is Shift and another key on most keyboards.
        keys === "?" ? "Shift+?" : keys,
        (event: KeyboardEvent) => {
          const isModified = !isSingleKey(keys);
          if (!isModified && (isTaken(event) || event.ctrlKey || event.metaKey || event.altKey)) return;
          event.preventDefault();
          latest.current.find((action) => action.keys === keys)?.run();
        },
      ]),
    );
    return tinykeys(window, bindings);
  }, [bound]);
}
