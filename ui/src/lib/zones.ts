import { zoneOffset } from "./format";

// Engines list some zones under the names they had before; people look for the present ones.
const RENAMED: Record<string, string> = {
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "America/Godthab": "America/Nuuk",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
};

/** All zones with their offsets today, the current one first. */
export function zoneItems(current: string): { id: string; label: string; note: string }[] {
  const now = new Date();
  const listed = Intl.supportedValuesOf("timeZone").map((name) => RENAMED[name] ?? name);
  return [...new Set([current, "UTC", ...listed])].map((name) => ({
    id: name,
    label: name,
    note: zoneOffset(name, now),
  }));
}
