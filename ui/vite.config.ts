import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The address of a running devserver: `npm run dev` and the browser journeys talk to the real back end there.
const devserver = process.env.STEWARD_DEVSERVER ?? "http://127.0.0.1:4870";
const proxy = {
  "/rpc": { target: devserver },
  "/events": { target: devserver },
};

export default defineConfig({
  base: "./",
  plugins: [react()],
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
