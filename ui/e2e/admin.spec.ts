import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expectNoViolations } from "./axe";
import { expect, openSynced, test, unlockWriting } from "./devserver";

/** The drawer of the first user who is active. */
async function openFirstUser(page: Page) {
  const grid = page.getByRole("grid", { name: "Users" });
  await grid.getByRole("row").nth(1).click();
  const drawer = page.getByRole("complementary");
  await expect(drawer.getByRole("button", { name: "Actions" })).toBeVisible();
  return drawer;
}

const notices = (page: Page) => page.getByRole("region", { name: "Notices" });

test("every event of a filter is exported, with a manifest beside it", async ({ page, sample }) => {
  const folder = mkdtempSync(join(tmpdir(), "steward-export-"));
  try {
    await openSynced(page, sample, "/events");
    const head = page.locator(".ph .sub");
    await expect(head).toContainText(/[\d,]+ events/);
    const counted = /([\d,]+) events/.exec((await head.textContent()) ?? "")?.[1] ?? "";
    await page.getByRole("button", { name: "Export…" }).click();
    const dialog = page.getByRole("dialog", { name: "Export events" });
    await expect(dialog.getByRole("button", { name: `Export ${counted} rows` })).toBeEnabled();
    const path = join(folder, "events.csv");
    await dialog.getByLabel("Save as").fill(join(folder, "missing", "events.csv"));
    await dialog.getByRole("button", { name: /^Export / }).click();
    await expect(dialog.getByText("This folder does not exist.")).toBeVisible();
    await dialog.getByLabel("Save as").fill(path);
    await dialog.getByRole("button", { name: /^Export / }).click();
    await expect(notices(page)).toContainText(`Events: ${counted} rows exported`);
    const rows = Number(counted.replaceAll(",", ""));
    expect(readFileSync(path, "utf8").trimEnd().split("\r\n")).toHaveLength(rows + 1);
    const manifest = JSON.parse(readFileSync(`${path}.meta.json`, "utf8")) as {
      rows: number;
      sha256: string;
    };
    expect(manifest.rows).toBe(rows);
    expect(manifest.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(folder).sort()).toEqual(["events.csv", "events.csv.meta.json"]);

    // The same name again is not written over by accident.
    await page.getByRole("button", { name: "Export…" }).click();
    await dialog.getByLabel("Save as").fill(path);
    await dialog.getByRole("button", { name: /^Export / }).click();
    await expect(dialog.getByText("A file of this name is there already.")).toBeVisible();
    await dialog.getByLabel("Replace the file that is there").check();
    await dialog.getByRole("button", { name: /^Export / }).click();
    await expect(notices(page).getByText(`Events: ${counted} rows exported`)).toHaveCount(2);
    expect(existsSync(path)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a chart is exported as the table behind it, by keys alone", async ({ page, sample }) => {
  const folder = mkdtempSync(join(tmpdir(), "steward-export-"));
  try {
    await openSynced(page, sample);
    await page.getByRole("button", { name: "By feature: export" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Export by feature" });
    await dialog.getByRole("radio", { name: "Excel" }).focus();
    await page.keyboard.press("Space");
    const field = dialog.getByLabel("Save as");
    await expect(field).toHaveValue(/\.xlsx$/);
    await field.fill(join(folder, "features.xlsx"));
    await page.keyboard.press("Tab");
    await dialog.getByRole("button", { name: /^Export \d+ rows/ }).focus();
    await page.keyboard.press("Enter");
    await expect(notices(page)).toContainText(/By feature: \d+ rows exported/);
    expect(readFileSync(join(folder, "features.xlsx")).subarray(0, 2).toString()).toBe("PK");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a limit is raised for a week, and taken back", async ({ page, sample }) => {
  await openSynced(page, sample, "/users?status=active&plan=pro");
  await unlockWriting(page);
  const drawer = await openFirstUser(page);
  await drawer.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Raise a limit…" }).click();
  const sheet = page.getByRole("dialog", { name: /^Raise a limit of/ });
  await sheet.getByLabel("Raised to").fill("1");
  await expect(sheet.getByText("That is no raise")).toBeVisible();
  await sheet.getByLabel("Raised to").fill("50,000");
  await expect(sheet.getByText(/Ends by itself at/)).toBeVisible();
  await expect(sheet.getByRole("button", { name: "Raise for 1 week" })).toBeDisabled();
  await sheet.getByLabel(/^Reason/).fill("Launch week");
  await expect(sheet.getByRole("cell", { name: "50000" })).toBeVisible();
  await sheet.getByRole("button", { name: "Raise for 1 week" }).click();
  await expect(sheet).toHaveCount(0);
  await expect(notices(page)).toContainText(/Confirmed as of \d\d:\d\d:\d\d/);
  await expect(drawer.getByRole("cell", { name: "50,000" })).toBeVisible();
  await notices(page).getByRole("button", { name: "Undo" }).click();
  await expect(notices(page)).toContainText(/Undone/);
  await expect(drawer.getByRole("cell", { name: "50,000" })).toHaveCount(0);
});

test("a user is suspended by name and restored", async ({ page, sample }) => {
  await openSynced(page, sample, "/users?status=active");
  await unlockWriting(page);
  const drawer = await openFirstUser(page);
  await drawer.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Suspend…" }).click();
  const sheet = page.getByRole("dialog", { name: /^Suspend / });
  await sheet.getByLabel(/^Reason/).fill("Spam");
  const phrase = (await sheet.locator(".ph2").textContent()) ?? "";
  expect(phrase).toContain("@");
  await expect(sheet.getByRole("button", { name: "Suspend user" })).toBeDisabled();
  await sheet.getByLabel(/to confirm$/).fill(phrase);
  await sheet.getByRole("button", { name: "Suspend user" }).click();
  await expect(drawer.getByText("Suspended", { exact: true })).toBeVisible();
  await drawer.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Restore…" }).click();
  const back = page.getByRole("dialog", { name: /^Restore / });
  await back.getByRole("button", { name: "Restore user" }).click();
  await expect(drawer.getByText("Active", { exact: true })).toBeVisible();
});

test("changes are collected, reviewed together and sent", async ({ page, sample }) => {
  await openSynced(page, sample, "/users?status=active&plan=pro");
  await unlockWriting(page);
  const drawer = await openFirstUser(page);
  const sheet = page.getByRole("dialog");
  const open = async (item: string) => {
    await drawer.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  const collect = async () => {
    await sheet.getByLabel(/^Reason/).fill("Collected");
    await sheet.getByRole("button", { name: "Collect" }).click();
    await expect(sheet).toHaveCount(0);
  };
  await open("Raise a limit…");
  await sheet.getByLabel("Raised to").fill("60000");
  await collect();
  await open("Change plan…");
  await sheet.getByRole("combobox", { name: "New plan" }).click();
  await page.getByRole("option", { name: /^Starter/ }).click();
  await collect();
  const tray = page.getByRole("region", { name: "Collected changes" });
  await expect(tray).toContainText("2 changes");
  await expect(drawer.getByRole("cell", { name: "60,000" })).toHaveCount(0);
  await tray.getByRole("button", { name: "Review…" }).click();
  const review = page.getByRole("dialog", { name: "Review 2 changes" });
  await review.getByRole("button", { name: "Apply 2 changes" }).click();
  await expect(review).toHaveCount(0);
  await expect(tray).toHaveCount(0);
  await expect(drawer.getByRole("cell", { name: "60,000" })).toBeVisible();
});

test("everybody who matches is moved, with the count typed", async ({ page, sample }) => {
  await openSynced(page, sample, "/users?status=active&plan=free");
  await unlockWriting(page);
  await page.getByRole("grid", { name: "Users" }).getByRole("row").nth(1).locator(".dg-check").click();
  await page.getByRole("button", { name: /^Change all [\d,]+ that match…/ }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("combobox", { name: "New plan" }).click();
  await page.getByRole("option", { name: /^Starter/ }).click();
  await sheet.getByLabel(/^Reason/).fill("Autumn offer");
  await expect(sheet.locator(".ph2")).toHaveText(/^change \d+ users$/);
  const apply = sheet.getByRole("button", { name: /^Move [\d,]+ users/ });
  await expect(apply).toBeDisabled();
  await sheet.getByRole("button", { name: "Cancel" }).click();
  await expect(sheet).toHaveCount(0);
});

test("usage before thirteen months is cleaned up", async ({ page, sample }) => {
  await openSynced(page, sample, "/upkeep");
  await unlockWriting(page);
  await expect(page.getByRole("region", { name: "Data quality" })).toContainText("Nothing found");
  await page.getByLabel("Whole months kept").fill("0");
  await expect(page.getByRole("button", { name: "Clean up…" })).toBeDisabled();
  await page.getByLabel("Whole months kept").fill("13");
  await page.getByRole("button", { name: "Clean up…" }).click();
  const sheet = page.getByRole("dialog", { name: "Keep 13 months of usage" });
  await sheet.getByLabel(/^Reason/).fill("Retention of thirteen months");
  await expect(sheet.getByText("Oldest event kept")).toBeVisible();
  const phrase = (await sheet.locator(".ph2").textContent()) ?? "";
  expect(phrase).toMatch(/^remove \d+ events$/);
  await sheet.getByLabel(/to confirm$/).fill(phrase);
  await sheet.getByRole("button", { name: "Remove old usage" }).click();
  await expect(sheet).toHaveCount(0, { timeout: 60_000 });
  await expect(notices(page)).toContainText(/events? removed/);
});

test("the audit log is narrowed, opened and found whole", async ({ page, sample }) => {
  await openSynced(page, sample, "/audit");
  const grid = page.getByRole("grid", { name: "Audit log" });
  await expect(grid.getByRole("row").nth(1)).toBeVisible();
  await page.getByRole("combobox", { name: "Action" }).click();
  await page.getByRole("option").nth(1).click();
  await expect(page.getByRole("button", { name: "Clear filters" })).toBeVisible();
  await grid.getByRole("row").nth(1).click();
  await expect(
    page.getByRole("complementary").getByRole("heading", { name: "Before and after" }),
  ).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Check the chain" }).click();
  await expect(page.getByText(/^Whole: [\d,]+ entr/)).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  test(`administration has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/upkeep");
    await unlockWriting(page);
    await expect(page.getByRole("columnheader", { name: "Examples" })).toBeVisible();
    await expectNoViolations(page);
    await page.goto(`${sample.url}/#/operators`);
    await expect(page.getByRole("region", { name: "Who can do what" })).toBeVisible();
    await expectNoViolations(page);
    await page.goto(`${sample.url}/#/audit`);
    await expect(page.getByRole("grid", { name: "Audit log" })).toBeVisible();
    await expectNoViolations(page);
  });

  test(`what is done to accounts has no axe violation in the ${theme} theme`, async ({ page, sample }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await openSynced(page, sample, "/users?status=active");
    await unlockWriting(page);
    await page.getByRole("button", { name: "Export…" }).click();
    await expect(page.getByRole("dialog", { name: "Export users" })).toBeVisible();
    await expectNoViolations(page);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    const drawer = await openFirstUser(page);
    await drawer.getByRole("button", { name: "Actions" }).click();
    await expect(page.getByRole("menu")).toBeVisible();
    // An open menu lies above the page, in none of its landmarks.
    await expectNoViolations(page, ["region"]);
    await page.getByRole("menuitem", { name: "Raise a limit…" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectNoViolations(page);
  });
}
