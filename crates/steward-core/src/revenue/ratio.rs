//! Churn, retention and the figures made of them, each with its denominator.
//!
//! A ratio without a denominator has no value: `None` is shown as "n/a", never as zero and never as infinity.

use num_rational::Ratio;
use num_traits::Zero;

use super::amount::{Amount, Sum};
use super::movement::{Movement, Totals};
use super::mrr::Customers;
use crate::Result;

/// An exact share; 1 is one hundred per cent.
pub type Share = Ratio<i128>;

/// Customers who stopped paying, of those who paid at the start.
#[must_use]
pub fn logo_churn(totals: &Totals) -> Option<Share> {
    let start = i128::try_from(totals.start_customers).ok().filter(|count| *count > 0)?;
    let lost = i128::try_from(totals.count(Movement::Churn)).ok()?;
    Some(Ratio::new(lost, start))
}

/// Churn and contraction, of revenue at the start.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn gross_revenue_churn(totals: &Totals) -> Result<Option<Share>> {
    Ok(losses(totals)?.share_of(totals.start))
}

/// Churn and contraction less expansion and reactivation, of revenue at the start; negative when the gains are larger.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn net_revenue_churn(totals: &Totals) -> Result<Option<Share>> {
    let net =
        losses(totals)?.minus(totals.sum(Movement::Expansion))?.minus(totals.sum(Movement::Reactivation))?;
    Ok(net.share_of(totals.start))
}

/// What is left of the start's revenue without counting anybody's growth: per customer the smaller of before and
/// after. Never above one.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn gross_retention(start: &Customers, end: &Customers) -> Result<Option<Share>> {
    retained(start, |customer, before| before.min(end.get(customer)))
}

/// What the start's customers pay at the end, of what they paid at the start. Neither new customers nor those who
/// return count: they are not of the cohort.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn net_retention(start: &Customers, end: &Customers) -> Result<Option<Share>> {
    retained(start, |customer, _| end.get(customer))
}

fn retained(start: &Customers, kept: impl Fn(uuid::Uuid, Amount) -> Amount) -> Result<Option<Share>> {
    let (mut before, mut after) = (Sum::default(), Sum::default());
    for (customer, value) in start.iter() {
        before.add(value)?;
        after.add(kept(customer, value))?;
    }
    Ok(after.total()?.share_of(before.total()?))
}

/// [`net_retention`] of the month itself, from its totals.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn month_net_retention(totals: &Totals) -> Result<Option<Share>> {
    let kept = totals.start.plus(totals.sum(Movement::Expansion))?.minus(losses(totals)?)?;
    Ok(kept.share_of(totals.start))
}

/// [`gross_retention`] of the month itself, from its totals.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn month_gross_retention(totals: &Totals) -> Result<Option<Share>> {
    Ok(totals.start.minus(losses(totals)?)?.share_of(totals.start))
}

/// New and expansion over churn and contraction. None means "no losses".
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn quick_ratio(totals: &Totals) -> Result<Option<Share>> {
    let gains = totals.sum(Movement::New).plus(totals.sum(Movement::Expansion))?;
    Ok(gains.share_of(losses(totals)?))
}

/// Average revenue per customer over logo churn: what a customer brings before leaving, at today's pace. None without
/// churn.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when it does not fit 128 bits.
pub fn lifetime_value(arpu: Amount, logo_churn: Share) -> Result<Option<Amount>> {
    if logo_churn.is_zero() { Ok(None) } else { arpu.times(logo_churn.recip()).map(Some) }
}

fn losses(totals: &Totals) -> Result<Amount> {
    totals.sum(Movement::Churn).plus(totals.sum(Movement::Contraction))
}
