//! Which price at Stripe is which plan's.

use steward_core::Result;

use crate::cache::{Reader, fault};

/// A price of a plan at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanPrice {
    /// Plan.
    pub plan: String,
    /// `month` or `year`.
    pub interval: String,
    /// Id at Stripe.
    pub price: String,
}

/// Every price at Stripe that the catalogue names.
///
/// # Errors
/// When the file cannot be read.
pub fn plan_prices(reader: &Reader) -> Result<Vec<PlanPrice>> {
    reader
        .connection()
        .prepare_cached(
            "select code, 'month', stripe_price_month_id from plans where stripe_price_month_id is not null
             union all
             select code, 'year', stripe_price_year_id from plans where stripe_price_year_id is not null
             order by 1, 2",
        )
        .and_then(|mut find| {
            find.query_map([], |row| {
                Ok(PlanPrice { plan: row.get(0)?, interval: row.get(1)?, price: row.get(2)? })
            })?
            .collect()
        })
        .map_err(fault::map)
}
