import type { QueryClient } from "@tanstack/react-query";
import { createClient, invalidateTags } from "@/api/client";
import {
  exportListOptions,
  overviewOptions,
  recentAuditOptions,
  sessionOptions,
  settingsOptions,
  syncStatusOptions,
  workspaceListOptions,
} from "@/api/queries";
import { defaultScope } from "@/lib/default-scope";
import { notify } from "@/lib/notices";
import type { Platform } from "@/platform/platform";

/** The longest wait for answers before the frame is drawn without them. */
const PATIENCE_MS = 200;

/** The faces of every view, and letters from each file they come in: the hyphen has one of its own. */
const FACES = ["13px 'Inter Variable'", "13px 'JetBrains Mono Variable'"];
const LETTERS = "a-";

/** The interface's questions and answers, begun before the interface is there. */
export interface Begun {
  client: QueryClient;
  /** Done when the first drawing can show the first answers, or need not wait for them any longer. */
  answers: Promise<void>;
  /** Hears of no more changes. */
  stop: () => void;
}

/**
 * Asks at the very start what the frame and the Overview will ask: the answers come while the interface is loaded, and
 * one drawing shows them all. Drawn without them first, the page would be busy with that while they lie there.
 *
 * Failures are no concern of this: whoever asks next is told.
 */
export function begin(platform: Platform): Begun {
  const client = createClient((title, error) =>
    notify({ tone: "danger", title, text: `${error.wire.message} ${error.wire.hint}`, isSticky: true }),
  );
  // Before the first question: a change that nobody heard of would leave its answer old until the next one.
  const stop = platform.onChanges((tags) => void invalidateTags(client, tags));
  const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS));
  const asked = Promise.allSettled([askFirst(client), loadFaces()]);
  return { client, answers: Promise.race([asked.then(() => undefined), patience]), stop };
}

/** Without its faces the page would look for others on this computer, one by one, and be laid out twice. */
async function loadFaces(): Promise<void> {
  // They are named in the stylesheet, which may come after this script: asked for before, they are not known, and nothing
  // is waited for.
  await Promise.all([...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].map(arrival));
  await Promise.allSettled(FACES.map((face) => document.fonts?.load(face, LETTERS)));
}

/** Resolves when a stylesheet is there, or cannot be had. */
function arrival(link: HTMLLinkElement): Promise<void> {
  if (link.sheet) return Promise.resolve();
  return new Promise((resolve) => {
    for (const end of ["load", "error"]) link.addEventListener(end, () => resolve(), { once: true });
  });
}

async function askFirst(client: QueryClient): Promise<void> {
  const [session, settings] = await Promise.all([
    client.fetchQuery(sessionOptions()),
    client.fetchQuery(settingsOptions()),
  ]);
  if (!session.workspace) return;
  const { id } = session.workspace;
  const frame = [
    client.prefetchQuery(workspaceListOptions()),
    client.prefetchQuery(syncStatusOptions(id)),
    client.prefetchQuery(exportListOptions(id)),
  ];
  // A link to somewhere else asks for itself.
  const isOverview = ["", "#/"].includes(window.location.hash);
  const overview = isOverview
    ? [
        client.prefetchQuery(overviewOptions(id, defaultScope(session, settings))),
        client.prefetchQuery(recentAuditOptions(id)),
      ]
    : [];
  await Promise.all([...frame, ...overview]);
}
