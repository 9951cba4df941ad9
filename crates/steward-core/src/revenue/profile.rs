//! What counts as recurring revenue, as data.
//!
//! The houses that report recurring revenue disagree on a handful of questions; a profile is one set of answers. No
//! formula asks for a profile's name.

use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::subscription::{Interval, Status};
use crate::{Error, Result};

/// Which discounts lower the monthly value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Discounts {
    /// Only those without an end: the price is promised for good.
    Forever,
    /// All that apply at the instant, except those of a single invoice.
    Recurring,
    /// All that apply at the instant.
    All,
}

/// When a canceled subscription stops counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ChurnTiming {
    /// When it ends.
    End,
    /// At the end of the last period that was paid for, even if it was ended before.
    PeriodEnd,
    /// As soon as the cancellation is scheduled.
    Cancellation,
}

/// How many of an interval make a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "BillingCalendar")]
pub enum Calendar {
    /// 52 weeks and 365 days a year: 52/12 and 365/12 a month.
    Year,
    /// Four weeks and 30 days a month; it understates by 7.7 and 1.4 per cent.
    FourWeeks,
}

/// One definition of recurring revenue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "RevenueProfile")]
pub struct Profile {
    /// Stable name, stamped on every number.
    pub name: String,
    /// Whether a subscription whose last payment failed still counts.
    pub counts_past_due: bool,
    /// Whether recurring metered items count, at what was billed last.
    pub counts_metered: bool,
    /// Which discounts are taken off.
    pub discounts: Discounts,
    /// When a canceled subscription stops counting.
    pub churn: ChurnTiming,
    /// How weeks and days become months.
    pub calendar: Calendar,
}

impl Profile {
    /// The default. Source: the billing provider's glossary (active and past due; trials, tax, free plans and
    /// metered products excluded; forever coupons taken off; churn at the effective end).
    #[must_use]
    pub fn stripe() -> Self {
        Self {
            name: "stripe".to_owned(),
            counts_past_due: true,
            counts_metered: false,
            discounts: Discounts::Forever,
            churn: ChurnTiming::End,
            calendar: Calendar::Year,
        }
    }

    /// Source: ChartMogul's data settings at their defaults (discounts that recur are taken off; churn when the
    /// subscription ends in the billing system).
    #[must_use]
    pub fn chartmogul() -> Self {
        Self { name: "chartmogul".to_owned(), discounts: Discounts::Recurring, ..Self::stripe() }
    }

    /// Source: ProfitWell's metric definitions (actual payments: every discount taken off, recurring metered items
    /// included, counted to the end of the paid cycle).
    #[must_use]
    pub fn profitwell() -> Self {
        Self {
            name: "profitwell".to_owned(),
            counts_metered: true,
            discounts: Discounts::All,
            churn: ChurnTiming::PeriodEnd,
            ..Self::stripe()
        }
    }

    /// The profiles to choose from, the default first.
    #[must_use]
    pub fn presets() -> [Self; 3] {
        [Self::stripe(), Self::chartmogul(), Self::profitwell()]
    }

    /// The profile of a name; none is the default.
    ///
    /// # Errors
    /// `Invalid` for a name that no profile has.
    pub fn named(field: &str, name: Option<&str>) -> Result<Self> {
        let Some(name) = name else { return Ok(Self::default()) };
        Self::presets().into_iter().find(|profile| profile.name == name).ok_or_else(|| {
            let names = Self::presets().map(|profile| profile.name).join(", ");
            Error::invalid(field, format!("The definitions are called {names}."))
        })
    }

    /// Its answers as a phrase.
    #[must_use]
    pub fn in_words(&self) -> String {
        let status = if self.counts_past_due { "active and past due" } else { "active only" };
        let discounts = match self.discounts {
            Discounts::Forever => "discounts without an end taken off",
            Discounts::Recurring => "discounts that recur taken off",
            Discounts::All => "every discount taken off",
        };
        let metered = if self.counts_metered {
            "metered items counted, of which the history here has none: what was used stands on invoices"
        } else {
            "metered items apart"
        };
        let churn = match self.churn {
            ChurnTiming::End => "a cancellation takes effect when it ends",
            ChurnTiming::PeriodEnd => "a cancellation takes effect at the end of the paid period",
            ChurnTiming::Cancellation => "a cancellation takes effect when it is asked for",
        };
        let calendar = match self.calendar {
            Calendar::Year => "52 weeks and 365 days a year",
            Calendar::FourWeeks => "4 weeks and 30 days a month",
        };
        format!("{status}; {discounts}; {metered}; {churn}; {calendar}")
    }

    /// Whether a subscription with this status earns recurring revenue.
    #[must_use]
    pub fn counts(&self, status: Status) -> bool {
        match status {
            Status::Active => true,
            Status::PastDue => self.counts_past_due,
            Status::Trialing | Status::Unpaid | Status::Paused | Status::Canceled => false,
        }
    }

    /// What a price per `count` intervals is worth per month.
    #[must_use]
    pub fn monthly_factor(&self, interval: Interval, count: u32) -> Ratio<i128> {
        let count = i128::from(count.max(1));
        match (interval, self.calendar) {
            (Interval::Month, _) => Ratio::new(1, count),
            (Interval::Year, _) => Ratio::new(1, 12 * count),
            (Interval::Week, Calendar::Year) => Ratio::new(52, 12 * count),
            (Interval::Day, Calendar::Year) => Ratio::new(365, 12 * count),
            (Interval::Week, Calendar::FourWeeks) => Ratio::new(4, count),
            (Interval::Day, Calendar::FourWeeks) => Ratio::new(30, count),
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::stripe()
    }
}
