//! `usage_what_if`: who would have been refused in a month, were limits kept that are only warned of, or were one
//! of them another one. Nothing is changed by asking.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::freshness::Freshness;
use crate::id::UserId;
use crate::limit::MAX_QUANTITY;
use crate::period::Period;
use crate::plan::PlanLimit;
use crate::revenue::Month;

/// What is supposed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfReq {
    /// The month by UTC, `YYYY-MM`; none is the current one.
    #[serde(default)]
    pub month: Option<String>,
    /// Only this plan, by its code.
    #[serde(default)]
    pub plan: Option<String>,
    /// Only this metric.
    #[serde(default)]
    pub metric: Option<String>,
    /// The limit a month that the plan would have of the metric; none leaves every limit as high as it is.
    #[serde(default)]
    pub limit: Option<i64>,
    /// Accounts wanted, 1 to 100,000; 0 means 200.
    #[serde(default)]
    pub rows: u32,
}

impl WhatIfReq {
    /// The month that is asked about, by UTC, in which limits are counted.
    ///
    /// # Errors
    /// `Invalid` for a month that is none or lies ahead, a limit that nobody means, or one that does not say of
    /// which plan and metric.
    pub fn month(&self, as_of: DateTime<Utc>) -> Result<Month> {
        if self.limit.is_some_and(|limit| !(0..=MAX_QUANTITY).contains(&limit)) {
            return Err(Error::invalid("limit", "A limit lies between 0 and 1,000,000,000,000."));
        }
        for (field, value) in [("plan", &self.plan), ("metric", &self.metric)] {
            if self.limit.is_some() && value.is_none() {
                return Err(Error::invalid(field, "A supposed limit is one of a plan and of a metric."));
            }
        }
        let current = Month::of(Tz::UTC, as_of);
        let Some(text) = &self.month else { return Ok(current) };
        let month: Month = text.parse()?;
        if month > current {
            return Err(Error::invalid("month", "This month lies ahead; nothing of it is counted yet."));
        }
        Ok(month)
    }

    /// A limit as it would be: hard, and as high as is supposed. None where the question is not about it.
    #[must_use]
    pub fn suppose(&self, plan: &str, limit: &PlanLimit) -> Option<PlanLimit> {
        let is_meant = self.plan.as_deref().is_none_or(|wanted| wanted == plan)
            && self.metric.as_deref().is_none_or(|wanted| wanted == limit.metric)
            && (self.limit.is_none() || limit.period == "month");
        let value = self.limit.or(limit.limit);
        is_meant.then(|| PlanLimit { kind: "hard".to_owned(), limit: value, ..limit.clone() })
    }
}

/// A limit, as it is and as it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfLimit {
    /// Plan.
    pub plan_code: String,
    /// Its name.
    pub plan: String,
    /// Metric.
    pub metric: String,
    /// `day`, `month`, `lifetime`.
    pub period: String,
    /// `hard` or `soft`, as it is.
    pub kind: String,
    /// Allowed as it is; none is unlimited.
    pub limit_now: Option<i64>,
    /// Allowed as supposed.
    pub limit: i64,
    /// Active accounts of the plan, admins of the product left out: they pass every limit.
    pub accounts: u64,
    /// How many of them used more than would be allowed.
    pub over: u64,
    /// How many of those are over the limit as it is.
    pub over_now: u64,
    /// What they used beyond it, together: the most that would have been refused.
    pub beyond: i64,
}

/// An account that would have been refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIfAccount {
    /// The user.
    pub user_id: UserId,
    /// E-mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Plan.
    pub plan_code: String,
    /// Metric.
    pub metric: String,
    /// `day`, `month`, `lifetime`.
    pub period: String,
    /// What was used; of a limit a day, on the fullest day.
    pub used: i64,
    /// What would be allowed, raises included.
    pub limit: i64,
    /// What was used beyond it.
    pub beyond: i64,
    /// When the raise ends that is in `limit`.
    pub raised_until: Option<DateTime<Utc>>,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhatIf {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The month, `YYYY-MM`.
    pub month: String,
    /// Its span.
    pub period: Period,
    /// Whether the month was still running at the as-of.
    pub is_unfinished: bool,
    /// What was supposed, in a sentence.
    pub supposed: String,
    /// Every limit the question is about, by plan and metric; those without one are left out.
    pub limits: Vec<WhatIfLimit>,
    /// Accounts that would have been refused by one of them or more.
    pub account_count: u64,
    /// Account and limit, furthest beyond first; who is over two limits is here twice.
    pub accounts: Vec<WhatIfAccount>,
    /// How many of these there are in all.
    pub row_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn line(period: &str, kind: &str, limit: Option<i64>) -> PlanLimit {
        PlanLimit { metric: "prompts".to_owned(), period: period.to_owned(), kind: kind.to_owned(), limit }
    }

    #[test]
    fn a_month_is_one_of_utc_and_does_not_lie_ahead() {
        let now = at("2026-11-30T23:59:59Z");
        let asked =
            |month: &str| WhatIfReq { month: Some(month.to_owned()), ..WhatIfReq::default() }.month(now);
        assert_eq!(WhatIfReq::default().month(now).expect("the current one").to_string(), "2026-11");
        let december = asked("2025-12").expect("a month").period(Tz::UTC);
        assert_eq!((december.start, december.end), (at("2025-12-01T00:00:00Z"), at("2026-01-01T00:00:00Z")));
        for wrong in
            ["2026-12", "2026-13", "2026-00", "2026-1", "202611", "26-11", "2026-11-01", "", "März-26"]
        {
            let error = asked(wrong).expect_err(wrong);
            assert_eq!(error.fields()[0].field, "month", "{wrong}");
        }
    }

    #[test]
    fn a_supposed_limit_says_whose_it_is() {
        let now = at("2026-11-30T23:59:59Z");
        let asked = |plan: Option<&str>, metric: Option<&str>, limit| {
            let text = |name: Option<&str>| name.map(str::to_owned);
            WhatIfReq { plan: text(plan), metric: text(metric), limit: Some(limit), ..WhatIfReq::default() }
                .month(now)
        };
        assert!(asked(Some("solo"), Some("prompts"), 0).is_ok());
        for (wrong, field) in [
            (asked(None, Some("prompts"), 5), "plan"),
            (asked(Some("solo"), None, 5), "metric"),
            (asked(Some("solo"), Some("prompts"), -1), "limit"),
            (asked(Some("solo"), Some("prompts"), i64::MAX), "limit"),
        ] {
            assert_eq!(wrong.expect_err("refused").fields()[0].field, field);
        }
    }

    #[test]
    fn soft_limits_become_hard_and_one_limit_another() {
        let all = WhatIfReq::default();
        assert_eq!(
            all.suppose("solo", &line("day", "soft", Some(9))),
            Some(line("day", "hard", Some(9))),
            "what was warned of is refused"
        );
        let one = WhatIfReq {
            plan: Some("solo".to_owned()),
            metric: Some("prompts".to_owned()),
            limit: Some(5),
            ..WhatIfReq::default()
        };
        assert_eq!(one.suppose("solo", &line("month", "soft", None)), Some(line("month", "hard", Some(5))));
        assert_eq!(
            one.suppose("solo", &line("day", "hard", Some(2))),
            None,
            "a supposed limit is one a month"
        );
        assert_eq!(one.suppose("trial", &line("month", "hard", Some(30))), None);
    }
}
