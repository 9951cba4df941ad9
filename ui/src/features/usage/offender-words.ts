import type { Evidence } from "@/api/generated/Evidence";
import type { Tone } from "@/components/icon";
import { formatNumber } from "@/lib/format";

/** What an account is listed for, in words. */
export interface OffenderText {
  amount: string;
  base: string;
  percent: string;
  state: string;
  tone: Tone;
}

const share = (part: number, whole: number) => (whole > 0 ? formatNumber((part / whole) * 100, 1) : "n/a");

/** What an account is listed for, in words. */
export function offenderText(evidence: Evidence): OffenderText {
  switch (evidence.of) {
    case "limit": {
      const used = evidence.used ?? 0;
      const isHard = evidence.kind === "hard";
      return {
        amount: formatNumber(used),
        base: evidence.limit === null ? "Unlimited" : formatNumber(evidence.limit),
        percent: evidence.limit === null ? "n/a" : share(used, evidence.limit),
        state: evidence.is_over ? (isHard ? "Refused" : "Warned") : "Near",
        tone: evidence.is_over && isHard ? "danger" : "warning",
      };
    }
    case "errors":
      return words(evidence.errors, evidence.events, share(evidence.errors, evidence.events));
    case "refusals":
      return words(evidence.hits, evidence.events, share(evidence.hits, evidence.events));
    case "rise":
      return words(
        evidence.current,
        evidence.previous,
        formatNumber(evidence.current / evidence.previous, 1),
      );
  }
}

function words(amount: number, base: number, percent: string): OffenderText {
  return {
    amount: formatNumber(amount),
    base: formatNumber(base),
    percent,
    state: "",
    tone: "warning",
  };
}
