//! Calendar months as they are asked for, and rounding that keeps sums whole.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use crate::period::{Period, start_of_day};
use crate::{Error, Result};

/// A calendar month; it becomes instants only together with a zone. Written `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

impl Month {
    /// The month an instant lies in; its first instant is part of it.
    #[must_use]
    pub fn of(zone: Tz, instant: DateTime<Utc>) -> Self {
        let day = instant.with_timezone(&zone).date_naive();
        Self(day.with_day(1).expect("every month has a first day"))
    }

    /// The month that begins on a day.
    pub(super) const fn starting(first_day: NaiveDate) -> Self {
        Self(first_day)
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The month so many later.
    #[must_use]
    pub fn plus(self, months: u32) -> Self {
        Self(self.0.checked_add_months(Months::new(months)).unwrap_or(self.0))
    }

    /// The month so many earlier.
    #[must_use]
    pub fn minus(self, months: u32) -> Self {
        Self(self.0.checked_sub_months(Months::new(months)).unwrap_or(self.0))
    }

    /// From its first instant to the first of the next.
    #[must_use]
    pub fn period(self, zone: Tz) -> Period {
        Period { start: start_of_day(zone, self.0), end: start_of_day(zone, self.plus(1).0) }
    }

    /// How many months lie between this one and a later one.
    #[must_use]
    pub fn until(self, later: Self) -> u32 {
        let months = (later.0.year() - self.0.year()) * 12 + later.0.month().cast_signed()
            - self.0.month().cast_signed();
        u32::try_from(months).unwrap_or(0)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("month", "A month is written 2026-10.");
        let text = text.trim();
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7).ok_or_else(wrong)?;
        let year = year.parse::<i32>().ok().filter(|year| (1970..=2200).contains(year)).ok_or_else(wrong)?;
        let month = month.parse::<u32>().map_err(|_| wrong())?;
        NaiveDate::from_ymd_opt(year, month, 1).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A whole number of minor units, for the wire.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when it is beyond what every reader of JSON reads exactly.
pub fn minor(amount: Amount) -> Result<i64> {
    whole(amount.rounded())
}

/// Rounds the parts of a sum so that what is shown adds up as what is meant: start and all parts are the end, to the
/// minor unit. The running balance is rounded and each part is the difference of two balances, so that none is further
/// than one unit from its exact value and the balances at both ends are rounded as ever.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit.
pub fn rounded_parts(start: Amount, parts: &[Amount]) -> Result<Vec<i64>> {
    let mut exact = start;
    let mut shown = start.rounded();
    parts
        .iter()
        .map(|part| {
            exact = exact.plus(*part)?;
            let next = exact.rounded();
            let part = next - shown;
            shown = next;
            whole(part)
        })
        .collect()
}

fn whole(minor: i128) -> Result<i64> {
    const EXACT: i128 = 1 << 53;
    i64::try_from(minor)
        .ok()
        .filter(|minor| i128::from(minor.unsigned_abs()) <= EXACT)
        .ok_or_else(|| Error::new(crate::ErrorKind::Invalid, "An amount is too large to be shown exactly."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trap_07_the_text_of_a_month_means_instants_only_with_a_zone() {
        let instant: DateTime<Utc> = "2026-10-31T23:30:00Z".parse().expect("an instant");
        assert_eq!(Month::of(Tz::UTC, instant).to_string(), "2026-10");
        let berlin = Month::of(Tz::Europe__Berlin, instant);
        assert_eq!(berlin.to_string(), "2026-11");
        assert_eq!(berlin.period(Tz::Europe__Berlin).start.to_rfc3339(), "2026-10-31T23:00:00+00:00");
        assert_eq!(berlin.minus(12).until(berlin), 12);
        for wrong in ["", "2026", "2026-13", "2026-0", "26-10-01", "1969-12", "2026-1", "202610", "März-26"]
        {
            assert!(wrong.parse::<Month>().is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn rounded_parts_add_up_and_stay_within_a_unit(
            start in (0_i128..10_000_000, 1_i128..37),
            parts in prop::collection::vec((-900_000_i128..900_000, 1_i128..37), 0..9),
        ) {
            let amount = |(numerator, denominator)| Amount::fraction(numerator, denominator).expect("not zero");
            let start = amount(start);
            let parts: Vec<_> = parts.into_iter().map(amount).collect();
            let shown = rounded_parts(start, &parts).expect("it fits");
            let mut exact = start;
            for (part, shown) in parts.iter().zip(&shown) {
                exact = exact.plus(*part).expect("it fits");
                let off = part.minus(Amount::minor(*shown)).expect("it fits");
                prop_assert!(off <= Amount::minor(1) && off >= Amount::minor(-1));
            }
            let sum: i64 = shown.iter().sum();
            prop_assert_eq!(minor(start).expect("it fits") + sum, minor(exact).expect("it fits"));
        }
    }
}
