//! Stripe's objects as they travel, as far as they are read, and how each becomes a row of the copy.

use chrono::{DateTime, Utc};
use num_rational::Ratio;
use serde::Deserialize;
use serde::de::IgnoredAny;
use steward_core::revenue::amount;
use steward_core::stripe::{currency, record};
use steward_core::{Error, Result};

/// A reference: an id, or where it was expanded, the object itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    fn id(self) -> String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

fn id(reference: Option<Reference>) -> Option<String> {
    reference.map(Reference::id)
}

fn code(currency: &str) -> String {
    currency.to_ascii_uppercase()
}

fn instant(what: &str, seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| {
        Error::internal("Stripe names an instant that no calendar reaches.")
            .with_detail(format!("{what}: {seconds}"))
    })
}

fn maybe(what: &str, seconds: Option<i64>) -> Result<Option<DateTime<Utc>>> {
    seconds.map(|seconds| instant(what, seconds)).transpose()
}

fn minor(object: &str, amount: i64, currency: &str) -> Result<i64> {
    currency::minor(amount, currency).map_err(|error| error.with_detail(object.to_owned()))
}

#[derive(Debug, Deserialize)]
pub(super) struct Product {
    id: String,
    name: String,
    active: bool,
}

impl Product {
    pub(super) fn record(self) -> Result<record::Product> {
        Ok(record::Product { id: self.id, name: self.name, is_active: self.active })
    }
}

#[derive(Debug, Deserialize)]
struct Recurring {
    interval: String,
    interval_count: u32,
    usage_type: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Price {
    id: String,
    product: Option<Reference>,
    currency: String,
    unit_amount: Option<i64>,
    unit_amount_decimal: Option<String>,
    billing_scheme: Option<String>,
    recurring: Option<Recurring>,
    #[serde(default)]
    active: bool,
}

impl Price {
    pub(super) fn record(self) -> Result<record::Price> {
        let currency = code(&self.currency);
        let exact = match (&self.unit_amount_decimal, self.unit_amount) {
            (Some(text), _) => Some(decimal(&self.id, text)?),
            (None, Some(amount)) => Some(Ratio::from_integer(i128::from(amount))),
            (None, None) => None,
        };
        let is_tiered = self.billing_scheme.as_deref() == Some("tiered");
        let unit_amount =
            exact.filter(|_| !is_tiered).map(|amount| currency::exact(amount, &currency).to_string());
        let (interval, interval_count, is_metered) = match self.recurring {
            Some(recurring) => {
                let is_metered = recurring.usage_type.as_deref() == Some("metered");
                (Some(recurring.interval), recurring.interval_count, is_metered)
            }
            None => (None, 1, false),
        };
        Ok(record::Price {
            id: self.id,
            product: id(self.product),
            currency,
            unit_amount,
            interval,
            interval_count,
            is_metered,
            is_tiered,
            is_active: self.active,
        })
    }
}

/// A decimal with up to twelve digits behind the point, exactly.
fn decimal(object: &str, text: &str) -> Result<Ratio<i128>> {
    let wrong = || {
        Error::internal("Stripe names an amount that is no decimal.").with_detail(format!("{object}: {text}"))
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() > 20 || fraction.len() > 12 {
        return Err(wrong());
    }
    amount::decimal(text).ok_or_else(wrong)
}

#[derive(Debug, Deserialize)]
pub(super) struct Coupon {
    id: String,
    name: Option<String>,
    percent_off: Option<serde_json::Number>,
    amount_off: Option<i64>,
    currency: Option<String>,
    duration: String,
}

impl Coupon {
    pub(super) fn record(self) -> Result<record::Coupon> {
        let currency = self.currency.as_deref().map(code);
        let amount_off = match (self.amount_off, &currency) {
            (Some(amount), Some(currency)) => Some(minor(&self.id, amount, currency)?),
            (amount, _) => amount,
        };
        Ok(record::Coupon {
            // The digits as they were written: a percentage of 25.5 has no binary form.
            percent_off: self.percent_off.map(|percent| percent.to_string()),
            id: self.id,
            name: self.name,
            amount_off,
            currency,
            duration: self.duration,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    id: String,
    email: Option<String>,
    name: Option<String>,
    currency: Option<String>,
    #[serde(default)]
    balance: i64,
    #[serde(default)]
    delinquent: Option<bool>,
    created: i64,
}

impl Customer {
    pub(super) fn record(self) -> Result<record::Customer> {
        let currency = self.currency.as_deref().map(code);
        Ok(record::Customer {
            balance: match &currency {
                Some(currency) => minor(&self.id, self.balance, currency)?,
                None => self.balance,
            },
            created_at: instant(&self.id, self.created)?,
            id: self.id,
            email: self.email,
            name: self.name,
            currency,
            is_delinquent: self.delinquent.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Deserialize)]
struct DiscountSource {
    coupon: Option<Reference>,
}

/// A discount; where it was not expanded, its id alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Discount {
    Id(#[expect(dead_code, reason = "only that there is one is told")] String),
    Object { end: Option<i64>, source: Option<DiscountSource> },
}

impl Discount {
    fn record(self) -> Result<record::Discount> {
        Ok(match self {
            Self::Id(_) => record::Discount { coupon: None, end: None },
            Self::Object { end, source } => record::Discount {
                coupon: id(source.and_then(|source| source.coupon)),
                end: maybe("discount", end)?,
            },
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) id: String,
    price: Option<Price>,
    quantity: Option<u64>,
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
    #[serde(default)]
    discounts: Vec<Discount>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Items {
    pub(super) data: Vec<Item>,
    #[serde(default)]
    pub(super) has_more: bool,
}

impl Item {
    fn record(self) -> Result<record::Item> {
        Ok(record::Item {
            period_start: maybe(&self.id, self.current_period_start)?,
            period_end: maybe(&self.id, self.current_period_end)?,
            price: self.price.map(Price::record).transpose()?,
            quantity: self.quantity,
            discounts: self.discounts.into_iter().map(Discount::record).collect::<Result<_>>()?,
            id: self.id,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Subscription {
    pub(super) id: String,
    customer: Reference,
    status: String,
    currency: String,
    pause_collection: Option<IgnoredAny>,
    #[serde(default)]
    cancel_at_period_end: bool,
    cancel_at: Option<i64>,
    canceled_at: Option<i64>,
    ended_at: Option<i64>,
    start_date: Option<i64>,
    trial_end: Option<i64>,
    created: i64,
    pub(super) items: Items,
    #[serde(default)]
    discounts: Vec<Discount>,
}

impl Subscription {
    pub(super) fn record(self) -> Result<record::Subscription> {
        let object = self.id.as_str();
        Ok(record::Subscription {
            is_collection_paused: self.pause_collection.is_some(),
            cancel_at: maybe(object, self.cancel_at)?,
            canceled_at: maybe(object, self.canceled_at)?,
            ended_at: maybe(object, self.ended_at)?,
            started_at: maybe(object, self.start_date)?,
            trial_end: maybe(object, self.trial_end)?,
            created_at: instant(object, self.created)?,
            customer: self.customer.id(),
            status: self.status,
            currency: code(&self.currency),
            cancel_at_period_end: self.cancel_at_period_end,
            items: self.items.data.into_iter().map(Item::record).collect::<Result<_>>()?,
            discounts: self.discounts.into_iter().map(Discount::record).collect::<Result<_>>()?,
            id: self.id,
        })
    }
}

#[derive(Debug, Deserialize)]
struct SubscriptionDetails {
    subscription: Option<Reference>,
}

#[derive(Debug, Deserialize)]
struct InvoiceParent {
    subscription_details: Option<SubscriptionDetails>,
}

#[derive(Debug, Default, Deserialize)]
struct InvoiceTransitions {
    paid_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Invoice {
    id: String,
    number: Option<String>,
    customer: Option<Reference>,
    parent: Option<InvoiceParent>,
    status: Option<String>,
    currency: String,
    total: i64,
    amount_due: i64,
    amount_paid: i64,
    amount_remaining: i64,
    #[serde(default)]
    attempt_count: u32,
    next_payment_attempt: Option<i64>,
    billing_reason: Option<String>,
    created: i64,
    due_date: Option<i64>,
    #[serde(default)]
    status_transitions: InvoiceTransitions,
}

impl Invoice {
    pub(super) fn record(self) -> Result<record::Invoice> {
        let currency = code(&self.currency);
        let object = self.id.as_str();
        let amount = |amount: i64| minor(object, amount, &currency);
        Ok(record::Invoice {
            total: amount(self.total)?,
            amount_due: amount(self.amount_due)?,
            amount_paid: amount(self.amount_paid)?,
            amount_remaining: amount(self.amount_remaining)?,
            next_attempt_at: maybe(object, self.next_payment_attempt)?,
            created_at: instant(object, self.created)?,
            due_at: maybe(object, self.due_date)?,
            paid_at: maybe(object, self.status_transitions.paid_at)?,
            number: self.number,
            customer: id(self.customer),
            subscription: id({ self.parent }
                .and_then(|parent| parent.subscription_details)
                .and_then(|details| details.subscription)),
            status: self.status,
            attempts: self.attempt_count,
            reason: self.billing_reason,
            currency,
            id: self.id,
        })
    }
}

#[derive(Debug, Deserialize)]
struct PaidBy {
    payment_intent: Option<Reference>,
    charge: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InvoicePayment {
    id: String,
    invoice: Reference,
    payment: Option<PaidBy>,
    status: String,
}

impl InvoicePayment {
    pub(super) fn record(self) -> Result<record::InvoicePayment> {
        let (intent, charge) =
            self.payment.map_or((None, None), |payment| (id(payment.payment_intent), id(payment.charge)));
        Ok(record::InvoicePayment {
            id: self.id,
            invoice: self.invoice.id(),
            intent,
            charge,
            status: self.status,
        })
    }
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: Option<String>,
    last4: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Method {
    #[serde(rename = "type")]
    kind: String,
    card: Option<Card>,
}

impl Method {
    fn words(self) -> String {
        match self.card {
            Some(Card { brand: Some(brand), last4: Some(last4) }) => format!("{brand} •••• {last4}"),
            _ => self.kind.replace('_', " "),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    id: String,
    payment_intent: Option<Reference>,
    customer: Option<Reference>,
    currency: String,
    amount: i64,
    #[serde(default)]
    amount_refunded: i64,
    status: String,
    #[serde(default)]
    disputed: bool,
    failure_code: Option<String>,
    failure_message: Option<String>,
    payment_method_details: Option<Method>,
    created: i64,
}

impl Charge {
    pub(super) fn record(self) -> Result<record::Payment> {
        let currency = code(&self.currency);
        Ok(record::Payment {
            amount: minor(&self.id, self.amount, &currency)?,
            refunded: minor(&self.id, self.amount_refunded, &currency)?,
            created_at: instant(&self.id, self.created)?,
            intent: id(self.payment_intent),
            customer: id(self.customer),
            status: self.status,
            is_disputed: self.disputed,
            failure_code: self.failure_code,
            failure: self.failure_message,
            method: self.payment_method_details.map(Method::words),
            currency,
            id: self.id,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    id: String,
    charge: Option<Reference>,
    currency: String,
    amount: i64,
    status: Option<String>,
    reason: Option<String>,
    created: i64,
}

impl Refund {
    pub(super) fn record(self) -> Result<record::Refund> {
        let currency = code(&self.currency);
        Ok(record::Refund {
            amount: minor(&self.id, self.amount, &currency)?,
            created_at: instant(&self.id, self.created)?,
            charge: id(self.charge),
            status: self.status,
            reason: self.reason,
            currency,
            id: self.id,
        })
    }
}
