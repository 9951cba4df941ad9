import { defineConfig, devices } from "@playwright/test";

// The journeys run on the real back end: e2e/devserver.ts starts it, with a real PostgreSQL behind it.
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  fullyParallel: false,
  // One back end with one database: journeys that write would meet each other.
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1440, height: 900 },
    timezoneId: "America/St_Johns",
    trace: "retain-on-failure",
    launchOptions: {
      ...(process.env.CHROMIUM
        ? { executablePath: process.env.CHROMIUM }
        : { executablePath: "/usr/bin/chromium" }),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
      ],
    },
  },
});
