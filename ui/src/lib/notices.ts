import { useSyncExternalStore } from "react";
import type { Tone } from "@/components/icon";

/** Something that happened, told at the bottom right. */
export interface Notice {
  id: number;
  tone: Tone;
  title: string;
  text?: string | undefined;
  /** One action, for example Undo. */
  action?: { label: string; run: () => void } | undefined;
  /** Whether it stays until it is closed: failures do. */
  isSticky?: boolean | undefined;
}

let notices: readonly Notice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function publish(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Shows a notice; the result is its id. At most three are on screen. */
export function notify(notice: Omit<Notice, "id">): number {
  lastId += 1;
  publish([...notices.slice(-2), { ...notice, id: lastId }]);
  return lastId;
}

/** Changes a notice that is still shown. */
export function updateNotice(id: number, change: Partial<Omit<Notice, "id">>): void {
  publish(notices.map((notice) => (notice.id === id ? { ...notice, ...change } : notice)));
}

/** Takes a notice away. */
export function closeNotice(id: number): void {
  publish(notices.filter((notice) => notice.id !== id));
}

/** The notices on screen, oldest first. */
export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}
