import { useSyncExternalStore } from "react";
import { call } from "@/api/call";
import type { Commands } from "@/api/generated/commands";
import type { Outcome } from "@/api/generated/Outcome";
import { newIntent } from "./operations";
import { outcomeOf, type ReviewedName } from "./reviewed";

/** A change that waits in the tray: nothing of it was sent. */
export interface TrayEntry {
  id: number;
  workspace: string;
  title: string;
  command: ReviewedName;
  /** What it is about, without its frame. */
  draft: unknown;
  reason: string;
  isUndoable: boolean;
}

let entries: readonly TrayEntry[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function publish(next: readonly TrayEntry[]): void {
  entries = next;
  for (const listener of listeners) listener();
}

/** Puts a change into the tray. */
export function collect(entry: Omit<TrayEntry, "id">): void {
  lastId += 1;
  publish([...entries, { ...entry, id: lastId }]);
}

/** Takes changes out of the tray. */
export function discard(ids: readonly number[]): void {
  publish(entries.filter((entry) => !ids.includes(entry.id)));
}

/** The changes of a workspace, in the order in which they were put in. */
export function useTray(workspace: string): readonly TrayEntry[] {
  const all = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => entries,
  );
  return all.filter((entry) => entry.workspace === workspace);
}

/** A change of the tray as it would be now. */
export interface Looked {
  entry: TrayEntry;
  intent: string;
  outcome: Outcome | undefined;
  error: unknown;
}

const request = (looked: Pick<Looked, "entry" | "intent">, token: string | null) =>
  ({
    ...(looked.entry.draft as object),
    intent: looked.intent,
    reason: looked.entry.reason,
    plan_token: token,
    confirm: null,
  }) as Commands[ReviewedName]["request"];

/** Computes every change anew; one that fails stands beside the others. */
export async function lookAll(tray: readonly TrayEntry[]): Promise<Looked[]> {
  const found: Looked[] = [];
  for (const entry of tray) {
    const looked = { entry, intent: newIntent() };
    try {
      const outcome = outcomeOf(await call(entry.command, request(looked, null), "preview"));
      found.push({ ...looked, outcome, error: undefined });
    } catch (error) {
      found.push({ ...looked, outcome: undefined, error });
    }
  }
  return found;
}

/** Applies what was shown, each change a transaction of its own, and ends with the first that fails. */
export async function applyAll(
  looked: readonly Looked[],
  onApplied: (entry: TrayEntry, outcome: Outcome) => void,
): Promise<{ entry: TrayEntry; error: unknown } | undefined> {
  for (const one of looked) {
    if (!one.outcome) continue;
    try {
      const outcome = outcomeOf(await call(one.entry.command, request(one, one.outcome.plan_token)));
      if (outcome) onApplied(one.entry, outcome);
    } catch (error) {
      return { entry: one.entry, error };
    }
  }
  return undefined;
}
