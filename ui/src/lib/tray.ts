import { call, wireError } from "@/api/call";
import type { Commands } from "@/api/generated/commands";
import type { Outcome } from "@/api/generated/Outcome";
import { newIntent } from "./operations";
import { outcomeOf, type ReviewedName } from "./reviewed";
import { createStore, useStore } from "./store";

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
  /** The decision's id. It stays with the entry: sent again after a reply was lost, it is done once. */
  intent: string;
}

const entries = createStore<readonly TrayEntry[]>([]);
let lastId = 0;

/** Puts a change into the tray. */
export function collect(entry: Omit<TrayEntry, "id" | "intent">): void {
  lastId += 1;
  entries.set([...entries.get(), { ...entry, id: lastId, intent: newIntent() }]);
}

/** Takes changes out of the tray. */
export function discard(ids: readonly number[]): void {
  entries.set(entries.get().filter((entry) => !ids.includes(entry.id)));
}

/** How many changes wait, in all workspaces: what is lost when the window goes. */
export function useCollected(): number {
  return useStore(entries).length;
}

/** The changes of a workspace, in the order in which they were put in. */
export function useTray(workspace: string): readonly TrayEntry[] {
  return useStore(entries).filter((entry) => entry.workspace === workspace);
}

/** A change of the tray as it would be now. */
export interface Looked {
  entry: TrayEntry;
  outcome: Outcome | undefined;
  error: unknown;
}

const request = (entry: TrayEntry, token: string | null) =>
  ({
    ...(entry.draft as object),
    intent: entry.intent,
    reason: entry.reason,
    plan_token: token,
    confirm: null,
  }) as Commands[ReviewedName]["request"];

const look = async (entry: TrayEntry) =>
  outcomeOf(await call(entry.command, request(entry, null), "preview"));

/** Another decision about the same: its rows moved since the first, which was therefore never carried out. */
function decideAnew(entry: TrayEntry): TrayEntry {
  const anew = { ...entry, intent: newIntent() };
  entries.set(entries.get().map((one) => (one.id === entry.id ? anew : one)));
  return anew;
}

async function lookOnce(entry: TrayEntry): Promise<Looked> {
  try {
    return { entry, outcome: await look(entry), error: undefined };
  } catch (error) {
    return { entry, outcome: undefined, error };
  }
}

/** Computes every change anew; one that fails stands beside the others. */
export async function lookAll(tray: readonly TrayEntry[]): Promise<Looked[]> {
  const found: Looked[] = [];
  for (const entry of tray) {
    const looked = await lookOnce(entry);
    const isMoved = looked.error !== undefined && wireError(looked.error).code === "conflict";
    found.push(isMoved ? await lookOnce(decideAnew(entry)) : looked);
  }
  return found;
}

/** Where the tray stopped: at a change that failed, or at one whose rows are no longer those that were shown. */
export interface Stopped {
  entry: TrayEntry;
  /** None where its rows moved: then nothing of it was sent. */
  error: unknown;
}

/**
 * Applies what was shown, each change a transaction of its own. Each is looked at again before it is sent, for the
 * ones before it may have moved its rows: it ends with the first that fails or is another than was shown.
 */
export async function applyAll(
  looked: readonly Looked[],
  onApplied: (entry: TrayEntry, outcome: Outcome) => void,
): Promise<Stopped | undefined> {
  for (const { entry, outcome: shown } of looked) {
    if (!shown) continue;
    try {
      const now = await look(entry);
      // Done before, and only the reply was lost: its stored result is the answer.
      if (!now?.is_applied && now?.plan_token !== shown.plan_token) return { entry, error: undefined };
      const outcome = outcomeOf(await call(entry.command, request(entry, shown.plan_token)));
      if (outcome) onApplied(entry, outcome);
    } catch (error) {
      return { entry, error };
    }
  }
  return undefined;
}
