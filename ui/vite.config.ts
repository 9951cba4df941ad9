import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { normalizePath, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The address of a running devserver: `npm run dev` and the browser journeys talk to the real back end there.
const devserver = process.env.STEWARD_DEVSERVER ?? "http://127.0.0.1:4870";
const proxy = {
  "/rpc": { target: devserver },
  "/events": { target: devserver },
};

/**
 * Has the page fetch the interface beside its entry. The entry imports it once it has asked the first questions, and the
 * browser would hear of it only then. All else that it imports is in the entry.
 */
function fetchInterfaceEarly(): Plugin {
  return {
    name: "fetch-interface-early",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle }) {
        if (!bundle) return [];
        const file = Object.values(bundle).find((one) => one.type === "chunk" && one.name === "interface");
        if (!file) throw new Error("No chunk is named interface; see firstChunk.");
        const attrs = { rel: "modulepreload", crossorigin: true, href: `./${file.fileName}` };
        return [{ tag: "link", attrs, injectTo: "head" }];
      },
    },
  };
}

/** What is loaded before the first frame, by the module that loads it. */
const FIRST = { entry: "/src/main.tsx", interface: "/src/app/mount.tsx" };

interface Modules {
  getModuleInfo: (id: string) => { importedIds: readonly string[] } | null;
}

/**
 * The chunk of a module that the first frame needs; null for everything that waits. One file each for what asks and what
 * draws: a page of many small ones waits for each of them in turn.
 */
function firstChunk(): (id: string, modules: Modules) => string | null {
  const chunks = new Map<string, string>();
  const visit = (id: string, chunk: string, modules: Modules) => {
    if (chunks.has(id)) return;
    chunks.set(id, chunk);
    for (const next of modules.getModuleInfo(id)?.importedIds ?? []) visit(next, chunk, modules);
  };
  return (id, modules) => {
    if (chunks.size === 0) {
      for (const [chunk, file] of Object.entries(FIRST)) {
        visit(normalizePath(fileURLToPath(new URL(`.${file}`, import.meta.url))), chunk, modules);
      }
    }
    return chunks.get(id) ?? null;
  };
}

export default defineConfig({
  base: "./",
  plugins: [react(), fetchInterfaceEarly()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { port: 5173, strictPort: true, proxy },
  preview: { port: 4173, strictPort: true, proxy },
  build: {
    target: "safari16.4",
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: firstChunk(), debugName: "first" }] } } },
    reportCompressedSize: false,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    testTimeout: 30_000,
    // Zones off the quarter-hour grid of the big offices show mistakes that Berlin hides.
    env: { TZ: "Asia/Kathmandu" },
  },
});
