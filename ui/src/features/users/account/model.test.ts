import { describe, expect, it } from "vitest";
import { account, monthly } from "@/testing/sample-account";
import { USERS } from "@/testing/sample-data";
import { ceilingOf, forecastText, limitName, priceText, standing, timelineTone } from "./model";

const [somebody] = USERS;
if (!somebody) throw new Error("The sample has users.");
const person = { ...somebody, status: "active", role: "user" };
const NONE = { state: "not_this_period" } as const;

describe("standing", () => {
  const told = (change: Partial<typeof person>, limits = account(person, []).limits) =>
    standing({ ...account({ ...person, ...change }, []), limits }, "UTC");

  it("names the hard limit that blocks, how much of it and when it ends", () => {
    expect(told({})).toEqual({
      tone: "danger",
      title: "Blocked: training hours per month is reached.",
      text: "40 of 40 used. It starts again at 2026-12-01 00:00.",
    });
  });
  it("says what a soft limit and an admin pass", () => {
    const soft = [monthly("exports", "soft", 5, 5, NONE), monthly("uploads", "soft", 9, 5, NONE)];
    expect(told({}, soft)).toMatchObject({
      tone: "warning",
      text: "5 of 5 used. It starts again at 2026-12-01 00:00. So is 1 more.",
    });
    expect(told({ role: "admin" }).title).toBe("Not blocked: an admin passes every limit.");
  });
  it("puts a suspension before every limit", () => {
    expect(told({ status: "suspended" })).toMatchObject({ tone: "danger", title: "Suspended." });
    expect(told({}, [monthly("exports", "hard", 4, 5, NONE)]).tone).toBe("ok");
  });
});

describe("words", () => {
  it("mark an estimate as one", () => {
    expect(forecastText({ state: "expected", at: "2026-11-24T23:30:00Z" }, "Europe/Berlin")).toMatchObject({
      text: "est. 25 Nov",
      isEstimate: true,
    });
    expect(forecastText({ state: "unlimited" }, "UTC").text).toBe("never");
    expect(limitName({ metric: "ai_prompts", period: "lifetime" })).toBe("AI prompts in all");
  });
  it("write prices in the currency’s own unit", () => {
    expect(priceText(9900, "EUR")).toBe("99.00 EUR");
    expect(priceText(9900, "JPY")).toBe("9,900 JPY");
  });
  it("give refusals the tone of a failure", () => {
    expect(timelineTone("limit_hit")).toBe("danger");
  });
});

describe("the line of a limit", () => {
  it("is left out where no month has one", () => {
    const [months] = account(person, []).months;
    if (!months) throw new Error("The sample has months.");
    expect(ceilingOf(months)?.values).toEqual([40_000, 40_000, 50_000]);
    expect(ceilingOf({ ...months, limits: [null, null, null] })).toBeUndefined();
  });
});
