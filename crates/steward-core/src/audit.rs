//! `audit_list`, `audit_verify`: who changed what, and whether the log is whole.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::freshness::Freshness;
use crate::period::{day_period, start_of_day};
use crate::{Error, Result};

/// Which entries.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct AuditListReq {
    /// Only this change.
    pub intent: Option<Uuid>,
    /// Only rows whose key holds this text, for example a user's id; or a user's whole e-mail address.
    pub key: Option<String>,
    /// Only by somebody whose login or name holds this text.
    pub who: Option<String>,
    /// Only this action, for example `change_plan`.
    pub action: Option<String>,
    /// Only rows of this table.
    pub table: Option<String>,
    /// Only since this instant.
    pub since: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Only from this day on.
    #[ts(type = "string | null")]
    pub first_day: Option<NaiveDate>,
    /// Only up to the end of this day.
    #[ts(type = "string | null")]
    pub last_day: Option<NaiveDate>,
    /// Zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted; 0 means 200.
    pub limit: u32,
}

impl Default for AuditListReq {
    fn default() -> Self {
        Self {
            intent: None,
            key: None,
            who: None,
            action: None,
            table: None,
            since: None,
            until: None,
            first_day: None,
            last_day: None,
            zone: Tz::UTC,
            after: None,
            limit: 0,
        }
    }
}

/// Between which instants entries lie; none where it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub since: Option<DateTime<Utc>>,
    /// The first one after the last.
    pub until: Option<DateTime<Utc>>,
}

/// Years whose days have a beginning in every zone.
const YEARS: RangeInclusive<i32> = 1970..=9998;

impl AuditListReq {
    /// What the instants and the days leave together.
    ///
    /// # Errors
    /// `Invalid` for days in no order, or in years that no log is of.
    pub fn span(&self) -> Result<Span> {
        for (name, day) in [("first_day", self.first_day), ("last_day", self.last_day)] {
            if day.is_some_and(|day| !YEARS.contains(&day.year())) {
                return Err(Error::invalid(name, "A day is written 2026-11-22."));
            }
        }
        if self.first_day.zip(self.last_day).is_some_and(|(first, last)| first > last) {
            return Err(Error::invalid("last_day", "The last day is before the first."));
        }
        let first = self.first_day.map(|day| start_of_day(self.zone, day));
        let end = self.last_day.map(|day| day_period(self.zone, day).end);
        // None is less than any instant, and must not win as the least.
        Ok(Span { since: self.since.max(first), until: [self.until, end].into_iter().flatten().min() })
    }
}

/// One audited row.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditRow {
    /// Position in the log.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The change it belongs to.
    pub intent: Option<Uuid>,
    /// Database login.
    pub login: String,
    /// Person, where known.
    pub operator: Option<String>,
    /// What was done, for example `change_plan`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Table.
    pub table: String,
    /// The row's key.
    #[ts(type = "Record<string, unknown>")]
    pub key: serde_json::Value,
    /// How people know the row, where known.
    pub label: Option<String>,
    /// Touched columns before.
    #[ts(type = "Record<string, unknown> | null")]
    pub before: Option<serde_json::Value>,
    /// Touched columns after.
    #[ts(type = "Record<string, unknown> | null")]
    pub after: Option<serde_json::Value>,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// How many match in all; told with the first page.
    pub total: Option<u64>,
    /// What there is to filter by; told with the first page.
    pub choices: Option<AuditChoices>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

/// What there is to filter the log by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditChoices {
    /// Actions, by name.
    pub actions: Vec<String>,
    /// Names, or logins without a name.
    pub people: Vec<String>,
    /// Tables.
    pub tables: Vec<String>,
}

/// An entry of the log by its place and its hash: who knows it notices when anything before it is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditHead {
    /// Position in the log.
    pub id: i64,
    /// SHA-256 over the entry and everything before it, in hex.
    pub hash: String,
}

/// An entry that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditProblem {
    /// Position in the log.
    pub id: i64,
    /// What is wrong with it, as a sentence.
    pub problem: String,
}

/// Whether the log is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditVerify {
    /// Whether nothing was found.
    pub is_whole: bool,
    /// What was found; at most a hundred.
    pub problems: Vec<AuditProblem>,
    /// Entries of the server, counted by it.
    pub entries: u64,
    /// The newest entry now.
    pub head: Option<AuditHead>,
    /// Heads this computer has seen before, each compared with the server's entry of the same place.
    pub heads_compared: u64,
    /// When the server answered.
    pub checked_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(zone: Tz, first: Option<&str>, last: Option<&str>) -> AuditListReq {
        let day = |text: &str| text.parse().expect("a day");
        AuditListReq { first_day: first.map(day), last_day: last.map(day), zone, ..AuditListReq::default() }
    }

    #[test]
    fn days_are_those_of_the_zone_with_the_last_one_whole() {
        let span = |request: &AuditListReq| {
            let Span { since, until } = request.span().expect("a span");
            let words = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
            (words(since).unwrap_or_default(), words(until).unwrap_or_default())
        };
        let named = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        // The clocks went back on the second day, which has 25 hours.
        let both = asked(Tz::Europe__Berlin, Some("2026-10-24"), Some("2026-10-25"));
        assert_eq!(span(&both), named("2026-10-23T22:00:00+00:00", "2026-10-25T23:00:00+00:00"));
        let open = asked(Tz::Asia__Kathmandu, Some("2026-10-24"), None);
        assert_eq!(span(&open), named("2026-10-23T18:15:00+00:00", ""));
        let ended = asked(Tz::UTC, None, Some("2026-10-24"));
        assert_eq!(span(&ended), named("", "2026-10-25T00:00:00+00:00"));
        let narrower = AuditListReq { since: Some("2026-10-24T12:00:00Z".parse().expect("one")), ..both };
        assert_eq!(span(&narrower), named("2026-10-24T12:00:00+00:00", "2026-10-25T23:00:00+00:00"));
    }

    #[test]
    fn days_in_no_order_or_of_no_time_name_the_field() {
        let field = |request: AuditListReq| request.span().expect_err("refused").fields()[0].field.clone();
        assert_eq!(field(asked(Tz::UTC, Some("2026-10-25"), Some("2026-10-24"))), "last_day");
        assert_eq!(field(asked(Tz::UTC, Some("-0044-03-15"), None)), "first_day");
        assert_eq!(field(asked(Tz::UTC, None, Some("+12026-10-24"))), "last_day");
    }
}
