//! Every customer's recurring revenue over time, under one profile.

mod plans;
mod series;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::amount::{Amount, Sum};
use super::movement::{CustomerMovement, Movement, Movements, Tally};
use super::mrr::{self, Customers, Values};
use super::profile::Profile;
use super::subscription::{DiscountEnd, Interval, PriceSource, Status, Subscription, Terms};
use crate::Result;
use crate::period::Period;

pub use plans::{PlanMove, PlanTotals};
pub use series::ByPlan;

/// A value and the instant from which it holds.
type Point = (DateTime<Utc>, Amount);

/// What revenue is told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// Code of the plan.
    pub plan: String,
    /// Where the subscription stands.
    pub status: Status,
    /// The billing interval and how many of it; none where the lines of a subscription differ.
    pub interval: Option<(Interval, u32)>,
    /// Where the price comes from.
    pub price: PriceSource,
}

impl Label {
    fn of(terms: &Terms) -> Self {
        let interval = terms.items.first().map(|item| (item.interval, item.interval_count));
        let is_one = terms.items.iter().all(|item| Some((item.interval, item.interval_count)) == interval);
        Self {
            plan: terms.plan.clone(),
            status: terms.status,
            interval: interval.filter(|_| is_one),
            price: terms.price,
        }
    }
}

/// What one subscription is worth from an instant on, and as what it is counted.
#[derive(Debug, Clone, Copy)]
struct PartPoint {
    from: DateTime<Utc>,
    value: Amount,
    label: u32,
    /// Units of licensed items; what is metered has no seats.
    seats: u32,
}

/// One customer in one currency.
#[derive(Debug, Clone)]
struct Account {
    customer: Uuid,
    /// Values in order of time; zero before the first.
    points: Vec<Point>,
    first_paid: DateTime<Utc>,
    /// The same, subscription by subscription.
    parts: Vec<Vec<PartPoint>>,
}

impl Account {
    fn at(&self, instant: DateTime<Utc>) -> Amount {
        let after = self.points.partition_point(|(from, _)| *from <= instant);
        after.checked_sub(1).map_or(Amount::ZERO, |at| self.points[at].1)
    }

    fn has_paid_before(&self, instant: DateTime<Utc>) -> bool {
        self.first_paid < instant
    }

    /// What is paid at an instant, one by one.
    fn parts_at(&self, instant: DateTime<Utc>) -> impl Iterator<Item = PartPoint> + '_ {
        self.parts.iter().filter_map(move |points| {
            let after = points.partition_point(|point| point.from <= instant);
            after.checked_sub(1).map(|at| points[at]).filter(|point| point.value.is_positive())
        })
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

/// Part of the revenue at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Segment {
    /// Customers with a subscription in it; who has two different ones is in both.
    pub customers: usize,
    /// Units of their licensed items.
    pub seats: u64,
    /// What they pay for it per month.
    pub mrr: Amount,
}

/// Every customer's recurring revenue over time, under one profile, per currency.
///
/// Terms are valued once, where they change; any number of months is then read from the same points.
#[derive(Debug, Clone, Default)]
pub struct Book {
    currencies: BTreeMap<String, Vec<Account>>,
    labels: Vec<Label>,
}

impl Book {
    /// Values subscriptions under a profile.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn new(subscriptions: &[Subscription], profile: &Profile) -> Result<Self> {
        let mut order: Vec<&Subscription> = subscriptions.iter().collect();
        order.sort_by(|a, b| (a.customer, &a.currency).cmp(&(b.customer, &b.currency)));
        let mut valuer = Valuer::new(profile);
        let mut currencies: BTreeMap<String, Vec<Account>> = BTreeMap::new();
        for group in order.chunk_by(|a, b| a.customer == b.customer && a.currency == b.currency) {
            let mut parts = Vec::with_capacity(group.len());
            let mut points = Vec::new();
            for subscription in group {
                let part = valuer.part(subscription)?;
                if part.is_empty() {
                    continue;
                }
                let own = values(&part);
                points = if points.is_empty() { own } else { added(&points, &own)? };
                parts.push(part);
            }
            let first_paid = points.iter().find(|(_, value)| value.is_positive()).map(|(from, _)| *from);
            if let Some(first_paid) = first_paid {
                let account = Account { customer: group[0].customer, points, first_paid, parts };
                match currencies.get_mut(&group[0].currency) {
                    Some(accounts) => accounts.push(account),
                    None => {
                        currencies.insert(group[0].currency.clone(), vec![account]);
                    }
                }
            }
        }
        Ok(Self { currencies, labels: valuer.labels })
    }

    /// Currencies in which anybody ever paid, in order of their codes.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        self.currencies.keys().map(String::as_str)
    }

    /// When the first customer began to pay in a currency.
    #[must_use]
    pub fn first_paid(&self, currency: &str) -> Option<DateTime<Utc>> {
        self.accounts(currency).map(|account| account.first_paid).min()
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

    /// Revenue at an instant, told apart by what `key` makes of a customer and of what is paid for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn segments<'a, K: Ord + Copy>(
        &'a self,
        currency: &str,
        at: DateTime<Utc>,
        key: impl Fn(Uuid, &'a Label) -> K,
    ) -> Result<BTreeMap<K, Segment>> {
        let mut sums: BTreeMap<K, (usize, u64, Sum)> = BTreeMap::new();
        for account in self.accounts(currency) {
            let mut seen: Vec<K> = Vec::new();
            for part in account.parts_at(at) {
                let key = key(account.customer, self.label(part.label));
                let (customers, seats, sum) = sums.entry(key).or_default();
                sum.add(part.value)?;
                *seats += u64::from(part.seats);
                if !seen.contains(&key) {
                    *customers += 1;
                    seen.push(key);
                }
            }
        }
        sums.into_iter()
            .map(|(key, (customers, seats, sum))| Ok((key, Segment { customers, seats, mrr: sum.total()? })))
            .collect()
    }

    /// The plans a customer pays for at an instant.
    pub fn plans_of(&self, currency: &str, customer: Uuid, at: DateTime<Utc>) -> impl Iterator<Item = &str> {
        let accounts = self.currencies.get(currency).map_or(&[][..], Vec::as_slice);
        let found = accounts.binary_search_by_key(&customer, |account| account.customer).ok();
        let parts = found.into_iter().flat_map(move |place| accounts[place].parts_at(at));
        parts.map(|part| self.label(part.label).plan.as_str())
    }

    fn label(&self, at: u32) -> &Label {
        &self.labels[at as usize]
    }

    fn accounts(&self, currency: &str) -> impl Iterator<Item = &Account> {
        self.currencies.get(currency).into_iter().flatten()
    }
}

/// Values subscriptions one after the other, and gives what they are counted as short numbers.
struct Valuer<'p> {
    profile: &'p Profile,
    values: Values<'p>,
    labels: Vec<Label>,
    by_label: HashMap<Label, u32>,
    // As in `Values`: subscriptions on the same terms share them.
    by_terms: HashMap<*const Terms, u32>,
    instants: Vec<DateTime<Utc>>,
}

impl<'p> Valuer<'p> {
    fn new(profile: &'p Profile) -> Self {
        Self {
            profile,
            values: Values::new(profile),
            labels: Vec::new(),
            by_label: HashMap::new(),
            by_terms: HashMap::new(),
            instants: Vec::new(),
        }
    }

    /// The values of one subscription, at every instant at which they can change.
    fn part(&mut self, subscription: &Subscription) -> Result<Vec<PartPoint>> {
        let mut instants = std::mem::take(&mut self.instants);
        instants.clear();
        instants.extend(subscription.steps.iter().map(|step| step.from));
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
        let mut points: Vec<PartPoint> = Vec::new();
        for &from in &instants {
            let terms = mrr::counted_terms(subscription, from, self.profile);
            let value = match terms {
                Some(terms) => self.values.of(terms, from)?,
                None => Amount::ZERO,
            };
            // What earns nothing is counted as nothing.
            let label = match terms {
                Some(terms) if value.is_positive() => self.label(terms),
                _ => points.last().map_or(0, |last| last.label),
            };
            let seats = terms.filter(|_| value.is_positive()).map_or(0, |terms| terms.seats());
            let is_other = points.last().map_or(value.is_positive(), |last| {
                last.value != value || last.label != label || last.seats != seats
            });
            if is_other {
                points.push(PartPoint { from, value, label, seats });
            }
        }
        self.instants = instants;
        Ok(points)
    }

    fn label(&mut self, terms: &Arc<Terms>) -> u32 {
        if let Some(label) = self.by_terms.get(&Arc::as_ptr(terms)) {
            return *label;
        }
        let label = Label::of(terms);
        let next = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        let number = *self.by_label.entry(label.clone()).or_insert(next);
        if number == next {
            self.labels.push(label);
        }
        self.by_terms.insert(Arc::as_ptr(terms), number);
        number
    }
}

/// The values of a part without what it is counted as.
fn values(part: &[PartPoint]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::with_capacity(part.len());
    for point in part {
        if points.last().is_none_or(|(_, last)| *last != point.value) {
            points.push((point.from, point.value));
        }
    }
    points
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
