//! `report_revenue`, `report_close`: the answers of the views that a document holds, out of one look at the copy.

use steward_core::audit::AuditListReq;
use steward_core::report::{CloseReport, ReportCloseReq, ReportRevenueReq, RevenueReport, ensure_read};
use steward_core::revenue::answer::RevenueReq;
use steward_core::revenue::kept::{KeptCloses, unreadable};
use steward_core::{Error, ErrorKind, Result};

use super::revenue::DATASETS;
use super::{audit, freshness, month};
use crate::cache::Reader;

/// The revenue of a month in every currency.
///
/// # Errors
/// `NotFound` before the first cut; otherwise as `revenue_show`.
pub fn revenue(reader: &Reader, req: &ReportRevenueReq, kept: &KeptCloses) -> Result<RevenueReport> {
    let freshness = freshness(reader, &DATASETS)?;
    ensure_read(&freshness)?;
    let asked = RevenueReq {
        month: req.month,
        months: 0,
        zone: req.zone,
        profile: req.profile.clone(),
        currency: None,
    };
    let mut currencies = reader.revenue()?.show_all(&asked, &freshness)?;
    let Some(first) = currencies.first() else {
        return Err(Error::internal("A month without an answer cannot be reported."));
    };
    let (month, zone) = (first.month, req.zone);
    // A month closed by another definition or in another zone is another number: it has a report of its own.
    // What is kept here comes first: it is what was reported from here.
    let closed = month::list(reader, kept)?.months.into_iter().find(|closed| {
        closed.month == month && closed.figures.zone == zone && closed.figures.profile == first.profile
    });
    let (period, is_unfinished) = (first.period, first.is_unfinished);
    let (profile, unpriced) = (first.profile.clone(), first.unpriced);
    currencies.retain(|answer| answer.currency.is_some());
    Ok(RevenueReport { freshness, zone, month, period, is_unfinished, profile, currencies, unpriced, closed })
}

/// A closed month, and how it was closed. One that is closed on this computer only is that one, though a colleague's may
/// be on the server.
///
/// # Errors
/// `NotFound` before the first cut; `Invalid` for a month that is not closed, or whose kept figures cannot be opened;
/// when the file cannot be read.
pub fn close(reader: &Reader, req: &ReportCloseReq, kept: &KeptCloses) -> Result<CloseReport> {
    let list = month::list(reader, kept)?;
    ensure_read(&list.freshness)?;
    let known: Vec<String> = list.months.iter().map(|closed| closed.month.to_string()).collect();
    let Some(closed) = list.months.into_iter().find(|closed| closed.month == req.month) else {
        if list.unreadable.iter().any(|kept| kept.month == req.month) {
            return Err(unreadable(req.month));
        }
        let known = match known.as_slice() {
            [] => "no month is".to_owned(),
            known => format!("closed are {}", known.join(", ")),
        };
        return Err(Error::new(ErrorKind::Invalid, format!("{} is not closed; {known}.", req.month))
            .with_field("month", "Not closed."));
    };
    if let Some(kept) = &closed.kept {
        let reason = Some(kept.reason.clone()).filter(|reason| !reason.trim().is_empty());
        return Ok(CloseReport { freshness: list.freshness, closed, operator: None, reason });
    }
    let asked = AuditListReq {
        key: Some(req.month.to_string()),
        action: Some("close_month".to_owned()),
        table: Some("month_closes".to_owned()),
        limit: 1,
        ..AuditListReq::default()
    };
    // The newest: a month may have been reopened and closed again.
    let entry = audit::list(reader, &asked)?.rows.into_iter().next();
    let (operator, reason) = entry.map_or((None, None), |entry| (entry.operator, Some(entry.reason)));
    Ok(CloseReport {
        freshness: list.freshness,
        closed,
        operator,
        reason: reason.filter(|reason| !reason.trim().is_empty()),
    })
}
