import type { Platform } from "./platform";

let current: Platform | undefined;

/** Makes this the platform of the whole interface. */
export function installPlatform(platform: Platform): void {
  current = platform;
}

/** The platform that was installed at the start. */
export function platform(): Platform {
  if (!current) throw new Error("No platform was installed.");
  return current;
}

/** The desktop shell's platform inside its window, HTTP everywhere else. */
export async function detectPlatform(): Promise<Platform> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriPlatform();
  return (await import("./http")).httpPlatform();
}
