//! What another list price would be worth.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use num_rational::Ratio;
use uuid::Uuid;

use super::super::amount::{Amount, Sum};
use super::super::mrr;
use super::super::profile::Profile;
use super::super::subscription::{Interval, Item, PriceSource, Terms};
use super::History;
use crate::Result;

/// The list price of a plan, as it is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPrice<'a> {
    /// Code of the plan.
    pub plan: &'a str,
    /// Its currency.
    pub currency: &'a str,
    /// Of a month, in minor units.
    pub month: Option<i64>,
    /// Of a year, in minor units.
    pub year: Option<i64>,
}

/// One customer on a list price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepricedCustomer {
    /// Who.
    pub customer: Uuid,
    /// What is paid per month for it.
    pub before: Amount,
    /// What would be paid.
    pub after: Amount,
}

/// Who is on a list price, and what they pay before and after it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repriced {
    /// Customers on the list price, by id; several subscriptions of one are one.
    pub customers: Vec<RepricedCustomer>,
    /// Paying customers of the plan with a price of their own.
    pub untouched: u64,
    /// What those on the list price pay per month.
    pub before: Amount,
    /// What they would pay.
    pub after: Amount,
}

impl History {
    /// What a changed list price does to those who are on it, at an instant. Who has a price of his own keeps it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn repriced(&self, price: &ListPrice<'_>, at: DateTime<Utc>, profile: &Profile) -> Result<Repriced> {
        let mut on_list: BTreeMap<Uuid, (Amount, Amount)> = BTreeMap::new();
        let mut own = BTreeSet::new();
        for subscription in self.subscriptions.iter().filter(|one| one.currency == price.currency) {
            let Some(terms) = mrr::counted_terms(subscription, at, profile) else { continue };
            if terms.plan != price.plan {
                continue;
            }
            let value = mrr::terms_mrr(terms, at, profile)?;
            if terms.price != PriceSource::List {
                if value.is_positive() {
                    own.insert(subscription.customer);
                }
                continue;
            }
            let (before, after) = on_list.entry(subscription.customer).or_default();
            *before = before.plus(value)?;
            *after = after.plus(mrr::terms_mrr(&priced(terms, price), at, profile)?)?;
        }
        let (mut before, mut after) = (Sum::default(), Sum::default());
        let mut customers = Vec::with_capacity(on_list.len());
        for (customer, (own_before, own_after)) in on_list {
            before.add(own_before)?;
            after.add(own_after)?;
            customers.push(RepricedCustomer { customer, before: own_before, after: own_after });
        }
        Ok(Repriced {
            customers,
            untouched: own.len() as u64,
            before: before.total()?,
            after: after.total()?,
        })
    }
}

/// The same terms at another list price; where it is no longer sold so, who has it keeps the price.
fn priced(terms: &Terms, price: &ListPrice<'_>) -> Terms {
    let items = terms.items.iter().map(|item| {
        let one = match item.interval {
            Interval::Month => price.month,
            Interval::Year => price.year,
            Interval::Day | Interval::Week => None,
        };
        let unit_amount = one.map_or(item.unit_amount, |one| {
            Ratio::from_integer(i128::from(one) * i128::from(item.interval_count))
        });
        Item { unit_amount, ..item.clone() }
    });
    Terms { items: items.collect(), ..terms.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::super::subscription::Status;
    use super::super::super::traps::{day, item, subscription, terms};
    use super::*;

    #[test]
    fn only_those_on_the_list_price_follow_it() {
        let on = |customer, interval, amount, source| {
            let mut own = terms(Status::Active, vec![item(amount, 1, interval)]);
            own.price = source;
            subscription(customer, vec![(day(1, 1), own)])
        };
        let subscriptions = vec![
            on(1, Interval::Month, 1_000, PriceSource::List),
            on(2, Interval::Year, 12_000, PriceSource::List),
            on(3, Interval::Month, 700, PriceSource::Agreed),
            on(4, Interval::Month, 800, PriceSource::Billed),
        ];
        let history = History { subscriptions: subscriptions.into(), ..History::default() };
        let price = ListPrice { plan: "pro", currency: "USD", month: Some(1_500), year: Some(12_001) };
        let found = history.repriced(&price, day(2, 1), &Profile::stripe()).expect("it fits");
        assert_eq!((found.customers.len(), found.untouched), (2, 2));
        assert_eq!(found.before, Amount::minor(2_000));
        assert_eq!(found.after, Amount::fraction(1_500 * 12 + 12_001, 12).expect("not zero"));
        let other = ListPrice { plan: "team", ..price };
        assert_eq!(
            history.repriced(&other, day(2, 1), &Profile::stripe()).expect("it fits"),
            Repriced::default()
        );
    }
}
