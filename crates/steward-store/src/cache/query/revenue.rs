//! `revenue_show`, `revenue_movements`, `revenue_bridge`.

use rusqlite::OptionalExtension as _;
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueBridgeReq, RevenueMovements, RevenueMovementsReq, RevenueReq,
};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::{freshness, page_rows};
use crate::cache::{Reader, fault};

/// What answers about revenue are made of.
pub(super) const DATASETS: [Dataset; 5] = [
    Dataset::Plans,
    Dataset::Users,
    Dataset::TeamMembers,
    Dataset::Subscriptions,
    Dataset::SubscriptionChanges,
];

/// The revenue of a month and of those before it, in one currency under one definition.
///
/// # Errors
/// `Invalid` for a definition, a month or a currency that is not there; when the file cannot be read.
pub fn show(reader: &Reader, req: &RevenueReq) -> Result<Revenue> {
    reader.revenue()?.show(req, freshness(reader, &DATASETS)?)
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
