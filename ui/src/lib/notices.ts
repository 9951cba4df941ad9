import type { Tone } from "@/components/icon";
import { createStore, useStore } from "./store";

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

const notices = createStore<readonly Notice[]>([]);
let lastId = 0;

/** Shows a notice; the result is its id. At most three are on screen. */
export function notify(notice: Omit<Notice, "id">): number {
  lastId += 1;
  notices.set([...notices.get().slice(-2), { ...notice, id: lastId }]);
  return lastId;
}

/** Changes a notice that is still shown. */
export function updateNotice(id: number, change: Partial<Omit<Notice, "id">>): void {
  notices.set(notices.get().map((notice) => (notice.id === id ? { ...notice, ...change } : notice)));
}

/** Takes a notice away. */
export function closeNotice(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

/** The notices on screen, oldest first. */
export function useNotices(): readonly Notice[] {
  return useStore(notices);
}
