//! The two sides, as far as they are compared.

use chrono::{DateTime, TimeDelta, Utc};
use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::super::currency;
use crate::find::FindKind;

/// Who holds a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "BillingAccount")]
pub struct Holder {
    /// A user or a team.
    pub kind: FindKind,
    /// Id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// E-mail address or name.
    pub label: String,
}

/// A price for one unit and interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitAmount {
    /// Exactly so many minor units.
    Exact(Ratio<i128>),
    /// In steps: it depends on the quantity.
    Tiered,
    /// Not said.
    Unknown,
}

/// What a discount takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reduction {
    /// Percent.
    Percent(Ratio<i128>),
    /// Minor units.
    Minor(Ratio<i128>),
}

/// A discount as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineDiscount {
    /// It takes this off.
    Known(Reduction),
    /// It is there, and what it takes off was not said.
    Unknown,
}

/// A subscription of the company's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Id.
    pub id: Uuid,
    /// Who holds it.
    pub holder: Holder,
    /// Plan.
    pub plan_code: String,
    /// Status.
    pub status: String,
    /// `month` or `year`.
    pub interval: String,
    /// How many of them lie between two invoices.
    pub interval_count: u32,
    /// Seats.
    pub quantity: u64,
    /// Agreed price of one seat; none is the plan's.
    pub unit_amount: Option<i64>,
    /// Currency.
    pub currency: String,
    /// Discount that holds now.
    pub discount: Option<Reduction>,
    /// End of the current period.
    pub period_end: Option<DateTime<Utc>>,
    /// Whether it ends with it.
    pub cancel_at_period_end: bool,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its id at Stripe.
    pub stripe_subscription: Option<String>,
    /// The holder's customer at Stripe.
    pub stripe_customer: Option<String>,
    /// What the plan costs by its list, at this interval; none where it is not sold so.
    pub list_amount: Option<i64>,
}

impl Ours {
    /// Whether it goes on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none() && self.status != "canceled"
    }

    /// The price of one seat, agreed or by the list.
    #[must_use]
    pub fn unit(&self) -> Option<i64> {
        self.unit_amount.or(self.list_amount.filter(|_| self.interval_count == 1))
    }

    /// Whether money is due for it now.
    #[must_use]
    pub fn is_paying(&self) -> bool {
        matches!(self.status.as_str(), "active" | "past_due") && self.unit().is_some_and(|unit| unit > 0)
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let price = self.unit().map_or_else(String::new, |unit| {
            format!(
                ", {}",
                super::compare::per_interval(unit, &self.currency, &self.interval, self.interval_count)
            )
        });
        format!("{} · {}{price} × {}", self.plan_code, self.status, self.quantity)
    }
}

/// A line of a subscription at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Price; none where Stripe names none.
    pub price: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// What people call product or price, where it is known.
    pub name: Option<String>,
    /// Price of one unit.
    pub unit: UnitAmount,
    /// `day`, `week`, `month`, `year`; none where it was not said.
    pub interval: Option<String>,
    /// How many of them lie between two invoices.
    pub interval_count: u32,
    /// Units; none where they were not said.
    pub quantity: Option<u64>,
    /// Whether the quantity is measured use.
    pub is_metered: bool,
}

/// A subscription at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// Id.
    pub id: String,
    /// Customer; none where a table does not say.
    pub customer: Option<String>,
    /// Customer's e-mail address or name.
    pub label: Option<String>,
    /// Status.
    pub status: String,
    /// Currency.
    pub currency: String,
    /// Whether invoices are held back.
    pub is_collection_paused: bool,
    /// Whether it ends with its period; none where it was not said.
    pub ends_with_period: Option<bool>,
    /// First instant after the current period.
    pub period_end: Option<DateTime<Utc>>,
    /// How exactly that instant is given.
    pub grain: TimeDelta,
    /// Whether it is said at all what its lines are of: a table may have no such column.
    pub says_prices: bool,
    /// Every line.
    pub lines: Vec<Line>,
    /// Discounts of the whole and of its lines; none where they were not said.
    pub discounts: Option<Vec<LineDiscount>>,
}

impl Theirs {
    /// Whether Stripe goes on billing it. One whose first payment was never made has not begun.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.status.as_str(), "canceled" | "incomplete" | "incomplete_expired")
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(|line| line.words(&self.currency)).collect();
        let lines = if lines.is_empty() { "nothing".to_owned() } else { lines.join(" + ") };
        format!("{lines} · {}", self.status)
    }
}

impl Line {
    /// What people know it by.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.price.as_deref()).or(self.product.as_deref()).unwrap_or("no price")
    }

    fn words(&self, currency: &str) -> String {
        let amount = match self.unit {
            UnitAmount::Exact(unit) => format!(", {}", exact_words(unit, currency)),
            UnitAmount::Tiered => ", in steps".to_owned(),
            UnitAmount::Unknown => String::new(),
        };
        let interval = match &self.interval {
            Some(interval) if self.interval_count == 1 => format!(" a {interval}"),
            Some(interval) => format!(" every {} {interval}s", self.interval_count),
            None => String::new(),
        };
        let quantity = self.quantity.map_or_else(String::new, |quantity| format!(" × {quantity}"));
        format!("{}{amount}{interval}{quantity}", self.label())
    }
}

/// What of the catalogue leads from a price at Stripe to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanKeys {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Product at Stripe.
    pub product: Option<String>,
    /// Prices at Stripe.
    pub prices: Vec<String>,
}

impl PlanKeys {
    /// Whether anything of Stripe's is known of it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.product.is_some() || !self.prices.is_empty()
    }

    /// Whether a line is of this plan: by price, by product, or where the line says no id of either, by name.
    #[must_use]
    pub fn has(&self, line: &Line) -> bool {
        let is_price = line.price.as_ref().is_some_and(|price| self.prices.contains(price));
        let is_product = line.product.is_some() && line.product == self.product;
        let has_no_id = line.price.is_none() && line.product.is_none();
        let is_name = || {
            let same =
                |name: &str| name.eq_ignore_ascii_case(&self.name) || name.eq_ignore_ascii_case(&self.code);
            line.name.as_deref().is_some_and(same)
        };
        is_price || is_product || has_no_id && is_name()
    }
}

/// An exact amount in words; a fraction of a minor unit is written out.
pub(super) fn exact_words(amount: Ratio<i128>, currency: &str) -> String {
    match i64::try_from(amount.to_integer()) {
        Ok(minor) if amount.is_integer() => currency::words(minor, currency),
        _ => format!("{amount} minor units of {currency}"),
    }
}
