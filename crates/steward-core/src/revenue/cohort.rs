//! Retention by the month of the first payment; [`super::Book::cohorts`] makes them.

use chrono::{DateTime, NaiveDate, Utc};

use super::amount::Amount;
use super::ratio::Share;

/// The end of one calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthEnd {
    /// First day of the month.
    pub month: NaiveDate,
    /// When it ended, or now while it runs.
    pub end: DateTime<Utc>,
    /// Whether the month still runs, so that its numbers may change.
    pub is_unfinished: bool,
}

/// What is left of a cohort some months after it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retained {
    /// Customers of the cohort who pay.
    pub customers: usize,
    /// What they pay per month.
    pub mrr: Amount,
    /// Whether the month still runs.
    pub is_unfinished: bool,
}

/// Customers who first paid in the same month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// First day of that month.
    pub month: NaiveDate,
    /// That month and every one after it; the first entry is the cohort's size.
    pub months: Vec<Retained>,
}

impl Cohort {
    /// Share of the cohort's customers who still pay, `age` months on.
    #[must_use]
    pub fn logo_retention(&self, age: usize) -> Option<Share> {
        let size = i128::try_from(self.months.first()?.customers).ok().filter(|size| *size > 0)?;
        Some(Share::new(i128::try_from(self.months.get(age)?.customers).ok()?, size))
    }

    /// Share of the cohort's first revenue that is still earned, `age` months on; above one where it grew.
    #[must_use]
    pub fn revenue_retention(&self, age: usize) -> Option<Share> {
        self.months.get(age)?.mrr.share_of(self.months.first()?.mrr)
    }
}
