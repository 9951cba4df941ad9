import { createRoot } from "react-dom/client";
import { App } from "./app";
import type { Begun } from "./first-answers";

/** Draws the interface. */
export function mount(root: HTMLElement, begun: Begun): void {
  createRoot(root).render(<App begun={begun} />);
}
