import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { wireError } from "@/api/call";
import { invalidateTags } from "@/api/client";
import type { Outcome } from "@/api/generated/Outcome";
import { operationRevert } from "@/api/mutations";
import { ALL_AUDIT, auditListOptions } from "@/api/queries";
import { formatClock } from "./format";
import { closeNotice, notify, updateNotice } from "./notices";
import { useScope, useWorkspace } from "./scope";

/** A new id for one decision; a repeated call with it answers with the stored result. */
export function newIntent(): string {
  return crypto.randomUUID();
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
      const announce = (name: string, result: Outcome, canUndo: boolean) => {
        const id = notify({
          tone: "info",
          title: name,
          text: "Sent. Waiting for the copy to contain it.",
          action: canUndo ? { label: "Undo", run: () => void undo(name, result) } : undefined,
        });
        onConfirmed(client, workspace.id, result.intent, (asOf) => {
          updateNotice(id, {
            tone: "ok",
            text: asOf ? `Confirmed as of ${formatClock(asOf, zone)}.` : "Confirmed.",
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
          announce(`Undone: ${name}`, done, false);
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
