import type { IconName } from "@/components/icon";

/** Something a person can do from anywhere: the palette, the shortcuts and the help overlay read it here. */
export interface Action {
  /** Stable name. */
  id: string;
  /** Verb and noun. */
  title: string;
  /** Heading in the palette and the help overlay. */
  group: "Go to" | "Range" | "Workspace" | "Sync" | "Window";
  /** Icon in the palette. */
  icon: IconName;
  /** Keys in tinykeys' form, for example `g h` or `$mod+k`. */
  keys?: string;
  /** The same on the command line. */
  cli?: string;
  /** Does it. */
  run: () => void;
}

/** Whether the keys are without a modifier, and so can be switched off (WCAG 2.1.4). */
export function isSingleKey(keys: string): boolean {
  return !/\$mod|Control|Alt|Meta/.test(keys);
}

const isMac = () => /Mac|iPhone|iPad/.test(navigator.platform);

/** Keys as people read them: `G H`, `Ctrl K`, `⌘K`. */
export function keyLabels(keys: string): string[] {
  return keys.split(" ").map((press) =>
    press
      .replace("$mod+", isMac() ? "⌘" : "Ctrl ")
      .replace("Shift+", isMac() ? "⇧" : "Shift ")
      .replace(/[a-z]$/, (letter) => letter.toUpperCase()),
  );
}

/** The actions whose title or group holds every word typed, best first. */
export function findActions(actions: readonly Action[], typed: string): Action[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (action: Action) => (action.title.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return actions
    .filter((action) => {
      const text = `${action.group} ${action.title}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => (words.length > 0 ? rank(a) - rank(b) : 0));
}

/** Quotes an argument for a POSIX shell where it needs it. */
export function shellWord(text: string): string {
  return /^[\w./:@,+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
