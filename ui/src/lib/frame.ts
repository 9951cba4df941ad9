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
