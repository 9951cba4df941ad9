/** Calls back once, when what was just drawn is about to be painted. */
export function afterFrame(callback: () => void): void {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    callback();
  };
  requestAnimationFrame(once);
  // A window that is not shown yet may be given no frames, and waits for this very call to be shown.
  setTimeout(once, 50);
}
