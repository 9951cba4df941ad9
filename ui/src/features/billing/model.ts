import type { BillingFigure } from "@/api/generated/BillingFigure";
import type { Drift } from "@/api/generated/Drift";
import type { DriftClass } from "@/api/generated/DriftClass";
import type { Money } from "@/api/generated/Money";
import type { Reconciliation } from "@/api/generated/Reconciliation";
import type { StripeStatus } from "@/api/generated/StripeStatus";
import type { Tone } from "@/components/icon";
import { shellWord } from "@/lib/actions";
import { countOf, formatMinute, formatNumber } from "@/lib/format";

/** The parts of the view. */
export const PARTS = ["invoices", "failing", "payments", "refunds", "reconciliation"] as const;

/** A part of the view. */
export type BillingPart = (typeof PARTS)[number];

/** What the parts are called. */
export const PART_LABELS: Record<BillingPart, string> = {
  invoices: "Invoices",
  failing: "Failed",
  payments: "Payments",
  refunds: "Refunds",
  reconciliation: "Reconciliation",
};

/** What the address says of billing. */
export interface BillingSearch {
  list?: BillingPart | undefined;
  search?: string | undefined;
  csv?: string | undefined;
  class?: DriftClass | undefined;
  row?: string | undefined;
}

/** One line about the state, under the title. */
export function billingLine(status: StripeStatus, zone: string): string {
  const link = status.link;
  const account = link
    ? (link.account_name ?? link.account ?? "an account that the key does not name")
    : null;
  const where =
    account && link ? `${account}, ${link.mode === "live" ? "live" : "sandbox"}` : "Not connected";
  if (status.is_pulling) {
    const at = status.parts.find((part) => part.words.startsWith("Reading"));
    return `${where} · reading ${at ? `${at.label.toLowerCase()}, ${formatNumber(at.rows_read ?? 0)} so far` : "Stripe"}`;
  }
  if (status.as_of) return `${where} · as of ${formatMinute(status.as_of, zone)}`;
  return link ? `${where} · not read yet` : where;
}

/** A figure for a tile: the largest currency in large, the others beside it. */
export function figureText(figure: BillingFigure): { figure: string; unit: string; rest: string } {
  const [first, ...others] = figure.amounts;
  const counted = countOf(
    figure.count,
    figure.name === "at_risk" || figure.name === "invoiced"
      ? "invoice"
      : figure.name === "refunded"
        ? "refund"
        : "payment",
  );
  if (!first) return { figure: "–", unit: "", rest: `no ${counted.replace(/^0 /, "")}` };
  const { amount, currency } = moneyParts(first);
  const more = others.map((money) => money.words).join(" + ");
  return { figure: amount, unit: currency, rest: more ? `+ ${more}` : counted };
}

/** Amount and currency apart, as Rust wrote them. */
export function moneyParts(money: Money): { amount: string; currency: string } {
  const suffix = ` ${money.currency}`;
  const isKnown = !money.words.includes(" units of ");
  return isKnown && money.words.endsWith(suffix)
    ? { amount: money.words.slice(0, -suffix.length), currency: money.currency }
    : { amount: money.words, currency: "" };
}

/** What was compared, in a sentence. */
export function comparedText(found: Reconciliation, zone: string): string {
  const there =
    found.file ?? (found.stripe_as_of ? `Stripe as of ${formatMinute(found.stripe_as_of, zone)}` : "Stripe");
  const by = found.by_hand > 0 ? `; ${formatNumber(found.by_hand)} here billed by hand` : "";
  return `${formatNumber(found.here)} open here, ${formatNumber(found.there)} running in ${there}. ${formatNumber(found.matched)} on both sides, ${formatNumber(found.clean)} without a difference${by}.`;
}

/** A key for a difference: at most one of a class for each pair. */
export const driftId = (row: Drift) =>
  `${row.class} ${row.subscription ?? ""} ${row.stripe_subscription ?? ""} ${row.stripe_customer ?? ""}`;

/** How grave a class is: money that is lost or taken twice first. */
export function driftTone(drift: DriftClass): Tone {
  return ["duplicate", "orphan", "missing_here", "missing_there"].includes(drift) ? "danger" : "warning";
}

/** The comparison on the command line. */
export function reconcileCommand(search: BillingSearch, workspace: string): string {
  return [
    "steward stripe reconcile",
    search.csv ? `--csv ${shellWord(search.csv)}` : "",
    search.class ? `--class ${search.class.replaceAll("_", "-")}` : "",
    `-w ${shellWord(workspace)}`,
  ]
    .filter(Boolean)
    .join(" ");
}
