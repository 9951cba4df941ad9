//! `report_revenue`, `report_close`, `report_overview`: what a document for other people holds.
//!
//! The answers are those of the views, read at one cut; a file is made of them by `export_run`.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;
use crate::overview::OverviewReq;
use crate::period::Period;
use crate::revenue::answer::Revenue;
use crate::revenue::close::ClosedMonth;
use crate::revenue::{Month, Profile};
use crate::{Error, ErrorKind, Result};

/// The revenue of which month, by which definition. All currencies are in it, each apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReportRevenueReq {
    /// `2026-10`; none is the month that runs.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub month: Option<Month>,
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
}

/// Which closed month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReportCloseReq {
    /// `2026-10`; it has to be closed.
    #[ts(type = "string")]
    pub month: Month,
}

/// A report as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "report", rename_all = "snake_case")]
#[ts(export)]
pub enum ReportReq {
    /// The revenue of a month.
    Revenue(ReportRevenueReq),
    /// A closed month.
    Close(ReportCloseReq),
    /// The overview of a range.
    Overview(OverviewReq),
}

/// The revenue of a month in every currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueReport {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The month.
    #[ts(type = "string")]
    pub month: Month,
    /// Its span; while it runs, to the as-of.
    pub period: Period,
    /// Whether it still runs.
    pub is_unfinished: bool,
    /// The definition all numbers are made by.
    pub profile: Profile,
    /// One answer a currency, most customers first; empty while nobody ever paid. Currencies are never added.
    pub currencies: Vec<Revenue>,
    /// Subscriptions that count but whose price is nowhere: they are in no amount.
    pub unpriced: u64,
    /// When the month was closed, where it is: the numbers that were reported then.
    pub closed: Option<ClosedMonth>,
}

/// A closed month, and how it was closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CloseReport {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The month beside what history gives for it now.
    pub closed: ClosedMonth,
    /// The name of who closed it, where the audit log knows one.
    pub operator: Option<String>,
    /// Why, from the audit log.
    pub reason: Option<String>,
}

/// Refuses a report before anything was read: there is nothing to report from.
///
/// # Errors
/// `NotFound`.
pub fn ensure_read(freshness: &Freshness) -> Result<()> {
    if freshness.as_of.is_some() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotFound,
        "Nothing has been read from the server yet: a report is made from the local copy. Synchronise first.",
    ))
}
