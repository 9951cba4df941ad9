import { useMutation } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type CallError, type CallMode, call } from "@/api/call";
import type { Commands } from "@/api/generated/commands";
import type { Outcome } from "@/api/generated/Outcome";
import { newIntent } from "./operations";

/** What every reviewed change carries beside what it is about. */
interface Frame {
  intent: string;
  reason: string;
  plan_token: string | null;
  confirm: string | null;
}

/** The commands that are previewed row by row and then applied. */
export type ReviewedName = {
  [Name in keyof Commands]: Commands[Name]["request"] extends Frame ? Name : never;
}[keyof Commands];

/** What a change is about, without its frame. */
export type Draft<Name extends ReviewedName> = Omit<Commands[Name]["request"], keyof Frame>;

/** A pause in typing, before the change is computed again. */
const PAUSE_MS = 300;

/** The rows of an answer, whatever it carries beside them. */
export function outcomeOf(answer: unknown): Outcome | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  return "outcome" in answer ? (answer.outcome as Outcome) : (answer as Outcome);
}

/** A change in the making. */
export interface Reviewed<Name extends ReviewedName> {
  /** The answer of the preview of exactly this draft; none while it is computed. */
  preview: Commands[Name]["response"] | undefined;
  error: CallError | null;
  isPreviewing: boolean;
  isApplying: boolean;
  /** Computes it again, for example after a row moved. */
  look: () => void;
  /** Applies exactly what was shown. */
  apply: (confirm: string, done: (answer: Commands[Name]["response"]) => void) => void;
}

/** Previews a draft whenever it changes, and applies what was previewed. One draft, one intent. */
export function useReviewed<Name extends ReviewedName>(
  command: Name,
  draft: Draft<Name> | undefined,
  reason: string,
): Reviewed<Name> {
  const key = draft === undefined ? undefined : JSON.stringify([draft, reason]);
  // A repeated Apply with the same intent cannot do anything twice; another draft is another decision.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const intent = useMemo(newIntent, [key]);
  const run = ({ request, mode }: { request: Commands[Name]["request"]; mode: CallMode }) =>
    call(command, request, mode);
  const preview = useMutation({ mutationKey: [command, "preview"], mutationFn: run });
  const apply = useMutation({ mutationKey: [command], mutationFn: run });
  const request = (frame: Partial<Frame>) =>
    ({ ...draft, intent, reason, plan_token: null, confirm: null, ...frame }) as Commands[Name]["request"];
  const look = () => {
    apply.reset();
    preview.mutate({ request: request({}), mode: "preview" });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when there is something new to compute
  useEffect(() => {
    if (key === undefined) return;
    const timer = setTimeout(look, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  const isShown = (preview.variables?.request as Frame | undefined)?.intent === intent;
  const shown = isShown && key !== undefined ? preview.data : undefined;
  return {
    preview: shown,
    error: apply.error ?? (isShown ? preview.error : null),
    isPreviewing: key !== undefined && shown === undefined && !(isShown && preview.isError),
    isApplying: apply.isPending,
    look,
    apply: (confirm, done) => {
      const outcome = outcomeOf(shown);
      if (!outcome) return;
      const accepted = { plan_token: outcome.plan_token, confirm: outcome.confirm === null ? null : confirm };
      apply.mutate({ request: request(accepted), mode: "run" }, { onSuccess: done });
    },
  };
}
