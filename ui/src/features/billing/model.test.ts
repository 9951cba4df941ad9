import { describe, expect, it } from "vitest";
import type { BillingFigure } from "@/api/generated/BillingFigure";
import type { InvoiceRow } from "@/api/generated/InvoiceRow";
import type { Money } from "@/api/generated/Money";
import type { StripeStatus } from "@/api/generated/StripeStatus";
import { invoiceStatus } from "@/lib/billing";
import { billingLine, figureText, moneyParts, reconcileCommand } from "./model";

const money = (minor: number, words: string, currency = "EUR"): Money => ({ minor, currency, words });

const figure = (amounts: Money[], count = amounts.length): BillingFigure => ({
  name: "collected",
  label: "Collected",
  note: "",
  count,
  amounts,
});

const invoice = (change: Partial<InvoiceRow>): InvoiceRow => ({
  id: "in_1",
  number: null,
  account: null,
  customer: null,
  status: "open",
  total: money(2900, "29.00 EUR"),
  paid: money(0, "0.00 EUR"),
  remaining: money(2900, "29.00 EUR"),
  attempts: 0,
  next_attempt_at: null,
  failure: null,
  reason: null,
  created_at: "2026-11-01T00:00:00Z",
  due_at: null,
  paid_at: null,
  url: "",
  ...change,
});

const status = (change: Partial<StripeStatus>): StripeStatus => ({
  link: null,
  is_pulling: false,
  is_unfinished: false,
  as_of: null,
  began_at: null,
  parts: [],
  trouble: null,
  ...change,
});

describe("figures", () => {
  it("show one currency in large and never add another to it", () => {
    const text = figureText(figure([money(43500, "435.00 EUR"), money(18000, "18,000 JPY", "JPY")], 4));
    expect(text).toEqual({ figure: "435.00", unit: "EUR", rest: "+ 18,000 JPY" });
    expect(figureText(figure([money(43500, "435.00 EUR")], 4)).rest).toBe("4 payments");
  });

  it("say that there is nothing, not zero of a currency nobody named", () => {
    expect(figureText(figure([]))).toEqual({ figure: "–", unit: "", rest: "no payments" });
  });

  it("leave an amount of unknown digits as it came", () => {
    expect(moneyParts(money(1999, "1999 units of XXQ", "XXQ"))).toEqual({
      amount: "1999 units of XXQ",
      currency: "",
    });
  });
});

describe("states", () => {
  it("tell an open invoice from one whose payment failed", () => {
    expect(invoiceStatus(invoice({})).word).toBe("Open");
    expect(invoiceStatus(invoice({ attempts: 2 }))).toEqual({ tone: "danger", word: "Payment failed" });
    expect(invoiceStatus(invoice({ status: "disputed_somehow" })).word).toBe("disputed_somehow");
  });

  it("say whose data it is, and as of when", () => {
    expect(billingLine(status({}), "UTC")).toBe("Not connected");
    const link: StripeStatus["link"] = {
      masked: "rk_test_…4242",
      mode: "test",
      kind: "restricted",
      account: "acct_1",
      account_name: "Acme, Inc.",
      rights: [],
      connected_at: "2026-11-01T00:00:00Z",
    };
    expect(billingLine(status({ link }), "UTC")).toBe("Acme, Inc., sandbox · not read yet");
    expect(billingLine(status({ link, as_of: "2026-11-21T14:02:11Z" }), "UTC")).toBe(
      "Acme, Inc., sandbox · as of 2026-11-21 14:02",
    );
    const part = {
      part: "payments" as const,
      label: "Payments",
      rows: 0,
      rows_read: 1200,
      words: "Reading, 1200 read",
    };
    expect(billingLine(status({ link, is_pulling: true, parts: [part] }), "UTC")).toBe(
      "Acme, Inc., sandbox · reading payments, 1,200 so far",
    );
  });
});

it("names the same comparison on the command line", () => {
  expect(reconcileCommand({ csv: "/tmp/a b.csv", class: "missing_here" }, "acme")).toBe(
    "steward stripe reconcile --csv '/tmp/a b.csv' --class missing-here -w acme",
  );
});
