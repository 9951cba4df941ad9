//! How recurring revenue moved between two instants, net per customer.
//!
//! Per customer and not per subscription: dropping one of two subscriptions is contraction, adding one is expansion,
//! and changing the plan is never churn and a new sale.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::amount::{Amount, Sum};
use crate::Result;

/// What kind of change a customer made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Movement {
    /// Paying for the first time ever.
    New,
    /// Paying again.
    Reactivation,
    /// Paying more.
    Expansion,
    /// Paying less.
    Contraction,
    /// No longer paying.
    Churn,
}

impl Movement {
    /// All five, in the order of the bridge.
    pub const ALL: [Self; 5] =
        [Self::New, Self::Reactivation, Self::Expansion, Self::Contraction, Self::Churn];

    /// What the change from `start` to `end` is; none where nothing moved.
    #[must_use]
    pub fn between(start: Amount, end: Amount, has_paid_before: bool) -> Option<Self> {
        match (start.is_positive(), end.is_positive()) {
            (false, false) => None,
            (false, true) if has_paid_before => Some(Self::Reactivation),
            (false, true) => Some(Self::New),
            (true, false) => Some(Self::Churn),
            (true, true) if end > start => Some(Self::Expansion),
            (true, true) if end < start => Some(Self::Contraction),
            (true, true) => None,
        }
    }

    /// Whether it adds to revenue.
    #[must_use]
    pub fn is_gain(self) -> bool {
        matches!(self, Self::New | Self::Reactivation | Self::Expansion)
    }
}

/// One customer's movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerMovement {
    /// Whose.
    pub customer: Uuid,
    /// What kind.
    pub movement: Movement,
    /// Monthly value before.
    pub start: Amount,
    /// Monthly value after.
    pub end: Amount,
}

impl CustomerMovement {
    /// The size of the change, never negative.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn size(&self) -> Result<Amount> {
        if self.movement.is_gain() { self.end.minus(self.start) } else { self.start.minus(self.end) }
    }
}

/// Recurring revenue from one balance to the next, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Balance at the start.
    pub start: Amount,
    /// Balance at the end.
    pub end: Amount,
    /// Paying customers at the start.
    pub start_customers: usize,
    /// Paying customers at the end.
    pub end_customers: usize,
    /// Sum of sizes per kind, in the order of [`Movement::ALL`].
    pub(super) sums: [Amount; 5],
    /// Customers per kind, in the order of [`Movement::ALL`].
    pub(super) counts: [usize; 5],
}

impl Totals {
    /// Sum of the sizes of one kind; never negative.
    #[must_use]
    pub fn sum(&self, movement: Movement) -> Amount {
        self.sums[movement as usize]
    }

    /// How many customers moved so.
    #[must_use]
    pub fn count(&self, movement: Movement) -> usize {
        self.counts[movement as usize]
    }

    /// Start and gains less losses: equal to [`Totals::end`], always.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn balance(&self) -> Result<Amount> {
        Movement::ALL.into_iter().try_fold(self.start, |balance, movement| {
            let size = self.sum(movement);
            if movement.is_gain() { balance.plus(size) } else { balance.minus(size) }
        })
    }
}

/// The totals of a period with everybody who moved in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movements {
    /// The totals.
    pub totals: Totals,
    /// Every customer that moved, in order of their ids.
    pub customers: Vec<CustomerMovement>,
}

/// Adds up movements of customers given one by one.
#[derive(Debug, Default)]
pub(super) struct Tally {
    customers: Vec<CustomerMovement>,
    sums: [Sum; 5],
    counts: [usize; 5],
    start: Sum,
    end: Sum,
    start_customers: usize,
    end_customers: usize,
}

impl Tally {
    /// Takes one customer's value before and after.
    pub(super) fn add(
        &mut self,
        customer: Uuid,
        start: Amount,
        end: Amount,
        has_paid_before: bool,
    ) -> Result<()> {
        self.start.add(start)?;
        self.end.add(end)?;
        self.start_customers += usize::from(start.is_positive());
        self.end_customers += usize::from(end.is_positive());
        if let Some(movement) = Movement::between(start, end, has_paid_before) {
            let moved = CustomerMovement { customer, movement, start, end };
            self.sums[movement as usize].add(moved.size()?)?;
            self.counts[movement as usize] += 1;
            self.customers.push(moved);
        }
        Ok(())
    }

    /// The movements so far.
    pub(super) fn finish(self) -> Result<Movements> {
        let mut sums = [Amount::ZERO; 5];
        for (total, sum) in sums.iter_mut().zip(&self.sums) {
            *total = sum.total()?;
        }
        let totals = Totals {
            start: self.start.total()?,
            end: self.end.total()?,
            start_customers: self.start_customers,
            end_customers: self.end_customers,
            sums,
            counts: self.counts,
        };
        Ok(Movements { totals, customers: self.customers })
    }
}
