//! What Stripe's subscriptions are worth, by the same rules as the company's own.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use num_rational::Ratio;
use num_traits::{One as _, Zero as _};
use uuid::Uuid;

use super::mrr::applies;
use super::profile::Profile;
use super::subscription::{
    Discount, DiscountEnd, DiscountValue, Interval, Item, PriceSource, Status, Step, Subscription, Terms,
};
use crate::stripe::record;
use crate::stripe::record::Coupon;

/// A subscription of Stripe's as a history of one step: how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// Stripe's id.
    pub id: String,
    /// Stripe's id of the customer.
    pub customer: String,
    /// Its terms. The customer is nobody: whose it is, the comparison says.
    pub subscription: Subscription,
    /// Which of Stripe's lines its items are, in the same order: what is measured or charged once is none of them.
    pub places: Vec<usize>,
    /// Why its value is not known, where it is not: then it is in no amount, which is not the same as being worth nothing.
    pub unknown: Option<Unknown>,
}

/// What Stripe does not say of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// A price in steps, or none.
    Price,
    /// What a discount takes off.
    Discount,
    /// How much is used of what is measured, where the definition counts it.
    Metered,
}

impl Billed {
    /// Reads a row of the copy.
    ///
    /// Discounts of a single line are taken off its price here, as far as they count at the instant; those of the whole are
    /// kept as discounts.
    #[must_use]
    pub fn of(
        row: &record::Subscription,
        coupons: &HashMap<String, Coupon>,
        at: DateTime<Utc>,
        profile: &Profile,
    ) -> Self {
        let period_end = row.items.iter().filter_map(|item| item.period_end).min();
        let mut unknown = None;
        let mut discounts = Vec::new();
        for own in &row.discounts {
            match discount(own, coupons, &row.currency, period_end) {
                Some(discount) => discounts.push(discount),
                None => unknown = Some(Unknown::Discount),
            }
        }
        let (mut items, mut places) = (Vec::with_capacity(row.items.len()), Vec::new());
        for (place, own) in row.items.iter().enumerate() {
            let is_metered = own.price.as_ref().is_some_and(|price| price.is_metered);
            if is_metered {
                // What was used stands on the invoice and nowhere in the subscription.
                if profile.counts_metered {
                    unknown = unknown.or(Some(Unknown::Metered));
                }
                continue;
            }
            match item(own) {
                Ok(Some(mut item)) => {
                    for own in &own.discounts {
                        match discount(own, coupons, &row.currency, period_end) {
                            Some(discount) if applies(&discount, at, profile) => {
                                item.unit_amount = reduced(&item, discount.value);
                            }
                            Some(_) => {}
                            None => unknown = Some(Unknown::Discount),
                        }
                    }
                    items.push(item);
                    places.push(place);
                }
                // Charged once: no part of what recurs.
                Ok(None) => {}
                Err(why) => unknown = Some(why),
            }
        }
        let terms =
            Terms { plan: String::new(), status: status(row), items, discounts, price: PriceSource::Billed };
        Self {
            id: row.id.clone(),
            customer: row.customer.clone(),
            subscription: Subscription {
                id: Uuid::nil(),
                customer: Uuid::nil(),
                currency: row.currency.clone(),
                steps: vec![Step { from: DateTime::<Utc>::MIN_UTC, terms: terms.into() }],
                canceled_at: row.canceled_at,
                ended_at: row.ended_at,
                period_end,
            },
            places,
            unknown,
        }
    }

    /// Its terms.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.subscription.steps[0].terms
    }
}

fn status(row: &record::Subscription) -> Status {
    match row.status.as_str() {
        // Invoices are written and nothing of them is collected: here that is a pause.
        "active" if row.is_collection_paused => Status::Paused,
        // Its first payment was never made.
        "incomplete" => Status::Unpaid,
        "incomplete_expired" => Status::Canceled,
        // A status nobody told us about earns nothing until somebody does.
        other => Status::parse(other).unwrap_or(Status::Paused),
    }
}

/// A line; none where it is charged once.
fn item(row: &record::Item) -> Result<Option<Item>, Unknown> {
    let price = row.price.as_ref().ok_or(Unknown::Price)?;
    let Some(interval) = &price.interval else { return Ok(None) };
    let unit_amount = match &price.unit_amount {
        Some(amount) if !price.is_tiered => amount.parse().map_err(|_| Unknown::Price)?,
        _ => return Err(Unknown::Price),
    };
    Ok(Some(Item {
        unit_amount,
        quantity: u32::try_from(row.quantity.unwrap_or(1)).map_err(|_| Unknown::Price)?,
        interval: Interval::parse(interval).ok_or(Unknown::Price)?,
        interval_count: price.interval_count.max(1),
        is_metered: false,
    }))
}

fn discount(
    row: &record::Discount,
    coupons: &HashMap<String, Coupon>,
    currency: &str,
    period_end: Option<DateTime<Utc>>,
) -> Option<Discount> {
    let coupon = coupons.get(row.coupon.as_ref()?)?;
    let value = match (&coupon.percent_off, coupon.amount_off) {
        (Some(percent), _) => {
            DiscountValue::Share(super::amount::decimal(percent)? / Ratio::from_integer(100))
        }
        (None, Some(minor)) if coupon.currency.as_deref().is_none_or(|own| own == currency) => {
            DiscountValue::Minor(Ratio::from_integer(i128::from(minor)))
        }
        (None, _) => return None,
    };
    let end = match (coupon.duration.as_str(), row.end) {
        ("once", end) => end.or(period_end).map_or(DiscountEnd::Forever, DiscountEnd::OneInvoice),
        (_, Some(end)) => DiscountEnd::Until(end),
        (_, None) => DiscountEnd::Forever,
    };
    Some(Discount { value, end })
}

/// The price of one unit after a discount of its line.
fn reduced(item: &Item, value: DiscountValue) -> Ratio<i128> {
    let units = Ratio::from_integer(i128::from(item.quantity.max(1)));
    let left = match value {
        DiscountValue::Share(share) => item.unit_amount * (Ratio::one() - share.min(Ratio::one())),
        DiscountValue::Minor(minor) => item.unit_amount - minor / units,
    };
    left.max(Ratio::zero())
}
