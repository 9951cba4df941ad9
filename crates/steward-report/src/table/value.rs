//! Cells as text.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use steward_core::export::{Cell, ExportStyle};
use steward_core::revenue::amount::exponent;

/// What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards included.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet that opens this text from a CSV file would compute it.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULA_STARTS)
}

/// A cell as text; none for no value. Whether it may be taken for a formula is asked of text alone: a
/// negative number stays one.
pub(super) fn text(cell: &Cell, style: ExportStyle, zone: Tz) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Decimal(digits) => digits.clone(),
        Cell::Minor(minor, currency) => match style {
            ExportStyle::Raw => minor.to_string(),
            ExportStyle::Formatted => major(*minor, currency),
        },
        Cell::Instant(at) => match style {
            ExportStyle::Raw => at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false),
            ExportStyle::Formatted => at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        },
        Cell::Boolean(value) => value.to_string(),
        Cell::Json(value) => value.to_string(),
    })
}

/// Minor units in the major unit, exactly.
pub(crate) fn major(minor: i64, currency: &str) -> String {
    let digits = exponent(currency) as usize;
    let sign = if minor < 0 { "-" } else { "" };
    let amount = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, rest) = amount.split_at(amount.len() - digits);
    if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_become_major_ones_by_the_currency() {
        let cases = [
            (0, "EUR", "0.00"),
            (5, "EUR", "0.05"),
            (-123_456, "USD", "-1234.56"),
            (990, "JPY", "990"),
            (-1, "KWD", "-0.001"),
        ];
        for (minor, currency, expected) in cases {
            assert_eq!(major(minor, currency), expected);
        }
    }

    #[test]
    fn an_instant_carries_the_offset_of_its_day() {
        let at = |text: &str| Cell::Instant(text.parse().unwrap());
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let raw = |text_: &str| text(&at(text_), ExportStyle::Raw, zone).unwrap();
        assert_eq!(raw("2026-07-01T12:00:00Z"), "2026-07-01T14:00:00+02:00");
        assert_eq!(raw("2026-12-01T12:00:00.000005Z"), "2026-12-01T13:00:00.000005+01:00");
        let kathmandu =
            text(&at("2026-12-01T23:00:00Z"), ExportStyle::Formatted, "Asia/Kathmandu".parse().unwrap());
        assert_eq!(kathmandu.as_deref(), Some("2026-12-02 04:45:00"));
    }
}
