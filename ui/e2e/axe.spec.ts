import { expectNoViolations } from "./axe";
import { expect, openSynced, removeHome, startDevserver, test } from "./devserver";

const VIEWS = [
  ["Overview", "/", "link", /^Events/],
  ["Sync", "/sync", "heading", "Datasets"],
  ["Users", "/users", "grid", "Users"],
  ["Events", "/events", "grid", "Events"],
  ["Settings", "/settings", "radiogroup", "Theme"],
] as const;

for (const theme of ["light", "dark"] as const) {
  for (const [title, path, role, name] of VIEWS) {
    test(`${title} has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await openSynced(page, sample, path);
      await expect(page.getByRole(role, { name }).first()).toBeVisible();
      await expectNoViolations(page);
    });
  }

  test(`the palette has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample);
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("combobox", { name: "Search or run" })).toBeFocused();
    await expectNoViolations(page);
  });

  test(`the first run has no axe violation in the ${theme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const server = await startDevserver([]);
    try {
      await page.goto(server.url);
      await expect(page.getByRole("heading", { level: 1, name: "Set up a workspace" })).toBeVisible();
      await expectNoViolations(page);
      await page.getByRole("radio", { name: /Connect your database/ }).click();
      await expect(page.getByLabel("Connection URL")).toBeVisible();
      await expectNoViolations(page);
    } finally {
      await server.stop();
      removeHome(server);
    }
  });
}
