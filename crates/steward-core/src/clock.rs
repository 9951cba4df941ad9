//! Time comes from outside, so that tests own it.

use chrono::{DateTime, Utc};

/// A source of the current instant.
pub trait Clock: Send + Sync + 'static {
    /// The current instant in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The computer's own clock. It labels ages and journal entries; it never decides what is read,
/// because two computers disagree (sync takes its time from the server).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the operating system for the time"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
