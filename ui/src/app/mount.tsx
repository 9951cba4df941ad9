import { createRoot } from "react-dom/client";
import { App } from "./app";
import type { Begun } from "./first-answers";
import { createAppRouter } from "./router";

/** Draws the interface, once its view is found and the first answers are there. */
export async function mount(root: HTMLElement, begun: Begun): Promise<void> {
  const router = createAppRouter();
  await Promise.all([router.load(), begun.answers]);
  createRoot(root).render(<App begun={begun} router={router} />);
}
