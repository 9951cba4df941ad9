//! What MRR would be under other prices, churn or conversion, and the assumptions somebody keeps.
//!
//! What a price change is worth today is exact. Twelve months on are an estimate by a recurrence that is stated with
//! every number in it: next = MRR × (1 − churn + growth) + (trials × conversion + others) × value of a new customer.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::month::Month;
use super::profile::Profile;
use crate::chart_spec::ChartSpec;
use crate::freshness::Freshness;
use crate::{Error, Result};

/// The longest name of a scenario, in characters.
pub const NAME_LENGTH: usize = 80;

/// Another list price of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PriceAssumption {
    /// Code of the plan.
    pub plan: String,
    /// Price of a month in minor units of the plan's currency; none is as it is.
    #[serde(default)]
    pub price_month_minor: Option<i64>,
    /// Price of a year; none is as it is.
    #[serde(default)]
    pub price_year_minor: Option<i64>,
    /// Whether who is on it keeps the price, so that only new customers pay the other one.
    #[serde(default)]
    pub keeps_existing: bool,
}

/// What is supposed; what is not said is as it was in the last months.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// Other list prices, each plan at most once.
    #[serde(default)]
    pub prices: Vec<PriceAssumption>,
    /// Customers lost in a month, of those at its start, between 0 and 1.
    #[serde(default)]
    pub churn: Option<f64>,
    /// Instead: so many times the churn of the last months.
    #[serde(default)]
    pub churn_times: Option<f64>,
    /// Trials that become customers, of those that end, between 0 and 1.
    #[serde(default)]
    pub conversion: Option<f64>,
}

impl Assumptions {
    /// Checks what nobody can mean.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn check(&self) -> Result<()> {
        let is_share = |value: Option<f64>| value.is_none_or(|value| (0.0..=1.0).contains(&value));
        if !is_share(self.churn) {
            return Err(Error::invalid("churn", "Churn lies between 0 % and 100 % a month."));
        }
        if !is_share(self.conversion) {
            return Err(Error::invalid("conversion", "Conversion lies between 0 % and 100 %."));
        }
        if self.churn.is_some() && self.churn_times.is_some() {
            return Err(Error::invalid("churn_times", "Churn is a rate or a multiple, not both."));
        }
        if self.churn_times.is_some_and(|times| !(0.0..=100.0).contains(&times)) {
            return Err(Error::invalid("churn_times", "Churn is 0 to 100 times what it was."));
        }
        for (at, price) in self.prices.iter().enumerate() {
            if [price.price_month_minor, price.price_year_minor].iter().flatten().any(|minor| *minor < 0) {
                return Err(Error::invalid("price", "A price is not below 0."));
            }
            if self.prices[..at].iter().any(|other| other.plan == price.plan) {
                return Err(Error::invalid("prices", format!("`{}` has two prices.", price.plan)));
            }
        }
        Ok(())
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueWhatIfReq {
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
    /// What is supposed.
    #[serde(default)]
    pub assumptions: Assumptions,
    /// Customers wanted, at most 100,000; 0 is 200.
    #[serde(default)]
    pub rows: u32,
}

/// What another list price changes today; exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfPrice {
    /// Code of the plan.
    pub plan: String,
    /// Its name.
    pub label: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Customers on its list price.
    pub customers: u64,
    /// Paying customers with a price of their own, which stays.
    pub untouched_customers: u64,
    /// Whether they keep the price they have.
    pub keeps_existing: bool,
    /// What those on the list price pay per month.
    pub before_minor: i64,
    /// What they would pay.
    pub after_minor: i64,
}

/// A customer whose price would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfCustomer {
    /// The user's or team's id.
    #[ts(type = "string")]
    pub customer: Uuid,
    /// Whether it is a team.
    pub is_team: bool,
    /// E-mail address or the team's name; none where the row is not here.
    pub name: Option<String>,
    /// Code of the plan.
    pub plan: String,
    /// ISO 4217 code.
    pub currency: String,
    /// What is paid per month for it.
    pub before_minor: i64,
    /// The difference; the differences sum to the whole one to the minor unit.
    pub difference_minor: i64,
}

/// How a number of the recurrence is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AssumptionUnit {
    /// Between 0 and 1.
    Share,
    /// How many a month.
    Count,
    /// Minor units of the currency.
    Money,
}

/// A number of the recurrence and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfAssumption {
    /// What it is called in the recurrence.
    pub key: String,
    /// In words.
    pub label: String,
    /// How it is written.
    pub unit: AssumptionUnit,
    /// As it was; none where there is nothing to take it from.
    pub as_is: Option<f64>,
    /// As supposed.
    pub supposed: Option<f64>,
    /// Where it comes from.
    pub source: String,
}

/// One month of the recurrence: an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfMonth {
    /// Months from the as-of; 0 is now and exact.
    pub months_ahead: u32,
    /// The month it falls into, `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// ISO 4217 code.
    pub currency: String,
    /// MRR with everything as it was.
    pub as_is_minor: i64,
    /// MRR as supposed.
    pub supposed_minor: i64,
    /// The difference.
    pub difference_minor: i64,
}

/// What MRR would be. Nothing is changed by asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueWhatIf {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The definition.
    pub profile: Profile,
    /// The instant of what is exact.
    pub at: DateTime<Utc>,
    /// The currency; none while nobody ever paid.
    pub currency: Option<String>,
    /// Digits of its minor unit.
    pub exponent: u32,
    /// MRR now.
    pub mrr_minor: i64,
    /// MRR now at the supposed prices; exact.
    pub mrr_after_minor: i64,
    /// Each changed price.
    pub prices: Vec<WhatIfPrice>,
    /// Customers whose price would change.
    pub customer_count: u64,
    /// Those it changes most.
    pub customers: Vec<WhatIfCustomer>,
    /// Every number of the recurrence.
    pub assumptions: Vec<WhatIfAssumption>,
    /// The recurrence in words.
    pub method: String,
    /// Why there are no months, where there are none.
    pub without: Option<String>,
    /// Now and twelve months: an estimate.
    pub months: Vec<WhatIfMonth>,
    /// The months as a chart.
    pub chart: Option<ChartSpec>,
}

/// Assumptions somebody keeps; never what came out, which changes with the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The definition; none is the default.
    #[serde(default)]
    pub profile: Option<String>,
    /// The currency; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
    /// What is supposed.
    pub assumptions: Assumptions,
}

/// The scenarios of a workspace, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScenarioList {
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScenarioRef {
    /// Its name.
    pub name: String,
}

/// Gives a scenario another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScenarioRenameReq {
    /// Its name.
    pub name: String,
    /// The new one.
    pub to: String,
}
