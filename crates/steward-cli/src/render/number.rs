//! Numbers and instants as people read them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use steward_core::overview::Change;

use super::style::Tone;

/// `1,234,567`.
pub(crate) fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Exact digits with grouped whole part, and at most this many decimals kept from the text as written.
pub(crate) fn decimal(text: &str, decimals: usize) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("\u{2212}", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.parse::<i128>().map_or_else(|_| whole.to_owned(), grouped);
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(decimals).collect();
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// An amount in the minor unit of a currency, `1,200.00 EUR`.
pub(crate) fn money(minor: i64, currency: &str) -> String {
    // ISO 4217 exponents other than 2, of the currencies that plans are sold in.
    let exponent = match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "PYG" | "UGX" | "XAF" | "XOF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    let scale = 10_u64.pow(exponent);
    let (whole, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let sign = if minor < 0 { "\u{2212}" } else { "" };
    let whole = grouped(i128::from(whole));
    if exponent == 0 {
        return format!("{sign}{whole} {currency}");
    }
    format!("{sign}{whole}.{rest:0width$} {currency}", width = exponent as usize)
}

/// `+12.4 %`, `−3.0 %`, `new`, `n/a`.
pub(crate) fn change(change: &Change) -> String {
    match change.percent {
        Some(percent) if percent < 0.0 => format!("\u{2212}{:.1} %", -percent),
        Some(percent) => format!("+{percent:.1} %"),
        None if change.current > 0.0 => "new".to_owned(),
        None => "n/a".to_owned(),
    }
}

/// Bytes in the unit that leaves one to three digits.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < units.len() {
        value /= 1_000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{} ms", grouped(ms.round() as i128)),
        ms if ms < 120_000.0 => format!("{:.1} s", ms / 1_000.0),
        ms => format!("{:.0} min", ms / 60_000.0),
    }
}

/// `2026-11-21 14:02` in the zone of the output.
pub(crate) fn instant(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// The same with seconds.
pub(crate) fn precise(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A dash where there is no value.
pub(crate) fn dash() -> String {
    Tone::Muted.paint("–")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "\u{2212}1,234,567")] {
            assert_eq!(grouped(value), text);
        }
        assert_eq!(decimal("12004.004300000", 2), "12,004.00");
        assert_eq!(decimal("-0.5", 3), "\u{2212}0.500");
        assert_eq!(money(120_000, "EUR"), "1,200.00 EUR");
        assert_eq!(money(1_500, "JPY"), "1,500 JPY");
        assert_eq!(money(-1_234, "KWD"), "\u{2212}1.234 KWD");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(milliseconds(1_234.4), "1,234 ms");
        let went = |current, percent| change(&Change { current, previous: 0.0, percent });
        assert_eq!(went(1.0, None), "new", "from nothing to something has no percentage");
        assert_eq!(went(0.0, None), "n/a");
        assert_eq!(went(1.0, Some(-3.04)), "\u{2212}3.0 %");
    }
}
