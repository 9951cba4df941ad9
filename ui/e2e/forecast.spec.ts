import { expectNoViolations } from "./axe";
import { expect, openSynced, test } from "./devserver";

test("the forecast says that it is an estimate and how wrong it was", async ({ page, sample }) => {
  await openSynced(page, sample);
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await expect(page.getByRole("heading", { level: 1, name: "Forecast" })).toBeVisible();
  const chart = page.getByRole("group", { name: /^Forecast of MRR/ });
  await expect(chart).toBeVisible({ timeout: 30_000 });
  await chart.focus();
  await page.keyboard.press("End");
  await expect(page.locator(".tip")).toContainText("estimate");
  await expect(page.locator(".tip")).toContainText(/80 %.* to /);
  const ahead = page.getByRole("region", { name: "Months ahead" });
  await expect(ahead.getByRole("row")).toHaveCount(4);
  await expect(ahead).toContainText(/naive forecast/i);
  const back = page.getByRole("region", { name: "Back-test" });
  await expect(back.getByRole("row").nth(1)).toContainText("1");
  await page.getByRole("button", { name: "Forecast of MRR: view as table" }).click();
  await expect(page.getByRole("region", { name: "Forecast of MRR as table" })).toContainText("95 %, low");
});

test("a price is supposed, kept, opened and compared, and changes nothing", async ({ page, sample }) => {
  await openSynced(page, sample, "/forecast");
  const panel = page.getByRole("region", { name: "What if", exact: true });
  await expect(panel).toContainText("MRR now, exact", { timeout: 30_000 });
  await panel.getByRole("button", { name: "Suppose a price" }).click();
  await panel.getByRole("combobox", { name: "Plan" }).click();
  await page.getByRole("option", { name: "Pro" }).click();
  await panel.getByLabel("A month, USD").fill("109");
  await expect(panel).toContainText(/on its list price/);
  const touched = page.getByRole("region", { name: "Whose price would change", exact: true });
  await expect(touched.getByRole("link").first()).toHaveAttribute("href", /users/);
  await panel.getByLabel("Who has it keeps the price").check();
  await expect(touched).toHaveCount(0);
  await panel.getByLabel("Customer churn a month").fill("lots");
  await expect(panel.getByText(/or a multiple/)).toBeVisible();
  await panel.getByLabel("Customer churn a month").fill("2x");
  await expect(page.getByRole("region", { name: "Every number of it" })).toContainText("2 × as it was");

  const scenarios = page.getByRole("region", { name: "Scenarios", exact: true });
  for (const name of ["Dearer", "Calm"]) {
    await scenarios.getByRole("button", { name: "Keep this one…" }).click();
    const form = page.getByRole("dialog", { name: "Keep this scenario" });
    await form.getByLabel("Name").fill(name);
    await form.getByRole("button", { name: "Keep scenario" }).click();
    await expect(scenarios.getByRole("button", { name, exact: true })).toBeVisible();
    await panel.getByLabel("Customer churn a month").fill("");
  }
  await scenarios.getByRole("button", { name: "Dearer", exact: true }).click();
  await expect(panel.getByLabel("Customer churn a month")).toHaveValue("2x");
  await scenarios.getByRole("button", { name: "Compare…" }).click();
  const compare = page.getByRole("dialog", { name: "Compare scenarios" });
  await expect(compare.getByRole("row")).toHaveCount(5, { timeout: 30_000 });
  await page.keyboard.press("Escape");
  await scenarios.getByRole("button", { name: "Rename Calm" }).click();
  const rename = page.getByRole("dialog", { name: "Rename Calm" });
  await rename.getByLabel("Name").fill("Quiet");
  await rename.getByRole("button", { name: "Rename", exact: true }).click();
  await scenarios.getByRole("button", { name: "Remove Quiet" }).click();
  await scenarios.getByRole("button", { name: "Remove Dearer" }).click();
  await expect(scenarios).toContainText("None yet.");
});

test("a total in one currency needs every rate, and stands beside the currencies", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/revenue");
  const panel = page.getByRole("region", { name: "Currencies", exact: true });
  await panel.getByRole("button", { name: "Total in one currency…" }).click();
  const sheet = page.getByRole("dialog", { name: "Total in one currency" });
  await sheet.getByRole("combobox", { name: "Base currency" }).click();
  await page.getByRole("option", { name: "USD" }).click();
  await expect(sheet.getByText(/^Without a rate:/)).toBeVisible();
  for (let left = 12; left > 0 && (await sheet.getByText(/^Without a rate:/).count()) > 0; left -= 1) {
    const before = await sheet.getByText(/^Without a rate:/).textContent();
    await sheet.getByLabel("Is worth, USD").fill("1.1");
    await sheet.getByLabel("Source").fill("test");
    await sheet.getByRole("button", { name: "State rate" }).click();
    await expect(sheet.getByText(before ?? "", { exact: true })).toHaveCount(0);
  }
  await sheet.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(panel).toContainText(/together, in USD at stated rates, the same for every month/);
  await panel.getByRole("button", { name: "Rates…" }).click();
  await sheet.getByRole("combobox", { name: "Base currency" }).click();
  await page.getByRole("option", { name: "None, no total" }).click();
  await page.keyboard.press("Escape");
  await expect(panel.getByRole("button", { name: "Total in one currency…" })).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  test(`the forecast view has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/forecast");
    await expect(
      page.getByRole("region", { name: "Every number of it" }).getByRole("row").last(),
    ).toContainText("MRR of a new customer", { timeout: 30_000 });
    await page.getByRole("button", { name: "Suppose a price" }).click();
    await expectNoViolations(page);
  });
}

test("who moved is one step from a plan and from a key number", async ({ page, sample }) => {
  await openSynced(page, sample, "/revenue");
  const split = page.getByRole("region", { name: "Revenue by", exact: true });
  await split.getByRole("button", { name: "Pro: show who moved" }).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer.getByRole("heading", { level: 2 })).toContainText("on Pro");
  const ofPlan = await drawer.locator(".rv-sum").textContent();
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await page
    .getByRole("button", { name: /^Paying customers/ })
    .first()
    .click();
  await page.getByRole("button", { name: "Whose movements changed it" }).click();
  await expect(drawer.getByRole("heading", { level: 2 })).toContainText("All movements");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(drawer.locator(".rv-sum")).not.toHaveText(ofPlan ?? "");
});

test("a comparison is offered only where something is compared", async ({ page, sample }) => {
  await openSynced(page, sample);
  const compared = page.getByRole("banner").getByRole("button", { name: /^Comparison/ });
  await expect(compared).toBeVisible();
  for (const path of ["/billing", "/users"]) {
    await page.goto(`${sample.url}/#${path}`);
    await expect(page.getByRole("banner").getByRole("button", { name: /^Range/ })).toBeVisible();
    await expect(compared).toHaveCount(0);
  }
});
