//! Monthly recurring revenue at an instant.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use num_rational::Ratio;
use num_traits::One;
use uuid::Uuid;

use super::amount::{Amount, Sum};
use super::profile::{ChurnTiming, Discounts, Profile};
use super::subscription::{Discount, DiscountEnd, DiscountValue, Item, Status, Subscription, Terms};
use crate::Result;

/// Monthly value of each paying customer in one currency, in order of their ids. Customers worth nothing are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customers(Vec<(Uuid, Amount)>);

impl Customers {
    /// One customer's value; nothing for those who do not pay.
    #[must_use]
    pub fn get(&self, customer: Uuid) -> Amount {
        self.0.binary_search_by_key(&customer, |(id, _)| *id).map_or(Amount::ZERO, |at| self.0[at].1)
    }

    /// Each paying customer and value, in order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, Amount)> + '_ {
        self.0.iter().copied()
    }

    /// How many pay.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody pays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Uuid, Amount)> for Customers {
    fn from_iter<I: IntoIterator<Item = (Uuid, Amount)>>(customers: I) -> Self {
        let mut customers: Vec<_> = customers.into_iter().filter(|(_, value)| value.is_positive()).collect();
        customers.sort_unstable_by_key(|(id, _)| *id);
        Self(customers)
    }
}

/// What a subscription is worth per month at an instant, exactly, in minor units of its currency.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn subscription_mrr(subscription: &Subscription, at: DateTime<Utc>, profile: &Profile) -> Result<Amount> {
    match counted_terms(subscription, at, profile) {
        Some(terms) => terms_mrr(terms, at, profile),
        None => Ok(Amount::ZERO),
    }
}

/// Who pays how much at an instant: one look, where a [`super::Book`] would value the whole history.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn customers_at(
    subscriptions: &[Subscription],
    currency: &str,
    at: DateTime<Utc>,
    profile: &Profile,
) -> Result<Customers> {
    let mut values = Values::new(profile);
    let mut parts = Vec::new();
    for subscription in subscriptions.iter().filter(|subscription| subscription.currency == currency) {
        if let Some(terms) = counted_terms(subscription, at, profile) {
            parts.push((subscription.customer, values.of(terms, at)?));
        }
    }
    parts.sort_unstable_by_key(|(customer, _)| *customer);
    let mut sums: Vec<(Uuid, Amount)> = Vec::with_capacity(parts.len());
    for (customer, value) in parts {
        match sums.last_mut() {
            Some((last, sum)) if *last == customer => *sum = sum.plus(value)?,
            _ => sums.push((customer, value)),
        }
    }
    Ok(sums.into_iter().collect())
}

/// The values of terms under one profile. A hundred thousand subscriptions are on a few hundred different terms, and
/// terms without a dated discount are worth the same at every instant.
#[derive(Debug)]
pub(super) struct Values<'p> {
    profile: &'p Profile,
    // Keyed by place: the terms are borrowed for as long as they are asked about.
    known: HashMap<*const Terms, Amount>,
}

impl<'p> Values<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        Self { profile, known: HashMap::new() }
    }

    /// As [`terms_mrr`].
    pub(super) fn of(&mut self, terms: &Arc<Terms>, at: DateTime<Utc>) -> Result<Amount> {
        if terms.discounts.iter().any(|discount| discount.end != DiscountEnd::Forever) {
            return terms_mrr(terms, at, self.profile);
        }
        if let Some(value) = self.known.get(&Arc::as_ptr(terms)) {
            return Ok(*value);
        }
        let value = terms_mrr(terms, at, self.profile)?;
        self.known.insert(Arc::as_ptr(terms), value);
        Ok(value)
    }
}

/// The terms that count at an instant, with the profile's idea of when a cancellation takes effect.
#[must_use]
pub fn counted_terms<'a>(
    subscription: &'a Subscription,
    at: DateTime<Utc>,
    profile: &Profile,
) -> Option<&'a Arc<Terms>> {
    let has_ended = subscription.ended_at.is_some_and(|ended| ended <= at);
    let terms = match profile.churn {
        ChurnTiming::End => (!has_ended).then(|| subscription.terms_at(at))?,
        ChurnTiming::Cancellation => {
            let was_canceled = subscription.canceled_at.is_some_and(|canceled| canceled <= at);
            (!has_ended && !was_canceled).then(|| subscription.terms_at(at))?
        }
        ChurnTiming::PeriodEnd if has_ended => {
            let is_paid_for = subscription.period_end.is_some_and(|end| at < end);
            // What failed to be paid was not paid for: a subscription given up while past due ends with it.
            is_paid_for
                .then(|| subscription.last_open_terms())?
                .filter(|terms| terms.status == Status::Active)
        }
        ChurnTiming::PeriodEnd => subscription.terms_at(at),
    }?;
    profile.counts(terms.status).then_some(terms)
}

/// What terms are worth per month: every item that counts, less the discounts that count, never below zero.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn terms_mrr(terms: &Terms, at: DateTime<Utc>, profile: &Profile) -> Result<Amount> {
    let mut sum = Sum::default();
    let counted = || terms.items.iter().filter(|item| profile.counts_metered || !item.is_metered);
    for item in counted() {
        let price = Amount::exact(item.unit_amount).times(Ratio::from_integer(i128::from(item.quantity)))?;
        sum.add(price.times(factor(profile, item))?)?;
    }
    let mut value = sum.total()?;
    for discount in terms.discounts.iter().filter(|discount| applies(discount, at, profile)) {
        value = match discount.value {
            DiscountValue::Share(share) => value.times(Ratio::one() - share.min(Ratio::one()))?,
            DiscountValue::Minor(minor) => {
                // An amount off each invoice is worth as much per month as that invoice comes per month.
                let per_month = counted().map(|item| factor(profile, item)).max().unwrap_or_default();
                value.minus(Amount::exact(minor).times(per_month)?)?
            }
        };
    }
    Ok(value.max(Amount::ZERO))
}

fn factor(profile: &Profile, item: &Item) -> Ratio<i128> {
    profile.monthly_factor(item.interval, item.interval_count)
}

/// Whether a discount is taken off at an instant.
pub(super) fn applies(discount: &Discount, at: DateTime<Utc>, profile: &Profile) -> bool {
    match (discount.end, profile.discounts) {
        (DiscountEnd::Forever, _) => true,
        (DiscountEnd::Until(end), Discounts::Recurring | Discounts::All)
        | (DiscountEnd::OneInvoice(end), Discounts::All) => at < end,
        (DiscountEnd::Until(_) | DiscountEnd::OneInvoice(_), _) => false,
    }
}

/// The sum over customers.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when it does not fit 128 bits.
pub fn total(customers: &Customers) -> Result<Amount> {
    let mut sum = Sum::default();
    for (_, value) in customers.iter() {
        sum.add(value)?;
    }
    sum.total()
}

/// How many customers have an open subscription, whether they pay for it or not; who pays for what ended is one of them.
#[must_use]
pub fn holders_at(
    subscriptions: &[Subscription],
    currency: &str,
    at: DateTime<Utc>,
    paying: &Customers,
) -> usize {
    let is_open = |subscription: &Subscription| {
        let terms =
            subscription.terms_at(at).filter(|_| subscription.ended_at.is_none_or(|ended| at < ended));
        terms.is_some_and(|terms| matches!(terms.status, Status::Active | Status::PastDue | Status::Trialing))
    };
    let open = subscriptions.iter().filter(|one| one.currency == currency && is_open(one));
    let holders: HashSet<Uuid> =
        open.map(|one| one.customer).chain(paying.iter().map(|(customer, _)| customer)).collect();
    holders.len()
}

/// Annual recurring revenue: twelve times the monthly of the same profile, nothing else.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when it does not fit 128 bits.
pub fn arr(mrr: Amount) -> Result<Amount> {
    mrr.times(Ratio::from_integer(12))
}

/// Average revenue per *paying* customer; none without one.
#[must_use]
pub fn arpu(mrr: Amount, paying_customers: usize) -> Option<Amount> {
    let customers = i128::try_from(paying_customers).ok().filter(|count| *count > 0)?;
    mrr.times(Ratio::new(1, customers)).ok()
}
