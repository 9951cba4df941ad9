import { httpPlatform } from "./http";
import type { Platform } from "./platform";
import { tauriPlatform } from "./tauri";

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
export function detectPlatform(): Platform {
  return "__TAURI_INTERNALS__" in window ? tauriPlatform() : httpPlatform();
}
