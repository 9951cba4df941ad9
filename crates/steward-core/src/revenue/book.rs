//! Every customer's recurring revenue over time, under one profile.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::amount::Amount;
use super::movement::{CustomerMovement, Movement, Movements, Tally};
use super::mrr::{self, Customers};
use super::profile::Profile;
use super::subscription::{DiscountEnd, Subscription};
use crate::Result;
use crate::period::Period;

/// A value and the instant from which it holds.
type Point = (DateTime<Utc>, Amount);

/// One customer in one currency.
#[derive(Debug, Clone)]
struct Account {
    customer: Uuid,
    /// Values in order of time; zero before the first.
    points: Vec<Point>,
    first_paid: Option<DateTime<Utc>>,
}

impl Account {
    fn at(&self, instant: DateTime<Utc>) -> Amount {
        let after = self.points.partition_point(|(from, _)| *from <= instant);
        after.checked_sub(1).map_or(Amount::ZERO, |at| self.points[at].1)
    }

    fn has_paid_before(&self, instant: DateTime<Utc>) -> bool {
        self.first_paid.is_some_and(|first| first < instant)
    }
}

/// A change of one customer's value at an instant: the event behind a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened to whom.
    pub moved: CustomerMovement,
}

/// Every customer's recurring revenue over time, under one profile, per currency.
///
/// Terms are valued once, where they change; any number of months is then read from the same points.
#[derive(Debug, Clone, Default)]
pub struct Book {
    currencies: BTreeMap<String, Vec<Account>>,
}

impl Book {
    /// Values subscriptions under a profile.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn new(subscriptions: &[Subscription], profile: &Profile) -> Result<Self> {
        let mut order: Vec<&Subscription> = subscriptions.iter().collect();
        order.sort_by(|a, b| (&a.currency, a.customer).cmp(&(&b.currency, b.customer)));
        let mut currencies: BTreeMap<String, Vec<Account>> = BTreeMap::new();
        for group in order.chunk_by(|a, b| a.currency == b.currency && a.customer == b.customer) {
            let mut points = Vec::new();
            for subscription in group {
                let own = subscription_points(subscription, profile)?;
                points = if points.is_empty() { own } else { added(&points, &own)? };
            }
            let first_paid = points.iter().find(|(_, value)| value.is_positive()).map(|(from, _)| *from);
            if first_paid.is_some() {
                let account = Account { customer: group[0].customer, points, first_paid };
                match currencies.get_mut(&group[0].currency) {
                    Some(accounts) => accounts.push(account),
                    None => {
                        currencies.insert(group[0].currency.clone(), vec![account]);
                    }
                }
            }
        }
        Ok(Self { currencies })
    }

    /// Currencies in which anybody ever paid, in order of their codes.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        self.currencies.keys().map(String::as_str)
    }

    /// Who pays how much at an instant.
    #[must_use]
    pub fn customers(&self, currency: &str, at: DateTime<Utc>) -> Customers {
        self.accounts(currency).map(|account| (account.customer, account.at(at))).collect()
    }

    /// Movements from the balance at the period's start to the balance at its end, net per customer.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn movements(&self, currency: &str, period: Period) -> Result<Movements> {
        let mut tally = Tally::default();
        for account in self.accounts(currency) {
            let (start, end) = (account.at(period.start), account.at(period.end));
            tally.add(account.customer, start, end, account.has_paid_before(period.start))?;
        }
        tally.finish()
    }

    /// Every single change within a period, in order of time: the gross view. A customer who goes up and down again is
    /// here twice and not among the net movements.
    #[must_use]
    pub fn activities(&self, currency: &str, period: Period) -> Vec<Activity> {
        let mut activities = Vec::new();
        for account in self.accounts(currency) {
            let mut start = Amount::ZERO;
            for (at, end) in &account.points {
                // A balance at an instant includes what happens at it, so the period's own changes come after its start.
                let is_within = *at > period.start && *at <= period.end;
                let movement = Movement::between(start, *end, account.has_paid_before(*at));
                if let Some(movement) = movement.filter(|_| is_within) {
                    let moved = CustomerMovement { customer: account.customer, movement, start, end: *end };
                    activities.push(Activity { at: *at, moved });
                }
                start = *end;
            }
        }
        activities.sort_by_key(|activity| (activity.at, activity.moved.customer));
        activities
    }

    fn accounts(&self, currency: &str) -> impl Iterator<Item = &Account> {
        self.currencies.get(currency).into_iter().flatten()
    }
}

/// The values of one subscription, at every instant at which they can change.
fn subscription_points(subscription: &Subscription, profile: &Profile) -> Result<Vec<Point>> {
    let mut instants: Vec<DateTime<Utc>> = subscription.steps.iter().map(|step| step.from).collect();
    let discounts = subscription.steps.iter().flat_map(|step| &step.terms.discounts);
    instants.extend(discounts.filter_map(|discount| match discount.end {
        DiscountEnd::Forever => None,
        DiscountEnd::Until(end) | DiscountEnd::OneInvoice(end) => Some(end),
    }));
    instants.extend(
        [subscription.canceled_at, subscription.ended_at, subscription.period_end].into_iter().flatten(),
    );
    instants.sort_unstable();
    instants.dedup();
    let mut points: Vec<Point> = Vec::new();
    for instant in instants {
        let value = mrr::subscription_mrr(subscription, instant, profile)?;
        if points.last().map_or(!value.is_zero(), |(_, last)| *last != value) {
            points.push((instant, value));
        }
    }
    Ok(points)
}

/// The sum of two step functions.
fn added(left: &[Point], right: &[Point]) -> Result<Vec<Point>> {
    let at = |points: &[Point], instant: DateTime<Utc>| {
        let after = points.partition_point(|(from, _)| *from <= instant);
        after.checked_sub(1).map_or(Amount::ZERO, |at| points[at].1)
    };
    let mut instants: Vec<_> = left.iter().chain(right).map(|(from, _)| *from).collect();
    instants.sort_unstable();
    instants.dedup();
    instants.into_iter().map(|instant| Ok((instant, at(left, instant).plus(at(right, instant))?))).collect()
}
