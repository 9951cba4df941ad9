import type { Tag } from "@/api/generated/Tag";
import type { Platform } from "./platform";

/** Speaks to a devserver by HTTP: `POST /rpc`, and server-sent events at `/events`. */
export function httpPlatform(): Platform {
  return {
    async rpc(command, request, isPreview) {
      const response = await fetch("/rpc", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ command, request, preview: isPreview }),
      });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      const answer = (await response.json()) as { ok?: unknown; error?: unknown };
      if (answer.error !== undefined) throw answer.error;
      return answer.ok;
    },
    onChanges(listener) {
      const source = new EventSource("/events");
      // The event has a name, as in the window; `onmessage` would hear only nameless ones.
      source.addEventListener("changes", (event: MessageEvent<string>) => {
        listener((JSON.parse(event.data) as { tags: Tag[] }).tags);
      });
      return () => source.close();
    },
    holdClose() {
      // A page in a browser is asked about by the browser, in its own words.
      const hold = (event: BeforeUnloadEvent) => event.preventDefault();
      window.addEventListener("beforeunload", hold);
      return () => window.removeEventListener("beforeunload", hold);
    },
    closeWindow() {
      window.close();
    },
    setTitle(title) {
      document.title = title;
    },
    onFirstNumbers() {
      performance.mark("first-numbers");
    },
    async onFirstPaint() {
      performance.mark("first-paint");
      return null;
    },
  };
}
