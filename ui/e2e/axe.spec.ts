import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, openSynced, removeHome, startDevserver, test } from "./devserver";

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    // With the route in the hash every link starts with "#", which this rule takes for a jump within the page.
    .disableRules(["skip-link"])
    .analyze();
  const found = violations.map((violation) => ({
    rule: violation.id,
    where: violation.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
  }));
  expect(found).toEqual([]);
}

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
