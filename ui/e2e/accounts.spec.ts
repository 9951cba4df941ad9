import type { Page } from "@playwright/test";
import { expectNoViolations } from "./axe";
import { type Devserver, expect, openSynced, test } from "./devserver";

interface Found {
  rows: { id: string; email: string; name: string; status: string }[];
  total: number;
}

/** Asks the back end what the window asks it. */
async function ask<Answer>(page: Page, server: Devserver, command: string, request: object): Promise<Answer> {
  const answer = await page.request.post(`${server.url}/rpc`, { data: { command, request, preview: false } });
  return ((await answer.json()) as { ok: Answer }).ok;
}

test("a blocked customer is found by a word of the name, and the page says why", async ({ page, sample }) => {
  await openSynced(page, sample);
  const suspended = await ask<Found>(page, sample, "user_list", { status: "suspended", limit: 1 });
  const [customer] = suspended.rows;
  if (!customer) throw new Error("The sample company has suspended users.");
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search or run" });
  await expect(field).toBeFocused();
  // In capitals: case does not matter.
  await page.keyboard.type(`u:${customer.email.toUpperCase()}`);
  await expect(page.getByRole("option").first()).toContainText(customer.email);
  await expect(page.getByText(`steward users show ${customer.id}`)).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: customer.name })).toBeFocused();
  await expect(page.getByRole("status").filter({ hasText: "Suspended." })).toContainText(
    "until the account is",
  );
  await expect(page.getByRole("navigation", { name: "Breadcrumb" })).toContainText(customer.email);
  await page.getByRole("tab", { name: "Access" }).click();
  await expect(page).toHaveURL(/part=access/);
  const features = page.getByRole("region", { name: "Features" });
  await expect(features.getByRole("cell", { name: "Suspended" }).first()).toBeVisible();
  await expect(features.getByRole("cell", { name: "Yes" })).toHaveCount(0);
  await page.getByRole("button", { name: "Actions" }).click();
  await expect(page.getByRole("menuitem", { name: /^Restore…/ })).toBeVisible();
});

test("the account's numbers are those of the answer, in the zone that stands beside them", async ({
  page,
  sample,
}) => {
  await openSynced(page, sample);
  const busiest = await ask<Found>(page, sample, "user_list", { sort: "usage", limit: 1, status: "active" });
  const id = busiest.rows[0]?.id ?? "";
  const view = await ask<{
    limits: { metric: string; used: number | null; limit: number | null }[];
    events: number;
  }>(page, sample, "user_show", { user: id, zone: "Asia/Kathmandu", range: "7d" });
  await page.goto(`${sample.url}/#/users/${id}?zone=Asia%2FKathmandu&range=7d`);
  const limits = page.getByRole("region", { name: "Limits", exact: true });
  await expect(limits).toContainText("instants in Asia/Kathmandu");
  // Midnight in UTC is a quarter to six there.
  await expect(limits.getByRole("cell", { name: /-01 05:45$/ }).first()).toBeVisible();
  const grouped = (value: number) => value.toLocaleString("en");
  for (const limit of view.limits) {
    const row = limits
      .getByRole("row")
      .filter({ hasText: new RegExp(limit.metric.replaceAll("_", " "), "i") });
    await expect(row.first()).toContainText(limit.used === null ? "not applicable" : grouped(limit.used));
    await expect(row.first()).toContainText(limit.limit === null ? "Unlimited" : grouped(limit.limit));
  }
  await page.getByRole("tab", { name: "Use" }).click();
  const days = page.getByRole("region", { name: "Events", exact: true });
  await expect(days).toContainText("days in Asia/Kathmandu");
  await days.getByRole("button", { name: "Events: view as table" }).click();
  const cells = await days.getByRole("row").getByRole("cell").allTextContents();
  const counts = cells
    .filter((_, index) => index % 2 === 1)
    .map((text) => Number(text.replaceAll(",", "")) || 0);
  expect(counts).toHaveLength(7);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(view.events);
});

test("the list is narrowed and sorted by keys alone, and Enter opens the account", async ({
  page,
  sample,
}) => {
  const never = await ask<Found>(page, sample, "user_list", { last_seen: "never", limit: 1 });
  await openSynced(page, sample, "/users?seen=never&sort=created_at");
  await expect(page.locator(".ph .sub")).toHaveText(`${never.total.toLocaleString("en")} users match`);
  const grid = page.getByRole("grid", { name: "Users" });
  await expect(grid).toHaveAttribute("aria-rowcount", String(never.total + 1));
  await expect(grid.getByRole("columnheader", { name: /^Created/ })).toHaveAttribute(
    "aria-sort",
    "descending",
  );
  const seen = await grid.getByRole("row").getByRole("gridcell", { name: "never" }).count();
  expect(seen).toBe((await grid.getByRole("row").count()) - 1);
  const first = grid.getByRole("row").nth(1).getByRole("gridcell").nth(1);
  const name = (await first.textContent()) ?? "";
  await grid.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await page.goBack();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.locator(".ph .sub")).toHaveText(/^[\d,]+ users$/);
});

test("an account that is not there says so and leads to the search", async ({ page, sample }) => {
  await openSynced(page, sample, "/users/nobody@example.com");
  await expect(page.getByText("There is no such user")).toBeVisible();
  await page.getByRole("link", { name: "Search users" }).click();
  await expect(page.getByText("No users match")).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  for (const tab of ["summary", "use", "access", "timeline"]) {
    test(`an account's ${tab} has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await openSynced(page, sample);
      const busiest = await ask<Found>(page, sample, "user_list", { sort: "usage", limit: 1 });
      await page.goto(`${sample.url}/#/users/${busiest.rows[0]?.id}?part=${tab}`);
      await expect(page.getByRole("tabpanel").getByRole("heading", { level: 2 }).first()).toBeVisible();
      await expectNoViolations(page);
    });
  }
}
