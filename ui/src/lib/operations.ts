import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { wireError } from "@/api/call";
import { invalidateTags } from "@/api/client";
import type { Outcome } from "@/api/generated/Outcome";
import { operationRevert } from "@/api/mutations";
import { ALL_AUDIT, auditListOptions } from "@/api/queries";
import { countOf, formatClock } from "./format";
import { closeNotice, notify, updateNotice } from "./notices";
import { useScope, useWorkspace } from "./scope";

/** A new id for one decision; a repeated call with it answers with the stored result. */
export function newIntent(): string {
  return crypto.randomUUID();
}

/** Rows that are named; the rest are counted. */
const NAMED = 3;

/** Which rows a change left as they are; nothing where it left none. */
export function leftAlone(outcome: Outcome): string | undefined {
  const { skipped } = outcome;
  if (skipped.length === 0) return undefined;
  const names = skipped.slice(0, NAMED).map((row) => row.label);
  const more = skipped.length - names.length;
  const listed = names.join(", ") + (more > 0 ? ` and ${more} more` : "");
  return `${countOf(skipped.length, "row")} left as ${skipped.length === 1 ? "it is" : "they are"}: ${listed}.`;
}

/** Watches the copy until the audit log holds this change; then the change is confirmed by a cut. */
function onConfirmed(
  client: QueryClient,
  workspace: string,
  intent: string,
  done: (asOf: string | null) => void,
): void {
  const options = auditListOptions(workspace, { ...ALL_AUDIT, intent, limit: 1 });
  const look = async () => {
    const list = await client.fetchQuery({ ...options, staleTime: 0 });
    if (list.rows.length === 0) return;
    stop();
    done(list.freshness.as_of);
  };
  // Every cut makes what is on screen be read again; each time is a chance that the change is in it.
  const stop = client.getQueryCache().subscribe((event) => {
    const isOther = event.query.queryKey[0] !== "audit_list";
    if (isOther && event.type === "updated" && event.action.type === "success")
      void look().catch(() => undefined);
  });
  void look().catch(() => undefined);
}

/** Tells that a change was sent, offers Undo, and tells again once the copy contains it. */
export function useAnnounceChange(): (title: string, outcome: Outcome, isUndoable?: boolean) => void {
  const client = useQueryClient();
  const workspace = useWorkspace();
  const { zone } = useScope();
  const revert = useMutation(operationRevert());
  const mutate = revert.mutateAsync;

  return useCallback(
    (title, outcome, isUndoable = true) => {
      // What the person did not see before it was done is said with it, and stays until it is read.
      const announce = (name: string, result: Outcome, canUndo: boolean, unseen?: string) => {
        const told = (text: string) => (unseen ? `${unseen} ${text}` : text);
        const id = notify({
          tone: unseen ? "warning" : "info",
          title: name,
          text: told("Sent. Waiting for the copy to contain it."),
          action: canUndo ? { label: "Undo", run: () => void undo(name, result) } : undefined,
          isSticky: unseen !== undefined,
        });
        onConfirmed(client, workspace.id, result.intent, (asOf) => {
          updateNotice(id, {
            tone: unseen ? "warning" : "ok",
            text: told(asOf ? `Confirmed as of ${formatClock(asOf, zone)}.` : "Confirmed."),
          });
        });
        void invalidateTags(client, ["users", "plans", "audit", "sync"]);
      };
      const undo = async (name: string, result: Outcome) => {
        const waiting = notify({ tone: "info", title: "Taking it back", isSticky: true });
        const request = {
          intent: newIntent(),
          operation: result.intent,
          reason: "Undone right after the change",
          confirm: null,
        };
        try {
          const preview = await mutate({ request: { ...request, plan_token: null }, mode: "preview" });
          const done = await mutate({
            request: { ...request, plan_token: preview.plan_token, confirm: preview.confirm },
            mode: "run",
          });
          const left = leftAlone(done);
          if (done.rows.length > 0) {
            announce(`${left ? "Undone in part" : "Undone"}: ${name}`, done, false, left);
          } else {
            notify({
              tone: "warning",
              title: `Nothing was undone: ${name}`,
              text: left ?? "There was nothing to take back.",
              isSticky: true,
            });
          }
        } catch (cause) {
          const error = wireError(cause);
          notify({
            tone: "danger",
            title: "It could not be undone",
            text: `${error.message} ${error.hint}`,
            isSticky: true,
          });
        } finally {
          closeNotice(waiting);
        }
      };
      announce(title, outcome, isUndoable);
    },
    [client, mutate, workspace.id, zone],
  );
}
