import { describe, expect, it } from "vitest";
import type { AuditRow } from "@/api/generated/AuditRow";
import { overview } from "@/testing/sample-data";
import { overviewCharts } from "./charts";
import { lastChanges, shareLines } from "./lines";
import { cardFilters, cardText, changeTone, titleLine } from "./model";

const sample = overview({ range: "30d", zone: "Europe/Berlin", compare: "weekday" });
const card = (metric: string) => {
  const found = sample.cards.find((entry) => entry.metric === metric);
  if (!found) throw new Error(`no card ${metric}`);
  return found;
};

describe("the cards", () => {
  it("leave the unfinished day out of the change and say so", () => {
    const text = cardText(card("events"), sample);
    expect(text).toMatchObject({
      figure: "4.56",
      unit: "M",
      triangle: "▲",
      change: "+8.4%",
      rest: "29 full days",
    });
  });

  it("move rates in points", () => {
    expect(cardText(card("error_rate"), sample)).toMatchObject({
      change: "\u22120.06 pt",
      tone: "up",
      rest: "from 0.48%",
    });
  });

  it("write cost in its currency and as a warning when it rises", () => {
    expect(cardText(card("cost"), sample)).toMatchObject({
      figure: "€9,214",
      tone: "wr",
      rest: "from €8,197",
    });
  });

  it("show a dash where nothing was measured", () => {
    const text = cardText({ ...card("latency_p95"), value: null, change: null }, sample);
    expect(text).toMatchObject({ figure: "–", rest: "nothing measured" });
  });

  it.each([
    ["events", 1, "up"],
    ["error_rate", 1, "dn"],
    ["latency_p95", -1, "up"],
    ["cost", 1, "wr"],
    ["cost", -1, "t2"],
    ["tokens", 1, "t2"],
    ["events", 0, "t2"],
  ] as const)("%s moving by %d is %s", (metric, difference, tone) => {
    expect(changeTone(metric, difference)).toBe(tone);
  });

  it("open what they count", () => {
    expect(cardFilters("error_rate")).toEqual([{ field: "status", value: "error" }]);
    expect(cardFilters("events")).toEqual([]);
  });
});

describe("the last changes", () => {
  it("tell the rows of one operation as one, by the user it is about", () => {
    const row = (id: number, intent: string | null, table: string, label: string) =>
      ({ id, intent, table, label }) as AuditRow;
    const rows = [
      row(9, "c", "users", "ada"),
      row(8, "c", "users", "bob"),
      row(7, "b", "subscriptions", "ada"),
      row(6, "b", "users", "ada"),
      row(5, null, "plans", "Pro"),
      row(4, null, "plans", "Free"),
    ];
    expect(lastChanges(rows, 3).map(({ row: { id }, others }) => [id, others])).toEqual([
      [9, 1],
      [6, 0],
      [5, 0],
    ]);
  });
});

describe("the title line", () => {
  it("counts exactly", () => {
    expect(titleLine(sample)).toContain("events by 11,482 users.");
    expect(titleLine(sample)).toContain("1,024 by admins, counted too.");
    expect(titleLine({ ...sample, admin_events: 0 })).not.toContain("admins");
  });

  it("warns before anything else while totals may be incomplete", () => {
    expect(titleLine({ ...sample, freshness: { as_of: null, is_consistent: false } })).toContain(
      "incomplete",
    );
  });
});

describe("shares", () => {
  it("fold the rest into one line and keep the sum", () => {
    const lines = shareLines(sample.by_feature, 4);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toMatchObject({ isOther: true, label: "5 others" });
    const shown = lines.reduce((sum, line) => sum + Number(line.events.replaceAll(",", "")), 0);
    expect(shown).toBe(sample.by_feature.reduce((sum, share) => sum + share.events, 0));
  });

  it("are empty without events", () => {
    expect(shareLines([], 5)).toEqual([]);
  });
});

describe("the charts", () => {
  it("carry the names of this page and of the comparison", () => {
    const charts = overviewCharts(sample, "weekday");
    expect(charts.events.title).toBe("Events per day");
    expect(charts.events.series.map((series) => series.label)).toEqual(["Events", "previous 30 days"]);
    expect(charts.errors.title).toBe("Error rate");
  });
});
