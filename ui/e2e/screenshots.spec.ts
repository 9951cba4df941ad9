import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, openSynced, removeHome, startDevserver, test } from "./devserver";

const folder = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${folder}${name}.png` });
}

for (const theme of ["light", "dark"] as const) {
  test(`pictures in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/?zone=Europe/Berlin");
    const chart = page.getByRole("group", { name: /^Events per day/ });
    await expect(chart).toBeVisible();
    await expect(page.locator(".topbar")).toHaveCount(0);
    const box = await chart.boundingBox();
    if (box) await page.mouse.move(box.x + box.width * 0.58, box.y + box.height / 2);
    await expect(page.locator(".tip")).toBeVisible();
    await take(page, `overview-${theme}`);
    await page.mouse.move(0, 0);
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("combobox", { name: "Search or run" })).toBeFocused();
    await take(page, `palette-${theme}`);
    await page.keyboard.press("Escape");
    await page.goto(`${sample.url}/#/sync?zone=Europe/Berlin`);
    await page.getByRole("button", { name: "Verify" }).click();
    await expect(page.getByText("Copy and server are equal")).toBeVisible({ timeout: 120_000 });
    await take(page, `sync-${theme}`);
  });

  test(`the first run in the ${theme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const server = await startDevserver([]);
    await page.goto(server.url);
    await page.getByRole("radio", { name: /Connect your database/ }).click();
    await page
      .getByLabel("Connection URL")
      .fill("postgresql://steward_ro:secret@127.0.0.1:9/app?sslmode=disable");
    await page.getByRole("button", { name: "Run checks" }).click();
    await expect(page.locator(".checks .bad")).toHaveCount(1);
    await take(page, `first-run-${theme}`);
    await server.stop();
    removeHome(server);
  });
}
