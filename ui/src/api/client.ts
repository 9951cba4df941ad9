import { hashKey, MutationCache, notifyManager, type Query, QueryClient } from "@tanstack/react-query";
import type { CallError } from "./call";
import type { Tag } from "./generated/Tag";
import { sessionOptions, THIS_COMPUTER } from "./queries";

declare module "@tanstack/react-query" {
  interface Register {
    defaultError: CallError;
    queryMeta: { tags: readonly Tag[] };
    mutationMeta: {
      /** What a successful run changes. */
      tags?: readonly Tag[];
      /** Title of the notice after a failure; none where the failure is shown in place. */
      failureTitle?: string;
    };
  }
}

/** Refetches what is on screen and depends on one of the tags; the rest is read again when it is next shown. */
export async function invalidateTags(client: QueryClient, tags: readonly Tag[]): Promise<void> {
  const isSwitch = tags.includes("workspace");
  if (isSwitch) await forgetOthers(client);
  const isAffected = (query: Query) =>
    (query.meta?.tags.some((tag) => tags.includes(tag)) ?? false) &&
    !(isSwitch && query.queryHash === SESSION);
  const early = client.getQueryCache().findAll({ predicate: isAffected }).filter(isFirstAnswerOnItsWay);
  await Promise.all([
    client.invalidateQueries({ predicate: isAffected }),
    ...early.map((query) => askAgain(client, query)),
  ]);
}

/** Queries that are asked again once their first answer is there. */
const asked = new WeakSet<Query>();

const isFirstAnswerOnItsWay = (query: Query) =>
  query.state.data === undefined && query.state.fetchStatus === "fetching" && !asked.has(query);

/**
 * Asks again after the first answer, which may have been read before the change: TanStack Query breaks off a later
 * answer that is on its way, but keeps the first.
 */
async function askAgain(client: QueryClient, query: Query): Promise<void> {
  asked.add(query);
  await query.promise?.catch(() => undefined);
  asked.delete(query);
  await client.invalidateQueries({ predicate: (other) => other === query });
}

const SESSION = hashKey(sessionOptions().queryKey);

/**
 * Forgets the answers kept for other workspaces than the current one. Questions are put to whichever is the current
 * one, so what is asked again under the name of the one before would be answered by the one after.
 */
async function forgetOthers(client: QueryClient): Promise<void> {
  await client.refetchQueries({ queryKey: sessionOptions().queryKey, exact: true });
  const session = client.getQueryData(sessionOptions().queryKey);
  if (!session) return;
  client.removeQueries({
    predicate: ({ queryKey }) => queryKey[1] !== THIS_COMPUTER && queryKey[1] !== session.workspace?.id,
  });
}

// Answers are told in the same turn. The default waits for a timer, and a window that is not shown yet has
// slow ones.
notifyManager.setScheduler(queueMicrotask);

/** The query client: answers stay good until an event says otherwise. */
export function createClient(onFailure: (title: string, error: CallError) => void): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 120_000,
        retry: false,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
    mutationCache: new MutationCache({
      onSuccess: (_data, _variables, _context, mutation) => invalidateTags(client, mutation.meta?.tags ?? []),
      onError: (error, _variables, _context, mutation) => {
        if (mutation.meta?.failureTitle) onFailure(mutation.meta.failureTitle, error as CallError);
      },
    }),
  });
  return client;
}
