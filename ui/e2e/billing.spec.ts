import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectNoViolations } from "./axe";
import { type Devserver, expect, openSynced, removeHome, startDevserver, test } from "./devserver";

// A company of its own and a Stripe of its own: eighty-eight accounts, and ten differences.
let billed: Devserver;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  billed = await startDevserver(["--billing", "finance"]);
});

test.afterAll(async () => {
  await billed.stop();
  removeHome(billed);
});

test("finance finds a failing payment with its attempts and the amount at risk", async ({ page }) => {
  await openSynced(page, billed, "/billing");
  await expect(page.getByRole("heading", { level: 1, name: "Billing" })).toBeVisible();
  await expect(page.locator(".ph .sub")).toContainText("Acme, Inc., sandbox · as of");
  const figures = page.getByRole("region", { name: "Key numbers" });
  await expect(figures).toContainText("At risk");
  await page.getByRole("radio", { name: "Failed" }).click();
  const grid = page.getByRole("grid", { name: "Failed invoices" });
  await expect(grid).toContainText("Your card has insufficient funds.");
  await expect(grid).toContainText("none planned");
  await page.getByRole("radio", { name: "Invoices" }).click();
  await page.getByRole("searchbox").fill("tm-103-012");
  const invoices = page.getByRole("grid", { name: "Invoices" });
  await expect(invoices.getByRole("row")).toHaveCount(2);
  await expect(invoices).toContainText("TM-103-012");
  await page.getByRole("searchbox").fill("nobody has this");
  await expect(page.getByText("No invoices match")).toBeVisible();
});

test("each kind of difference is listed with what to do, by keys alone", async ({ page }) => {
  await openSynced(page, billed, "/billing?list=reconciliation");
  const grid = page.getByRole("grid", { name: "Differences" });
  await expect(grid.getByRole("row")).toHaveCount(11);
  await grid.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "Period" });
  await expect(drawer).toContainText("What to do");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await page.getByRole("button", { name: /^Quantity/ }).click();
  await expect(grid.getByRole("row")).toHaveCount(2);
  await expect(grid).toContainText("user6@example.com");
});

test("why recurring revenue here and at Stripe differ is explained to the cent", async ({ page }) => {
  await openSynced(page, billed, "/revenue?against=stripe-account");
  const steps = page.getByRole("region", { name: "Why definitions differ" });
  await expect(steps.getByRole("row").last()).toContainText("Difference");
  const amounts = await steps
    .getByRole("row")
    .evaluateAll((rows) => rows.slice(1).map((row) => row.children[1]?.textContent ?? ""));
  const numbers = amounts.map((text) => Number(text.replace("−", "-").replace(/[^\d-]/g, "")));
  const [to = 0, difference = 0] = numbers.slice(-2);
  expect(numbers.length).toBeGreaterThan(6);
  expect(numbers.slice(0, -2).reduce((sum, one) => sum + one, 0)).toBe(to);
  expect(to - (numbers[0] ?? 0)).toBe(difference);
  await expect(steps).toContainText(/Here as of .*, Stripe read .*\d/);
  await steps
    .getByRole("row", { name: /^Another number of seats/ })
    .getByRole("button")
    .click();
  await expect(page.getByRole("dialog")).toContainText("user6@example.com");
  await page.keyboard.press("Escape");
  await expectNoViolations(page);
});

test("an exported file is compared with, and a wrong one is named by what it lacks", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "steward-csv-"));
  try {
    const wrong = join(folder, "charges.csv");
    writeFileSync(wrong, "Charge;Amount\nch_1;5,00\n");
    await openSynced(page, billed, "/billing?list=reconciliation");
    const field = page.getByLabel("Stripe’s side");
    await field.fill(wrong);
    await field.press("Enter");
    await expect(page.getByText("no column id and Status").first()).toBeVisible();
    const right = join(folder, "subscriptions.csv");
    writeFileSync(
      right,
      "id;Customer ID;Status;Amount;Currency;Plan\nsub_2;cus_2;active;29,00;eur;price_pro_month\n",
    );
    await field.fill(right);
    await field.press("Enter");
    await expect(page.getByText(/1 running in subscriptions.csv/)).toBeVisible();
    await expect(page.getByRole("region", { name: "Not compared" })).toContainText(
      "The quantity is not in the file.",
    );
    await page.getByRole("button", { name: "Use what was read" }).click();
    await expect(page.getByText(/running in Stripe as of/)).toBeVisible();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a key that does not fit is refused with the reason, and what a key may read is said", async ({
  page,
}) => {
  await openSynced(page, billed, "/billing");
  await page.getByRole("button", { name: "Connection…" }).click();
  const sheet = page.getByRole("dialog", { name: "Connection to Stripe" });
  await expect(sheet).toContainText("rk_test_…ing1");
  await expect(sheet.getByText("may read")).toHaveCount(9);
  await sheet.getByRole("button", { name: "Replace the key…" }).click();
  const form = page.getByRole("dialog", { name: "Connect Stripe" });
  await form.getByLabel("Restricted key").fill("rk_live_51Habcdefgh");
  await form.getByRole("button", { name: "Connect and read" }).click();
  await expect(form.getByText(/This is a live key/)).toBeVisible();
  await form.getByLabel("Restricted key").fill("rk_test_readseverything1");
  await form.getByRole("button", { name: "Connect and read" }).click();
  await expect(form).toBeHidden();
});

test("an admin changes seats at Stripe after a look at the charge, and refunds a part", async ({ page }) => {
  const admin = await startDevserver(["--billing", "admin"]);
  try {
    await openSynced(page, admin, "/users?search=imre.ibarra104");
    const users = page.getByRole("grid", { name: "Users" });
    await expect(users.getByRole("row")).toHaveCount(2);
    await users.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: "Billing" }).click();
    await page.getByRole("button", { name: "Change sub_104" }).click();
    const change = page.getByRole("dialog", { name: "Change sub_104 at Stripe" });
    await change.getByLabel("Seats").fill("7");
    await change.getByLabel(/^Reason/).fill("one more person");
    await expect(change).toContainText("charged now");
    await expectNoViolations(page);
    await change.getByRole("button", { name: "Change at Stripe" }).click();
    await expect(change).toBeHidden();
    const payments = page.getByRole("region", { name: "Payments" });
    await payments
      .getByRole("button", { name: /^Refund 174.00 EUR/ })
      .first()
      .click();
    const refund = page.getByRole("dialog", { name: /^Refund 174.00 EUR/ });
    await refund.getByLabel("Amount, EUR").fill("12.50");
    await refund.getByLabel(/^Reason/).fill("a day was down");
    await refund.getByLabel(/^Type refund 12.50 EUR/).fill("refund 12.50 EUR");
    await refund.getByRole("button", { name: "Refund at Stripe" }).click();
    await expect(refund).toBeHidden();
    await expect(payments).toContainText("Partly refunded");
  } finally {
    await admin.stop();
    removeHome(admin);
  }
});

for (const theme of ["light", "dark"] as const) {
  for (const part of ["invoices", "failing", "payments", "refunds", "reconciliation"] as const) {
    test(`Billing, ${part}, has no axe violation in the ${theme} theme`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await openSynced(page, billed, `/billing?list=${part}`);
      await expect(page.getByRole("grid")).toBeVisible();
      await expectNoViolations(page);
    });
  }

  test(`Billing without a connection has no axe violation in the ${theme} theme`, async ({
    page,
    sample,
  }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/billing");
    await expect(page.getByText("This workspace is not connected to Stripe")).toBeVisible();
    await expectNoViolations(page);
    await page.getByRole("button", { name: "Connect Stripe…" }).first().click();
    await expect(page.getByRole("dialog", { name: "Connect Stripe" })).toBeVisible();
    await expectNoViolations(page);
  });
}
