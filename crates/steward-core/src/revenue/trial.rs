//! Trial conversion, by both definitions in use.

use chrono::{DateTime, TimeDelta, Utc};

use super::ratio::Share;
use super::subscription::{Status, Subscription};
use crate::period::Period;

/// One trial and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended and whether its holder then paid; none while it runs.
    pub ended: Option<(DateTime<Utc>, Outcome)>,
}

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The holder pays.
    Converted,
    /// The holder left.
    Lapsed,
}

impl Trial {
    /// The trial a subscription began with, if it had one. It is over at the first instant that is not part of
    /// it: a trial "until the end of the 31st" ends at midnight, and belongs to the day it filled.
    #[must_use]
    pub fn of(subscription: &Subscription) -> Option<Self> {
        let first = subscription.steps.iter().position(|step| step.terms.status == Status::Trialing)?;
        let started = subscription.steps[first].from;
        let ended = subscription.steps[first..]
            .iter()
            .find(|step| step.terms.status != Status::Trialing)
            .map(|step| {
                let outcome = match step.terms.status {
                    Status::Active | Status::PastDue => Outcome::Converted,
                    Status::Trialing | Status::Unpaid | Status::Paused | Status::Canceled => Outcome::Lapsed,
                };
                (step.from, outcome)
            });
        Some(Self { started, ended })
    }
}

/// Conversions of a set of trials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Trials that became paying.
    pub converted: u64,
    /// All trials of the set that are decided.
    pub decided: u64,
    /// Trials of the set that still run: the share may yet change.
    pub open: u64,
}

impl Conversion {
    /// Converted of decided and open trials; none without any.
    #[must_use]
    pub fn share(&self) -> Option<Share> {
        let all = i128::from(self.decided) + i128::from(self.open);
        (all > 0).then(|| Share::new(i128::from(self.converted), all))
    }
}

/// Of the trials that *ended* within a period, how many converted. Never changes once the period is over.
/// Source: the billing provider's trial conversion rate.
#[must_use]
pub fn of_ended(trials: &[Trial], period: Period) -> Conversion {
    let mut conversion = Conversion::default();
    for (at, outcome) in trials.iter().filter_map(|trial| trial.ended) {
        // The instant of the end is the first that is not part of the trial.
        if at > period.start && at <= period.end {
            conversion.decided += 1;
            conversion.converted += u64::from(outcome == Outcome::Converted);
        }
    }
    conversion
}

/// Of the trials that *started* within a period, how many converted, at all or within some time of their start.
/// Grows as open trials are decided. Source: ChartMogul's trial-to-paid conversion.
#[must_use]
pub fn of_started(
    trials: &[Trial],
    period: Period,
    within: Option<TimeDelta>,
    as_of: DateTime<Utc>,
) -> Conversion {
    let mut conversion = Conversion::default();
    for trial in trials.iter().filter(|trial| period.contains(trial.started)) {
        let deadline = within.map(|within| trial.started + within);
        match trial.ended.filter(|(at, _)| *at <= as_of) {
            Some((at, Outcome::Converted)) if deadline.is_none_or(|deadline| at <= deadline) => {
                conversion.decided += 1;
                conversion.converted += 1;
            }
            Some(_) => conversion.decided += 1,
            None if deadline.is_some_and(|deadline| deadline <= as_of) => conversion.decided += 1,
            None => conversion.open += 1,
        }
    }
    conversion
}
