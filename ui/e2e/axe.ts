import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./devserver";

/** Fails with each rule that is broken, and where. */
export async function expectNoViolations(page: Page, without: readonly string[] = []): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    // With the route in the hash every link starts with "#", which this rule takes for a jump within the page.
    .disableRules(["skip-link", ...without])
    .analyze();
  const found = violations.map((violation) => ({
    rule: violation.id,
    where: violation.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
  }));
  expect(found).toEqual([]);
}
