//! `offender_list`: the accounts to look at, each with what it is listed for.

use crate::id::UserId;
use crate::limit::LimitLine;
use crate::period::{Compare, Period, RangeSpec};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;

/// What an account is listed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum OffenderKind {
    /// The next use goes beyond a limit.
    OverLimit,
    /// Most of a limit is used.
    NearLimit,
    /// Many of its events fail.
    ErrorHeavy,
    /// Much more than before.
    SuddenRise,
    /// Refused by a limit or a rate.
    RateLimited,
}

/// From this part of a limit on an account is near it, in percent.
pub const NEAR_PERCENT: i64 = 80;

/// Events below which failures say nothing.
pub const ERROR_EVENTS: u64 = 20;

/// From this part of failed events on an account is listed, in percent.
pub const ERROR_PERCENT: u64 = 10;

/// How many times the events of before make a sudden rise.
pub const RISE_FACTOR: u64 = 3;

/// And at least how many events more.
pub const RISE_EVENTS: u64 = 100;

impl OffenderKind {
    /// Every kind, the most pressing first.
    pub const ALL: [Self; 5] =
        [Self::OverLimit, Self::RateLimited, Self::NearLimit, Self::ErrorHeavy, Self::SuddenRise];

    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::OverLimit => "Over limit",
            Self::NearLimit => "Near limit",
            Self::ErrorHeavy => "Error-heavy",
            Self::SuddenRise => "Sudden rise",
            Self::RateLimited => "Rate-limited",
        }
    }

    /// Whom it lists.
    #[must_use]
    pub fn rule(self) -> String {
        match self {
            Self::OverLimit => "Active accounts whose next use would go beyond a limit in its current period, raises \
                 included. Hard limits refuse, soft ones warn. Admins of the product pass every limit and are \
                 not listed."
                .to_owned(),
            Self::NearLimit => format!(
                "Active accounts that have used {NEAR_PERCENT} % or more of a limit in its current period, raises \
                 included, and may still use some. Admins of the product are not listed."
            ),
            Self::ErrorHeavy => format!(
                "Accounts with at least {ERROR_EVENTS} events in the range, of which {ERROR_PERCENT} % or more \
                 failed. Most failures first."
            ),
            Self::SuddenRise => format!(
                "Accounts with at least {RISE_FACTOR} times the events of the days compared with, and at least \
                 {RISE_EVENTS} more; over the finished days of both. Who had none before is new, not risen."
            ),
            Self::RateLimited => {
                "Accounts with events that a limit or a rate refused in the range. Most refusals first.".to_owned()
            }
        }
    }
}

/// Whether so many failures of so many events are many.
#[must_use]
pub fn is_error_heavy(events: u64, errors: u64) -> bool {
    events >= ERROR_EVENTS && errors.saturating_mul(100) >= events.saturating_mul(ERROR_PERCENT)
}

/// Whether so many events after so many are a sudden rise.
#[must_use]
pub fn is_sudden_rise(current: u64, previous: u64) -> bool {
    previous > 0
        && current >= previous.saturating_mul(RISE_FACTOR)
        && current.saturating_sub(previous) >= RISE_EVENTS
}

/// Whether most of a limit is used, and not all.
#[must_use]
pub fn is_near(line: &LimitLine) -> bool {
    let (Some(used), Some(limit)) = (line.used, line.limit) else { return false };
    !line.is_over && i128::from(used) * 100 >= i128::from(limit) * i128::from(NEAR_PERCENT)
}

/// Which days, and how many of each kind.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OffenderListReq {
    /// `24h`, `30d`, `2026-10`, `2026-10-01..2026-10-31`.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// IANA zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
    /// How the days of before are found; off finds no rise.
    #[serde(default)]
    pub compare: Compare,
    /// Accounts wanted of each kind, 1 to 100,000; 0 means 200.
    #[serde(default)]
    pub limit: u32,
}

/// What an account is listed for, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
#[ts(export)]
pub enum Evidence {
    /// A limit and what is used of it.
    Limit(LimitLine),
    /// Failures.
    Errors {
        /// Events of the range.
        events: u64,
        /// Failed ones among them.
        errors: u64,
    },
    /// A rise.
    Rise {
        /// Events over the finished days.
        current: u64,
        /// Events over the days compared with.
        previous: u64,
    },
    /// Refusals.
    Refusals {
        /// Events of the range.
        events: u64,
        /// Refused ones among them.
        hits: u64,
    },
}

/// An account to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Offender {
    /// The user.
    pub user_id: UserId,
    /// E-mail address; none where the user was erased or has not arrived yet.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Current plan.
    pub plan_code: Option<String>,
    /// `active`, `suspended`, `erased`.
    pub status: Option<String>,
    /// Why.
    pub evidence: Evidence,
}

/// The accounts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OffenderSection {
    /// Which kind.
    pub kind: OffenderKind,
    /// What it is called.
    pub label: String,
    /// Whom it lists.
    pub rule: String,
    /// How many accounts in all; one that is over two limits counts twice.
    pub total: u64,
    /// The worst of them.
    pub rows: Vec<Offender>,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OffenderList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The range asked for, as text.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// The zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The span in instants; limits are of their own current periods.
    pub period: Period,
    /// From when on failures and refusals are counted, where the range begins earlier: only rows tell whose they
    /// are, and older events are here as sums alone. None where they are counted over the whole range.
    pub rows_since: Option<DateTime<Utc>>,
    /// By kind, the most pressing first.
    pub sections: Vec<OffenderSection>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_say_what_their_words_say() {
        assert!(is_error_heavy(20, 2) && !is_error_heavy(20, 1) && !is_error_heavy(19, 19));
        assert!(is_sudden_rise(150, 50) && !is_sudden_rise(149, 50), "three times, and a hundred more");
        assert!(!is_sudden_rise(99, 33), "three times, but not a hundred more");
        assert!(!is_sudden_rise(5_000, 0), "who had none before is new");
        let line = |used, limit, is_over| LimitLine {
            metric: "prompts".to_owned(),
            period: "month".to_owned(),
            kind: "hard".to_owned(),
            plan_limit: limit,
            limit,
            raised_until: None,
            used: Some(used),
            remaining: None,
            resets_at: None,
            is_over,
        };
        assert!(is_near(&line(80, Some(100), false)) && !is_near(&line(79, Some(100), false)));
        assert!(!is_near(&line(100, Some(100), true)), "that one is over it");
        assert!(!is_near(&line(i64::MAX, None, false)), "nothing is near what has no limit");
    }
}
