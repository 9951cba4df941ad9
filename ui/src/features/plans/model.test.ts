import { describe, expect, it } from "vitest";
import type { PlanRow } from "@/api/generated/PlanRow";
import { parsePrice } from "@/lib/money";
import { catalogueLines, limitName, moveAxis, parseLimit, spreadRows } from "./model";

const plan = (code: string, change: Partial<PlanRow>): PlanRow => ({
  code,
  name: code,
  rank: 1,
  price_month_minor: 2900,
  price_year_minor: null,
  currency: "EUR",
  seats: null,
  credits_per_month: null,
  projects: 3,
  integrations: null,
  requests_per_minute: null,
  user_count: 0,
  archived_at: null,
  limits: [],
  features: [],
  ...change,
});

describe("the catalogue", () => {
  it("says the same thing of every plan side by side", () => {
    const lines = catalogueLines([
      plan("free", { price_month_minor: 0 }),
      plan("pro", {
        limits: [{ metric: "prompts", period: "month", kind: "soft", limit: 8000 }],
        features: [{ key: "sso", is_unlocked: true, settings: null }],
      }),
    ]);
    const of = (label: string) => lines.find((line) => line.label === label)?.cells;
    expect(of("A month")).toEqual(["0.00 EUR", "29.00 EUR"]);
    expect(of("Seats")).toEqual(["unlimited", "unlimited"]);
    expect(of("Prompts a month")).toEqual(["–", "8,000 soft"]);
    expect(of("SSO")).toEqual(["–", "✓"]);
  });

  it("writes a price in the digits of its currency, whatever the browser thinks of them", () => {
    const of = (currency: string, minor: number) =>
      catalogueLines([plan("pro", { currency, price_month_minor: minor })]).find(
        (line) => line.label === "A month",
      )?.cells;
    expect(of("HUF", 190_000)).toEqual(["1,900.00 HUF"]);
    expect(of("IDR", 150_000_00)).toEqual(["150,000.00 IDR"]);
    expect(of("JPY", 4_400)).toEqual(["4,400 JPY"]);
    expect(of("KWD", 9_500)).toEqual(["9.500 KWD"]);
  });

  it("reads what is typed exactly, or not at all", () => {
    expect(parsePrice("39", 2)).toBe(3900);
    expect(parsePrice("39.5", 2)).toBe(3950);
    expect(parsePrice("4400", 0)).toBe(4400);
    expect(parsePrice("", 2)).toBeNull();
    for (const wrong of ["39.555", "-1", "1e3", "x", "4400.5"]) {
      expect(parsePrice(wrong, wrong === "4400.5" ? 0 : 2)).toBeUndefined();
    }
    expect(parseLimit("2000")).toBe(2000);
    expect(parseLimit(" ")).toBeNull();
    expect(parseLimit("2.5")).toBeUndefined();
    expect(limitName({ metric: "e2e_runs", period: "lifetime" })).toBe("E2E runs, ever");
  });
});

describe("the distribution", () => {
  it("is newest first, and each month is whole", () => {
    const row = (month: string, code: string, mrr_minor: number, customers: number) => ({
      month,
      plan: code,
      currency: "EUR",
      mrr_minor,
      customers,
      seats: customers * 2,
      share: 0,
    });
    const rows = spreadRows(
      [row("2026-09", "pro", 100, 1), row("2026-10", "pro", 300, 1), row("2026-10", "team", 100, 3)],
      "customers",
    );
    expect(rows.map((one) => [one.month, one.total])).toEqual([
      ["2026-10", 4],
      ["2026-09", 1],
    ]);
    expect(rows[0]?.parts.map((part) => part.share)).toEqual([0.25, 0.75]);
    const seats = spreadRows([row("2026-10", "pro", 300, 1), row("2026-10", "team", 100, 3)], "seats");
    expect(seats.map((one) => [one.total, one.parts.map((part) => part.seats)])).toEqual([[8, [2, 6]]]);
  });

  it("puts paying nothing last", () => {
    const move = (from: string | null, to: string | null) => ({
      from,
      to,
      customers: 1,
      currency: "EUR",
      before_minor: 0,
      after_minor: 0,
    });
    const axis = moveAxis([move(null, "pro"), move("pro", "gone")], [plan("free", {}), plan("pro", {})]);
    expect(axis).toEqual(["pro", "gone", null]);
  });
});
