//! Noticing that the computer slept: then the server has gone on without us, and the pause is over.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use steward_core::Clock;
use tokio::time::Instant;

/// How often both clocks are compared.
const TICK: Duration = Duration::from_secs(2);
/// A difference below this is a correction of the time, not a sleep.
const SLACK: TimeDelta = TimeDelta::seconds(10);

/// Watches the wall clock against the one that stands still while the computer sleeps.
pub(super) struct Slumber {
    clock: Arc<dyn Clock>,
    wall: DateTime<Utc>,
    running: Instant,
}

impl Slumber {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { wall: clock.now(), running: Instant::now(), clock }
    }

    /// Waits until the computer has slept. A wall clock set forward looks the same and costs one look too many.
    pub(super) async fn ended(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            let wall = self.clock.now() - self.wall;
            if was_asleep(wall, self.running.elapsed()) {
                return;
            }
        }
    }
}

fn was_asleep(wall: TimeDelta, running: Duration) -> bool {
    let running = TimeDelta::from_std(running).unwrap_or(TimeDelta::MAX);
    wall.checked_sub(&running).is_some_and(|asleep| asleep > SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_only_a_wall_clock_that_ran_ahead_tells_of_a_sleep() {
        let minute = Duration::from_secs(60);
        for (wall, is_asleep) in [
            (TimeDelta::seconds(60), false),
            (TimeDelta::seconds(65), false),
            (TimeDelta::hours(8), true),
            (TimeDelta::hours(-24), false),
        ] {
            assert_eq!(was_asleep(wall, minute), is_asleep, "{wall}");
        }
    }
}
