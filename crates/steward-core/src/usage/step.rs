//! Steps of a series: hours, days, weeks or months of a range, each with the span it is compared with.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::period::{Bucket, Period, Range, RangeSpec};

/// Width of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BucketSize {
    /// 3,600 seconds, from the start of the range on.
    Hour,
    /// A local calendar day.
    Day,
    /// Monday to Sunday; the first and the last of a range may be cut off.
    Week,
    /// A calendar month; the first and the last of a range may be cut off.
    Month,
}

/// The most hours that are shown as steps.
const HOURS: i64 = 31 * 24 + 1;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The first local day in it.
    pub day: NaiveDate,
    /// Its span.
    pub period: Period,
    /// Whether it was still running at the as-of.
    pub is_unfinished: bool,
    /// The span it is compared with; none without comparison, and for an hour that the other day does not have.
    pub previous: Option<Period>,
    /// First local day of that.
    pub previous_day: Option<NaiveDate>,
}

impl BucketSize {
    /// The width that shows a range in tens of steps.
    #[must_use]
    pub fn of(spec: RangeSpec, range: &Range) -> Self {
        match (spec, range.buckets.len()) {
            (RangeSpec::Hours(_), ..=72) => Self::Hour,
            (RangeSpec::Hours(_), _) | (_, ..=100) => Self::Day,
            (_, ..=732) => Self::Week,
            _ => Self::Month,
        }
    }
}

/// The steps of a range.
///
/// # Errors
/// `Invalid` for hours over more than 31 days.
pub fn steps(spec: RangeSpec, range: &Range, size: BucketSize, as_of: DateTime<Utc>) -> Result<Vec<Step>> {
    let is_hourly = matches!(spec, RangeSpec::Hours(_));
    if size == BucketSize::Hour && !is_hourly {
        return hours_of_days(range, as_of);
    }
    let key = |bucket: &Bucket, index: usize| match size {
        BucketSize::Hour => i64::try_from(index).unwrap_or(i64::MAX),
        BucketSize::Day => i64::from(bucket.day.num_days_from_ce()),
        BucketSize::Week => {
            i64::from(bucket.day.num_days_from_ce()) - i64::from(bucket.day.weekday().num_days_from_monday())
        }
        BucketSize::Month => i64::from(bucket.day.year()) * 12 + i64::from(bucket.day.month0()),
    };
    let keyed: Vec<(i64, usize)> =
        range.buckets.iter().enumerate().map(|(index, bucket)| (key(bucket, index), index)).collect();
    Ok(keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let (first, last) = (group[0].1, group[group.len() - 1].1);
            let (own, end) = (range.buckets[first], range.buckets[last]);
            let before = range.previous.get(first).zip(range.previous.get(last));
            Step {
                day: own.day,
                period: Period { start: own.period.start, end: end.period.end },
                is_unfinished: end.is_unfinished,
                previous: before.map(|(from, to)| Period { start: from.period.start, end: to.period.end }),
                previous_day: before.map(|(from, _)| from.day),
            }
        })
        .collect())
}

fn hours_of_days(range: &Range, as_of: DateTime<Utc>) -> Result<Vec<Step>> {
    let hour = Duration::hours(1);
    if (range.period.end - range.period.start).num_hours() > HOURS {
        return Err(Error::invalid(
            "bucket",
            "Hours are shown for at most 31 days; choose days, weeks or months.",
        ));
    }
    let mut steps = Vec::new();
    let mut start = range.period.start;
    let mut day = 0;
    while start < range.period.end {
        while range.buckets.get(day).is_some_and(|bucket| bucket.period.end <= start) {
            day += 1;
        }
        let Some(own) = range.buckets.get(day) else { break };
        let end = (start + hour).min(range.period.end);
        let before = range.previous.get(day).and_then(|before| {
            let from = before.period.start + (start - own.period.start);
            (from + (end - start) <= before.period.end)
                .then_some((Period { start: from, end: from + (end - start) }, before.day))
        });
        steps.push(Step {
            day: own.day,
            period: Period { start, end },
            is_unfinished: end > as_of,
            previous: before.map(|(period, _)| period),
            previous_day: before.map(|(_, day)| day),
        });
        start = end;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::period::Compare;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn range(spec: RangeSpec, zone: Tz, as_of: &str) -> Range {
        spec.resolve(zone, at(as_of), Compare::Weekday)
    }

    #[test]
    fn steps_tile_the_range_in_every_width_and_zone_across_both_clock_changes() {
        for zone in [
            Tz::America__Los_Angeles,
            Tz::UTC,
            Tz::Asia__Kolkata,
            Tz::Asia__Kathmandu,
            Tz::Pacific__Kiritimati,
            Tz::Europe__Berlin,
            Tz::Australia__Lord_Howe,
        ] {
            for as_of in ["2026-04-05T10:00:00Z", "2026-11-05T23:59:59Z"] {
                let spec = RangeSpec::Days(31);
                let range = range(spec, zone, as_of);
                for size in [BucketSize::Hour, BucketSize::Day, BucketSize::Week, BucketSize::Month] {
                    let steps = steps(spec, &range, size, at(as_of)).expect("steps");
                    assert_eq!(steps[0].period.start, range.period.start);
                    assert_eq!(steps.last().expect("a step").period.end, range.period.end);
                    for pair in steps.windows(2) {
                        assert_eq!(pair[0].period.end, pair[1].period.start, "{zone} {size:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_hour_that_the_other_day_lacks_is_compared_with_nothing() {
        // 2026-10-25 has 25 hours in Berlin; 28 days before, the day had 24.
        let spec: RangeSpec = "2026-10-25..2026-10-25".parse().expect("a range");
        let range = range(spec, Tz::Europe__Berlin, "2026-11-21T13:00:00Z");
        let steps = steps(spec, &range, BucketSize::Hour, at("2026-11-21T13:00:00Z")).expect("steps");
        assert_eq!(steps.len(), 25);
        assert!(steps[..24].iter().all(|step| step.previous.is_some()));
        assert_eq!(steps[24].previous, None);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let spec: RangeSpec = "2026-09-30..2026-11-03".parse().expect("a range");
        let range = range(spec, Tz::Europe__Berlin, "2026-11-21T13:00:00Z");
        let days = |size| -> Vec<String> {
            let steps = steps(spec, &range, size, at("2026-11-21T13:00:00Z")).expect("steps");
            steps.iter().map(|step| step.day.to_string()).collect()
        };
        assert_eq!(
            days(BucketSize::Week),
            ["2026-09-30", "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26", "2026-11-02"]
        );
        assert_eq!(days(BucketSize::Month), ["2026-09-30", "2026-10-01", "2026-11-01"]);
        let year: RangeSpec = "365d".parse().expect("a range");
        let range = year.resolve(Tz::UTC, at("2026-11-21T13:00:00Z"), Compare::Off);
        let hours = steps(year, &range, BucketSize::Hour, at("2026-11-21T13:00:00Z"));
        assert!(hours.is_err(), "8,760 hours are no chart");
    }
}
