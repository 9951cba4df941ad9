//! Many months at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::amount::{Amount, Sum};
use super::super::cohort::{Cohort, MonthEnd, Retained};
use super::super::movement::{CustomerMovement, Movement, Totals};
use super::{Book, Segment};
use crate::Result;

/// Sums and counts of one month while accounts are added.
#[derive(Debug, Clone, Default)]
struct Month {
    sums: [Sum; 5],
    counts: [usize; 5],
    /// What all gains and all losses add up to.
    rise: Sum,
    fall: Sum,
    joined: usize,
    left: usize,
}

/// What is paid for each plan at an instant.
pub type ByPlan<'a> = BTreeMap<&'a str, Segment>;

impl Book {
    /// What is paid for each plan at each of these instants, which are in order of time: as [`Book::segments`] of
    /// each, from one walk through every account.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn plan_history(&self, currency: &str, ends: &[DateTime<Utc>]) -> Result<Vec<ByPlan<'_>>> {
        let mut cells: Vec<Vec<(usize, u64, Sum)>> =
            vec![vec![Default::default(); self.labels.len()]; ends.len()];
        for account in self.accounts(currency) {
            let mut places = vec![0; account.parts.len()];
            for (row, end) in cells.iter_mut().zip(ends) {
                let mut plans: Vec<&str> = Vec::new();
                for (points, place) in account.parts.iter().zip(&mut places) {
                    while points.get(*place).is_some_and(|point| point.from <= *end) {
                        *place += 1;
                    }
                    let point = place.checked_sub(1).map(|at| points[at]);
                    let Some(point) = point.filter(|point| point.value.is_positive()) else { continue };
                    let (customers, seats, sum) = &mut row[point.label as usize];
                    sum.add(point.value)?;
                    *seats += u64::from(point.seats);
                    if account.parts.len() > 1 {
                        let plan = self.label(point.label).plan.as_str();
                        if plans.contains(&plan) {
                            continue;
                        }
                        plans.push(plan);
                    }
                    *customers += 1;
                }
            }
        }
        cells
            .into_iter()
            .map(|row| {
                let mut plans = ByPlan::new();
                for ((customers, seats, sum), label) in row.into_iter().zip(&self.labels) {
                    let value = sum.total()?;
                    if value.is_positive() {
                        let segment = plans.entry(label.plan.as_str()).or_default();
                        segment.customers += customers;
                        segment.seats += seats;
                        segment.mrr = segment.mrr.plus(value)?;
                    }
                }
                Ok(plans)
            })
            .collect()
    }

    /// The totals between each two neighbours of `bounds`, which are in order of time. The same as
    /// [`Book::movements`] of each, from one walk through every account.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn series(&self, currency: &str, bounds: &[DateTime<Utc>]) -> Result<Vec<Totals>> {
        let Some((first, later)) = bounds.split_first() else { return Ok(Vec::new()) };
        let mut months = vec![Month::default(); later.len()];
        let mut opening = Sum::default();
        let mut opening_customers = 0;
        for account in self.accounts(currency) {
            let mut place = account.points.partition_point(|(from, _)| from <= first);
            let mut start = place.checked_sub(1).map_or(Amount::ZERO, |at| account.points[at].1);
            opening.add(start)?;
            opening_customers += usize::from(start.is_positive());
            let mut since = *first;
            for (month, until) in months.iter_mut().zip(later) {
                let before = place;
                while account.points.get(place).is_some_and(|(from, _)| from <= until) {
                    place += 1;
                }
                if place == account.points.len() && place == before {
                    // Nothing happens to this account any more.
                    break;
                }
                if place != before {
                    let end = account.points[place - 1].1;
                    if let Some(movement) = Movement::between(start, end, account.has_paid_before(since)) {
                        let moved = CustomerMovement { customer: account.customer, movement, start, end };
                        let size = moved.size()?;
                        month.sums[movement as usize].add(size)?;
                        month.counts[movement as usize] += 1;
                        if movement.is_gain() { &mut month.rise } else { &mut month.fall }.add(size)?;
                        month.joined += usize::from(!start.is_positive());
                        month.left += usize::from(!end.is_positive());
                    }
                    start = end;
                }
                since = *until;
            }
        }
        let mut balance = opening.total()?;
        let mut customers = opening_customers;
        months
            .into_iter()
            .map(|month| {
                let mut totals = Totals {
                    start: balance,
                    start_customers: customers,
                    counts: month.counts,
                    ..Totals::default()
                };
                for (total, sum) in totals.sums.iter_mut().zip(&month.sums) {
                    *total = sum.total()?;
                }
                balance = balance.plus(month.rise.total()?)?.minus(month.fall.total()?)?;
                customers = customers + month.joined - month.left;
                totals.end = balance;
                totals.end_customers = customers;
                Ok(totals)
            })
            .collect()
    }

    /// Cohorts by the month at whose end a customer paid for the first time, over consecutive months, oldest first.
    /// Who paid at the end of the first month belongs to its cohort, or came before it: give every month there is.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn cohorts(&self, currency: &str, months: &[MonthEnd]) -> Result<Vec<Cohort>> {
        let mut cells: Vec<Vec<(usize, Sum)>> =
            (0..months.len()).map(|first| vec![(0, Sum::default()); months.len() - first]).collect();
        for account in self.accounts(currency) {
            let mut place = 0;
            let mut row: Option<usize> = None;
            for (index, month) in months.iter().enumerate() {
                while account.points.get(place).is_some_and(|(from, _)| *from <= month.end) {
                    place += 1;
                }
                let value = place.checked_sub(1).map_or(Amount::ZERO, |at| account.points[at].1);
                if value.is_positive() {
                    let first = *row.get_or_insert(index);
                    let (count, sum) = &mut cells[first][index - first];
                    *count += 1;
                    sum.add(value)?;
                }
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
}
