import { platform } from "@/platform/current";
import type { Commands } from "./generated/commands";
import type { WireError } from "./generated/WireError";

/** Whether a change is carried out or only computed. */
export type CallMode = "run" | "preview";

/** A failure of a command: what happened, what to do, and the code that decides. */
export class CallError extends Error {
  readonly wire: WireError;

  constructor(wire: WireError) {
    super(wire.message);
    this.name = "CallError";
    this.wire = wire;
  }
}

/** Calls a command. The only place that reaches the platform. */
export async function call<Name extends keyof Commands>(
  command: Name,
  request: Commands[Name]["request"],
  mode: CallMode = "run",
): Promise<Commands[Name]["response"]> {
  try {
    return (await platform().rpc(command, request, mode === "preview")) as Commands[Name]["response"];
  } catch (cause) {
    throw new CallError(wireError(cause));
  }
}

/** The wire form of anything that was thrown. */
export function wireError(cause: unknown): WireError {
  if (cause instanceof CallError) return cause.wire;
  if (isWireError(cause)) return cause;
  return {
    code: "internal",
    message: "Steward did not answer.",
    hint: "Try again. If it stays so, restart Steward.",
    detail: cause instanceof Error ? cause.message : null,
    fields: [],
    is_retriable: true,
    id: "",
  };
}

function isWireError(value: unknown): value is WireError {
  return (
    typeof value === "object" && value !== null && "code" in value && "message" in value && "hint" in value
  );
}
