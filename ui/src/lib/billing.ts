import type { InvoiceRow } from "@/api/generated/InvoiceRow";
import type { PaymentRow } from "@/api/generated/PaymentRow";
import type { Tone } from "@/components/icon";

/** The state of an invoice: an open one whose payment failed is in danger. */
export function invoiceStatus(row: InvoiceRow): { tone: Tone; word: string } {
  if (row.status === "open" && row.attempts > 0 && row.remaining.minor > 0) {
    return { tone: "danger", word: "Payment failed" };
  }
  const known: Record<string, { tone: Tone; word: string }> = {
    paid: { tone: "ok", word: "Paid" },
    open: { tone: "info", word: "Open" },
    draft: { tone: "neutral", word: "Draft" },
    uncollectible: { tone: "warning", word: "Written off" },
    void: { tone: "neutral", word: "Voided" },
  };
  return known[row.status ?? ""] ?? { tone: "neutral", word: row.status ?? "unknown" };
}

/** The state of a payment. */
export function paymentStatus(row: PaymentRow): { tone: Tone; word: string } {
  if (row.is_disputed) return { tone: "warning", word: "Disputed" };
  if (row.status === "failed") return { tone: "danger", word: "Failed" };
  if (row.status === "pending") return { tone: "info", word: "Pending" };
  if (row.refunded.minor >= row.amount.minor && row.amount.minor > 0)
    return { tone: "neutral", word: "Refunded" };
  return { tone: "ok", word: row.refunded.minor > 0 ? "Partly refunded" : "Succeeded" };
}

/** The state of a refund. */
export function refundStatus(status: string | null): { tone: Tone; word: string } {
  const known: Record<string, { tone: Tone; word: string }> = {
    succeeded: { tone: "ok", word: "Succeeded" },
    pending: { tone: "info", word: "Pending" },
    requires_action: { tone: "warning", word: "Needs action" },
    failed: { tone: "danger", word: "Failed" },
    canceled: { tone: "neutral", word: "Taken back" },
  };
  return known[status ?? ""] ?? { tone: "neutral", word: status ?? "unknown" };
}
