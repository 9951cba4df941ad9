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

/** The faces of the first frame: what has only Latin letters needs no others. */
const FACES = ["inter-latin-wght-normal.woff2", "jetbrains-mono-latin-wght-normal.woff2"];

/**
 * Has the page fetch the interface and its faces beside its entry. The entry imports the one once it has asked the first
 * questions, and the stylesheet names the others: the browser would hear of them only then.
 */
function fetchEarly(): Plugin {
  return {
    name: "fetch-early",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle }) {
        if (!bundle) return [];
        const files = Object.values(bundle);
        const early = (rel: string, file: { fileName: string } | undefined, more = {}) => {
          if (!file) throw new Error(`What the page is to fetch early is not in the bundle: ${rel}.`);
          return {
            tag: "link",
            attrs: { rel, crossorigin: true, href: `./${file.fileName}`, ...more },
            injectTo: "head" as const,
          };
        };
        const interfaceFile = files.find((one) => one.type === "chunk" && one.name === "interface");
        const faces = FACES.map((name) =>
          files.find((one) => one.type === "asset" && one.names.includes(name)),
        );
        return [
          early("modulepreload", interfaceFile),
          ...faces.map((face) => early("preload", face, { as: "font", type: "font/woff2" })),
        ];
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
  plugins: [react(), fetchEarly()],
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
