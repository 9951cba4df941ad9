import { afterEach, describe, expect, it } from "vitest";
import {
  axisNumber,
  compactParts,
  formatChange,
  formatClock,
  formatDecimal,
  formatDuration,
  formatMinute,
  formatMoney,
  formatNumber,
  formatSigned,
  setLocale,
  sizeParts,
  zoneOffset,
} from "./format";

afterEach(() => setLocale("en"));

describe("numbers", () => {
  it.each([
    [0, "0", ""],
    [11_482, "11,482", ""],
    [999_400, "999,400", ""],
    [999_600, "1.00", "M"],
    [4_512_085, "4.51", "M"],
    [45_120_850, "45.1", "M"],
    [1_240_000_000, "1.24", "B"],
    [451_208_500_000, "451", "B"],
  ])("%d in a tile is %s%s", (value, figure, size) => {
    expect(compactParts(value)).toEqual({ figure, size });
  });

  it.each([
    [17_901, 0, "+17,901"],
    [-0.06, 2, "\u22120.06"],
    [0, 1, "0.0"],
  ])("%d is signed with the real minus", (value, decimals, text) => {
    expect(formatSigned(value, decimals)).toBe(text);
  });

  it.each([
    [180, 160, 12.5, "+12.5%"],
    [3, 0, null, "new"],
    [0, 0, null, "n/a"],
  ])("a change from %d is told honestly", (current, previous, percent, text) => {
    expect(formatChange(current, previous, percent)).toBe(text);
  });

  it.each([
    ["0.001204500", 6, "0.001205"],
    ["9214.120431000", 2, "9,214.12"],
    ["99999999999999999999.995", 2, "100,000,000,000,000,000,000.00"],
    ["-0.000000001", 2, "0.00"],
    ["-12.5", 0, "\u221213"],
    ["NaN", 2, "NaN"],
  ])("%s is rounded without a float", (amount, decimals, text) => {
    expect(formatDecimal(amount, decimals)).toBe(text);
  });

  it("writes decimals as the locale does", () => {
    setLocale("de");
    expect(formatNumber(1234.5, 1)).toBe("1.234,5");
    expect(formatDecimal("1234.56", 2)).toBe("1.234,56");
  });

  it.each(["C", "", "not a tag"])("falls back to English where the locale is %j", (tag) => {
    setLocale(tag);
    expect(formatNumber(1234)).toBe("1,234");
  });

  it("uses the currency's own sign and drops cents from 100 on", () => {
    expect(formatMoney(9214.12, "EUR")).toBe("€9,214");
    expect(formatMoney(12.5, "USD")).toBe("$12.50");
  });

  it.each([
    [0, "0"],
    [0.5, "0.5"],
    [2500, "2.5k"],
    [200_000, "200k"],
    [1_500_000, "1.5M"],
  ])("%d on an axis is %s", (value, text) => {
    expect(axisNumber(value)).toBe(text);
  });

  it.each([
    [412_000_000, "412", "MB"],
    [1_240_000_000, "1.2", "GB"],
    [999, "999", "B"],
  ])("%d bytes are %s %s", (bytes, figure, unit) => {
    expect(sizeParts(bytes)).toEqual({ figure, unit });
  });
});

describe("times", () => {
  it.each([
    ["Europe/Berlin", "2026-11-21 14:02"],
    ["Asia/Kathmandu", "2026-11-21 18:47"],
    ["America/St_Johns", "2026-11-21 09:32"],
  ])("are written in %s, whatever zone the computer is in", (zone, text) => {
    expect(formatMinute("2026-11-21T13:02:11Z", zone)).toBe(text);
  });

  it("writes midnight as 00, not 24", () => {
    expect(formatClock("2026-11-20T23:00:00Z", "Europe/Berlin")).toBe("00:00:00");
  });

  it.each([
    [812, "0.8 s"],
    [31_000, "31 s"],
    [1_326_000, "22 m 06 s"],
    [10_980_000, "3 h 03 m"],
    [187_200_000, "2 d 4 h"],
  ])("%d ms is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it("names the offset of a moment, summer or winter", () => {
    expect(zoneOffset("Europe/Berlin", "2026-07-01T00:00:00Z")).toBe("UTC+2");
    expect(zoneOffset("America/St_Johns", "2026-11-21T00:00:00Z")).toBe("UTC\u22123:30");
  });
});
