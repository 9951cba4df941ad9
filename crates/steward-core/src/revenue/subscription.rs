//! A subscription as the sequence of its terms.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "SubscriptionStatus")]
pub enum Status {
    /// Not yet paying.
    Trialing,
    /// Paying.
    Active,
    /// The last payment failed and is being tried again.
    PastDue,
    /// Payment was given up; the subscription was left open.
    Unpaid,
    /// Suspended on request.
    Paused,
    /// Over.
    Canceled,
}

impl Status {
    /// Reads the contract's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "trialing" => Self::Trialing,
            "active" => Self::Active,
            "past_due" => Self::PastDue,
            "unpaid" => Self::Unpaid,
            "paused" => Self::Paused,
            "canceled" => Self::Canceled,
            _ => return None,
        })
    }
}

/// The unit of a billing interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "BillingInterval")]
pub enum Interval {
    /// Calendar days.
    Day,
    /// Seven days.
    Week,
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
}

impl Interval {
    /// Reads the contract's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }
}

/// One line of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Price of one unit per billing interval, in minor units, without tax; providers have prices below a cent.
    pub unit_amount: Ratio<i128>,
    /// How many units.
    pub quantity: u32,
    /// Unit of the billing interval.
    pub interval: Interval,
    /// How many of the unit lie between two invoices.
    pub interval_count: u32,
    /// Whether the quantity is measured use, known only afterwards.
    pub is_metered: bool,
}

impl Item {
    /// A line that is paid for whether it is used or not, at whole minor units.
    #[must_use]
    pub fn licensed(unit_minor: i64, quantity: u32, interval: Interval, interval_count: u32) -> Self {
        let unit_amount = Ratio::from_integer(i128::from(unit_minor));
        Self { unit_amount, quantity, interval, interval_count, is_metered: false }
    }
}

/// How long a discount lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiscountEnd {
    /// It has none.
    Forever,
    /// It applies before this instant.
    Until(DateTime<Utc>),
    /// It applies to one invoice, whose period ends at this instant.
    OneInvoice(DateTime<Utc>),
}

/// What a discount takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiscountValue {
    /// A share of the price, between 0 and 1.
    Share(Ratio<i128>),
    /// Minor units off each invoice; never more than the invoice.
    Minor(Ratio<i128>),
}

/// A discount on the whole subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Discount {
    /// What it takes off.
    pub value: DiscountValue,
    /// How long it lasts.
    pub end: DiscountEnd,
}

/// Where a price comes from: how far a number made of it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PriceSource {
    /// Billed at Stripe, and written down with the subscription.
    Billed,
    /// Agreed, and written down with the subscription.
    #[default]
    Agreed,
    /// Today's price of the plan: what was charged earlier may have been another.
    List,
    /// Nowhere: it is worth nothing here, which is told apart from being free.
    Unknown,
}

/// What was agreed, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Code of the plan.
    pub plan: String,
    /// Where the subscription stood.
    pub status: Status,
    /// Every line; never only the first.
    pub items: Vec<Item>,
    /// Discounts in the order they are taken off.
    pub discounts: Vec<Discount>,
    /// Where the prices of the lines come from.
    pub price: PriceSource,
}

impl Terms {
    /// Seats: the units of its licensed items. What is metered is used, not seated.
    #[must_use]
    pub fn seats(&self) -> u32 {
        let licensed = self.items.iter().filter(|item| !item.is_metered);
        licensed.fold(0, |seats, item| seats.saturating_add(item.quantity))
    }
}

/// Terms and since when they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// First instant of these terms.
    pub from: DateTime<Utc>,
    /// The terms; subscriptions on the same terms share them.
    pub terms: Arc<Terms>,
}

/// A subscription with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// The user or team who pays; several subscriptions of one holder are one customer.
    pub customer: Uuid,
    /// ISO 4217 code; a subscription never changes it.
    pub currency: String,
    /// Its terms in order of time.
    pub steps: Vec<Step>,
    /// When its cancellation was asked for, if it was and was not taken back.
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// End of the last period that was invoiced.
    pub period_end: Option<DateTime<Utc>>,
}

impl Subscription {
    /// The terms in force at an instant; none before the first.
    #[must_use]
    pub fn terms_at(&self, instant: DateTime<Utc>) -> Option<&Arc<Terms>> {
        let after = self.steps.partition_point(|step| step.from <= instant);
        after.checked_sub(1).map(|at| &self.steps[at].terms)
    }

    /// The terms that held last before it was over: what a period that was paid for is worth after an early end.
    pub(super) fn last_open_terms(&self) -> Option<&Arc<Terms>> {
        self.steps.iter().rev().map(|step| &step.terms).find(|terms| terms.status != Status::Canceled)
    }
}
