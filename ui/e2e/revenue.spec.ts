import { expectNoViolations } from "./axe";
import { expect, openSynced, removeHome, startDevserver, test, unlockWriting } from "./devserver";

/** `−3,164.25` as minor units of a currency with two digits. */
const minor = (text: string | null) => Number((text ?? "").replace("−", "-").replace(/[^\d-]/g, ""));

test("finance opens a month, sees it add up, and finds the customers behind it", async ({ page, sample }) => {
  await openSynced(page, sample);
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await expect(page.getByRole("heading", { level: 1, name: "Revenue" })).toBeVisible();
  const table = page.getByRole("region", { name: "Month by month, table" });
  const last = table.getByRole("row").nth(2);
  await last.getByRole("button").click();
  await expect(page).toHaveURL(/month=\d{4}-\d{2}/);
  await expect(page.locator(".ph .sub")).not.toContainText("Open month");
  const movements = page.getByRole("region", { name: "Movements", exact: true });
  const cells = await movements
    .getByRole("row")
    .evaluateAll((rows) => rows.slice(1).map((row) => row.children[2]?.textContent ?? ""));
  const numbers = cells.map(minor);
  expect(numbers).toHaveLength(7);
  expect(numbers.slice(0, 6).reduce((sum, one) => sum + one, 0)).toBe(numbers[6]);

  await movements.getByRole("button", { name: /^New/ }).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer.getByRole("heading", { level: 2 })).toContainText("New");
  const changed = minor(await drawer.locator(".rv-sum b").textContent());
  expect(changed).toBe(numbers[1]);
  await expect(drawer.getByRole("link").first()).toHaveAttribute("href", /users/);
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
});

test("another definition is explained to the cent, and another currency is apart", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/revenue");
  const steps = page.getByRole("region", { name: "Why definitions differ" });
  await steps.getByRole("combobox", { name: "Compared with" }).click();
  await page.getByRole("option", { name: "chartmogul" }).click();
  await expect(steps.getByRole("row").last()).toContainText("Difference");
  const amounts = await steps
    .getByRole("row")
    .evaluateAll((rows) => rows.slice(1).map((row) => row.children[1]?.textContent ?? ""));
  const numbers = amounts.map(minor);
  const [to = 0, difference = 0] = numbers.slice(-2);
  expect(numbers.slice(0, -2).reduce((sum, one) => sum + one, 0)).toBe(to);
  expect(to - (numbers[0] ?? 0)).toBe(difference);

  const figure = page.getByRole("button", { name: /^MRR/ }).first();
  const before = await figure.textContent();
  await page
    .getByRole("region", { name: "Currencies", exact: true })
    .getByRole("button", { name: "GBP" })
    .click();
  await expect(page).toHaveURL(/currency=GBP/);
  await expect(figure).not.toHaveText(before ?? "");
  await expect(figure).toContainText("£");
});

test("what is not read of Stripe is not known, and the way the two are compared is told", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/revenue");
  const steps = page.getByRole("region", { name: "Why definitions differ" });
  await steps.getByRole("combobox", { name: "Compared with" }).click();
  await page.getByRole("option", { name: "account at Stripe" }).click();
  await expect(page).toHaveURL(/against=stripe-account/);
  await expect(steps.getByRole("row", { name: /^At Stripe/ })).toContainText("not known");
  await expect(steps).toContainText("Stripe was not read to its end yet.");
  await expect(steps).toContainText("Stripe read never");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expectNoViolations(page);
  await steps.getByRole("button", { name: /Why definitions differ/ }).click();
  await expect(page.getByRole("dialog")).toContainText("adopted one after the other");
});

test("every number says what it means, by keys alone", async ({ page, sample }) => {
  await openSynced(page, sample, "/revenue");
  await page.getByRole("button", { name: /^Customer churn/ }).focus();
  await page.keyboard.press("Enter");
  const note = page.getByRole("dialog", { name: /^Customer churn/ });
  await expect(note).toContainText("of those who did");
  await expect(note).toContainText("Definition stripe");
  await page.keyboard.press("Escape");
  await expect(note).toHaveCount(0);
});

test("a month is closed after a look at what is written down, and reopened with a reason", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/revenue");
  await unlockWriting(page);
  const table = page.getByRole("region", { name: "Month by month, table" });
  await table.getByRole("row").nth(3).getByRole("button").click();
  const month = /month=(\d{4}-\d{2})/.exec(page.url())?.[1] ?? "";
  expect(month).not.toBe("");
  const panel = page.getByRole("region", { name: "Closed months" });
  await panel.getByRole("button", { name: /^Close / }).click();
  const sheet = page.getByRole("dialog", { name: /^Close / });
  await sheet.getByLabel(/^Reason/).fill("reported to the board");
  await expect(sheet.getByRole("table").first()).toBeVisible();
  await sheet.getByRole("textbox", { name: /^Type/ }).fill(month);
  await sheet.getByRole("button", { name: "Close month" }).click();
  await expect(panel.getByText("As reported")).toBeVisible({ timeout: 30_000 });
  await panel.getByRole("button", { name: /^Reopen/ }).click();
  const reopen = page.getByRole("dialog", { name: /^Reopen/ });
  await reopen.getByLabel(/^Reason/).fill("test");
  await reopen.getByRole("textbox", { name: /^Type/ }).fill(month);
  await reopen.getByRole("button", { name: "Reopen month" }).click();
  await expect(panel.getByText("No month is closed.")).toBeVisible({ timeout: 30_000 });
});

test("without a connection a month is kept on this computer, dropped by its name, and sent as it was", async ({
  page,
}) => {
  test.setTimeout(300_000);
  const online = await startDevserver(["--sample", "small"]);
  await openSynced(page, online, "/revenue");
  await expect(page.getByRole("region", { name: "Closed months" })).toBeVisible();
  await page.goto("about:blank");
  await online.stop();
  const offline = await startDevserver(["--offline"], online.home);
  const panel = page.getByRole("region", { name: "Closed months" });
  const close = panel.getByRole("button", { name: /^Close / });
  const keep = page.getByRole("dialog", { name: /^Close / });
  let month = "";
  let kept: string[] = [];
  try {
    await page.goto(`${offline.url}/#/revenue`);
    const table = page.getByRole("region", { name: "Month by month, table" });
    await table.getByRole("row").nth(3).getByRole("button").click();
    month = /month=(\d{4}-\d{2})/.exec(page.url())?.[1] ?? "";
    expect(month).not.toBe("");
    for (const turn of ["dropped", "sent"]) {
      await close.focus();
      await page.keyboard.press("Enter");
      await expect(keep.getByRole("row").nth(1)).toBeVisible();
      await expectNoViolations(page);
      kept = await keep.getByRole("row").allTextContents();
      await keep.getByLabel(/^Reason/).fill("reported on a train");
      await keep.getByRole("button", { name: "Keep on this computer" }).click();
      await expect(panel.getByText("Not sent yet")).toBeVisible();
      await expect(panel).toContainText("from the copy as of");
      await expect(close).toHaveCount(0);
      const send = panel.getByRole("button", { name: /^Send / });
      await expect(send).toHaveAttribute("aria-disabled", "true");
      await expect(send).toHaveAttribute("title", /^Needs a connection/);
      await expectNoViolations(page);
      if (turn === "sent") break;
      await panel.getByRole("button", { name: /^Drop / }).click();
      const drop = page.getByRole("dialog", { name: /^Drop / });
      await expect(drop.getByRole("row")).toHaveText(kept);
      await expectNoViolations(page);
      await expect(drop.getByRole("button", { name: "Drop month" })).toBeDisabled();
      await drop.getByRole("textbox").fill(month);
      await drop.getByRole("button", { name: "Drop month" }).click();
      await expect(panel.getByText("No month is closed.")).toBeVisible();
    }
  } finally {
    await page.goto("about:blank");
    await offline.stop();
  }
  const again = await startDevserver([], online.home);
  try {
    await openSynced(page, again, `/revenue?month=${month}`);
    await unlockWriting(page);
    await panel.getByRole("button", { name: /^Send / }).click();
    const sheet = page.getByRole("dialog", { name: /^Send / });
    await expect(sheet.getByLabel(/^Reason/)).toHaveValue("reported on a train");
    await expect(sheet.getByRole("table").first().getByRole("row")).toHaveText(kept);
    await sheet.getByRole("textbox", { name: /^Type/ }).fill(month);
    await sheet.getByRole("button", { name: "Send month" }).click();
    await expect(panel.getByRole("button", { name: /^Reopen / })).toBeVisible({ timeout: 30_000 });
    await expect(panel.getByText("Not sent yet")).toHaveCount(0);
  } finally {
    await again.stop();
    removeHome(again);
  }
});

for (const theme of ["light", "dark"] as const) {
  test(`the revenue view has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/revenue");
    await expect(page.getByRole("region", { name: "Closed months" })).toBeVisible();
    await expect(
      page.getByRole("region", { name: "Why definitions differ" }).getByRole("row").last(),
    ).toContainText("Difference");
    await expectNoViolations(page);
    await page.getByRole("button", { name: "All customers" }).click();
    await expect(page.getByRole("complementary").getByRole("link").first()).toBeVisible();
    await expectNoViolations(page);
  });
}

test("the plans stand side by side, and an edit says what it does before it is done", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample, "/plans");
  await unlockWriting(page);
  const catalogue = page.getByRole("region", { name: "Catalogue, table" });
  await expect(catalogue.getByRole("row", { name: /^A month/ })).toContainText("99.00 USD");
  await expect(page.getByRole("region", { name: "From plan to plan, table" })).toContainText("Not paying");
  await page.getByRole("button", { name: "Edit Pro" }).click();
  const sheet = page.getByRole("dialog", { name: "Edit Pro" });
  await sheet.getByLabel("Price of a month, USD").fill("109");
  const effect = sheet.getByRole("region", { name: "What it does" });
  await expect(effect).toContainText(/customers? on this price/);
  await expect(effect).toContainText(/\(\+[\d,.]+\)/);
  await sheet.getByLabel(/^Reason/).fill("test");
  await expect(sheet.getByRole("table")).toContainText("price month minor");
  await expect(sheet.getByRole("button", { name: "Change plan" })).toBeDisabled();
  await sheet.getByRole("button", { name: "Cancel" }).click();
});

test("the plans of every month add up, in customers, seats, revenue and share", async ({ page, sample }) => {
  await openSynced(page, sample, "/plans");
  const panel = page.getByRole("region", { name: "Distribution over time", exact: true });
  const table = page.getByRole("region", { name: "Distribution over time, table" });
  await expect(table.getByRole("row")).toHaveCount(13);
  const totals = new Map<string, number[]>();
  for (const by of ["MRR", "Customers", "Seats", "Share"]) {
    await panel.getByRole("radio", { name: by }).click();
    await expect(panel.getByRole("radio", { name: by })).toBeChecked();
    const rows = await table
      .getByRole("row")
      .evaluateAll((found) =>
        found.slice(1).map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
      );
    const all: number[] = [];
    for (const [month, , ...cells] of rows) {
      const total = minor(cells.at(-1) ?? "");
      const parts = cells.slice(0, -1).filter((cell) => cell !== "–");
      if (by === "Share") {
        // Tenths of a per cent, each rounded by itself.
        const sum = parts.reduce((before, cell) => before + Number.parseFloat(cell), 0);
        expect(Math.abs(sum - 100), `${month}`).toBeLessThanOrEqual(0.05 * parts.length + 1e-9);
      } else {
        expect(
          parts.reduce((before, cell) => before + minor(cell), 0),
          `${by} ${month}`,
        ).toBe(total);
      }
      all.push(total);
    }
    totals.set(by, all);
  }
  const [customers = [], seats = []] = ["Customers", "Seats"].map((by) => totals.get(by));
  expect(Math.min(...customers)).toBeGreaterThan(0);
  expect(seats.every((count, month) => count >= (customers[month] ?? 0))).toBe(true);
  // The same number as where revenue is the subject.
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  const months = page.getByRole("region", { name: "Month by month, table" });
  await expect(months.getByRole("row").nth(1)).toBeVisible();
  const ends = await months
    .getByRole("row")
    .evaluateAll((found) =>
      found.slice(1).map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
    );
  const shown = totals.get("MRR") ?? [];
  for (const [place, cells] of ends.slice(0, 3).entries()) {
    expect(cells.map(minor), cells.join(" ")).toContain(shown[place]);
  }
});

for (const theme of ["light", "dark"] as const) {
  test(`the plans view has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/plans");
    await expect(page.getByRole("region", { name: "From plan to plan, table" })).toBeVisible();
    await expectNoViolations(page);
  });
}
