//! Movements plan by plan.

use std::collections::BTreeMap;

use super::super::amount::{Amount, Sum};
use super::super::movement::Movement;
use super::{Account, Book};
use crate::Result;
use crate::period::Period;

/// How one plan's revenue moved. Start and everything between is the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanTotals {
    /// Balance at the start.
    pub start: Amount,
    /// Balance at the end.
    pub end: Amount,
    /// Customers on it at the start.
    pub start_customers: usize,
    /// Customers on it at the end.
    pub end_customers: usize,
    /// What customers brought along who came from another plan.
    pub moved_in: Amount,
    /// What customers paid here who went to another plan.
    pub moved_out: Amount,
    sums: [Amount; 5],
}

impl PlanTotals {
    /// Sum of the sizes of one kind; never negative.
    #[must_use]
    pub fn sum(&self, movement: Movement) -> Amount {
        self.sums[movement as usize]
    }
}

/// Customers who went the same way; no plan is paying nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanMove {
    /// The plan at the start; who had several counts with the dearest.
    pub from: Option<String>,
    /// The plan at the end.
    pub to: Option<String>,
    /// How many.
    pub customers: usize,
    /// What they paid in all before.
    pub before: Amount,
    /// What they pay in all after.
    pub after: Amount,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    start: Sum,
    end: Sum,
    start_customers: usize,
    end_customers: usize,
    moved_in: Sum,
    moved_out: Sum,
    sums: [Sum; 5],
}

/// A plan with its value before and after, of one customer.
type Change<'a> = (&'a str, Amount, Amount);

/// From a plan to a plan; none is paying nothing.
type Way<'a> = (Option<&'a str>, Option<&'a str>);

impl Book {
    /// Movements of each plan between the ends of a period. A customer who changes the plan moves out of one and
    /// into the other; a second plan beside the first is expansion, dropping one of two contraction.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn plan_totals(&self, currency: &str, period: Period) -> Result<BTreeMap<&str, PlanTotals>> {
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for account in self.accounts(currency) {
            let changes = self.changes(account, period)?;
            let has = |value: Amount| value.is_positive();
            let was_paying = changes.iter().any(|(_, start, _)| has(*start));
            let is_paying = changes.iter().any(|(.., end)| has(*end));
            let leaves = changes.iter().any(|(_, start, end)| has(*start) && !has(*end));
            let enters = changes.iter().any(|(_, start, end)| !has(*start) && has(*end));
            let is_switch = leaves && enters;
            for (plan, start, end) in changes {
                let tally = tallies.entry(plan).or_default();
                tally.start.add(start)?;
                tally.end.add(end)?;
                tally.start_customers += usize::from(has(start));
                tally.end_customers += usize::from(has(end));
                let movement = match (was_paying, is_paying) {
                    (false, _) if account.has_paid_before(period.start) => Movement::Reactivation,
                    (false, _) => Movement::New,
                    (true, false) => Movement::Churn,
                    (true, true) if is_switch && !has(start) => {
                        tally.moved_in.add(end)?;
                        continue;
                    }
                    (true, true) if is_switch && !has(end) => {
                        tally.moved_out.add(start)?;
                        continue;
                    }
                    (true, true) if end >= start => Movement::Expansion,
                    (true, true) => Movement::Contraction,
                };
                let size = if movement.is_gain() { end.minus(start)? } else { start.minus(end)? };
                tally.sums[movement as usize].add(size)?;
            }
        }
        tallies.into_iter().map(|(plan, tally)| Ok((plan, tally.finish()?))).collect()
    }

    /// Who went from which plan to which, those who stayed included.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
    pub fn plan_moves(&self, currency: &str, period: Period) -> Result<Vec<PlanMove>> {
        let mut moves: BTreeMap<Way<'_>, (usize, Sum, Sum)> = BTreeMap::new();
        for account in self.accounts(currency) {
            let changes = self.changes(account, period)?;
            let dearest = |value: fn(&Change<'_>) -> Amount| {
                let paid = changes.iter().filter(|change| value(change).is_positive());
                paid.max_by_key(|change| value(change)).map(|(plan, ..)| *plan)
            };
            let way = (dearest(|change| change.1), dearest(|change| change.2));
            if way == (None, None) {
                continue;
            }
            let (customers, before, after) = moves.entry(way).or_default();
            *customers += 1;
            for (_, start, end) in &changes {
                before.add(*start)?;
                after.add(*end)?;
            }
        }
        moves
            .into_iter()
            .map(|((from, to), (customers, before, after))| {
                Ok(PlanMove {
                    from: from.map(str::to_owned),
                    to: to.map(str::to_owned),
                    customers,
                    before: before.total()?,
                    after: after.total()?,
                })
            })
            .collect()
    }

    /// One customer's plans with what each was worth and is.
    fn changes(&self, account: &Account, period: Period) -> Result<Vec<Change<'_>>> {
        let mut changes: Vec<Change<'_>> = Vec::new();
        for (instant, is_end) in [(period.start, false), (period.end, true)] {
            for part in account.parts_at(instant) {
                let plan = self.label(part.label).plan.as_str();
                let at = changes.iter().position(|(known, ..)| *known == plan).unwrap_or_else(|| {
                    changes.push((plan, Amount::ZERO, Amount::ZERO));
                    changes.len() - 1
                });
                let value = if is_end { &mut changes[at].2 } else { &mut changes[at].1 };
                *value = value.plus(part.value)?;
            }
        }
        Ok(changes)
    }
}

impl Tally {
    fn finish(self) -> Result<PlanTotals> {
        let mut sums = [Amount::ZERO; 5];
        for (total, sum) in sums.iter_mut().zip(&self.sums) {
            *total = sum.total()?;
        }
        Ok(PlanTotals {
            start: self.start.total()?,
            end: self.end.total()?,
            start_customers: self.start_customers,
            end_customers: self.end_customers,
            moved_in: self.moved_in.total()?,
            moved_out: self.moved_out.total()?,
            sums,
        })
    }
}
