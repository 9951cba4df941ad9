//! Ranges of time in a named zone: what "the last 30 days" means, day by day.
//!
//! Every period is half-open, `[start, end)`. Days are calendar days of a named IANA zone and may last
//! 23 or 25 hours. "Now" is the server's time of the cut the numbers come from, never this computer's.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, Duration, LocalResult, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, Result};

/// A half-open span of time, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Period {
    /// First instant inside.
    pub start: DateTime<Utc>,
    /// First instant after it.
    pub end: DateTime<Utc>,
}

impl Period {
    /// Whether this instant lies inside.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// The longest range that can be asked for, in days: ten years.
pub const MAX_DAYS: u32 = 3_660;

/// A range as people ask for it; it becomes instants only together with a zone and an as-of.
///
/// Text forms: `24h`, `30d` (calendar days, today included), `2026-10` (a month),
/// `2026-10-01..2026-10-31` (days, both included), and `now-29d/d..now` (the same as `30d`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeSpec {
    /// The last n hours, the running hour included.
    Hours(u32),
    /// The last n calendar days, today included.
    Days(u32),
    /// One calendar month.
    Month {
        /// Year.
        year: i32,
        /// Month, 1 to 12.
        month: u32,
    },
    /// Calendar days, both included.
    Between {
        /// First day.
        first: NaiveDate,
        /// Last day.
        last: NaiveDate,
    },
}

impl Default for RangeSpec {
    fn default() -> Self {
        Self::Days(30)
    }
}

impl fmt::Display for RangeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(count) => write!(f, "{count}h"),
            Self::Days(count) => write!(f, "{count}d"),
            Self::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Self::Between { first, last } => write!(f, "{first}..{last}"),
        }
    }
}

impl FromStr for RangeSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = || {
            Error::invalid(
                "range",
                "A range is written 24h, 30d, 2026-10, 2026-10-01..2026-10-31 or now-29d/d..now.",
            )
        };
        let count = |digits: &str, limit: u32| {
            digits.parse::<u32>().ok().filter(|count| (1..=limit).contains(count)).ok_or_else(wrong)
        };
        if let Some((from, to)) = text.split_once("..") {
            if to == "now" {
                let digits =
                    from.strip_prefix("now-").and_then(|rest| rest.strip_suffix("d/d")).ok_or_else(wrong)?;
                return Ok(Self::Days(count(digits, MAX_DAYS - 1)? + 1));
            }
            let first: NaiveDate = from.parse().map_err(|_| wrong())?;
            let last: NaiveDate = to.parse().map_err(|_| wrong())?;
            let in_reach = |day: NaiveDate| (1970..=2200).contains(&day.year());
            let length = (last - first).num_days();
            if length < 0 || length >= i64::from(MAX_DAYS) || !in_reach(first) || !in_reach(last) {
                return Err(Error::invalid(
                    "range",
                    "The first day comes before the last, at most ten years apart.",
                ));
            }
            return Ok(Self::Between { first, last });
        }
        if let Some(digits) = text.strip_suffix('h') {
            return count(digits, 24 * 31).map(Self::Hours);
        }
        if let Some(digits) = text.strip_suffix('d') {
            return count(digits, MAX_DAYS).map(Self::Days);
        }
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let year = year.parse::<i32>().ok().filter(|year| (1970..=2200).contains(year)).ok_or_else(wrong)?;
        let month = month.parse::<u32>().ok().filter(|month| (1..=12).contains(month)).ok_or_else(wrong)?;
        Ok(Self::Month { year, month })
    }
}

impl Serialize for RangeSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RangeSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How the previous period is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Compare {
    /// The period just before, moved so that Mondays meet Mondays.
    #[default]
    Weekday,
    /// The period just before, day by day.
    Previous,
    /// The same days a year earlier.
    Year,
    /// No comparison.
    Off,
}

/// One step of a series: a calendar day or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Bucket {
    /// The local calendar day it lies in.
    pub day: NaiveDate,
    /// Its span.
    pub period: Period,
    /// Whether it was still running at the as-of.
    pub is_unfinished: bool,
}

/// A range made of instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The zone of the days.
    pub zone: Tz,
    /// The whole span.
    pub period: Period,
    /// Its steps in order, without gaps.
    pub buckets: Vec<Bucket>,
    /// The same steps in the period compared with, one for one; empty without comparison.
    pub previous: Vec<Bucket>,
}

impl Range {
    /// The span of the finished steps: what a change in percent is computed over.
    #[must_use]
    pub fn finished(&self) -> Option<Period> {
        span(self.buckets.iter().filter(|bucket| !bucket.is_unfinished))
    }

    /// The span that the finished steps are compared with.
    #[must_use]
    pub fn previous_finished(&self) -> Option<Period> {
        let pairs = self.buckets.iter().zip(&self.previous);
        span(pairs.filter(|(bucket, _)| !bucket.is_unfinished).map(|(_, previous)| previous))
    }
}

fn span<'a>(buckets: impl Iterator<Item = &'a Bucket>) -> Option<Period> {
    buckets.fold(None, |whole: Option<Period>, bucket| {
        let start = whole.map_or(bucket.period.start, |whole| whole.start.min(bucket.period.start));
        let end = whole.map_or(bucket.period.end, |whole| whole.end.max(bucket.period.end));
        Some(Period { start, end })
    })
}

/// The first instant of a local calendar day. Where midnight does not exist, the day starts when the
/// clocks have jumped; where it exists twice, it starts at the first.
#[must_use]
pub fn start_of_day(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.with_timezone(&Utc),
        LocalResult::None => {
            // A gap lasts at most a day (Samoa skipped one). A quarter-hour is the finest offset in use.
            (1..=96)
                .find_map(|step| {
                    zone.from_local_datetime(&(midnight + Duration::minutes(15 * step))).earliest()
                })
                .expect("no zone skips more than a day")
                .with_timezone(&Utc)
        }
    }
}

/// The span of a local calendar day.
#[must_use]
pub fn day_period(zone: Tz, day: NaiveDate) -> Period {
    Period { start: start_of_day(zone, day), end: start_of_day(zone, day + Days::new(1)) }
}

impl RangeSpec {
    /// The instants this range means in a zone at an as-of, with its comparison.
    #[must_use]
    pub fn resolve(self, zone: Tz, as_of: DateTime<Utc>, compare: Compare) -> Range {
        let today = as_of.with_timezone(&zone).date_naive();
        let (buckets, previous) = match self {
            Self::Hours(count) => hours(zone, as_of, count, compare),
            Self::Days(count) => {
                days(zone, as_of, today - Days::new(u64::from(count) - 1), i64::from(count), compare)
            }
            Self::Month { year, month } => {
                let first = NaiveDate::from_ymd_opt(year, month, 1).expect("a parsed month exists");
                let length = (first + Months::new(1) - first).num_days();
                days(zone, as_of, first, length, compare)
            }
            Self::Between { first, last } => days(zone, as_of, first, (last - first).num_days() + 1, compare),
        };
        let period = span(buckets.iter()).expect("a range has at least one step");
        Range { zone, period, buckets, previous }
    }
}

fn days(
    zone: Tz,
    as_of: DateTime<Utc>,
    first: NaiveDate,
    length: i64,
    compare: Compare,
) -> (Vec<Bucket>, Vec<Bucket>) {
    let bucket = |day: NaiveDate| {
        let period = day_period(zone, day);
        Bucket { day, period, is_unfinished: period.end > as_of }
    };
    let buckets: Vec<_> = (0..length).map(|offset| bucket(first + Duration::days(offset))).collect();
    let earlier = |day: NaiveDate| match compare {
        // The nearest whole number of weeks: 30 days look 28 back, 31 days 28, 90 days 91.
        Compare::Weekday => Some(day - Duration::days(((length + 3) / 7).max(1) * 7)),
        Compare::Previous => Some(day - Duration::days(length)),
        Compare::Year => day.checked_sub_months(Months::new(12)),
        Compare::Off => None,
    };
    let previous = buckets.iter().filter_map(|step| earlier(step.day)).map(bucket).collect();
    (buckets, previous)
}

fn hours(zone: Tz, as_of: DateTime<Utc>, count: u32, compare: Compare) -> (Vec<Bucket>, Vec<Bucket>) {
    let seconds = as_of.timestamp();
    let offset = i64::from(chrono::Offset::fix(as_of.with_timezone(&zone).offset()).local_minus_utc());
    // Local hours: in Kathmandu they start at a quarter past by UTC.
    let last = seconds - (seconds + offset).rem_euclid(3600);
    let bucket = |start: i64| {
        let start = DateTime::from_timestamp(start, 0).expect("an hour near the as-of is a valid time");
        let period = Period { start, end: start + Duration::hours(1) };
        let day = start.with_timezone(&zone).date_naive();
        Bucket { day, period, is_unfinished: period.end > as_of }
    };
    let shift = match compare {
        Compare::Weekday if count > 24 => Some(7 * 86_400 * i64::from(count.div_ceil(24 * 7))),
        Compare::Weekday => Some(7 * 86_400),
        Compare::Previous => Some(3600 * i64::from(count)),
        Compare::Year => Some(364 * 86_400),
        Compare::Off => None,
    };
    let starts = (0..i64::from(count)).rev().map(|back| last - 3600 * back);
    let buckets = starts.clone().map(bucket).collect();
    let previous = shift.map(|shift| starts.map(|start| bucket(start - shift)).collect()).unwrap_or_default();
    (buckets, previous)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("a valid instant")
    }

    #[test]
    fn thirty_days_end_with_an_unfinished_today_and_compare_by_weekday() {
        let range = RangeSpec::Days(30).resolve(
            Tz::Europe__Berlin,
            instant("2026-11-21T13:02:11Z"),
            Compare::Weekday,
        );
        assert_eq!(range.buckets.len(), 30);
        assert_eq!(range.buckets[0].day.to_string(), "2026-10-23");
        assert_eq!(range.previous[0].day.to_string(), "2026-09-25", "28 days earlier, the same weekday");
        assert_eq!(range.period.start, instant("2026-10-22T22:00:00Z"), "summer time, UTC+2");
        assert_eq!(range.period.end, instant("2026-11-21T23:00:00Z"), "winter time, UTC+1");
        assert_eq!(range.buckets.iter().filter(|bucket| bucket.is_unfinished).count(), 1);
        assert_eq!(range.finished().expect("29 days").end, instant("2026-11-20T23:00:00Z"));
    }

    #[test]
    fn days_tile_the_range_in_every_zone_and_across_both_clock_changes() {
        for zone in chrono_tz::TZ_VARIANTS {
            for as_of in ["2026-03-31T10:00:00Z", "2026-11-10T23:59:59Z", "2011-12-31T12:00:00Z"] {
                let range = RangeSpec::Days(45).resolve(zone, instant(as_of), Compare::Off);
                for pair in range.buckets.windows(2) {
                    assert_eq!(pair[0].period.end, pair[1].period.start, "{zone}: no gap and no overlap");
                }
                for bucket in &range.buckets {
                    assert_eq!(
                        bucket.period.start.timestamp() % 900,
                        0,
                        "{zone}: a day starts on a quarter-hour"
                    );
                }
            }
        }
    }

    #[test]
    fn a_range_reads_back_as_it_was_written() {
        for text in ["24h", "30d", "2026-10", "2026-10-01..2026-10-31"] {
            assert_eq!(text.parse::<RangeSpec>().expect("valid").to_string(), text);
        }
        assert_eq!("now-29d/d..now".parse::<RangeSpec>().expect("valid"), RangeSpec::Days(30));
        for wrong in
            ["", "0d", "d", "-1d", "2026-13", "2026-10-05..2026-10-01", "99999d", "now", "1y", "2026-1-1..x"]
        {
            assert!(wrong.parse::<RangeSpec>().is_err(), "{wrong:?} is no range");
        }
    }
}
