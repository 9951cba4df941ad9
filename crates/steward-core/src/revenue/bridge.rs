//! Why two profiles give different numbers, to the last fraction of a cent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::amount::Amount;
use super::mrr::{self, Customers};
use super::profile::Profile;
use super::subscription::Subscription;
use crate::Result;

/// A question two profiles answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "ProfileRule")]
pub enum Rule {
    /// Whether past due subscriptions count.
    PastDue,
    /// Whether metered items count.
    Metered,
    /// Which discounts are taken off.
    Discounts,
    /// When a cancellation takes effect.
    Churn,
    /// How weeks and days become months.
    Calendar,
}

impl Rule {
    const ALL: [Self; 5] = [Self::PastDue, Self::Metered, Self::Discounts, Self::Churn, Self::Calendar];

    fn adopt(self, profile: &mut Profile, other: &Profile) {
        match self {
            Self::PastDue => profile.counts_past_due = other.counts_past_due,
            Self::Metered => profile.counts_metered = other.counts_metered,
            Self::Discounts => profile.discounts = other.discounts,
            Self::Churn => profile.churn = other.churn,
            Self::Calendar => profile.calendar = other.calendar,
        }
    }
}

/// What adopting one rule of the other profile changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// The change of the total; negative where the other profile counts less.
    pub difference: Amount,
    /// Customers whose value it changes, with the change, in order of ids.
    pub customers: Vec<(Uuid, Amount)>,
}

/// The way from one profile's total to another's, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Total under the first profile.
    pub from: Amount,
    /// Total under the second.
    pub to: Amount,
    /// The steps between, in a fixed order; their differences sum to `to − from`. A rule that both share, or that
    /// changes nothing, is absent.
    pub steps: Vec<Step>,
}

/// Explains the difference between two profiles at an instant, one rule after the other: each step starts from the
/// total the step before it reached, so that nothing is left over and nothing is counted twice.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn bridge(
    subscriptions: &[Subscription],
    currency: &str,
    at: DateTime<Utc>,
    from: &Profile,
    to: &Profile,
) -> Result<Bridge> {
    let mut profile = from.clone();
    let first = mrr::customers_at(subscriptions, currency, at, &profile)?;
    let mut current = first.clone();
    let mut steps = Vec::new();
    for rule in Rule::ALL {
        let before = profile.clone();
        rule.adopt(&mut profile, to);
        if profile == before {
            continue;
        }
        let next = mrr::customers_at(subscriptions, currency, at, &profile)?;
        let customers = differences(&current, &next)?;
        if !customers.is_empty() {
            let difference = mrr::total(&next)?.minus(mrr::total(&current)?)?;
            steps.push(Step { rule, difference, customers });
        }
        current = next;
    }
    Ok(Bridge { from: mrr::total(&first)?, to: mrr::total(&current)?, steps })
}

fn differences(before: &Customers, after: &Customers) -> Result<Vec<(Uuid, Amount)>> {
    let mut everybody: Vec<Uuid> = before.iter().chain(after.iter()).map(|(customer, _)| customer).collect();
    everybody.sort_unstable();
    everybody.dedup();
    let mut moved = Vec::new();
    for customer in everybody {
        let difference = after.get(customer).minus(before.get(customer))?;
        if !difference.is_zero() {
            moved.push((customer, difference));
        }
    }
    Ok(moved)
}
