import { expect, it } from "vitest";
import { parseAmount } from "./model";

it("reads an amount in the digits of its currency, with either decimal mark", () => {
  const euros = { minor: 5800, currency: "EUR", words: "58.00 EUR" };
  const yen = { minor: 18000, currency: "JPY", words: "18,000 JPY" };
  const dinars = { minor: 47500, currency: "KWD", words: "47.500 KWD" };
  expect(parseAmount("12.5", euros)).toBe(1250);
  expect(parseAmount("12,50", euros)).toBe(1250);
  expect(parseAmount("1500", yen)).toBe(1500);
  expect(parseAmount("1.5", dinars)).toBe(1500);
  for (const wrong of ["", "x", "1.234", "-3", "0", "1.2.3"])
    expect(parseAmount(wrong, euros)).toBeUndefined();
  expect(parseAmount("0.5", yen)).toBeUndefined();
});
