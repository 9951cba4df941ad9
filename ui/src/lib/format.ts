// Everything people read as a number or a time is written here, in the locale that Rust validated.

let locale = "en";
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

/** Sets the locale of all numbers and dates; an unknown one leaves English. */
export function setLocale(tag: string): void {
  let next = "en";
  try {
    next = Intl.getCanonicalLocales(tag)[0] ?? "en";
    new Intl.NumberFormat(next);
  } catch {
    // WebKitGTK reports "C" where no locale is set; Intl refuses it.
  }
  locale = next;
  numbers.clear();
  dates.clear();
}

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, options);
    numbers.set(key, format);
  }
  return format;
}

function dateParts(instant: string | Date, zone: string): Record<string, string> {
  let format = dates.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      hourCycle: "h23",
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    dates.set(zone, format);
  }
  const date = typeof instant === "string" ? new Date(instant) : instant;
  return Object.fromEntries(format.formatToParts(date).map((part) => [part.type, part.value]));
}

/** U+2212, the width of a plus. */
const MINUS = "\u2212";
const withMinus = (text: string) => text.replace("-", MINUS);

/** `14:59` until something ends. */
export function formatCountdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `12,482`, or with decimals `0.42`. */
export function formatNumber(value: number, decimals = 0): string {
  return withMinus(
    numberFormat({ minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value),
  );
}

/** `+17,901`, `−3`, `0`. */
export function formatSigned(value: number, decimals = 0): string {
  return withMinus(
    numberFormat({
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: "exceptZero",
    }).format(value),
  );
}

/** A change in percent; "n/a" where the base is 0 and nothing came, "new" where something came from nothing. */
export function formatChange(current: number, previous: number, percent: number | null): string {
  if (percent !== null) return `${formatSigned(percent, 1)}%`;
  return previous === 0 && current > 0 ? "new" : "n/a";
}

/** A number for a tile: three to five figures, the unit of the size apart. */
export function compactParts(value: number): { figure: string; size: string } {
  const sizes: [number, string][] = [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
  ];
  for (const [limit, size] of sizes) {
    if (Math.abs(value) < limit * 0.9995) continue;
    const scaled = value / limit;
    return {
      figure: formatNumber(scaled, Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2),
      size,
    };
  }
  return { figure: formatNumber(value), size: "" };
}

/** A label on an axis: `0`, `50k`, `1.5M`. */
export function axisNumber(value: number): string {
  const sizes: [number, string][] = [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [limit, size] of sizes) {
    if (Math.abs(value) >= limit) return `${withMinus(String(Number((value / limit).toFixed(2))))}${size}`;
  }
  return withMinus(String(Number(value.toFixed(2))));
}

/** An exact decimal, grouped and rounded for display without passing through a float: `1,204.57`. */
export function formatDecimal(amount: string, decimals: number): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(amount);
  if (!match) return amount;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const scaled = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
  const rounded = scaled + ((fraction[decimals] ?? "0") >= "5" ? 1n : 0n);
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const head = numberFormat({}).format(BigInt(digits.slice(0, digits.length - decimals)));
  const point = numberFormat({ minimumFractionDigits: 1 }).format(0.1).charAt(1);
  const tail = decimals > 0 ? point + digits.slice(-decimals) : "";
  return `${sign && rounded > 0n ? MINUS : ""}${head}${tail}`;
}

/** Money for a tile: the currency's own sign, whole units from 100 on. */
export function formatMoney(value: number, currency: string): string {
  const decimals = Math.abs(value) >= 100 ? 0 : 2;
  return withMinus(
    numberFormat({
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }).format(value),
  );
}

/** `2026-11-21 14:02` in the zone. */
export function formatMinute(instant: string, zone: string): string {
  const part = dateParts(instant, zone);
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}`;
}

/** `2026-11-21 14:02:11` in the zone. */
export function formatSecond(instant: string, zone: string): string {
  return `${formatMinute(instant, zone)}:${dateParts(instant, zone).second}`;
}

/** `14:02:11` in the zone. */
export function formatClock(instant: string, zone: string): string {
  const part = dateParts(instant, zone);
  return `${part.hour}:${part.minute}:${part.second}`;
}

/** `2026-11-21` in the zone. */
export function formatDay(instant: string, zone: string): string {
  const part = dateParts(instant, zone);
  return `${part.year}-${part.month}-${part.day}`;
}

/** `21 Nov` for a calendar day such as `2026-11-21`. */
export function formatShortDay(day: string): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" }).format(
    Date.UTC(year, month - 1, date),
  );
}

/** `0.8 s`, `31 s`, `22 m 06 s`, `3 h 03 m`, `2 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  if (milliseconds < 10_000) return `${formatNumber(Math.max(0, milliseconds) / 1000, 1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** A size on disk, apart from its unit. */
export function sizeParts(bytes: number): { figure: string; unit: string } {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let index = 0;
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return { figure: formatNumber(value, index > 2 && value < 100 ? 1 : 0), unit: units[index] ?? "B" };
}

/** The zone's offset at an instant, for example `UTC+1`. */
export function zoneOffset(zone: string, instant: string | Date): string {
  const date = typeof instant === "string" ? new Date(instant) : instant;
  const name = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "shortOffset" })
    .formatToParts(date)
    .find((part) => part.type === "timeZoneName")?.value;
  return (name ?? "UTC").replace("GMT", "UTC").replace("-", MINUS);
}

/** "1 user", "12 users". */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
