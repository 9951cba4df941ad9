import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWindow } from "@tauri-apps/api/window";
import type { Tag } from "@/api/generated/Tag";
import type { Platform } from "./platform";

/** Speaks to the desktop shell. */
export function tauriPlatform(): Platform {
  return {
    rpc: (command, request, isPreview) => invoke("rpc", { command, request, preview: isPreview }),
    onChanges(listener) {
      let isStopped = false;
      let stop: (() => void) | undefined;
      listen<{ tags: Tag[] }>("changes", (event) => listener(event.payload.tags)).then(
        (unlisten) => {
          if (isStopped) unlisten();
          else stop = unlisten;
        },
        // Without events the interface still works; it shows new numbers on the next look.
        () => undefined,
      );
      return () => {
        isStopped = true;
        stop?.();
      };
    },
    chooseFile: (title, suggested) => invoke<string | null>("choose_file", { title, suggested }),
    holdClose(asked) {
      let isStopped = false;
      let stop: (() => void) | undefined;
      getCurrentWindow()
        .onCloseRequested((event) => {
          event.preventDefault();
          asked();
        })
        .then(
          (unlisten) => {
            if (isStopped) unlisten();
            else stop = unlisten;
          },
          // Without the event the window closes unasked, as any other.
          () => undefined,
        );
      return () => {
        isStopped = true;
        stop?.();
      };
    },
    closeWindow() {
      getCurrentWindow()
        .destroy()
        .catch(() => undefined);
    },
    setTitle(title) {
      document.title = title;
      getCurrentWindow()
        .setTitle(title)
        .catch(() => undefined);
    },
    onFirstNumbers() {
      performance.mark("first-numbers");
      invoke("first_numbers").catch(() => undefined);
    },
    onFirstPaint() {
      performance.mark("first-paint");
      // The shell keeps the window hidden until this call, and shows it by itself when it never comes.
      return invoke<string | null>("first_paint").catch(() => null);
    },
  };
}
