//! `revenue_show`, `revenue_movements`, `revenue_bridge`, `revenue_stripe_bridge`, `revenue_forecast`, `revenue_what_if`, `revenue_total`.

use rusqlite::OptionalExtension as _;
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueBridgeReq, RevenueMovements, RevenueMovementsReq, RevenueReq,
};
use steward_core::revenue::forecast::{RevenueForecast, RevenueForecastReq};
use steward_core::revenue::history::SupposedPrice;
use steward_core::revenue::rate::{RateList, RevenueTotal, RevenueTotalReq};
use steward_core::revenue::scenario::{RevenueWhatIf, RevenueWhatIfReq};
use steward_core::revenue::stripe_answer::{RevenueStripeBridge, RevenueStripeBridgeReq};
use steward_core::{Dataset, Error, ErrorKind, Result};
use uuid::Uuid;

use super::{billing, freshness, page_rows, plan};
use crate::cache::{Reader, fault};

/// What answers about revenue are made of.
pub(super) const DATASETS: [Dataset; 5] = [
    Dataset::Plans,
    Dataset::Users,
    Dataset::TeamMembers,
    Dataset::Subscriptions,
    Dataset::SubscriptionChanges,
];

/// Customers of a supposed price when the request does not say, and the most of them.
const SUPPOSED: u32 = 200;
const SUPPOSED_MAX: u32 = 100_000;

/// The revenue of a month and of those before it, in one currency under one definition.
///
/// # Errors
/// `Invalid` for a definition, a month or a currency that is not there; when the file cannot be read.
pub fn show(reader: &Reader, req: &RevenueReq) -> Result<Revenue> {
    reader.revenue()?.show(req, freshness(reader, &DATASETS)?)
}

/// Reads the subscriptions that the other answers are computed from, so that the first of them need not.
///
/// # Errors
/// When the file cannot be read.
pub fn read_ahead(reader: &Reader) -> Result<()> {
    reader.revenue().map(drop)
}

/// Who is behind a movement, and by which changes.
///
/// # Errors
/// As [`show`], and for a place to go on from that no page ended at.
pub fn movements(reader: &Reader, req: &RevenueMovementsReq) -> Result<RevenueMovements> {
    let freshness = freshness(reader, &DATASETS)?;
    let mut answer = reader.revenue()?.movements(req, freshness, page_rows(req.limit))?;
    for row in &mut answer.rows {
        row.name = name(reader, row.customer, row.is_team)?;
    }
    Ok(answer)
}

/// Why two definitions differ.
///
/// # Errors
/// As [`show`].
pub fn bridge(reader: &Reader, req: &RevenueBridgeReq) -> Result<RevenueBridge> {
    let mut answer = reader.revenue()?.bridge(req, freshness(reader, &DATASETS)?)?;
    for row in answer.steps.iter_mut().flat_map(|step| &mut step.largest) {
        row.name = name(reader, row.customer, row.is_team)?;
    }
    Ok(answer)
}

/// Why the total here and the one of the account at Stripe differ. Before Stripe was read, what is known is told with the
/// reason for the rest.
///
/// # Errors
/// As [`show`].
pub fn stripe_bridge(reader: &Reader, req: &RevenueStripeBridgeReq) -> Result<RevenueStripeBridge> {
    let freshness = freshness(reader, &DATASETS)?;
    let side = match billing::side(reader) {
        Ok(side) => Ok(side),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::BillingRight) => {
            Err(error.message().to_owned())
        }
        Err(error) => return Err(error),
    };
    let mut answer =
        reader.revenue()?.stripe_bridge(req, freshness, side.as_ref().map_err(String::as_str))?;
    for row in answer.steps.iter_mut().flat_map(|step| &mut step.largest) {
        if let Some(customer) = row.customer {
            row.name = name(reader, customer, row.is_team)?.or(row.name.take());
        }
    }
    Ok(answer)
}

/// Where MRR is heading.
///
/// # Errors
/// As [`show`].
pub fn forecast(reader: &Reader, req: &RevenueForecastReq) -> Result<RevenueForecast> {
    reader.revenue()?.forecast(req, freshness(reader, &DATASETS)?)
}

/// What MRR would be under other prices, churn or conversion.
///
/// # Errors
/// As [`show`]; `NotFound` for a plan that is not there, `Invalid` for what nobody can mean.
pub fn what_if(reader: &Reader, req: &RevenueWhatIfReq) -> Result<RevenueWhatIf> {
    let plans = if req.assumptions.prices.is_empty() { Vec::new() } else { plan::list(reader)?.rows };
    let mut prices = Vec::with_capacity(req.assumptions.prices.len());
    for supposed in &req.assumptions.prices {
        let plan = plans.iter().find(|plan| plan.code == supposed.plan).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("There is no plan `{}`.", supposed.plan))
                .with_field("prices", "Unknown plan.")
        })?;
        prices.push(SupposedPrice {
            plan: plan.code.clone(),
            currency: plan.currency.clone(),
            month: plan.price_month_minor,
            year: plan.price_year_minor,
            supposed: supposed.clone(),
        });
    }
    let rows = if req.rows == 0 { SUPPOSED } else { req.rows.min(SUPPOSED_MAX) };
    let mut answer = reader.revenue()?.what_if(req, &prices, freshness(reader, &DATASETS)?, rows as usize)?;
    for row in &mut answer.customers {
        row.name = name(reader, row.customer, row.is_team)?;
    }
    Ok(answer)
}

/// All currencies together, at rates somebody stated.
///
/// # Errors
/// As [`show`]; for a rate that cannot be read.
pub fn total(reader: &Reader, req: &RevenueTotalReq, rates: &RateList) -> Result<RevenueTotal> {
    reader.revenue()?.total(req, rates, freshness(reader, &DATASETS)?)
}

/// How people know a customer.
pub(super) fn name(reader: &Reader, customer: Uuid, is_team: bool) -> Result<Option<String>> {
    let query = if is_team {
        "select name from teams where id = ?1"
    } else {
        "select nullif(email, '') from users where id = ?1"
    };
    reader
        .connection()
        .prepare_cached(query)
        .and_then(|mut find| find.query_row([customer.as_bytes().as_slice()], |row| row.get(0)).optional())
        .map(Option::flatten)
        .map_err(fault::map)
}
