//! `stripe_status`, `stripe_reconcile`, `billing_show`, `invoice_list`, `payment_list`, `refund_list`: what is asked
//! about billing, and answered from the copy.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Part;
use super::key::{Kind, Mode};
use super::reconcile::{Drift, DriftClass, Holder, NotCompared};
use crate::freshness::Freshness;
use crate::period::{Period, RangeSpec};

/// Money in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Money {
    /// Minor units of ISO 4217.
    pub minor: i64,
    /// Currency.
    pub currency: String,
    /// The same in words; currencies whose digits nobody knows are written as they came.
    pub words: String,
}

impl Money {
    /// An amount with its words.
    #[must_use]
    pub fn new(minor: i64, currency: impl Into<String>) -> Self {
        let currency = currency.into();
        Self { words: super::currency::words(minor, &currency), minor, currency }
    }
}

/// How the workspace is connected to Stripe. The key itself is in the keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripeLink {
    /// The key as it may be shown.
    pub masked: String,
    /// Whose money it moves.
    pub mode: Mode,
    /// How much it may do.
    pub kind: Kind,
    /// The account; none where the key may not say it.
    pub account: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
    /// What the key may read, and what it may not.
    pub rights: Vec<StripeRight>,
    /// When it was connected.
    pub connected_at: DateTime<Utc>,
}

/// Whether a key may read a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripeRight {
    /// The list.
    pub part: Part,
    /// What people call it.
    pub label: String,
    /// The right as Stripe calls it.
    pub right: String,
    /// Whether the key has it.
    pub may_read: bool,
}

/// One list of Stripe's in the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripePartStatus {
    /// The list.
    pub part: Part,
    /// What people call it.
    pub label: String,
    /// Rows in the copy.
    pub rows: u64,
    /// Rows read by the reading under way; none while it is not at it yet, or nothing runs.
    pub rows_read: Option<u64>,
    /// Its state in words.
    pub words: String,
}

/// How the copy of Stripe's data stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripeStatus {
    /// The connection; none where there is none.
    pub link: Option<StripeLink>,
    /// Whether this Steward reads now.
    pub is_pulling: bool,
    /// Whether a reading was begun and not ended: the next goes on with it.
    pub is_unfinished: bool,
    /// Everything Stripe had at this moment is in the copy; none before the first whole reading.
    pub as_of: Option<DateTime<Utc>>,
    /// When the reading under way began.
    pub began_at: Option<DateTime<Utc>>,
    /// The lists, in the order they are read in.
    pub parts: Vec<StripePartStatus>,
    /// Why the last reading of this Steward broke off, as a sentence with its next step.
    pub trouble: Option<String>,
}

/// What a reading did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripePullRes {
    /// The copy is as of this moment.
    pub as_of: DateTime<Utc>,
    /// Rows read.
    pub rows_read: u64,
    /// Rows that are others now, removed ones included.
    pub rows_changed: u64,
    /// Whether it went on with one that was interrupted.
    pub was_resumed: bool,
    /// Times Stripe asked to wait, and was waited for.
    pub waits: u32,
    /// Lists the key may not read.
    pub refused: Vec<Part>,
}

/// Connects the workspace to Stripe. The key goes to the keyring and nowhere else.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StripeConnectReq {
    /// A restricted key with read rights, or a secret key.
    pub key: String,
}

impl std::fmt::Debug for StripeConnectReq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeConnectReq").finish_non_exhaustive()
    }
}

/// What is compared.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct StripeReconcileReq {
    /// Path of a table of subscriptions exported from Stripe; none for what was read through its API.
    pub csv: Option<String>,
    /// Only this class.
    pub class: Option<DriftClass>,
    /// Differences wanted, 1 to 10,000; 0 means 1,000. All are counted.
    pub limit: u32,
}

/// Differences of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DriftCount {
    /// The class.
    pub class: DriftClass,
    /// What people call it.
    pub label: String,
    /// How many.
    pub rows: u64,
}

/// Here against there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reconciliation {
    /// How fresh this side is.
    pub freshness: Freshness,
    /// When Stripe's side was read; none for a file, which does not say.
    pub stripe_as_of: Option<DateTime<Utc>>,
    /// Name of the file, where one was compared with.
    pub file: Option<String>,
    /// Open subscriptions here.
    pub here: u64,
    /// Subscriptions that run at Stripe.
    pub there: u64,
    /// Found on both sides.
    pub matched: u64,
    /// Of these, without any difference.
    pub clean: u64,
    /// Open here and billed by hand.
    pub by_hand: u64,
    /// Every class with its number, those with none included.
    pub classes: Vec<DriftCount>,
    /// Differences in all, of the class asked for.
    pub total: u64,
    /// The differences.
    pub rows: Vec<Drift>,
    /// What could not be compared, and why.
    pub not_compared: Vec<NotCompared>,
}

/// Which days.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BillingReq {
    /// `24h`, `30d`, `2026-10`, `2026-10-01..2026-10-31`.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// IANA zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
}

/// One figure, in each currency apart: they are never added together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BillingFigure {
    /// Stable name: `invoiced`, `collected`, `failed`, `refunded`, `at_risk`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it counts, as a sentence.
    pub note: String,
    /// How many invoices, payments or refunds.
    pub count: u64,
    /// By currency, the one with the most rows first.
    pub amounts: Vec<Money>,
}

/// Invoices, payments, refunds in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Billing {
    /// How fresh Stripe's side is.
    pub freshness: Freshness,
    /// Whether there is a connection.
    pub is_connected: bool,
    /// The days; none before the first reading.
    pub period: Option<Period>,
    /// The figures.
    pub figures: Vec<BillingFigure>,
}

/// Which invoices.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct InvoiceListReq {
    /// Only of this account: a user by id or e-mail address.
    pub account: Option<String>,
    /// Only whose number, id, customer or address holds this.
    pub search: Option<String>,
    /// Only with this status.
    pub status: Option<String>,
    /// Only open ones whose payment was tried and failed.
    pub is_failing: bool,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted; 0 means 200.
    pub limit: u32,
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InvoiceRow {
    /// Id at Stripe.
    pub id: String,
    /// Number on the paper.
    pub number: Option<String>,
    /// Who it is for; none where nobody here is the customer.
    pub account: Option<Holder>,
    /// How Stripe knows the customer.
    pub customer: Option<String>,
    /// Status.
    pub status: Option<String>,
    /// The whole.
    pub total: Money,
    /// What was paid.
    pub paid: Money,
    /// What is still to be paid.
    pub remaining: Money,
    /// Attempts to take the payment.
    pub attempts: u32,
    /// When the next is made; none where none is planned.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
    /// Why it was made, in words.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is to be paid.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// Its page at Stripe.
    pub url: String,
}

/// Invoices, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InvoiceList {
    /// How fresh Stripe's side is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<InvoiceRow>,
    /// How many match in all; told with the first page.
    pub total: Option<u64>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

/// Which payments.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct PaymentListReq {
    /// Only of this account: a user by id or e-mail address.
    pub account: Option<String>,
    /// Only whose id, customer or address holds this.
    pub search: Option<String>,
    /// Only with this status: `succeeded`, `pending`, `failed`.
    pub status: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted; 0 means 200.
    pub limit: u32,
}

/// An attempt to take money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PaymentRow {
    /// Id at Stripe.
    pub id: String,
    /// Who paid; none where nobody here is the customer.
    pub account: Option<Holder>,
    /// How Stripe knows the customer.
    pub customer: Option<String>,
    /// Number of the invoice it was for.
    pub invoice: Option<String>,
    /// How much.
    pub amount: Money,
    /// Given back of it.
    pub refunded: Money,
    /// Status.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// How it was paid.
    pub method: Option<String>,
    /// Whether the customer disputes it.
    pub is_disputed: bool,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Its page at Stripe.
    pub url: String,
}

/// Payments, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PaymentList {
    /// How fresh Stripe's side is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<PaymentRow>,
    /// How many match in all; told with the first page.
    pub total: Option<u64>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

/// Which refunds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct RefundListReq {
    /// Only of this account: a user by id or e-mail address.
    pub account: Option<String>,
    /// Only whose id, payment, customer or address holds this.
    pub search: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted; 0 means 200.
    pub limit: u32,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RefundRow {
    /// Id at Stripe.
    pub id: String,
    /// Who got it; none where nobody here is the customer.
    pub account: Option<Holder>,
    /// How Stripe knows the customer.
    pub customer: Option<String>,
    /// The payment it is of.
    pub payment: Option<String>,
    /// How much.
    pub amount: Money,
    /// How much the payment was.
    pub payment_amount: Option<Money>,
    /// Status.
    pub status: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The payment's page at Stripe.
    pub url: Option<String>,
}

/// Refunds, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RefundList {
    /// How fresh Stripe's side is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<RefundRow>,
    /// How many match in all; told with the first page.
    pub total: Option<u64>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}
