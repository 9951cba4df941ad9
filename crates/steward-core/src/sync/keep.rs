//! How much of the past is kept as rows; before that there are the server's sums alone (S40).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, Result};

/// The finest span that has sums of its own, in microseconds: every zone's days are made of whole ones.
pub const QUARTER_US: i64 = 900_000_000;

/// A UTC day in microseconds.
pub const DAY_US: i64 = 86_400_000_000;

/// Which events a workspace keeps as rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RowWindow {
    /// Those of the current day and of so many days before it (UTC); none for all days.
    pub days: Option<u32>,
    /// About so many of the newest, by whole days (UTC); none for any number.
    pub rows: Option<u64>,
}

impl Default for RowWindow {
    /// Two gigabytes of events, which few companies have.
    fn default() -> Self {
        Self { days: None, rows: Some(20_000_000) }
    }
}

impl RowWindow {
    /// Every event there is.
    pub const EVERYTHING: Self = Self { days: None, rows: None };

    /// The window, where its numbers make sense.
    ///
    /// # Errors
    /// `Invalid`, naming the field, for less than a day, more than a hundred years, or fewer than 1,000 rows.
    pub fn checked(self) -> Result<Self> {
        if self.days.is_some_and(|days| !(1..=36_500).contains(&days)) {
            return Err(Error::invalid("days", "Rows are kept for 1 to 36,500 days."));
        }
        if self.rows.is_some_and(|rows| rows < 1_000) {
            return Err(Error::invalid("rows", "At least 1,000 rows are kept."));
        }
        Ok(self)
    }

    /// From when on there shall be rows, in microseconds since 1970, while they are kept from `current` on;
    /// none is the beginning of time.
    ///
    /// The edge lies at the start of a day. The newest day with events stays as rows whatever its size, and
    /// there is some room between too many rows and few enough, so that not every look moves the edge.
    #[must_use]
    pub fn goal(self, current: Option<i64>, as_of: DateTime<Utc>, census: Option<Census>) -> Option<i64> {
        let today = floor(as_of.timestamp_micros(), DAY_US);
        let by_days = self.days.map(|days| today.saturating_sub(i64::from(days).saturating_mul(DAY_US)));
        let last = census.map_or(today, |census| census.newest_day_us.min(today));
        let (enough, most) = census.map_or((None, None), |census| (census.enough_us, census.most_us));
        let within = |by_rows: Option<i64>| by_days.max(by_rows).map(|edge| edge.min(last));
        let target = within(enough);
        // None comes before every instant.
        if current < within(most) || current > target { target } else { current }
    }
}

/// What the copy's sums say about its events, as far as the edge depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// The start of the newest day with events.
    pub newest_day_us: i64,
    /// The start of the earliest day since which there are no more events than shall be kept; none when that
    /// is all of them.
    pub enough_us: Option<i64>,
    /// The same for a twentieth more.
    pub most_us: Option<i64>,
}

/// From when on events are rows, and from when on they shall be. None is the beginning of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Events from here on are kept as rows, earlier ones as the server's sums. On a quarter-hour.
    pub from_us: Option<i64>,
    /// Where it is to lie. Before `from_us` while older rows are being read.
    pub goal_us: Option<i64>,
}

impl Edge {
    /// Whether rows before the edge are still to be read.
    #[must_use]
    pub fn is_widening(self) -> bool {
        self.goal_us < self.from_us
    }
}

/// The last multiple of a width at or before an instant; the beginning of time stays.
pub(super) fn floor(at_us: i64, width_us: i64) -> i64 {
    if at_us == i64::MIN { at_us } else { at_us.div_euclid(width_us).saturating_mul(width_us) }
}

/// The first multiple of a width at or after an instant; the end of time stays.
pub(super) fn ceil(at_us: i64, width_us: i64) -> i64 {
    let below = floor(at_us, width_us);
    if below == at_us || at_us == i64::MAX { at_us } else { below.saturating_add(width_us) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 20_000 * DAY_US + DAY_US / 2;

    fn at(us: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(us).expect("an instant")
    }

    fn day(number: i64) -> Option<i64> {
        Some(number * DAY_US)
    }

    fn census(newest: i64, enough: Option<i64>, most: Option<i64>) -> Option<Census> {
        Some(Census { newest_day_us: newest * DAY_US, enough_us: enough, most_us: most })
    }

    #[test]
    fn s40_days_are_whole_ones_before_the_current_one() {
        let window = RowWindow { days: Some(30), rows: None };
        assert_eq!(window.goal(None, at(NOON), None), day(19_970));
        assert_eq!(window.goal(day(19_969), at(NOON), None), day(19_970), "a day later it moves on");
        assert_eq!(window.goal(day(19_990), at(NOON), None), day(19_970), "and back where there were fewer");
        assert_eq!(RowWindow::EVERYTHING.goal(day(19_990), at(NOON), None), None);
    }

    #[test]
    fn s40_the_newest_day_with_events_is_always_kept_as_rows() {
        let window = RowWindow { days: Some(3), rows: None };
        assert_eq!(window.goal(None, at(NOON), census(19_000, None, None)), day(19_000));
        let window = RowWindow { days: None, rows: Some(1_000) };
        assert_eq!(window.goal(None, at(NOON), census(20_009, day(20_009), day(20_009))), day(20_000));
    }

    #[test]
    fn s40_the_edge_rests_between_enough_rows_and_too_many() {
        let window = RowWindow { days: None, rows: Some(1_000) };
        let counted = census(20_000, day(19_950), day(19_940));
        assert_eq!(window.goal(None, at(NOON), counted), day(19_950), "too many");
        assert_eq!(window.goal(day(19_940), at(NOON), counted), day(19_940), "a few too many may stay");
        assert_eq!(window.goal(day(19_939), at(NOON), counted), day(19_950));
        assert_eq!(window.goal(day(19_951), at(NOON), counted), day(19_950), "there is room for a day more");
        let both = RowWindow { days: Some(10), ..window };
        assert_eq!(both.goal(None, at(NOON), counted), day(19_990), "the narrower one of the two");
    }

    #[test]
    fn s40_impossible_windows_are_refused_by_their_field() {
        for (days, rows) in [(Some(0), None), (Some(40_000), None), (None, Some(999))] {
            assert!(RowWindow { days, rows }.checked().is_err(), "{days:?} {rows:?}");
        }
        assert!(RowWindow::default().checked().is_ok() && RowWindow::EVERYTHING.checked().is_ok());
    }

    #[test]
    fn s40_instants_are_rounded_to_quarter_hours_and_the_ends_of_time_stay() {
        assert_eq!((floor(-1, QUARTER_US), ceil(-1, QUARTER_US)), (-QUARTER_US, 0));
        assert_eq!((floor(QUARTER_US, QUARTER_US), ceil(QUARTER_US, QUARTER_US)), (QUARTER_US, QUARTER_US));
        assert_eq!((floor(i64::MIN, DAY_US), ceil(i64::MAX, DAY_US)), (i64::MIN, i64::MAX));
    }
}
