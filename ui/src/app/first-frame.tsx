import { type QueryFilters, useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type FC, useEffect, useLayoutEffect } from "react";
import { loadSurfaces } from "@/components/popup";
import { afterFrame, afterPaint, firstFrameIsDrawn } from "@/lib/frame";
import { notify } from "@/lib/notices";
import { platform } from "@/platform/current";

/** The longest wait for answers before the window is shown without them. */
const PATIENCE_MS = 300;

/** What has no answer yet, asked already or about to be. What is only asked anew is shown as it was answered before. */
const UNANSWERED: QueryFilters = {
  predicate: ({ state, options }) =>
    state.status === "pending" && !("enabled" in options && options.enabled === false),
};

let isTold = false;

/** Tells the shell, once, that there is something to see; it may have something to tell in turn. */
export function tellFirstFrame(): void {
  if (isTold) return;
  isTold = true;
  afterFrame(() => void showWindow());
}

/** Has the window shown, and begins what waits for that once its frame is on screen. */
async function showWindow(): Promise<void> {
  const shown = platform().onFirstPaint();
  // Beside the shell's work: laid out already, the page has only to be painted once it is seen.
  document.body.getBoundingClientRect();
  try {
    const news = await shown;
    if (news) notify({ tone: "info", title: news, isSticky: true });
  } finally {
    afterPaint(() => {
      firstFrameIsDrawn();
      void loadSurfaces();
    });
  }
}

/**
 * Beside the view: the window is shown with the first answers in it. An empty frame before them would be
 * painted for nothing and flicker.
 */
export const FirstFrame: FC = () => {
  const client = useQueryClient();
  const fetching = useIsFetching(UNANSWERED);
  // With the drawing where it has all the answers: nothing of an unseen window is painted, which is what effects wait for.
  useLayoutEffect(() => {
    if (client.getQueryCache().findAll(UNANSWERED).length === 0) tellFirstFrame();
  }, [client]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again when the count changed; the hook's own count is one drawing old
  useEffect(() => {
    if (client.isFetching(UNANSWERED) === 0) tellFirstFrame();
  }, [client, fetching]);
  useEffect(() => {
    const timer = setTimeout(tellFirstFrame, PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return null;
};
