import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expectNoViolations } from "./axe";
import { expect, openSynced, test } from "./devserver";

const notices = (page: Page) => page.getByRole("region", { name: "Notices" });

/** The last whole month, opened from the table of months; its end as the page writes it. */
async function openLastMonth(page: Page): Promise<string> {
  const table = page.getByRole("region", { name: "Month by month, table" });
  await table.getByRole("row").nth(2).getByRole("button").click();
  await expect(page.locator(".ph .sub")).not.toContainText("Open month");
  const movements = page.getByRole("region", { name: "Movements", exact: true });
  return (await movements.getByRole("row").last().getByRole("cell").nth(2).textContent()) ?? "";
}

test("a month's report is saved as PDF and XLSX, with the numbers of the page", async ({ page, sample }) => {
  const folder = mkdtempSync(join(tmpdir(), "steward-report-"));
  try {
    await openSynced(page, sample, "/revenue");
    const end = await openLastMonth(page);
    await page.getByRole("button", { name: "Report…" }).click();
    const dialog = page.getByRole("dialog", { name: "Export revenue report" });
    await expect(dialog.getByRole("radio", { name: "PDF" })).toBeChecked();
    await expect(dialog.getByText("rows in its tables")).toBeVisible();
    await expect(dialog.getByRole("radio", { name: "CSV" })).toHaveCount(0);
    await expectNoViolations(page);
    const pdf = join(folder, "revenue.pdf");
    await dialog.getByLabel("Save as").fill(pdf);
    await dialog.getByRole("radio", { name: "Excel" }).click();
    await expect(dialog.getByLabel("Save as")).toHaveValue(/revenue\.xlsx$/);
    await dialog.getByRole("button", { name: "Save Excel" }).click();
    await expect(notices(page)).toContainText(/Revenue \d{4}-\d{2}: \d+ rows exported/);
    expect(readFileSync(join(folder, "revenue.xlsx")).subarray(0, 2).toString()).toBe("PK");

    await page.getByRole("button", { name: "Report…" }).click();
    await dialog.getByLabel("Save as").fill(pdf);
    await dialog.getByRole("button", { name: "Save PDF" }).click();
    await expect(notices(page)).toContainText(/Revenue \d{4}-\d{2}: PDF saved/);
    const text = execFileSync("pdftotext", ["-layout", pdf, "-"], { encoding: "utf8" });
    expect(text).toContain(end.replace(/[^\d.,]/g, ""));
    const manifest = JSON.parse(readFileSync(`${pdf}.meta.json`, "utf8")) as { source: unknown };
    expect(manifest.source).toMatchObject({ source: "report", request: { report: "revenue" } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a chart's values are copied and its picture is saved", async ({ page, sample, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const folder = mkdtempSync(join(tmpdir(), "steward-report-"));
  try {
    await openSynced(page, sample, "/revenue");
    await openLastMonth(page);
    const menu = page.getByRole("button", { name: "MRR bridge: export" });
    await menu.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Copy values" }).press("Enter");
    await expect(notices(page)).toContainText("MRR bridge: values copied");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split("\n")).toHaveLength(8);
    expect(copied).toContain("Start of month\t");
    for (const kind of ["PNG", "SVG"]) {
      await menu.click();
      await page.getByRole("menuitem", { name: "Save picture…" }).click();
      const dialog = page.getByRole("dialog", { name: "Export MRR bridge" });
      await dialog.getByLabel("Save as").fill(join(folder, "bridge.png"));
      await dialog.getByRole("radio", { name: kind }).click();
      await dialog.getByRole("button", { name: `Save ${kind}` }).click();
      await expect(notices(page)).toContainText(`MRR bridge: ${kind} saved`);
    }
    expect(readFileSync(join(folder, "bridge.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(join(folder, "bridge.svg"), "utf8")).toContain("MRR bridge");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
