import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, openSynced, test } from "./devserver";

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

const eventsOf = async (page: Page) => {
  const line = page.locator(".ph .sub");
  await expect(line).toContainText(/[\d,]+ events/);
  return /([\d,]+) events/.exec((await line.textContent()) ?? "")?.[1] ?? "";
};

test("usage is narrowed by chips, and the number is that of its rows", async ({ page, sample }) => {
  await openSynced(page, sample);
  await page.keyboard.press("g");
  await page.keyboard.press("v");
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  const all = await eventsOf(page);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByRole("combobox", { name: "Feature" }).fill("draft");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/filters=/);
  await expect(page.getByRole("list", { name: "Filters" })).toContainText("Feature is draft");
  await expect(page.locator(".ph .sub")).not.toContainText(`${all} events`);
  // What only rows tell follows what the sums tell.
  await expect(page.locator(".ph .sub")).toContainText(/by [\d,]+ users/);
  const drafts = await eventsOf(page);
  await page.getByRole("link", { name: /^Events/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Events" })).toBeVisible();
  await expect(page.locator(".ph .sub")).toContainText(`${drafts} events`);
  await page.goBack();
  await page.getByRole("button", { name: "Remove filter Feature is draft" }).click();
  await expect(page.locator(".ph .sub")).toContainText(`${all} events`);
});

test("the heat map is read and opened by keys alone", async ({ page, sample }) => {
  await openSynced(page, sample, "/usage");
  const grid = page.getByRole("grid", { name: /by weekday and hour/ });
  await grid.getByRole("gridcell").first().focus();
  for (const key of ["ArrowDown", "ArrowDown", "End", "ArrowLeft"]) await page.keyboard.press(key);
  const cell = page.locator("[data-cell='2-22']");
  await expect(cell).toBeFocused();
  const told = (await cell.getAttribute("aria-label")) ?? "";
  expect(told).toMatch(/^Wednesday 22:00: /);
  const events = /, ([\d,]+) in/.exec(told)?.[1] ?? "none";
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Events" })).toBeVisible();
  await expect(page.getByText(/^Wednesdays from 22:00/)).toBeVisible();
  await expect(page.locator(".ph .sub")).toContainText(`${events} event`);
});

test("a preset is opened, a view of it kept, found again and removed", async ({ page, sample }) => {
  await openSynced(page, sample, "/usage");
  await page.getByRole("button", { name: /^View: Activity/ }).click();
  await page.getByRole("menuitem", { name: /^Assistant/ }).click();
  await expect(page.getByRole("link", { name: /^Average response time/ })).toBeVisible();
  await expect(page).toHaveURL(/range=7d/);
  await page.getByRole("button", { name: /^View: Assistant/ }).click();
  await page.getByRole("menuitem", { name: /^Quotas/ }).click();
  await expect(page.getByRole("link", { name: /^E2E runs/ })).toBeVisible();
  await page.getByRole("button", { name: /^View: Quotas/ }).click();
  await page.getByRole("menuitem", { name: "Keep this view…" }).click();
  await page.getByLabel("Name").fill("Board numbers");
  await page.getByRole("button", { name: "Keep view" }).click();
  await page.getByRole("button", { name: /^View: Board numbers/ }).click();
  await page.getByRole("menuitem", { name: /^Activity/ }).click();
  await expect(page.getByRole("link", { name: /^Limit hits/ })).toBeVisible();
  await page.getByRole("button", { name: /^View: Activity/ }).click();
  await page.getByRole("menuitem", { name: "Board numbers", exact: true }).click();
  await expect(page.getByRole("link", { name: /^E2E runs/ })).toBeVisible();
  await page.getByRole("button", { name: /^View: Board numbers/ }).click();
  await page.getByRole("menuitem", { name: "Remove “Board numbers”" }).click();
  await expect(page.getByRole("button", { name: /^View: Quotas/ })).toBeVisible();
});

test("every number has its statement", async ({ page, sample }) => {
  await openSynced(page, sample, "/usage");
  await page.getByRole("button", { name: "Tokens: show SQL" }).focus();
  await page.keyboard.press("Enter");
  const note = page.getByRole("dialog", { name: /^Tokens/ });
  await expect(note).toContainText("from steward.usage_events");
  await expect(note).toContainText("sum(input_tokens + output_tokens + reasoning_tokens)");
});

test("offenders lead to their accounts", async ({ page, sample }) => {
  await openSynced(page, sample, "/usage?tab=offenders");
  for (const name of ["Over limit", "Near limit", "Rate-limited", "Error-heavy", "Sudden rise"]) {
    await expect(page.getByRole("region", { name, exact: true })).toBeVisible();
  }
  const table = page.getByRole("region", { name: "Over limit, table" });
  await table.getByRole("link").first().click();
  await expect(page).toHaveURL(/\/users\?.*user=/);
});

test("what if a plan allowed less is answered with the accounts, and changes nothing", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/usage");
  await page.getByRole("radio", { name: "What if" }).click();
  const limits = page.getByRole("region", { name: "Limits", exact: true });
  await expect(limits.getByRole("row").nth(1)).toBeVisible();
  const limit = page.getByLabel("Limit a month");
  await expect(limit).toBeDisabled();
  await page.getByRole("combobox", { name: "Plan" }).click();
  await page.getByRole("option", { name: "Starter" }).click();
  await page.getByRole("combobox", { name: "Metric" }).click();
  await page.getByRole("option", { name: "prompts" }).click();
  await limit.fill("0");
  await expect(
    page.getByText("Starter allows 0 prompts a month and refuses what goes beyond."),
  ).toBeVisible();
  await expect(limits.getByRole("row")).toHaveCount(2);
  // Everybody who used any is over a limit of none.
  const over = (await limits.getByRole("row").nth(1).getByRole("cell").nth(7).textContent()) ?? "";
  const accounts = page.getByRole("region", { name: "Accounts that would be refused", exact: true });
  await expect(accounts).toContainText(`${over} account`);
  expect(Number(over.replaceAll(",", ""))).toBeGreaterThan(0);
  await limit.fill("many");
  await expect(page.getByText("A whole number, 0 or more.")).toBeVisible();
  await page.getByLabel("Month (UTC)").fill("2026-13");
  await expect(page.getByText("A month is written 2026-11.")).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  for (const path of ["/usage", "/usage?tab=offenders", "/usage?tab=what-if"]) {
    test(`${path} has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await openSynced(page, sample, path);
      const region =
        path === "/usage" ? "Busiest hours" : path.endsWith("offenders") ? "Over limit" : "Limits";
      await expect(page.getByRole("region", { name: region, exact: true })).toBeVisible();
      await expectNoViolations(page);
    });
  }
}
