//! Numbers as text in files, in English (files carry one language).

use steward_core::chart_spec::Unit;
use steward_core::overview::{Card, CardMetric, Change};

/// A whole number with thousands separators: `1,234,567`, negative with U+2212.
#[must_use]
pub fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if value < 0 {
        text.push('\u{2212}');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with this many decimals and thousands separators.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "what is drawn stays far below 2^127")]
pub fn decimal(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = grouped(whole.parse::<i128>().unwrap_or(value as i128));
    let sign =
        if value < 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit)) { "\u{2212}" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A value on an axis whose ticks are `step` apart.
#[must_use]
pub fn tick(value: f64, step: f64, unit: Unit) -> String {
    let places = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else {
        2
    };
    with_unit(decimal(value, places), unit)
}

/// A value as a label.
#[must_use]
pub fn label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => decimal(value, 0),
        Unit::Bytes => with_unit(decimal(value, 0), unit),
        Unit::Money => decimal(value, 2),
        Unit::Percent => with_unit(decimal(value, 2), unit),
        Unit::Milliseconds => with_unit(decimal(value, 0), unit),
    }
}

/// Millions with two decimals, everything below in full: the short form of tiles.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e9 {
        format!("{} bn", decimal(value / 1e9, 2))
    } else if size >= 1e6 {
        format!("{} M", decimal(value / 1e6, 2))
    } else {
        decimal(value, 0)
    }
}

/// An amount beside a bar: whole from a hundred on, for the table beside it has every digit.
#[must_use]
pub fn amount(value: f64) -> String {
    let has_fraction = value.abs() < 100.0 && value.fract().abs() > 1e-9;
    decimal(value, if has_fraction { 2 } else { 0 })
}

/// The same as a change: with its sign, and no sign where nothing changed.
#[must_use]
pub fn signed_amount(value: f64) -> String {
    let text = amount(value);
    if value > 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit)) {
        format!("+{text}")
    } else {
        text
    }
}

/// Minor units in the currency's major unit, every digit: `1,234.50`, `990` yen, negative with U+2212.
#[must_use]
pub fn minor(minor: i64, currency: &str) -> String {
    let text = crate::table::major(minor.saturating_abs(), currency);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = grouped(whole.parse().unwrap_or_default());
    let sign = if minor < 0 { "\u{2212}" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The same as a change, with `+` for a gain.
#[must_use]
pub fn signed_minor(minor_units: i64, currency: &str) -> String {
    let text = minor(minor_units, currency);
    if minor_units > 0 { format!("+{text}") } else { text }
}

/// A share (1 is 100 %) in percent with one decimal.
#[must_use]
pub fn share(value: f64) -> String {
    format!("{}%", decimal(value * 100.0, 1))
}

/// An amount with its currency: the sign of the three that everybody reads, else the code.
#[must_use]
pub fn money(value: f64, currency: &str) -> String {
    let places = if value.abs() >= 10_000.0 { 0 } else { 2 };
    let amount = decimal(value, places);
    match currency {
        "USD" => format!("${amount}"),
        "EUR" => format!("€{amount}"),
        "GBP" => format!("£{amount}"),
        code => format!("{code} {amount}"),
    }
}

/// What a card is called.
#[must_use]
pub fn card_label(metric: CardMetric) -> &'static str {
    match metric {
        CardMetric::Events => "Events",
        CardMetric::ActiveUsers => "Active users",
        CardMetric::ErrorRate => "Error rate",
        CardMetric::LatencyP95 => "Latency, p95",
        CardMetric::Tokens => "Tokens",
        CardMetric::Cost => "Cost",
    }
}

/// A card's number.
#[must_use]
pub fn card_value(card: &Card, currency: Option<&str>) -> String {
    let Some(value) = card.value else { return "n/a".to_owned() };
    match card.metric {
        CardMetric::Events | CardMetric::ActiveUsers | CardMetric::Tokens => short(value),
        CardMetric::ErrorRate => format!("{}%", decimal(value, 2)),
        CardMetric::LatencyP95 => format!("{} ms", decimal(value, 0)),
        CardMetric::Cost => money(value, currency.unwrap_or_default()),
    }
}

/// A change in words: percent, percentage points for a rate, `new` where there was nothing before.
#[must_use]
pub fn change(metric: CardMetric, change: &Change) -> String {
    let signed = |value: f64, places: usize| {
        let text = decimal(value, places);
        if value > 0.0 { format!("+{text}") } else { text }
    };
    if metric == CardMetric::ErrorRate {
        return format!("{} pt", signed(change.current - change.previous, 2));
    }
    match change.percent {
        Some(percent) => format!("{}%", signed(percent, 1)),
        None if change.current > 0.0 => "new".to_owned(),
        None => "n/a".to_owned(),
    }
}

fn with_unit(text: String, unit: Unit) -> String {
    match unit {
        Unit::Count | Unit::Money => text,
        Unit::Bytes => format!("{text} B"),
        Unit::Percent => format!("{text}%"),
        Unit::Milliseconds => format!("{text} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-1_234_567), "\u{2212}1,234,567");
        assert_eq!(decimal(1_234.5, 1), "1,234.5");
        assert_eq!(decimal(-0.001, 2), "0.00", "a rounded zero has no sign");
        assert_eq!(tick(0.5, 0.1, Unit::Percent), "0.5%");
        assert_eq!(short(4_512_345.0), "4.51 M");
        assert_eq!(money(9_214.123, "EUR"), "€9,214.12");
        assert_eq!(money(120_000.4, "CHF"), "CHF 120,000");
        assert_eq!(minor(123_456_789, "EUR"), "1,234,567.89");
        assert_eq!(minor(-5, "KWD"), "\u{2212}0.005");
        assert_eq!(minor(1_234_567, "JPY"), "1,234,567");
        assert_eq!(signed_minor(100, "USD"), "+1.00");
        assert_eq!((amount(12.5), amount(1_234.56)), ("12.50".to_owned(), "1,235".to_owned()));
        assert_eq!((signed_amount(0.0), signed_amount(-3.0)), ("0".to_owned(), "\u{2212}3".to_owned()));
        assert_eq!(share(0.123_45), "12.3%");
    }

    #[test]
    fn a_rate_changes_in_points_and_nothing_before_is_new() {
        let from = |current, previous, percent| Change { current, previous, percent };
        assert_eq!(change(CardMetric::ErrorRate, &from(0.42, 0.48, Some(-12.5))), "\u{2212}0.06 pt");
        assert_eq!(change(CardMetric::Events, &from(108.4, 100.0, Some(8.4))), "+8.4%");
        assert_eq!(change(CardMetric::Events, &from(5.0, 0.0, None)), "new");
        assert_eq!(change(CardMetric::Events, &from(0.0, 0.0, None)), "n/a");
    }
}
