//! Instants as the file keeps them: microseconds since 2000-01-01 UTC, the server's own form, with the
//! extremes standing for ±infinity.

use chrono::{DateTime, Utc};

/// 2000-01-01 in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// From microseconds since 1970; what lies outside becomes the nearest instant there is.
pub(crate) fn from_unix(us: i64) -> i64 {
    us.saturating_sub(EPOCH)
}

/// Microseconds since 1970; none for instants so late that they have no such number, +infinity among them.
pub(crate) fn to_unix(stored: i64) -> Option<i64> {
    stored.checked_add(EPOCH).filter(|_| stored != i64::MIN)
}

/// The stored form of an instant.
pub(crate) fn from_utc(instant: DateTime<Utc>) -> i64 {
    from_unix(instant.timestamp_micros())
}

/// The instant; infinities and years that no calendar here reaches become the nearest one that is.
pub(crate) fn to_utc(stored: i64) -> DateTime<Utc> {
    let nearest = if stored < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    stored.checked_add(EPOCH).and_then(DateTime::from_timestamp_micros).unwrap_or(nearest)
}

/// Reads the server's ISO text, with or without `T`, an offset, `BC`, or ±infinity.
pub(crate) fn parse(text: &str) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (text, is_before_christ) = match text.strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (date, clock) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let year = if is_before_christ { 1 - year } else { year };
    let at = clock.find(['+', '-', 'Z']).unwrap_or(clock.len());
    let (clock, offset) = clock.split_at_checked(at)?;
    let mut clock = clock.splitn(3, ':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
    let micros = if fraction.is_empty() {
        0
    } else if fraction.len() <= 6 {
        fraction.parse::<i64>().ok()? * 10_i64.pow(u32::try_from(6 - fraction.len()).ok()?)
    } else {
        return None;
    };
    let seconds =
        hour.parse::<i64>().ok()? * 3600 + minute.parse::<i64>().ok()? * 60 + second.parse::<i64>().ok()?;
    let seconds = days(year, month, day)? * 86_400 + seconds - offset_seconds(offset)?;
    i64::try_from(i128::from(seconds) * 1_000_000 + i128::from(micros)).ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first() {
        None | Some(b'Z') => return Some(0),
        Some(b'-') => (-1, text.get(1..)?),
        Some(_) => (1, text.get(1..)?),
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit;
    }
    Some(sign * seconds)
}

/// Days from 2000-01-01 to a day of the proleptic Gregorian calendar; chrono's years end before Postgres's.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730_425)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_texts_read_to_the_microsecond() {
        for (text, expected) in [
            ("2000-01-01T00:00:00+00:00", 0),
            ("2000-01-01T05:45:00.000001+05:45", 1),
            ("1999-12-31 19:00:00-05", 0),
            ("1970-01-01T00:00:00Z", -EPOCH),
            ("2024-02-29T12:00:00+00:00", 762_523_200_000_000),
            ("4714-11-24T00:00:00+00:00 BC", -211_813_488_000_000_000),
            ("294276-12-31T23:59:59.999999+00:00", 9_223_371_331_199_999_999),
            ("infinity", i64::MAX),
            ("-infinity", i64::MIN),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "2000",
            "2000-01-01",
            "2000-13-01T00:00:00Z",
            "x-01-01T00:00:00Z",
            "2000-01-01T00:00:00.1234567Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_come_back() {
        let now: DateTime<Utc> = "2026-11-21T13:02:11.123456Z".parse().expect("an instant");
        assert_eq!(to_utc(from_utc(now)), now);
        assert_eq!(parse("2026-11-21T13:02:11.123456+00:00"), Some(from_utc(now)));
        assert_eq!(to_utc(i64::MAX), DateTime::<Utc>::MAX_UTC, "infinity is the last instant there is");
    }
}
