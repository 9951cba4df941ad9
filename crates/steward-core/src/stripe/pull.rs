//! How far the reading of Stripe is: kept in the copy with the rows it belongs to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::key::Mode;

/// A list of Stripe's that the copy keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "StripePart")]
pub enum Part {
    /// Money given back.
    Refunds,
    /// Attempts to take money, those that failed included.
    Payments,
    /// Which payment was for which invoice.
    InvoicePayments,
    /// Invoices.
    Invoices,
    /// Subscriptions with their items and discounts, those that ended included.
    Subscriptions,
    /// Customers.
    Customers,
    /// What discounts take off.
    Coupons,
    /// Prices.
    Prices,
    /// Products.
    Products,
}

impl Part {
    /// Every list in the order in which it is read: what refers to something before what it refers to. A list is
    /// read newest first and grows at its head only, so whatever a row read here refers to was there before the
    /// list it stands in was begun: no row of the copy points to nothing.
    pub const ALL: [Self; 9] = [
        Self::Refunds,
        Self::Payments,
        Self::InvoicePayments,
        Self::Invoices,
        Self::Subscriptions,
        Self::Customers,
        Self::Coupons,
        Self::Prices,
        Self::Products,
    ];

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Refunds => "Refunds",
            Self::Payments => "Payments",
            Self::InvoicePayments => "Invoice payments",
            Self::Invoices => "Invoices",
            Self::Subscriptions => "Subscriptions",
            Self::Customers => "Customers",
            Self::Coupons => "Coupons",
            Self::Prices => "Prices",
            Self::Products => "Products",
        }
    }

    /// The right a restricted key needs for it, as Stripe's own page calls it.
    #[must_use]
    pub fn right(self) -> &'static str {
        match self {
            Self::Refunds | Self::Payments => "Charges and Refunds: Read",
            Self::InvoicePayments | Self::Invoices => "Invoices: Read",
            Self::Subscriptions => "Subscriptions: Read",
            Self::Customers => "Customers: Read",
            Self::Coupons => "Coupons: Read",
            Self::Prices => "Prices: Read",
            Self::Products => "Products: Read",
        }
    }

    /// The list after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|part| *part == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

/// Whose data the rows are: another account's, or another mode's, are never put beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The account, or where the key may not say it, a fingerprint of the key.
    pub account: String,
    /// Whose money it is.
    pub mode: Mode,
}

/// A reading that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// The list it is at.
    pub part: Part,
    /// The last row read of it; none at its beginning.
    pub after: Option<String>,
    /// Rows read of each list so far.
    pub rows: BTreeMap<Part, u64>,
    /// Lists the key may not read.
    pub refused: Vec<Part>,
}

/// A reading that came to its end: every row Stripe had when it began, at that moment or later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// When it began: the copy is as of this moment.
    pub as_of: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Rows of each list.
    pub rows: BTreeMap<Part, u64>,
    /// Lists the key may not read; the copy has no rows of them.
    pub refused: Vec<Part>,
}

/// The position, one per copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Whose rows these are; none before the first row.
    pub source: Option<Source>,
    /// The number of the reading that runs or ran last: rows carry it, and those a finished one has not seen go.
    pub number: u64,
    /// What is under way, also when it was interrupted.
    pub running: Option<Running>,
    /// The last that ended.
    pub finished: Option<Finished>,
}

impl Position {
    /// The name it is kept under.
    pub const KEY: &'static str = "stripe";

    /// Goes on with what was interrupted, or begins anew. Says whether the rows of somebody else have to go first.
    pub fn begin(&mut self, source: Source, now: DateTime<Utc>) -> bool {
        let is_foreign = self.source.as_ref().is_some_and(|known| *known != source);
        if is_foreign {
            *self = Self { number: self.number, ..Self::default() };
        }
        self.source = Some(source);
        if self.running.is_none() {
            self.number += 1;
            self.running = Some(Running {
                began_at: now,
                part: Part::ALL[0],
                after: None,
                rows: BTreeMap::new(),
                refused: Vec::new(),
            });
        }
        is_foreign
    }

    /// Notes a page: how many rows it had and which was the last. Says which list is whole now, if one is.
    pub fn page(
        &mut self,
        rows: u64,
        last: Option<String>,
        has_more: bool,
        now: DateTime<Utc>,
    ) -> Option<Part> {
        let running = self.running.as_mut()?;
        *running.rows.entry(running.part).or_default() += rows;
        if has_more {
            running.after = last;
            return None;
        }
        let part = running.part;
        self.go_on(now);
        Some(part)
    }

    /// The key may not read the list it is at.
    pub fn refused(&mut self, now: DateTime<Utc>) -> Option<Part> {
        let running = self.running.as_mut()?;
        let part = running.part;
        running.refused.push(part);
        running.rows.remove(&part);
        self.go_on(now);
        Some(part)
    }

    /// The row it was to go on after is gone: the list is read from its beginning again, under another number, since
    /// rows that were seen before may be gone by now, too.
    pub fn again(&mut self) {
        if let Some(running) = &mut self.running {
            self.number += 1;
            running.after = None;
            running.rows.remove(&running.part);
        }
    }

    fn go_on(&mut self, now: DateTime<Utc>) {
        let Some(running) = &mut self.running else { return };
        running.after = None;
        match running.part.next() {
            Some(next) => running.part = next,
            None => {
                self.finished = Some(Finished {
                    as_of: running.began_at,
                    ended_at: now,
                    rows: std::mem::take(&mut running.rows),
                    refused: std::mem::take(&mut running.refused),
                });
                self.running = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(account: &str) -> Source {
        Source { account: account.to_owned(), mode: Mode::Test }
    }

    #[test]
    fn a_reading_goes_through_every_list_and_can_be_interrupted_anywhere() {
        let now: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().unwrap();
        let later = now + chrono::TimeDelta::minutes(5);
        let mut position = Position::default();
        assert!(!position.begin(source("acct_1"), now));
        assert_eq!(position.page(100, Some("re_100".to_owned()), true, now), None);
        // Another process reads the state back and goes on.
        let text = serde_json::to_string(&position).unwrap();
        let mut position: Position = serde_json::from_str(&text).unwrap();
        assert!(!position.begin(source("acct_1"), later));
        let running = position.running.clone().unwrap();
        assert_eq!((running.after.as_deref(), running.began_at), (Some("re_100"), now));
        assert_eq!(position.page(7, Some("re_107".to_owned()), false, later), Some(Part::Refunds));
        assert_eq!(position.refused(later), Some(Part::Payments));
        let mut whole = Vec::new();
        while position.running.is_some() {
            whole.extend(position.page(3, Some("x".to_owned()), false, later));
        }
        assert_eq!(whole, Part::ALL[2..], "each list once, in its order");
        let finished = position.finished.clone().unwrap();
        assert_eq!((finished.as_of, finished.ended_at), (now, later), "as of its beginning");
        assert_eq!(finished.rows[&Part::Refunds], 107);
        assert_eq!(finished.refused, [Part::Payments]);
        assert!(!position.begin(source("acct_1"), later));
        assert_eq!(position.number, 2);
    }

    #[test]
    fn another_accounts_rows_are_never_put_beside_these() {
        let now: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut position = Position::default();
        position.begin(source("acct_1"), now);
        position.page(100, Some("re_100".to_owned()), true, now);
        assert!(position.begin(source("acct_2"), now), "what was read goes");
        assert_eq!((position.number, position.running.unwrap().after), (2, None));
    }

    #[test]
    fn a_list_whose_row_went_is_read_from_its_beginning() {
        let now: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut position = Position::default();
        position.begin(source("acct_1"), now);
        position.page(100, Some("re_100".to_owned()), true, now);
        let before = position.number;
        position.again();
        assert!(position.number > before, "what was seen before may be gone");
        let running = position.running.unwrap();
        assert_eq!((running.after, running.rows.is_empty()), (None, true));
    }
}
