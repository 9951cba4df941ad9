import { describe, expect, it } from "vitest";
import type { PlanRow } from "@/api/generated/PlanRow";
import { assumptionText, NOTHING, readTyped, supposedWords, typeAssumptions, whatIfCommand } from "./model";

const PLANS = [
  { code: "pro", name: "Pro", currency: "USD" },
  { code: "jp", name: "Japan", currency: "JPY" },
] as PlanRow[];

const price = (plan: string, month: string, year = "", keepsExisting = false) => ({
  plan,
  month,
  year,
  keepsExisting,
});

describe("what is typed", () => {
  it("is read exactly, in the digits of the plan's currency, or not at all", () => {
    const read = readTyped(
      { prices: [price("pro", "39.5", "", true), price("jp", "4400")], churn: "2.5 %", conversion: "30" },
      PLANS,
    );
    expect(read.wrong).toEqual([]);
    expect(read.assumptions).toEqual({
      prices: [
        { plan: "pro", price_month_minor: 3950, price_year_minor: null, keeps_existing: true },
        { plan: "jp", price_month_minor: 4400, price_year_minor: null, keeps_existing: false },
      ],
      churn: 0.025,
      churn_times: null,
      conversion: 0.3,
    });
    expect(readTyped({ ...NOTHING, churn: "1.5x" }, PLANS).assumptions).toMatchObject({
      churn: null,
      churn_times: 1.5,
    });
    for (const churn of ["x", "-1", "101%", "200x", "1,5"]) {
      expect(readTyped({ ...NOTHING, churn }, PLANS).wrong).toHaveLength(1);
    }
    expect(readTyped({ ...NOTHING, prices: [price("jp", "4400.5")] }, PLANS).wrong[0]?.field).toBe(
      "jp-month",
    );
    expect(readTyped(NOTHING, PLANS).assumptions.prices).toEqual([]);
  });

  it("survives being kept and opened", () => {
    for (const typed of [
      { prices: [price("pro", "39.50", "390.00", true)], churn: "2.5%", conversion: "30%" },
      { ...NOTHING, churn: "1.5x" },
      NOTHING,
    ]) {
      const { assumptions } = readTyped(typed, PLANS);
      expect(typeAssumptions(assumptions, PLANS)).toEqual(typed);
    }
  });

  it("is told in words and as a command", () => {
    const { assumptions } = readTyped(
      { prices: [price("pro", "39", "", true)], churn: "1.5x", conversion: "" },
      PLANS,
    );
    expect(supposedWords(assumptions, PLANS)).toBe(
      "Pro at 39.00 USD a month, who has it keeps the price; churn × 1.5",
    );
    expect(whatIfCommand(assumptions, { currency: "USD" }, "UTC", "acme")).toBe(
      "steward revenue what-if --price pro/month=3900 --grandfather pro --churn-times 1.5 --currency USD --tz UTC -w acme",
    );
    expect(supposedWords(readTyped(NOTHING, PLANS).assumptions, PLANS)).toBe("Nothing else than it was");
  });
});

it("writes each number of the recurrence by its kind", () => {
  const one = { key: "", label: "", source: "", as_is: null, supposed: null };
  expect(assumptionText({ ...one, unit: "share" }, 0.0312, 2)).toBe("3.12%");
  expect(assumptionText({ ...one, unit: "count" }, 4.25, 2)).toBe("4.3");
  expect(assumptionText({ ...one, unit: "money" }, 1999.6, 2)).toBe("20.00");
  expect(assumptionText({ ...one, unit: "money" }, null, 2)).toBe("–");
});
