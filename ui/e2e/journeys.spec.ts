import { expect, openSynced, removeHome, startDevserver, test, unlockWriting } from "./devserver";

test("first run leads to the sample company, marked as such", async ({ page }) => {
  test.setTimeout(300_000);
  const server = await startDevserver([]);
  try {
    await page.goto(server.url);
    await expect(page.getByRole("heading", { level: 1, name: "Set up a workspace" })).toBeVisible();
    await page.getByRole("button", { name: "Open the sample company" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible({ timeout: 240_000 });
    await expect(page.getByRole("note")).toContainText("Sample data");
    await expect(page).toHaveTitle(/Sample data · Steward$/);
  } finally {
    await server.stop();
    removeHome(server);
  }
});

test("first run says at which step a connection fails, and what to do", async ({ page }) => {
  const server = await startDevserver([]);
  try {
    await page.goto(server.url);
    await page.getByRole("radio", { name: /Connect your database/ }).click();
    // Nothing listens on the discard port of this computer.
    await page
      .getByLabel("Connection URL")
      .fill("postgresql://somebody:s3cret@127.0.0.1:9/app?sslmode=disable");
    await expect(page.getByLabel("Connection URL")).not.toHaveValue(/s3cret/);
    await page.getByRole("button", { name: "Run checks" }).click();
    await expect(page.locator(".checks .bad")).toHaveCount(1);
    await expect(page.locator(".checks .bad .why")).toContainText(/[A-Z].+\./);
    await expect(page.getByRole("button", { name: "Add workspace" })).toBeDisabled();
    await expect(page.locator("body")).not.toContainText("s3cret");
  } finally {
    await server.stop();
    removeHome(server);
  }
});

test("the overview counts in three zones, and the address remembers which", async ({ page, sample }) => {
  await openSynced(page, sample);
  for (const zone of ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]) {
    await page.getByRole("button", { name: /Change time zone/ }).click();
    await page.getByRole("combobox", { name: "Time zone" }).fill(zone);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(zone.replace("/", "(/|%2F)")));
    await expect(page.getByRole("region", { name: "Events per day" })).toContainText(zone);
    await expect(page.getByRole("link", { name: /^Events/ })).toBeVisible();
  }
  await page.goBack();
  await expect(page.getByRole("region", { name: "Events per day" })).toContainText("Asia/Kathmandu");
});

test("a card's number is the number of its rows", async ({ page, sample }) => {
  await openSynced(page, sample);
  const line = page.locator(".ph .sub");
  await expect(line).toContainText(/[\d,]+ events by/);
  const counted = /([\d,]+) events by/.exec((await line.textContent()) ?? "")?.[1] ?? "";
  await page.getByRole("link", { name: /^Events/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Events" })).toBeVisible();
  await expect(page.locator(".ph .sub")).toContainText(`${counted} events`);
  const grid = page.getByRole("grid", { name: "Events" });
  await expect(grid).toHaveAttribute("aria-rowcount", String(Number(counted.replaceAll(",", "")) + 1));
  await grid.focus();
  await page.keyboard.press("End");
  await expect(grid.getByRole("row").last()).toBeVisible();
});

test("a bar opens its day by keys alone", async ({ page, sample }) => {
  await openSynced(page, sample);
  const chart = page.getByRole("group", { name: /^Events per day/ });
  await chart.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await expect(chart.locator("[aria-live]")).toContainText(/Events [\d,]+/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Events" })).toBeVisible();
});

test("the palette goes everywhere without a mouse", async ({ page, sample }) => {
  await openSynced(page, sample);
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search or run" });
  await expect(field).toBeFocused();
  await page.keyboard.type("audit");
  await expect(page.getByText(/^steward audit list -w/)).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Audit log" })).toBeFocused();
  await page.keyboard.press("g");
  await page.keyboard.press("y");
  await expect(page.getByRole("heading", { level: 1, name: "Sync" })).toBeVisible();
  await page.keyboard.press("Shift+?");
  await expect(page.getByRole("dialog", { name: "Shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a change of plan is reviewed, sent, confirmed and taken back", async ({ page, sample }) => {
  await openSynced(page, sample, "/users?status=active");
  await unlockWriting(page);
  const grid = page.getByRole("grid", { name: "Users" });
  await grid.getByRole("row").nth(1).click();
  const drawer = page.getByRole("complementary");
  // Read before the sheet opens: a modal hides what is behind it from roles.
  const before = (await drawer.locator(".chip.neutral").first().textContent()) ?? "";
  await drawer.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Change plan…" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("combobox", { name: "New plan" }).click();
  const options = page.getByRole("option");
  await expect(options.first()).toBeVisible();
  const names = await options.allTextContents();
  const other = names.findIndex((name) => !name.toLowerCase().startsWith(before.toLowerCase()));
  await options.nth(other).click();
  await expect(sheet.getByRole("cell", { name: /→|plan code/ }).first()).toBeVisible();
  await sheet.getByLabel(/^Reason/).fill("Tried in a journey");
  const gate = sheet.getByLabel(/to confirm$/);
  if (await gate.isVisible()) await gate.fill((await sheet.locator(".ph2").textContent()) ?? "");
  await sheet.getByRole("button", { name: /^Move 1 user/ }).click();
  await expect(sheet).toHaveCount(0);
  const notices = page.getByRole("region", { name: "Notices" });
  await expect(notices).toContainText(/Confirmed as of \d\d:\d\d:\d\d/);
  await expect(drawer.locator(".chip.neutral").first()).not.toHaveText(before);
  await notices.getByRole("button", { name: "Undo" }).click();
  await expect(notices).toContainText(/Undone/);
  await expect(drawer.locator(".chip.neutral").first()).toHaveText(before);
});

test("every row is compared with the server, and equal", async ({ page, sample }) => {
  await openSynced(page, sample, "/sync");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByRole("menuitem", { name: /^Full comparison/ }).click();
  await expect(page.getByText("Copy and server are equal")).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("row", { name: /^Full comparison/ })).toContainText("No difference");
  await expect(page.getByRole("region", { name: "Drift journal" })).toContainText(
    "No difference was ever found",
  );
});

test("the scrub and the copy's own check are run by keys alone", async ({ page, sample }) => {
  await openSynced(page, sample, "/sync");
  const verify = page.getByRole("button", { name: "Verify" });
  await verify.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/rows are equal to the server/)).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("row", { name: /^Scrub/ })).toContainText("No difference");
  // The map says in words what its colours say, and every part has been looked at.
  await expect(page.getByRole("img", { name: /^Every row was compared since/ })).toBeVisible();
  await verify.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page.getByText("The copy is sound")).toBeVisible({ timeout: 120_000 });
});

test("a rebuild says first what exactly it will do", async ({ page, sample }) => {
  await openSynced(page, sample, "/sync");
  await page.getByRole("button", { name: "Rebuild copy…" }).click();
  const dialog = page.getByRole("dialog", { name: "Rebuild the local copy" });
  await expect(dialog).toContainText(/About [\d,]+ rows of \d+ datasets/);
  await expect(dialog).toContainText("Nothing is written to the server");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
});

test("without the server everything stays readable, and says how old it is", async ({ page }) => {
  test.setTimeout(300_000);
  const online = await startDevserver(["--sample", "small"]);
  await openSynced(page, online);
  await expect(page.locator(".ph .sub")).toContainText(/[\d,]+ events by/);
  const counted = (await page.locator(".ph .sub").textContent()) ?? "";
  await page.goto("about:blank");
  await online.stop();
  const offline = await startDevserver(["--offline"], online.home);
  try {
    await page.goto(`${offline.url}/#/`);
    await expect(page.locator(".banner")).toContainText("Can’t reach the database");
    await expect(page.locator(".banner")).toHaveCount(1);
    await expect(page.locator(".ph .sub")).toHaveText(counted);
  } finally {
    await offline.stop();
    removeHome(offline);
  }
});
