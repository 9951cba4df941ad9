import type { Check } from "@/api/generated/Check";
import type { Environment } from "@/api/generated/Environment";

/** The password inside a connection URL, and the URL around it. */
export function splitPassword(url: string): { before: string; password: string; after: string } | null {
  const match = /^([a-z]+:\/\/[^:@/]*:)([^@]*)(@.*)$/i.exec(url);
  if (!match) return null;
  const [, before = "", password = "", after = ""] = match;
  return { before, password, after };
}

/** The URL as it may be shown: dots in place of the password. */
export function maskUrl(url: string): string {
  const parts = splitPassword(url);
  return parts && parts.password !== "" ? `${parts.before}${"•".repeat(6)}${parts.after}` : url;
}

/** The URL that a shown text means: the dots stand for the password that was there before. */
export function unmaskUrl(shown: string, before: string): string {
  const old = splitPassword(before);
  return old ? shown.replace("•".repeat(6), old.password) : shown;
}

/** What is wrong with a URL before anybody is asked; nothing when it looks right. */
export function urlProblem(url: string): string | undefined {
  if (url.trim() === "") return "Paste the connection URL of your database.";
  if (!/^postgres(ql)?:\/\//i.test(url.trim())) return "It starts with postgresql://.";
  if (!/^postgres(ql)?:\/\/[^/]*[^/:@]/i.test(url.trim()))
    return "It needs a host, for example db.example.com.";
  return undefined;
}

/** A name for the workspace, from the host. */
export function nameFromUrl(url: string): string {
  const host = /@([^/:?]+)/.exec(url)?.[1] ?? /:\/\/([^/:?]+)/.exec(url)?.[1] ?? "";
  if (host === "localhost" || /^[\d.:[\]]+$/.test(host)) return host === "" ? "" : "Local";
  const labels = host.split(".");
  const own = labels.length > 1 ? labels.slice(0, -1) : labels;
  const label = own.findLast((part) => !/^(db|www|pooler|postgres|pg)$/.test(part)) ?? host;
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** What the environments mean, in the order shown. */
export const ENVIRONMENT_CHOICES: { value: Environment; label: string; swatch: string; hint: string }[] = [
  {
    value: "production",
    label: "Production",
    swatch: "pd",
    hint: "Production shows a red line on top of every window and starts read-only.",
  },
  {
    value: "staging",
    label: "Staging",
    swatch: "sg",
    hint: "A copy for trying out. Changes are reviewed row by row.",
  },
  {
    value: "development",
    label: "Development",
    swatch: "dv",
    hint: "A developer’s own database. Changes are reviewed row by row.",
  },
];

/** What the checks will be, shown before there is anything to check. */
export const UPCOMING_CHECKS: { name: string; label: string; finding: string }[] = [
  { name: "url", label: "Connection URL", finding: "host, port, database, login" },
  { name: "dns", label: "Name lookup", finding: "which address the host has" },
  { name: "tcp", label: "Connection", finding: "whether the port answers" },
  { name: "tls", label: "Encryption", finding: "certificate and name" },
  { name: "auth", label: "Login", finding: "login and password" },
  { name: "role", label: "Role", finding: "what it may read, whether it can write" },
  { name: "schema", label: "Steward's schema", finding: "whether it is there, which version" },
];

/** The checks with words for those that were not reached. */
export function withUpcoming(checks: readonly Check[]): Check[] {
  return checks.map((check) => {
    const isSilent = check.state === "waiting" && check.finding === "";
    const upcoming = isSilent ? UPCOMING_CHECKS.find((other) => other.name === check.name) : undefined;
    return upcoming ? { ...check, finding: upcoming.finding } : check;
  });
}
