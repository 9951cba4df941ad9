import { createStore, useStore } from "./store";

/** Calls back once, when what was just drawn is about to be painted. */
export function afterFrame(callback: () => void): void {
  // A window that is not shown yet is given no frames and slow timers, and waits for this very call.
  if (document.hidden) {
    callback();
    return;
  }
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    callback();
  };
  requestAnimationFrame(once);
  // Nor is a window that is covered or minimised sure of a frame.
  setTimeout(once, 50);
}

/** The longest wait for a window that is shown to be painted: one that lies under others may never be. */
const UNPAINTED_MS = 500;

/** Calls back once, when the page is seen and what was drawn has been painted. */
export function afterPaint(callback: () => void): void {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    callback();
  };
  // A frame is announced before it is painted; a task that is set then comes after that.
  const seen = () => requestAnimationFrame(() => setTimeout(once));
  if (document.hidden) document.addEventListener("visibilitychange", seen, { once: true });
  else seen();
  setTimeout(once, UNPAINTED_MS);
}

const isDrawn = createStore(false);

/** The first frame is on screen: what was left for later is drawn from now on. */
export function firstFrameIsDrawn(): void {
  isDrawn.set(true);
}

/** Whether the window's first frame is on screen; until then only what it shows is worth drawing. */
export function useIsDrawn(): boolean {
  return useStore(isDrawn);
}
