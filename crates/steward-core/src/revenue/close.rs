//! `month_list`, `month_close`, `month_reopen`: numbers that stay as they were reported.
//!
//! Closing a month writes its numbers down on the server, with the definition they were made by. History may still
//! change underneath: what it gives now is computed beside them, and the difference is the adjustment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::answer::{PlanMonth, RevenueMonth};
use super::history::History;
use super::kept::{MonthKept, UnreadableClose};
use super::metric::RevenueMetric;
use super::month::Month;
use super::profile::Profile;
use crate::freshness::Freshness;
use crate::id::IntentId;
use crate::{Error, Result};

/// What is written down when a month is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, rename = "MonthFigures")]
pub struct Figures {
    /// The definition.
    pub profile: Profile,
    /// The zone of the month.
    #[ts(type = "string")]
    pub zone: Tz,
    /// What each line means, in words.
    pub definitions: BTreeMap<String, String>,
    /// The month in every currency in which anybody ever paid.
    pub currencies: Vec<RevenueMonth>,
    /// The same plan by plan.
    pub plans: Vec<PlanMonth>,
}

/// Closes a month, or shows what would be written down.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthCloseReq {
    /// Its id; made by whoever asks, before the first preview.
    pub intent: IntentId,
    /// `2026-10`; it has to be over.
    #[ts(type = "string")]
    pub month: Month,
    /// IANA zone of the month.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// Sends the month as it was closed on this computer: its figures, zone and definition under its own intent, whatever
    /// this request and the copy say by now.
    #[serde(default)]
    pub is_kept: bool,
    /// Why; goes to the audit log. Of a month that was kept: the reason of then, where none is given now.
    #[serde(default)]
    pub reason: String,
    /// What the preview showed.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the preview asked to be typed.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Reopens a closed month; what was frozen stays in the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthReopenReq {
    /// Its id; made by whoever asks, before the first preview.
    pub intent: IntentId,
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// Why; it is asked for.
    #[serde(default)]
    pub reason: String,
    /// What the preview showed.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the preview asked to be typed.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// A line of a closed month that history gives another value for by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthAdjustment {
    /// The line: `start`, `new`, … `end`, or `end_customers`.
    pub line: String,
    /// How it is written for people.
    pub label: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether it counts customers; an amount otherwise.
    pub is_count: bool,
    /// What was frozen, in minor units or customers.
    pub frozen: i64,
    /// What history gives now.
    pub now: i64,
    /// Now less frozen.
    pub difference: i64,
}

/// A change that was written down after the month was closed, and reaches into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthLateChange {
    /// When it took effect.
    pub occurred_at: DateTime<Utc>,
    /// When it was written down.
    pub recorded_at: DateTime<Utc>,
    /// `created`, `changed`, `ended`.
    pub kind: String,
    /// The user's or team's id.
    #[ts(type = "string")]
    pub customer: Uuid,
    /// Whether it is a team.
    pub is_team: bool,
    /// E-mail address or the team's name.
    pub name: Option<String>,
    /// The plan from then on.
    pub plan: String,
}

/// A closed month beside what history gives for it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClosedMonth {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// When it was closed.
    pub closed_at: DateTime<Utc>,
    /// The login that closed it.
    pub closed_by: String,
    /// What was written down.
    pub figures: Figures,
    /// Where history gives another value now; empty while nothing changed.
    pub adjustments: Vec<MonthAdjustment>,
    /// Changes written down after the closing that reach into the month, newest first; at most fifty.
    pub late: Vec<MonthLateChange>,
    /// How many there are in all.
    pub late_total: u64,
    /// Set where the month is closed on this computer only, and not sent yet.
    pub kept: Option<MonthKept>,
}

/// The closed months.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// Newest first; one that is closed on this computer only before the server's of the same month.
    pub months: Vec<ClosedMonth>,
    /// Closed on this computer, and sealed with a key that is not there; newest first.
    pub unreadable: Vec<UnreadableClose>,
}

/// The lines that are compared.
type Line = (&'static str, &'static str, bool, fn(&RevenueMonth) -> i64);

const LINES: [Line; 8] = [
    ("start", "MRR at the start", false, |row| row.start_minor),
    ("new", "New", false, |row| row.new_minor),
    ("reactivation", "Reactivation", false, |row| row.reactivation_minor),
    ("expansion", "Expansion", false, |row| row.expansion_minor),
    ("contraction", "Contraction", false, |row| row.contraction_minor),
    ("churn", "Churn", false, |row| row.churn_minor),
    ("end", "MRR at the end", false, |row| row.end_minor),
    ("end_customers", "Paying customers", true, |row| row.end_customers.cast_signed()),
];

/// Where the numbers of now differ from those that were frozen, line by line. A currency that only one side has is
/// nothing on the other.
#[must_use]
pub fn adjustments(frozen: &[RevenueMonth], now: &[RevenueMonth]) -> Vec<MonthAdjustment> {
    let mut currencies: Vec<&str> = frozen.iter().chain(now).map(|row| row.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let of = |rows: &[RevenueMonth], currency: &str, value: fn(&RevenueMonth) -> i64| {
        rows.iter().find(|row| row.currency == currency).map_or(0, value)
    };
    let mut adjustments = Vec::new();
    for currency in currencies {
        for (line, label, is_count, value) in LINES {
            let (frozen, now) = (of(frozen, currency, value), of(now, currency, value));
            if frozen != now {
                adjustments.push(MonthAdjustment {
                    line: line.to_owned(),
                    label: label.to_owned(),
                    currency: currency.to_owned(),
                    is_count,
                    frozen,
                    now,
                    difference: now - frozen,
                });
            }
        }
    }
    adjustments
}

impl History {
    /// What closing a month writes down.
    ///
    /// # Errors
    /// `Invalid` while the month runs, and when an amount cannot be shown exactly.
    pub fn figures(
        &self,
        month: Month,
        zone: Tz,
        profile: &Profile,
        as_of: DateTime<Utc>,
    ) -> Result<Figures> {
        if month.period(zone).end > as_of {
            return Err(Error::invalid("month", format!("{month} is not over: the copy is of {as_of}.")));
        }
        let metrics = [RevenueMetric::Mrr, RevenueMetric::Customers, RevenueMetric::Arpu];
        let mut definitions: BTreeMap<String, String> = metrics
            .into_iter()
            .map(|metric| (metric.label().to_owned(), metric.definition(profile)))
            .collect();
        for (name, text) in [
            ("New", "MRR of customers who never paid before."),
            ("Reactivation", "MRR of customers who pay again."),
            ("Expansion", "What customers pay more than when the month began."),
            ("Contraction", "What customers pay less."),
            ("Churn", "What customers paid who pay no longer."),
        ] {
            definitions.insert(name.to_owned(), text.to_owned());
        }
        let (currencies, plans) = self.whole_month(month, zone, profile)?;
        Ok(Figures { profile: profile.clone(), zone, definitions, currencies, plans })
    }
}

#[cfg(test)]
mod tests {
    use super::super::traps::{active, day, item};
    use super::*;
    use crate::revenue::subscription::Interval;

    fn history(subscriptions: Vec<super::super::Subscription>) -> History {
        History { subscriptions: subscriptions.into(), ..History::default() }
    }

    #[test]
    fn what_changes_underneath_is_the_adjustment_to_the_cent() {
        let october: Month = "2026-10".parse().expect("a month");
        let figures = |history: &History| {
            history.figures(october, Tz::UTC, &Profile::stripe(), day(11, 2)).expect("the month is over")
        };
        let one = active(1, day(9, 5), vec![item(10_000, 1, Interval::Month)]);
        let frozen = figures(&history(vec![one.clone()]));
        assert!(adjustments(&frozen.currencies, &frozen.currencies).is_empty(), "nothing changed");
        // A sale of October that was written down in November, and an older customer who had left after all.
        let late = active(2, day(10, 20), vec![item(29_000, 1, Interval::Year)]);
        let gone = super::super::Subscription { ended_at: Some(day(10, 9)), ..one };
        let now = figures(&history(vec![gone, late]));
        let found: Vec<_> = adjustments(&frozen.currencies, &now.currencies)
            .into_iter()
            .map(|row| (row.line, row.frozen, row.now, row.difference))
            .collect();
        let expected =
            [("new", 0, 2_417, 2_417), ("churn", 0, -10_000, -10_000), ("end", 10_000, 2_417, -7_583)];
        assert_eq!(found, expected.map(|(line, a, b, c)| (line.to_owned(), a, b, c)));
    }

    #[test]
    fn what_happens_at_the_first_instant_of_a_month_is_that_months() {
        let first = Month::period("2026-10".parse().expect("a month"), Tz::Europe__Berlin).start;
        let joined = active(1, first, vec![item(10_000, 1, Interval::Month)]);
        let left = active(2, day(8, 5), vec![item(5_000, 1, Interval::Month)]);
        let left = super::super::Subscription { ended_at: Some(first), ..left };
        let history = history(vec![joined, left]);
        let of = |month: &str| {
            let month = month.parse().expect("a month");
            let profile = Profile::stripe();
            let figures =
                history.figures(month, Tz::Europe__Berlin, &profile, day(11, 2)).expect("it is over");
            let row = &figures.currencies[0];
            (row.start_minor, row.new_minor, row.churn_minor, row.end_minor)
        };
        assert_eq!(of("2026-09"), (5_000, 0, 0, 5_000));
        assert_eq!(of("2026-10"), (5_000, 10_000, -5_000, 10_000));
    }

    #[test]
    fn a_month_that_runs_is_not_closed() {
        let history = history(Vec::new());
        let november = "2026-11".parse().expect("a month");
        let error = history.figures(november, Tz::UTC, &Profile::stripe(), day(11, 30)).expect_err("it runs");
        assert_eq!(error.fields()[0].field, "month");
    }
}
