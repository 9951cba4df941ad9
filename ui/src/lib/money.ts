import { EXPONENTS } from "@/api/generated/currencies";
import { formatDay, formatDecimal } from "./format";

/** An amount in minor units as plain digits of the major one, exactly. */
function major(minor: number, exponent: number): string {
  const digits = String(Math.abs(minor)).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const rest = exponent === 0 ? "" : `.${digits.slice(-exponent)}`;
  return `${minor < 0 ? "-" : ""}${whole}${rest}`;
}

/** An amount in minor units with so many of its digits: `182,242.00`, `−3,164.25`, `4,400`. */
export function formatMinor(minor: number, exponent: number, decimals = exponent): string {
  return formatDecimal(major(minor, exponent), decimals);
}

/** The same with a plus before what was gained. */
export function formatMinorSigned(minor: number, exponent: number): string {
  return minor > 0 ? `+${formatMinor(minor, exponent)}` : formatMinor(minor, exponent);
}

/** Digits of a currency's minor unit, by ISO 4217; a browser's own table leaves out what is not in daily use. */
export function minorDigits(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

/** The currency's own sign, or its code. */
export function currencySign(currency: string): string {
  try {
    const parts = new Intl.NumberFormat("en", {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    }).formatToParts(0);
    const found = parts.find((part) => part.type === "currency")?.value ?? currency;
    return found === currency ? `${currency} ` : found;
  } catch {
    return `${currency} `;
  }
}

/** `Oct 2026`. */
export function monthLabel(month: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short", year: "numeric" }).format(
    Date.parse(`${month}-01`),
  );
}

/** The months that can be chosen, newest first: three years up to today, and what the address says. */
export function monthChoices(now: string, zone: string, chosen?: string): { value: string; label: string }[] {
  const [year = 1970, month = 1] = formatDay(now, zone).split("-").map(Number);
  const months = Array.from({ length: 36 }, (_, back) =>
    new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7),
  );
  const all = chosen && !months.includes(chosen) ? [...months, chosen] : months;
  return all.map((value) => ({ value, label: monthLabel(value) }));
}

/** A typed price in minor units; empty is not sold so, and nothing where it cannot be read. */
export function parsePrice(text: string, digits: number): number | null | undefined {
  const typed = text.trim();
  if (typed === "") return null;
  const match = /^(\d{1,12})(?:\.(\d*))?$/.exec(typed);
  const fraction = match?.[2] ?? "";
  if (!match || fraction.length > digits) return undefined;
  return Number(`${match[1]}${fraction.padEnd(digits, "0")}`);
}
