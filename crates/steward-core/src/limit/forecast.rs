//! When a limit will be reached, if use goes on as it did.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{LimitLine, period_start};

/// When a limit is reached. An estimate: see [`forecast`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum LimitForecast {
    /// Nothing limits it.
    Unlimited,
    /// What is used is not known here: a minute's window is the server's.
    Unknown,
    /// Nothing is left.
    Reached,
    /// At this instant, going on as since the period began.
    Expected {
        /// When nothing will be left.
        at: DateTime<Utc>,
    },
    /// Not before counting starts again at 0.
    NotThisPeriod,
}

/// The instant at which a limit will be used up, at the average pace since its period began, or since the
/// account was made where that is later. A raise that ends before then gives way to the plan's limit; where
/// that is passed already, its end is the instant.
///
/// Exact in integers: use grows along a straight line from 0 at the start through what is used at `at`.
#[must_use]
pub fn forecast(line: &LimitLine, account_since: DateTime<Utc>, at: DateTime<Utc>) -> LimitForecast {
    let Some(limit) = line.limit else { return LimitForecast::Unlimited };
    let Some(used) = line.used else { return LimitForecast::Unknown };
    if used >= limit {
        return LimitForecast::Reached;
    }
    let start = period_start(&line.period, at).map_or(account_since, |start| start.max(account_since));
    let elapsed = (at - start).num_microseconds().unwrap_or(i64::MAX);
    if used <= 0 || elapsed <= 0 {
        return LimitForecast::NotThisPeriod;
    }
    // None lies further ahead than any calendar here.
    let reach = |limit: i64| -> Option<DateTime<Utc>> {
        let used = i128::from(used);
        let span = (i128::from(elapsed) * i128::from(limit) + used - 1) / used;
        start.checked_add_signed(TimeDelta::microseconds(i64::try_from(span).ok()?))
    };
    let ends = line.raised_until.filter(|ends| line.resets_at.is_none_or(|resets| *ends < resets));
    let reached = match (reach(limit), ends, line.plan_limit) {
        (Some(reached), Some(ends), Some(plan)) if ends < reached => {
            reach(plan).map(|by_plan| by_plan.max(ends))
        }
        (None, Some(ends), Some(plan)) => reach(plan).map(|by_plan| by_plan.max(ends)),
        (reached, ..) => reached,
    };
    match reached.filter(|reached| line.resets_at.is_none_or(|resets| *reached < resets)) {
        Some(at) => LimitForecast::Expected { at },
        None => LimitForecast::NotThisPeriod,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn day(day: u32, hour: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, day, hour, 0, 0).single().expect("an instant")
    }

    fn line(used: Option<i64>, limit: Option<i64>) -> LimitLine {
        LimitLine {
            metric: "prompts".to_owned(),
            period: "month".to_owned(),
            kind: "hard".to_owned(),
            plan_limit: limit,
            limit,
            raised_until: None,
            used,
            remaining: None,
            resets_at: Utc.with_ymd_and_hms(2026, 12, 1, 0, 0, 0).single(),
            is_over: false,
        }
    }

    #[test]
    fn use_goes_on_along_a_straight_line() {
        let long_ago = Utc.with_ymd_and_hms(2025, 3, 18, 0, 0, 0).single().expect("an instant");
        let at = day(11, 0);
        let ask = |used, limit| forecast(&line(used, limit), long_ago, at);
        // Ten days for 100: 150 are reached after fifteen.
        assert_eq!(ask(Some(100), Some(150)), LimitForecast::Expected { at: day(16, 0) });
        assert_eq!(
            ask(Some(100), Some(299)),
            LimitForecast::Expected { at: day(30, 21) + TimeDelta::minutes(36) }
        );
        assert_eq!(ask(Some(100), Some(300)), LimitForecast::NotThisPeriod, "then it starts again at 0");
        assert_eq!(ask(Some(0), Some(1)), LimitForecast::NotThisPeriod);
        assert_eq!(ask(Some(0), Some(0)), LimitForecast::Reached);
        assert_eq!(ask(Some(151), Some(150)), LimitForecast::Reached);
        assert_eq!(
            ask(Some(i64::MAX - 1), Some(i64::MAX)),
            LimitForecast::Expected { at: at + TimeDelta::microseconds(1) }
        );
        assert_eq!(ask(Some(1), Some(i64::MAX)), LimitForecast::NotThisPeriod);
        assert_eq!(ask(Some(5), None), LimitForecast::Unlimited);
        assert_eq!(ask(None, Some(5)), LimitForecast::Unknown);
        // Somebody who came yesterday has used it in a day, not in ten.
        assert_eq!(
            forecast(&line(Some(100), Some(150)), day(10, 0), at),
            LimitForecast::Expected { at: day(11, 12) }
        );
        assert_eq!(forecast(&line(Some(1), Some(2)), day(12, 0), at), LimitForecast::NotThisPeriod);
    }

    #[test]
    fn a_raise_that_ends_gives_way_to_the_plan() {
        let raised = |used, plan, until| {
            let line = LimitLine {
                plan_limit: Some(plan),
                raised_until: Some(until),
                ..line(Some(used), Some(1_000))
            };
            forecast(&line, day(1, 0), day(11, 0))
        };
        assert_eq!(raised(100, 80, day(18, 0)), LimitForecast::Expected { at: day(18, 0) }, "passed already");
        assert_eq!(
            raised(100, 150, day(18, 0)),
            LimitForecast::Expected { at: day(18, 0) },
            "passed by then"
        );
        assert_eq!(raised(100, 200, day(18, 0)), LimitForecast::Expected { at: day(21, 0) }, "passed later");
        assert_eq!(
            raised(900, 80, day(18, 0)),
            LimitForecast::Expected { at: day(12, 2) + TimeDelta::minutes(40) }
        );
        assert_eq!(raised(100, 80, day(30, 0) + TimeDelta::days(3)), LimitForecast::NotThisPeriod);
    }
}
