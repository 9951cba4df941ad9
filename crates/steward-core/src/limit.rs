//! What an account may use: plan and raises as they hold at an instant, judged as the server judges.
//!
//! Pure, so that the copy answers without the server; a test compares it with `steward.effective_limits`
//! and `steward.usage_at` on the same rows.

mod feature;
mod forecast;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::freshness::Freshness;
use crate::id::{IntentId, TeamId, UserId};
use crate::plan::PlanLimit;

pub use feature::{PlanFeature, PlanOffer, features};
pub use forecast::{LimitForecast, forecast};

/// An older way to write that a soft limit is unlimited.
const LEGACY_UNLIMITED: i64 = 999_999;

/// The most that can be asked for at once.
pub const MAX_QUANTITY: i64 = 1_000_000_000_000;

/// Whom a raise is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A user.
    User(UserId),
    /// Each member of a team.
    Team(TeamId),
    /// A user while he is a member of a team.
    Member(TeamId, UserId),
    /// Whatever is done with a key.
    Key(Uuid),
}

/// A limit raised for a time: a row of `quota_overrides`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// Its id.
    pub id: Uuid,
    /// For whom.
    pub subject: Subject,
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// Allowed; none is unlimited.
    pub limit: Option<i64>,
    /// The first instant it holds; none is since it was made.
    pub starts_at: Option<DateTime<Utc>>,
    /// The first instant it no longer holds.
    pub until: DateTime<Utc>,
}

impl Raise {
    fn holds_for(&self, account: &Account, key: Option<Uuid>, at: DateTime<Utc>) -> bool {
        let is_theirs = match self.subject {
            Subject::User(user) => user == account.id,
            Subject::Team(team) => account.teams.contains(&team),
            Subject::Member(team, user) => user == account.id && account.teams.contains(&team),
            Subject::Key(wanted) => key == Some(wanted),
        };
        is_theirs && self.starts_at.is_none_or(|start| start <= at) && at < self.until
    }
}

/// Of an account, what decides on its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: UserId,
    /// `active`, `suspended`, `erased`.
    pub status: String,
    /// Passes every limit of the product, and is counted.
    pub is_admin: bool,
    /// The teams it is a member of.
    pub teams: Vec<TeamId>,
}

/// A limit that holds for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveLimit {
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// Whether it refuses what goes beyond; a soft one warns.
    pub is_hard: bool,
    /// What the plan allows; none is unlimited.
    pub plan_limit: Option<i64>,
    /// What is allowed; none is unlimited.
    pub limit: Option<i64>,
    /// The raise that decides, with its end.
    pub raise: Option<(Uuid, DateTime<Utc>)>,
}

/// The better one of each limit of the plan and of the raises that hold at an instant, in the plan's order.
#[must_use]
pub fn effective(
    account: &Account,
    plan: &[PlanLimit],
    raises: &[Raise],
    at: DateTime<Utc>,
    key: Option<Uuid>,
) -> Vec<EffectiveLimit> {
    // Unlimited first, then the highest, then the one that holds longest, as the server orders them.
    let rank = |raise: &Raise| (raise.limit.is_none(), raise.limit, raise.until, std::cmp::Reverse(raise.id));
    plan.iter()
        .map(|line| {
            let is_hard = line.kind == "hard";
            let plan_limit = line.limit.filter(|limit| is_hard || *limit != LEGACY_UNLIMITED);
            let best = raises
                .iter()
                .filter(|raise| raise.metric == line.metric && raise.period == line.period)
                .filter(|raise| raise.holds_for(account, key, at))
                .filter(|raise| plan_limit.is_some_and(|plan| raise.limit.is_none_or(|limit| limit > plan)))
                .max_by_key(|raise| rank(raise));
            EffectiveLimit {
                metric: line.metric.clone(),
                period: line.period.clone(),
                is_hard,
                plan_limit,
                limit: best.map_or(plan_limit, |raise| raise.limit),
                raise: best.map(|raise| (raise.id, raise.until)),
            }
        })
        .collect()
}

/// The period's name in `usage_counters`; none for a minute, which is a window of the server's.
#[must_use]
pub fn period_key(period: &str, at: DateTime<Utc>) -> Option<String> {
    match period {
        "day" => Some(at.format("%Y-%m-%d").to_string()),
        "month" => Some(at.format("%Y-%m").to_string()),
        "lifetime" => Some("lifetime".to_owned()),
        _ => None,
    }
}

/// When the period of an instant ends and counting starts again at 0; none for `lifetime`. Periods run by UTC.
#[must_use]
pub fn period_end(period: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let today = at.date_naive();
    match period {
        "minute" => {
            let start = at.timestamp().div_euclid(60) * 60;
            DateTime::from_timestamp(start, 0)?.checked_add_signed(TimeDelta::minutes(1))
        }
        "day" => today.checked_add_days(Days::new(1)).map(midnight),
        "month" => today.with_day(1)?.checked_add_months(Months::new(1)).map(midnight),
        _ => None,
    }
}

/// When the period of an instant began; none for `lifetime`.
#[must_use]
pub fn period_start(period: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    match period {
        "minute" => DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0),
        "day" => Some(midnight(at.date_naive())),
        "month" => at.date_naive().with_day(1).map(midnight),
        _ => None,
    }
}

/// A limit with what is used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LimitLine {
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// `hard` refuses what goes beyond, `soft` warns.
    pub kind: String,
    /// What the plan allows; none is unlimited.
    pub plan_limit: Option<i64>,
    /// What is allowed now; none is unlimited.
    pub limit: Option<i64>,
    /// When a raise of it ends; none where the plan's limit holds.
    pub raised_until: Option<DateTime<Utc>>,
    /// Used in the current period; none for a minute, which only the server counts.
    pub used: Option<i64>,
    /// What is left; none where it is unlimited.
    pub remaining: Option<i64>,
    /// When it starts again at 0; none for `lifetime`.
    pub resets_at: Option<DateTime<Utc>>,
    /// Whether what was asked for goes beyond it.
    pub is_over: bool,
}

impl LimitLine {
    /// A limit with what was used, asked for `quantity` more.
    #[must_use]
    pub fn new(limit: &EffectiveLimit, used: Option<i64>, quantity: i64, at: DateTime<Utc>) -> Self {
        let spent = used.unwrap_or(0);
        Self {
            metric: limit.metric.clone(),
            period: limit.period.clone(),
            kind: if limit.is_hard { "hard" } else { "soft" }.to_owned(),
            plan_limit: limit.plan_limit,
            limit: limit.limit,
            raised_until: limit.raise.map(|(_, until)| until),
            used,
            remaining: limit.limit.map(|limit| limit.saturating_sub(spent).max(0)),
            resets_at: period_end(&limit.period, at),
            is_over: limit.limit.is_some_and(|limit| spent.saturating_add(quantity) > limit),
        }
    }

    /// Refusals first, then warnings, then where least is left.
    fn urgency(&self) -> impl Ord + use<> {
        let last = |at: Option<DateTime<Utc>>| at.map_or(i64::MAX, |at| at.timestamp_micros());
        (
            !(self.is_over && self.kind == "hard"),
            !self.is_over,
            self.remaining.unwrap_or(i64::MAX),
            last(self.resets_at),
            self.period.clone(),
        )
    }
}

/// Whether an account may use so much of a metric, and the limits in the order in which they decide.
///
/// # Errors
/// `Invalid` for a quantity below 0 or above [`MAX_QUANTITY`].
pub fn judge(account: &Account, mut lines: Vec<LimitLine>, quantity: i64) -> Result<Verdict> {
    if !(0..=MAX_QUANTITY).contains(&quantity) {
        return Err(Error::invalid("quantity", "A quantity lies between 0 and 1,000,000,000,000."));
    }
    lines.sort_by_cached_key(LimitLine::urgency);
    let is_refused =
        !account.is_admin && lines.first().is_some_and(|line| line.is_over && line.kind == "hard");
    let reason = if account.status != "active" {
        Some(account.status.clone())
    } else {
        is_refused.then(|| "limit".to_owned())
    };
    Ok(Verdict { is_allowed: reason.is_none(), reason, lines })
}

/// What [`judge`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may.
    pub is_allowed: bool,
    /// `limit`, `suspended` or `erased`; none where it may.
    pub reason: Option<String>,
    /// The limits, the one that decides first.
    pub lines: Vec<LimitLine>,
}

/// Whether a user may use so much of a metric now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LimitCheckReq {
    /// Id or e-mail address.
    pub user: String,
    /// Metric.
    pub metric: String,
    /// How much; 1 where it is not given.
    #[serde(default = "one")]
    pub quantity: i64,
}

fn one() -> i64 {
    1
}

/// The answer of `limit_check`, from the copy.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LimitCheck {
    /// How fresh it is.
    pub freshness: Freshness,
    /// User.
    pub user_id: UserId,
    /// E-mail address.
    pub email: String,
    /// The plan whose limits hold.
    pub plan_code: String,
    /// Passes every limit of the product, and is counted.
    pub is_admin: bool,
    /// Metric.
    pub metric: String,
    /// How much was asked for.
    pub quantity: i64,
    /// Whether it may.
    pub is_allowed: bool,
    /// `limit`, `suspended` or `erased`; none where it may.
    pub reason: Option<String>,
    /// The limits of the metric, the one that decides first.
    pub limits: Vec<LimitLine>,
}

/// What a user may do: every limit with its use, and the features of his plan.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LimitListReq {
    /// Id or e-mail address.
    pub user: String,
}

/// A feature as an account has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountFeature {
    /// Its key.
    pub key: String,
    /// Whether the account may use it.
    pub is_allowed: bool,
    /// `plan`, `suspended` or `erased`; none where it may.
    pub reason: Option<String>,
    /// What the plan sets; none where it says nothing of it.
    #[ts(type = "unknown")]
    pub value: Option<serde_json::Value>,
    /// The lowest plan on offer that unlocks it; none where the account has it or no plan does.
    pub plan_required: Option<String>,
}

/// The answer of `limit_list`, from the copy.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountLimits {
    /// How fresh it is.
    pub freshness: Freshness,
    /// User.
    pub user_id: UserId,
    /// E-mail address.
    pub email: String,
    /// `active`, `suspended`, `erased`.
    pub status: String,
    /// The plan whose limits hold.
    pub plan_code: String,
    /// Passes every limit of the product, and is counted.
    pub is_admin: bool,
    /// The limits by metric and period.
    pub limits: Vec<LimitLine>,
    /// The features any plan knows, by key.
    pub features: Vec<AccountFeature>,
}

/// Raises a limit until an instant.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LimitRaiseReq {
    /// Made by the caller once per decision.
    pub intent: IntentId,
    /// Id or e-mail address of the user; with `team`, as its member.
    #[serde(default)]
    pub user: Option<String>,
    /// Id of the team.
    #[serde(default)]
    pub team: Option<TeamId>,
    /// Id of the key; neither user nor team then.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub api_key: Option<Uuid>,
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// The raised limit; none is unlimited.
    pub limit: Option<i64>,
    /// The first instant it no longer holds.
    pub until: DateTime<Utc>,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 12, 31, hour, minute, second).single().expect("an instant")
    }

    #[test]
    fn periods_end_where_the_calendar_of_utc_says() {
        assert_eq!(
            period_end("minute", at(23, 59, 59)).map(|end| end.to_rfc3339()).as_deref(),
            Some("2027-01-01T00:00:00+00:00")
        );
        assert_eq!(
            period_end("day", at(0, 0, 0)).map(|end| end.to_rfc3339()).as_deref(),
            Some("2027-01-01T00:00:00+00:00")
        );
        assert_eq!(
            period_end("month", at(12, 0, 0)).map(|end| end.to_rfc3339()).as_deref(),
            Some("2027-01-01T00:00:00+00:00")
        );
        assert_eq!(period_end("lifetime", at(12, 0, 0)), None);
        assert_eq!(period_key("month", at(12, 0, 0)).as_deref(), Some("2026-12"));
        assert_eq!(period_key("minute", at(12, 0, 0)), None);
    }

    #[test]
    fn a_quantity_nobody_means_is_refused() {
        let account = Account {
            id: UserId(Uuid::nil()),
            status: "active".to_owned(),
            is_admin: false,
            teams: Vec::new(),
        };
        for wrong in [-1, MAX_QUANTITY + 1, i64::MAX] {
            assert!(judge(&account, Vec::new(), wrong).is_err(), "{wrong}");
        }
        assert!(judge(&account, Vec::new(), MAX_QUANTITY).expect("judged").is_allowed, "nothing limits it");
    }
}
