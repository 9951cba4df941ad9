//! The rows of the copy, each as one object of Stripe says it.
//!
//! Amounts are ISO 4217 minor units, currencies capital letters, instants UTC. What Stripe may leave out is
//! optional here, and stays unknown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::pull::Part;

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it is offered.
    pub is_active: bool,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Id.
    pub id: String,
    /// Product.
    pub product: Option<String>,
    /// Currency.
    pub currency: String,
    /// Of one unit, exactly, as a decimal or a fraction `n/d` of minor units; none where it has steps.
    pub unit_amount: Option<String>,
    /// `day`, `week`, `month`, `year`; none where it is charged once.
    pub interval: Option<String>,
    /// How many of them lie between two invoices.
    pub interval_count: u32,
    /// Whether the quantity is measured use.
    pub is_metered: bool,
    /// Whether its amount depends on the quantity in steps.
    pub is_tiered: bool,
    /// Whether it is offered.
    pub is_active: bool,
}

/// What a discount takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Percent, exactly as written.
    pub percent_off: Option<String>,
    /// Minor units off each invoice.
    pub amount_off: Option<i64>,
    /// Currency of the amount.
    pub currency: Option<String>,
    /// `forever`, `once`, `repeating`.
    pub duration: String,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Id.
    pub id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Currency of invoices; none before the first.
    pub currency: Option<String>,
    /// What the next invoice is reduced by (below zero) or raised by.
    pub balance: i64,
    /// Whether the last invoice is unpaid.
    pub is_delinquent: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A discount on a subscription or an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// What it takes off; none where only the discount's id was told.
    pub coupon: Option<String>,
    /// When it ends; none is never.
    pub end: Option<DateTime<Utc>>,
}

/// A line of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Id.
    pub id: String,
    /// Its price; none where Stripe names none.
    pub price: Option<Price>,
    /// Units; none where they are measured.
    pub quantity: Option<u64>,
    /// Start of the current period.
    pub period_start: Option<DateTime<Utc>>,
    /// First instant after it.
    pub period_end: Option<DateTime<Utc>>,
    /// Discounts of this line.
    pub discounts: Vec<Discount>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Id.
    pub id: String,
    /// Customer.
    pub customer: String,
    /// `incomplete`, `incomplete_expired`, `trialing`, `active`, `past_due`, `canceled`, `unpaid`, `paused`, or
    /// what Stripe adds.
    pub status: String,
    /// Currency.
    pub currency: String,
    /// Whether invoices are held back for now.
    pub is_collection_paused: bool,
    /// Whether it ends with its period.
    pub cancel_at_period_end: bool,
    /// When it will end.
    pub cancel_at: Option<DateTime<Utc>>,
    /// When its end was asked for.
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// End of the trial.
    pub trial_end: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Every line.
    pub items: Vec<Item>,
    /// Discounts of the whole.
    pub discounts: Vec<Discount>,
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Id.
    pub id: String,
    /// Number on the paper; none while it is a draft.
    pub number: Option<String>,
    /// Customer.
    pub customer: Option<String>,
    /// The subscription it is for.
    pub subscription: Option<String>,
    /// `draft`, `open`, `paid`, `uncollectible`, `void`.
    pub status: Option<String>,
    /// Currency.
    pub currency: String,
    /// The whole, with tax and after discounts.
    pub total: i64,
    /// What is to be paid.
    pub amount_due: i64,
    /// What was paid.
    pub amount_paid: i64,
    /// What is still to be paid.
    pub amount_remaining: i64,
    /// Attempts to take the payment.
    pub attempts: u32,
    /// When the next attempt is made.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it was made, for example `subscription_cycle`.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is to be paid, where it is sent.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
}

/// Which payment was for which invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicePayment {
    /// Id.
    pub id: String,
    /// Invoice.
    pub invoice: String,
    /// The payment's intent.
    pub intent: Option<String>,
    /// The payment, for those without an intent.
    pub charge: Option<String>,
    /// `open`, `paid`, `canceled`.
    pub status: String,
}

/// An attempt to take money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Id.
    pub id: String,
    /// Its intent; attempts for one purchase share it.
    pub intent: Option<String>,
    /// Customer.
    pub customer: Option<String>,
    /// Currency.
    pub currency: String,
    /// Asked for.
    pub amount: i64,
    /// Given back.
    pub refunded: i64,
    /// `succeeded`, `pending`, `failed`.
    pub status: String,
    /// Whether the customer disputes it.
    pub is_disputed: bool,
    /// Why it failed, as a code, for example `card_declined`.
    pub failure_code: Option<String>,
    /// Why it failed, in words.
    pub failure: Option<String>,
    /// How it was paid, for example `visa •••• 4242`.
    pub method: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Id.
    pub id: String,
    /// The payment.
    pub charge: Option<String>,
    /// Currency.
    pub currency: String,
    /// How much.
    pub amount: i64,
    /// `pending`, `requires_action`, `succeeded`, `failed`, `canceled`.
    pub status: Option<String>,
    /// Why, for example `requested_by_customer`.
    pub reason: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Some rows of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the list of its name")]
pub enum Rows {
    Refunds(Vec<Refund>),
    Payments(Vec<Payment>),
    InvoicePayments(Vec<InvoicePayment>),
    Invoices(Vec<Invoice>),
    Subscriptions(Vec<Subscription>),
    Customers(Vec<Customer>),
    Coupons(Vec<Coupon>),
    Prices(Vec<Price>),
    Products(Vec<Product>),
}

impl Rows {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Refunds(rows) => rows.len(),
            Self::Payments(rows) => rows.len(),
            Self::InvoicePayments(rows) => rows.len(),
            Self::Invoices(rows) => rows.len(),
            Self::Subscriptions(rows) => rows.len(),
            Self::Customers(rows) => rows.len(),
            Self::Coupons(rows) => rows.len(),
            Self::Prices(rows) => rows.len(),
            Self::Products(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The list they are of.
    #[must_use]
    pub fn part(&self) -> Part {
        match self {
            Self::Refunds(_) => Part::Refunds,
            Self::Payments(_) => Part::Payments,
            Self::InvoicePayments(_) => Part::InvoicePayments,
            Self::Invoices(_) => Part::Invoices,
            Self::Subscriptions(_) => Part::Subscriptions,
            Self::Customers(_) => Part::Customers,
            Self::Coupons(_) => Part::Coupons,
            Self::Prices(_) => Part::Prices,
            Self::Products(_) => Part::Products,
        }
    }
}
