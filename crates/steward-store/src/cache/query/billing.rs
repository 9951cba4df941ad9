//! Billing, from the rows of the provider: figures, invoices, payments, refunds, and the comparison with here.
//!
//! Map: [`figures`] sums by currency · [`list`] rows with who they belong to · [`mod@reconcile`] both sides brought
//! together · [`holder`] whose customer it is · [`price`] which price is which plan's.

mod figures;
mod holder;
mod list;
mod price;
mod reconcile;

use std::collections::BTreeMap;

use rusqlite::Connection;
use steward_core::Result;
use steward_core::freshness::Freshness;
use steward_core::stripe::pull::Position;
use steward_core::stripe::{Part, key::Mode};

use crate::cache::{Reader, fault, stripe};

pub use figures::show;
pub use list::{invoices, payments, refunds};
pub use price::{PlanPrice, plan_prices};
pub use reconcile::{reconcile, side};

/// How far the reading of Stripe is.
///
/// # Errors
/// When the file cannot be read.
pub fn position(reader: &Reader) -> Result<Position> {
    Ok(reader.state(Position::KEY)?.unwrap_or_default())
}

/// Rows of each list in the copy.
///
/// # Errors
/// When the file cannot be read.
pub fn rows(reader: &Reader) -> Result<BTreeMap<Part, u64>> {
    Part::ALL.into_iter().map(|part| Ok((part, count(reader.connection(), part)?))).collect()
}

fn count(connection: &Connection, part: Part) -> Result<u64> {
    let (name, _) = stripe::table(part);
    connection
        .prepare_cached(&format!("select count(*) from {name}"))
        .and_then(|mut count| count.query_row([], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}

/// How fresh answers about billing are.
fn freshness(position: &Position) -> Freshness {
    let as_of = position.finished.as_ref().map(|finished| finished.as_of);
    Freshness { as_of, is_consistent: as_of.is_some() }
}

/// A page of Stripe's own pages.
fn page_of(position: &Position, what: &str, id: &str) -> String {
    let is_test = position.source.as_ref().is_some_and(|source| source.mode == Mode::Test);
    let mode = if is_test { "test/" } else { "" };
    format!("https://dashboard.stripe.com/{mode}{what}/{id}")
}
