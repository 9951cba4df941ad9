import { describe, expect, it } from "vitest";
import type { ChartSpec } from "@/api/generated/ChartSpec";
import type { Revenue } from "@/api/generated/Revenue";
import type { RevenueFigure } from "@/api/generated/RevenueFigure";
import type { RevenueMonth } from "@/api/generated/RevenueMonth";
import { formatMinor, formatMinorSigned, monthChoices } from "@/lib/money";
import { bridgeBars, bridgeTicks, cohortStep, figureText, movementLines, revenueCommand } from "./model";

const MONTH: RevenueMonth = {
  month: "2026-10",
  is_unfinished: false,
  currency: "EUR",
  start_minor: 18_224_200,
  new_minor: 614_800,
  reactivation_minor: 59_400,
  expansion_minor: 421_650,
  contraction_minor: -140_200,
  churn_minor: -316_425,
  end_minor: 18_863_425,
  start_customers: 2_175,
  new_customers: 71,
  reactivation_customers: 6,
  expansion_customers: 112,
  contraction_customers: 29,
  churn_customers: 38,
  end_customers: 2_214,
  arpu_minor: 8_520,
  logo_churn: 0.0175,
  gross_churn: 0.025,
  net_churn: -0.0014,
  net_retention: 0.998,
  gross_retention: 0.975,
  quick_ratio: 2.27,
};

const figure = (change: Partial<RevenueFigure>): RevenueFigure => ({
  metric: "mrr",
  label: "MRR",
  currency: "EUR",
  amount_minor: null,
  value: null,
  previous_minor: null,
  previous: null,
  without: null,
  definition: "",
  ...change,
});

const revenue = (isOpen: boolean) =>
  ({ exponent: 2, currency: "EUR", is_unfinished: isOpen, month: "2026-10" }) as Revenue;

describe("money", () => {
  it("keeps every minor unit of every currency", () => {
    expect(formatMinor(18_863_425, 2)).toBe("188,634.25");
    expect(formatMinor(-5, 2)).toBe("−0.05");
    expect(formatMinor(4_400, 0)).toBe("4,400");
    expect(formatMinor(1_234_567, 3)).toBe("1,234.567");
    expect(formatMinor(9_007_199_254_740_991, 2)).toBe("90,071,992,547,409.91");
    expect(formatMinorSigned(1, 2)).toBe("+0.01");
    expect(formatMinorSigned(0, 2)).toBe("0.00");
  });
});

describe("figures", () => {
  it("say what changed, with its sign first", () => {
    const mrr = figure({ amount_minor: 18_863_425, previous_minor: 18_224_200 });
    expect(figureText(mrr, revenue(false))).toMatchObject({
      figure: "€188,634",
      triangle: "▲",
      change: "+6,392.25",
      tone: "up",
      rest: "vs Sept",
    });
    const churn = figure({ metric: "logo_churn", value: 0.02, previous: 0.03 });
    expect(figureText(churn, revenue(false))).toMatchObject({
      figure: "2.0",
      unit: "%",
      triangle: "▼",
      change: "−1.0 pt",
      tone: "up",
    });
  });

  it("call what rounds to nothing neither good nor bad", () => {
    const churn = figure({ metric: "logo_churn", value: 0.0203, previous: 0.02 });
    expect(figureText(churn, revenue(false))).toMatchObject({ triangle: "", change: "±0", tone: "t2" });
  });

  it("compare no part of a month with a whole one", () => {
    const churn = figure({ metric: "logo_churn", value: 0.02, previous: 0.03 });
    expect(figureText(churn, revenue(true))).toMatchObject({ change: "", rest: "so far this month" });
  });

  it("say why there is no value, and never 0", () => {
    const none = figure({ metric: "quick_ratio", without: "No losses." });
    expect(figureText(none, revenue(false))).toMatchObject({ figure: "n/a", rest: "No losses." });
  });
});

describe("the month", () => {
  it("goes from its start over five movements to its end", () => {
    const lines = movementLines(MONTH, undefined);
    expect(lines.map((line) => line.key)).toEqual([
      "start",
      "new",
      "reactivation",
      "expansion",
      "contraction",
      "churn",
      "end",
    ]);
    const sum = lines.slice(0, -1).reduce((total, line) => total + line.minor, 0);
    expect(sum).toBe(lines.at(-1)?.minor);
  });

  it("is chosen among those that have begun in its zone", () => {
    const months = monthChoices("2026-10-31T23:30:00Z", "Europe/Berlin");
    expect(months[0]).toEqual({ value: "2026-11", label: "Nov 2026" });
    expect(months).toHaveLength(36);
    expect(monthChoices("2026-11-22T00:00:00Z", "UTC", "2019-01").at(-1)?.value).toBe("2019-01");
  });

  it("is asked for on the command line in the same words", () => {
    const request = {
      month: "2026-10",
      months: 12,
      zone: "Europe/Berlin",
      profile: "chartmogul",
      currency: "EUR",
    };
    expect(revenueCommand(request, "acme")).toBe(
      "steward revenue --month 2026-10 --profile chartmogul --currency EUR --tz Europe/Berlin -w acme",
    );
  });
});

describe("drawing", () => {
  it("puts round ticks from where the axis goes on to the highest level", () => {
    const ticks = bridgeTicks(175_000, 193_300);
    expect(ticks).toEqual([175_000, 180_000, 185_000, 190_000, 195_000]);
    expect(bridgeTicks(0, 0).every(Number.isFinite)).toBe(true);
    expect(bridgeTicks(0, 130)).toEqual([0, 50, 100, 150]);
  });

  it("stands balances on nothing and begins a change where the bar before it ended", () => {
    const values = [100, 30, 0, 0, -20, -10, 100];
    const spec = {
      steps: values.map((_, index) => ({ label: String(index), is_unfinished: false })),
      series: [{ values }],
    } as unknown as ChartSpec;
    const bars = bridgeBars(spec);
    expect(bars.map((bar) => [bar.from, bar.to])).toEqual([
      [0, 100],
      [100, 130],
      [130, 130],
      [130, 130],
      [130, 110],
      [110, 100],
      [0, 100],
    ]);
    expect(bars.filter((bar) => bar.isBalance).map((bar) => bar.label)).toEqual(["0", "6"]);
  });

  it("gives the first month no colour and the rest one of six", () => {
    expect(cohortStep(1, 0)).toBe(0);
    expect([0.2, 0.6, 1, 1.02, 1.1, 1.2].map((share) => cohortStep(share, 3))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(cohortStep(null, 3)).toBe(0);
  });
});
