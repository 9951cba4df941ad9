import { defineConfig } from "@playwright/test";
import journeys from "./playwright.config";

// Pictures for docs/, taken of the real program with the sample company.
export default defineConfig(journeys, { testIgnore: [], testMatch: "screenshots.spec.ts", timeout: 300_000 });
