import { createRoot } from "react-dom/client";
import type { Platform } from "@/platform/platform";
import { App } from "./app";
import type { Begun } from "./first-answers";

/** Draws the interface. */
export function mount(root: HTMLElement, platform: Platform, begun: Begun): void {
  createRoot(root).render(<App platform={platform} begun={begun} />);
}
