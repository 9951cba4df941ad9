//! Retention by the month of the first payment.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::amount::{Amount, Sum};
use super::mrr::Customers;
use super::ratio::Share;
use crate::Result;

/// The balance at the end of one calendar month.
#[derive(Debug, Clone)]
pub struct MonthEnd {
    /// First day of the month.
    pub month: NaiveDate,
    /// Who paid how much when it ended.
    pub customers: Customers,
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

/// Cohorts from the balances of consecutive months, oldest first. Who paid in the first month given belongs to its
/// cohort, or came before it: give every month there is.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn cohorts(months: &[MonthEnd]) -> Result<Vec<Cohort>> {
    let mut joined: BTreeMap<Uuid, usize> = BTreeMap::new();
    for (index, month) in months.iter().enumerate() {
        for (customer, _) in month.customers.iter() {
            joined.entry(customer).or_insert(index);
        }
    }
    let mut cells: Vec<Vec<(usize, Sum)>> =
        (0..months.len()).map(|first| (first..months.len()).map(|_| (0, Sum::default())).collect()).collect();
    for (index, month) in months.iter().enumerate() {
        for (customer, value) in month.customers.iter() {
            let first = joined[&customer];
            let (count, sum) = &mut cells[first][index - first];
            *count += 1;
            sum.add(value)?;
        }
    }
    let mut cohorts = Vec::new();
    for (first, row) in cells.into_iter().enumerate().filter(|(_, row)| row[0].0 > 0) {
        let mut retained = Vec::new();
        for (age, (customers, sum)) in row.into_iter().enumerate() {
            let is_unfinished = months[first + age].is_unfinished;
            retained.push(Retained { customers, mrr: sum.total()?, is_unfinished });
        }
        cohorts.push(Cohort { month: months[first].month, months: retained });
    }
    Ok(cohorts)
}
