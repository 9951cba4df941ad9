//! Amounts in the provider's form.
//!
//! Stripe gives integers in a smallest unit of its own: mostly that of ISO 4217, with exceptions it documents. The
//! copy holds ISO 4217's everywhere, so that one rule formats every amount.

use num_rational::Ratio;

use crate::revenue::amount::exponent;
use crate::{Error, Result};

/// The currencies Stripe takes payments in. An amount in any other is kept as it came and marked as one whose
/// digits nobody knows.
const KNOWN: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP \
    CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR \
    IQD ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MUR MVR \
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD \
    SHP SLE SOS SRD STD SVC SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF \
    YER ZAR ZMW";

/// Whether the digits of a currency are known, so that its amounts may be written with a decimal point.
#[must_use]
pub fn is_known(currency: &str) -> bool {
    currency.len() == 3 && KNOWN.split(' ').any(|known| known == currency)
}

/// Digits of the unit that Stripe's integers count.
///
/// ISK and UGX are written with two digits that must be zero, for reasons of history; MGA without the one that it
/// has by ISO 4217.
fn provider_exponent(currency: &str) -> u32 {
    match currency {
        "ISK" | "UGX" => 2,
        "MGA" => 0,
        _ => exponent(currency),
    }
}

/// An exact amount of the provider as ISO 4217 minor units; it may be a fraction.
#[must_use]
pub fn exact(amount: Ratio<i128>, currency: &str) -> Ratio<i128> {
    if !is_known(currency) {
        return amount;
    }
    let (ours, theirs) = (exponent(currency), provider_exponent(currency));
    if ours >= theirs {
        amount * Ratio::from_integer(10_i128.pow(ours - theirs))
    } else {
        amount / Ratio::from_integer(10_i128.pow(theirs - ours))
    }
}

/// A whole amount of the provider as ISO 4217 minor units.
///
/// # Errors
/// `Invalid` when it is no whole number of them, which the provider promises it always is.
pub fn minor(amount: i64, currency: &str) -> Result<i64> {
    let value = exact(Ratio::from_integer(i128::from(amount)), currency);
    value.is_integer().then(|| i64::try_from(value.to_integer()).ok()).flatten().ok_or_else(|| {
        Error::invalid(
            "amount",
            format!("Stripe says {amount} of {currency}, which is no whole amount of it."),
        )
    })
}

/// A whole amount of ISO 4217 minor units as the provider's.
///
/// # Errors
/// `Invalid` when the provider has no such amount.
pub fn to_provider(minor: i64, currency: &str) -> Result<i64> {
    let scale = exact(Ratio::from_integer(1), currency);
    let value = Ratio::from_integer(i128::from(minor)) / scale;
    // Three-decimal amounts end in 0: that is the finest the card networks take.
    let is_whole = value.is_integer() && (exponent(currency) != 3 || minor % 10 == 0);
    is_whole.then(|| i64::try_from(value.to_integer()).ok()).flatten().ok_or_else(|| {
        Error::invalid("amount_minor", format!("Stripe has no amount of {}.", words(minor, currency)))
    })
}

/// Digits of a decimal that a binary float of 64 bits is sure to keep.
const FLOAT_DIGITS: usize = 15;

/// A decimal as people write it in a table: `19.00`, `19,00`, `1,900.00`, as ISO 4217 minor units of a currency.
/// The last separator is the decimal one where it has no three digits behind it, or where both are used.
///
/// A table that went through a spreadsheet may hold what a binary float makes of an amount, `28.999999999999996`. A float
/// keeps fifteen digits of a decimal, so what has more and a fraction is rounded to fifteen, here and once.
#[must_use]
pub fn parse_major(text: &str, currency: &str) -> Option<Ratio<i128>> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let is_separator = |letter: char| matches!(letter, '.' | ',');
    let last = digits.rfind(is_separator);
    let kinds = [digits.matches('.').count(), digits.matches(',').count()];
    let is_decimal = last.is_some_and(|at| {
        let behind = digits.len() - at - 1;
        // `1,900` is nineteen hundred, `1.900` of a dinar is not: its own digits decide.
        let is_single = kinds.iter().sum::<usize>() == 1;
        (kinds[0] > 0 && kinds[1] > 0) || is_single && (behind != 3 || exponent(currency) == 3)
    });
    let (whole, fraction) = match last.filter(|_| is_decimal) {
        Some(at) => (digits.get(..at)?, digits.get(at + 1..)?),
        None => (digits, ""),
    };
    let whole: String = whole.chars().filter(|letter| !is_separator(*letter) && *letter != ' ').collect();
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 20 {
        return None;
    }
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(&whole) || !is_number(fraction) || whole.len() > 18 {
        return None;
    }
    let all = format!("0{whole}{fraction}");
    let significant = all.trim_start_matches('0').len();
    let all: i128 = all.parse().ok()?;
    let beyond = u32::try_from(significant.saturating_sub(FLOAT_DIGITS).min(fraction.len())).ok()?;
    let unit = 10_i128.pow(beyond);
    let all = Ratio::new(all, unit).round().to_integer() * unit;
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let digits = if is_known(currency) { exponent(currency) } else { 2 };
    Some(Ratio::new(sign * all * 10_i128.pow(digits), scale))
}

/// An amount for people, `1,200.00 EUR`; of a currency whose digits nobody knows, the number as it came.
#[must_use]
pub fn words(minor: i64, currency: &str) -> String {
    if !is_known(currency) {
        return format!("{minor} units of {currency}");
    }
    let digits = exponent(currency);
    let scale = 10_u64.pow(digits);
    let (whole, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let sign = if minor < 0 { "\u{2212}" } else { "" };
    let mut grouped = String::new();
    let text = whole.to_string();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if digits == 0 {
        return format!("{sign}{grouped} {currency}");
    }
    format!("{sign}{grouped}.{rest:0width$} {currency}", width = digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_11_every_currency_has_its_own_digits() {
        for (amount, currency, expected) in [
            (1_900, "EUR", 1_900),
            (1_900, "JPY", 1_900),
            (1_990, "KWD", 1_990),
            (150_000, "ISK", 1_500),
            (500, "UGX", 5),
            (20, "MGA", 2_000),
            (7, "XXQ", 7),
        ] {
            assert_eq!(minor(amount, currency).expect("whole"), expected, "{amount} {currency}");
        }
        assert!(minor(150, "ISK").is_err(), "half a króna cannot be");
        for (amount, currency, wire) in [(1_500, "ISK", 150_000), (2_000, "MGA", 20), (1_250, "EUR", 1_250)] {
            assert_eq!(to_provider(amount, currency).ok(), Some(wire), "{amount} {currency}");
        }
        assert!(to_provider(1_501, "KWD").is_err(), "the last digit of a dinar is 0");
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        for (minor, currency, text) in [
            (120_000, "EUR", "1,200.00 EUR"),
            (1_500, "JPY", "1,500 JPY"),
            (-1_234, "KWD", "\u{2212}1.234 KWD"),
            (1_999, "XXQ", "1999 units of XXQ"),
        ] {
            assert_eq!(words(minor, currency), text);
        }
    }

    #[test]
    fn amounts_of_tables_are_read_in_either_dialect() {
        for (text, currency, minor) in [
            ("19.00", "EUR", 1_900),
            ("19,00", "EUR", 1_900),
            ("1,900.00", "USD", 190_000),
            ("1.900,00", "EUR", 190_000),
            ("1,900", "JPY", 1_900),
            ("1,900", "USD", 190_000),
            ("1.900", "KWD", 1_900),
            ("-5", "USD", -500),
            ("1 900,50", "SEK", 190_050),
        ] {
            assert_eq!(parse_major(text, currency), Some(Ratio::from_integer(minor)), "{text} {currency}");
        }
        for wrong in ["", "x", "1.2.x", "--1", "."] {
            assert_eq!(parse_major(wrong, "EUR"), None, "{wrong}");
        }
    }

    #[test]
    fn trap_14_a_float_in_a_table_is_quantised_once_and_never_carried_along() {
        // As a spreadsheet or a float column writes them: ten times 2.90, a tenth and two tenths, and so on.
        let floats = [
            (2.9_f64 * 10.0 - 1e-15 * 4.0, "EUR", Ratio::from_integer(2_900)),
            ((0.1_f64 + 0.2) * 100.0, "EUR", Ratio::from_integer(3_000)),
            (1.1_f64 * 1.1, "EUR", Ratio::from_integer(121)),
            (12_345_678.9_f64 * 3.0, "USD", Ratio::from_integer(3_703_703_670)),
            (9.95_f64 * 3.0, "KWD", Ratio::from_integer(29_850)),
            (0.07_f64 * 100.0, "JPY", Ratio::from_integer(7)),
        ];
        let mut unclean = 0;
        for (float, currency, minor) in floats {
            let text = float.to_string();
            unclean += usize::from(text.len() > 14);
            assert_eq!(parse_major(&text, currency), Some(minor), "{text} {currency}");
            assert_eq!(parse_major(&text.replace('.', ","), currency), Some(minor), "{text} {currency}");
        }
        assert!(unclean >= 4, "most of them are no decimals any more");
        // What is a decimal is never touched, however fine.
        assert_eq!(parse_major("0.000000000001", "EUR"), Some(Ratio::new(1, 10_000_000_000)));
        assert_eq!(
            parse_major("123456789012345678", "JPY"),
            Some(Ratio::from_integer(123_456_789_012_345_678)),
            "a whole number has no fraction to be wrong in"
        );
    }
}
