import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { HeatCell } from "@/api/generated/HeatCell";
import type { Usage } from "@/api/generated/Usage";
import type { UsageTile } from "@/api/generated/UsageTile";
import {
  adminText,
  heatRows,
  measureFilters,
  presetSearch,
  tileText,
  usageCommand,
  usageRequest,
  valueText,
  withFilter,
} from "./model";
import { offenderText } from "./offender-words";
import { usageSearch } from "./search";

const SCOPE = { range: "30d", zone: "Europe/Berlin", compare: "weekday" as const };

describe("admins of the product", () => {
  it("are counted, and that is said with their share", () => {
    const totals = { events: 2_000 } as Usage["totals"];
    expect(adminText({ admin_events: 30, totals })).toBe("30 (1.5%) by admins, counted");
    expect(adminText({ admin_events: 0, totals })).toBeNull();
  });
});

describe("an address of the usage view", () => {
  it("falls back where it says something that is not", () => {
    const search = v.parse(usageSearch, { by: "colour", measure: "luck", bucket: "year", filters: "all" });
    const request = usageRequest(search, SCOPE);
    expect(request).toMatchObject({ by: "feature", measure: "events", bucket: null, filters: [] });
  });

  it("becomes the same question on the command line", () => {
    const search = v.parse(usageSearch, {
      by: "plan_code",
      bucket: "week",
      filters: [
        { field: "feature", value: "it's" },
        { field: "status", value: null, exclude: true },
      ],
    });
    expect(usageCommand(usageRequest(search, SCOPE), "Acme")).toBe(
      "steward usage --range 30d --tz Europe/Berlin --by plan_code --measure events --bucket week " +
        "--compare weekday --filter 'feature=it'\\''s' --filter 'status!=' -w Acme",
    );
  });

  it("of a preset says everything the preset opens with", () => {
    const search = presetSearch({
      preset: "quotas",
      label: "Quotas",
      note: "",
      range: "180d",
      bucket: "month",
      by: "plan_code",
      measure: "active_users",
      filters: [],
    });
    expect(search).toEqual({
      preset: "quotas",
      range: "180d",
      bucket: "month",
      by: "plan_code",
      measure: "active_users",
      filters: [],
    });
  });
});

describe("filters", () => {
  it("replace their opposite and keep what is about another value", () => {
    const only = { field: "feature" as const, value: "chat" };
    const other = { field: "feature" as const, value: "search" };
    expect(withFilter([only, other], { ...only, exclude: true })).toEqual([
      other,
      { ...only, exclude: true },
    ]);
  });

  it("behind refusals and failures are those of their status", () => {
    expect(measureFilters([], "limit_hits")).toEqual([{ field: "status", value: "rate_limited" }]);
    expect(measureFilters([], "error_rate")).toEqual([{ field: "status", value: "error" }]);
    expect(measureFilters([], "tokens")).toEqual([]);
  });
});

describe("words", () => {
  const tile: UsageTile = {
    label: "Error rate",
    measure: "error_rate",
    value: 2.5,
    text: null,
    change: { current: 2.5, previous: 2.25, percent: 11.1 },
    is_estimate: false,
    is_pending: false,
    definition: "",
    filters: [],
    sql: "",
  };

  const USAGE = { currency: "EUR", rows_since: null };

  it("do not promise what no row tells any more", () => {
    const usage = { ...USAGE, rows_since: "2026-10-01T00:00:00Z" };
    expect(tileText({ ...tile, is_pending: true }, usage)).toMatchObject({
      figure: "–",
      rest: "known from rows only",
    });
  });

  it("tell rates in points and never take a missing number for 0", () => {
    expect(tileText(tile, USAGE)).toMatchObject({ figure: "2.50", change: "+0.25 pt", tone: "dn" });
    expect(tileText({ ...tile, value: null, change: null }, USAGE)).toMatchObject({
      figure: "–",
      rest: "nothing measured",
    });
    expect(tileText({ ...tile, is_pending: true }, USAGE).rest).toBe("counting rows");
    expect(tileText({ ...tile, text: "Web search", value: 2 }, USAGE).rest).toBe("2 events");
  });

  it("write every measure with its unit", () => {
    expect(valueText(1234.4, "latency_p95", null)).toBe("1,234 ms");
    expect(valueText(2_000_000, "bytes_out", null)).toBe("2 MB");
    expect(valueText(12.5, "cost", null)).toBe("12.50");
    expect(valueText(null, "tokens", null)).toBe("–");
  });

  it("say of a limit what it does", () => {
    const limit = {
      of: "limit" as const,
      metric: "prompts",
      period: "month",
      kind: "hard",
      plan_limit: 30,
      limit: 30,
      raised_until: null,
      used: 30,
      remaining: 0,
      resets_at: null,
      is_over: true,
    };
    expect(offenderText(limit)).toMatchObject({ state: "Refused", tone: "danger", percent: "100.0" });
    expect(offenderText({ ...limit, kind: "soft" })).toMatchObject({ state: "Warned", tone: "warning" });
    expect(offenderText({ of: "rise", current: 300, previous: 60 }).percent).toBe("5.0");
  });
});

describe("the heat map", () => {
  it("shows the mean per hour, so that five Mondays weigh no more than four Tuesdays", () => {
    const cells: HeatCell[] = Array.from({ length: 168 }, (_, place) => ({
      weekday: Math.floor(place / 24) + 1,
      hour: place % 24,
      events: 0,
      quarters: 16,
    }));
    cells[9] = { weekday: 1, hour: 9, events: 500, quarters: 20 };
    cells[33] = { weekday: 2, hour: 9, events: 400, quarters: 16 };
    cells[57] = { weekday: 3, hour: 9, events: 3, quarters: 16 };
    cells[81] = { weekday: 4, hour: 9, events: 0, quarters: 0 };
    const rows = heatRows(cells);
    expect([rows[0]?.[9]?.mean, rows[1]?.[9]?.mean]).toEqual([100, 100]);
    expect([rows[0]?.[9]?.step, rows[2]?.[9]?.step, rows[5]?.[9]?.step]).toEqual([6, 1, 0]);
    expect(rows[3]?.[9]?.mean).toBeNull();
    expect(rows[3]?.[9]?.label).toBe("Thursday 09:00: not in this range");
    expect(rows[2]?.[9]?.label).toBe("Wednesday 09:00: 0.8 events per hour, 3 in 4 h");
  });
});
