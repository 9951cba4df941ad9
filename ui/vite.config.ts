import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The address of a running devserver: `npm run dev` and the browser journeys talk to the real back end there.
const devserver = process.env.STEWARD_DEVSERVER ?? "http://127.0.0.1:4870";
const proxy = {
  "/rpc": { target: devserver },
  "/events": { target: devserver },
};

/**
 * Has the page fetch the interface beside its entry. The entry imports it once it has asked the first questions, and the
 * browser would hear of it only then.
 */
function fetchInterfaceEarly(): Plugin {
  return {
    name: "fetch-interface-early",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        if (!bundle) return [];
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const early = new Set<string>();
        const visit = (name: string) => {
          if (early.has(name)) return;
          early.add(name);
          for (const next of chunks.find((chunk) => chunk.fileName === name)?.imports ?? []) visit(next);
        };
        const mount = chunks.find((chunk) => chunk.facadeModuleId?.endsWith("/src/app/mount.tsx"));
        if (!mount) throw new Error("src/app/mount.tsx is no chunk of its own any more.");
        visit(mount.fileName);
        return [...early]
          .filter((name) => !html.includes(name))
          .map((name) => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `./${name}` },
            injectTo: "head" as const,
          }));
      },
    },
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
