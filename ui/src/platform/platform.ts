import type { Tag } from "@/api/generated/Tag";

/** What the interface needs from the program around it: one way to call, one way to hear of changes. */
export interface Platform {
  /** Runs a command; rejects with whatever the transport has, usually a WireError. */
  rpc(command: string, request: unknown, isPreview: boolean): Promise<unknown>;
  /** Calls back with the tags of what changed; the result stops it. */
  onChanges(listener: (tags: readonly Tag[]) => void): () => void;
  /** Asks with the system's own dialog where a file shall go: its path, or null; absent where there is no such dialog. */
  chooseFile?(title: string, suggested: string): Promise<string | null>;
  /** Holds the window open, and tells when somebody wanted to close it; the result lets go. */
  holdClose(asked: () => void): () => void;
  /** Closes the window, held or not. */
  closeWindow(): void;
  /** Sets the title of the window. */
  setTitle(title: string): void;
  /** Told once, after the first themed frame, so that the window may be shown; answers with news about the start. */
  onFirstPaint(): Promise<string | null>;
  /** Told once, after the first frame with numbers: the end of the start, as it is measured. */
  onFirstNumbers(): void;
}
