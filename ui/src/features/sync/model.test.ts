import { describe, expect, it } from "vitest";
import { SYNC } from "@/testing/sample-data";
import {
  chunkAge,
  comparedAt,
  driftTile,
  lagParts,
  mapText,
  rowTiles,
  syncLine,
  typedNumber,
  verifiedText,
} from "./model";

describe("the state of the copy", () => {
  it("counts what is consistent and names what is blocked", () => {
    expect(syncLine(SYNC, "Europe/Berlin")).toBe("11 of 12 datasets are consistent as of 14:02:11.");
    const blocked = SYNC.datasets.map((row, index) =>
      index === 0 ? { ...row, state: { state: "blocked" as const, reason: "" } } : row,
    );
    expect(syncLine({ ...SYNC, datasets: blocked }, "Europe/Berlin")).toContain("1 is blocked.");
  });

  it("adds up rows and rates", () => {
    const { here, rate } = rowTiles(SYNC);
    expect(here.figure + here.unit).toBe("4.48M");
    expect(rate).toMatchObject({ figure: "18,420", note: "usage events" });
  });

  it("counts drift", () => {
    expect(driftTile(SYNC.drift)).toMatchObject({ figure: "120", note: "2 of 2 cases repaired" });
    expect(driftTile([])).toMatchObject({ figure: "0", note: "every check was clean" });
  });

  it("says since when every row was compared, and what was not", () => {
    const plans = SYNC.datasets[0];
    const events = SYNC.datasets.at(-1);
    if (!plans || !events) throw new Error("the sample has datasets");
    expect(comparedAt(plans)).toBe("2026-11-21T12:58:00Z");
    expect(comparedAt({ ...plans, checked_since: null })).toBe(plans.verified_at);
    expect(mapText(plans, "Europe/Berlin")).toBe("Every row was compared since 2026-11-21 13:58.");
    expect(mapText(events, "Europe/Berlin")).toBe(
      "21 of 48 parts compared so far. 1 part had a difference, now repaired.",
    );
    expect(mapText({ ...plans, rows: 0, chunks: [] }, "Europe/Berlin")).toBe("There is no row to compare.");
  });

  it("shades a part by its age", () => {
    const part = (checked_at: string | null) =>
      chunkAge({ checked_at, drift_at: null, from: null }, SYNC.as_of);
    expect(part(null)).toBe("never");
    expect(part("2026-11-21T12:58:00Z")).toBe("hour");
    expect(part("2026-11-21T01:58:00Z")).toBe("day");
    expect(part("2026-11-18T01:58:00Z")).toBe("week");
    expect(part("2026-10-18T01:58:00Z")).toBe("old");
  });

  it.each([
    [812, "0.8", " s"],
    [99_000, "99", " s"],
    [600_000, "10", " min"],
    [38_000_000, "10.6", " h"],
    [null, "–", ""],
  ])("a lag of %s ms is %s%s", (milliseconds, figure, unit) => {
    expect(lagParts(milliseconds)).toEqual({ figure, unit });
  });

  it("says the time of today and the day before that", () => {
    expect(verifiedText("2026-11-21T12:30:00Z", SYNC.as_of, "Europe/Berlin")).toBe("13:30");
    expect(verifiedText("2026-11-14T12:30:00Z", SYNC.as_of, "Europe/Berlin")).toBe("14 Nov");
  });
});

it("reads a number of rows as people write it", () => {
  expect(typedNumber("20,000,000")).toBe(20_000_000);
  expect(typedNumber(" 90 ")).toBe(90);
  expect(typedNumber("")).toBeNull();
  expect(typedNumber("90 days")).toBeUndefined();
  expect(typedNumber("-1")).toBeUndefined();
});
