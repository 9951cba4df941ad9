//! Exact amounts of money: fractions of a minor unit, rounded once, at display.

use std::collections::BTreeMap;
use std::fmt;

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Zero};

use crate::{Error, ErrorKind, Result};

/// An exact amount in minor units of one currency (cents, yen); it may be a fraction.
///
/// A yearly price is a twelfth of itself per month, and three twelfths of 29,000 are 7,250, not three
/// times 2,416.67: rounding is left to whoever shows the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(Ratio<i128>);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Ratio::new_raw(0, 1));

    /// A whole number of minor units.
    #[must_use]
    pub fn minor(units: i64) -> Self {
        Self(Ratio::from_integer(i128::from(units)))
    }

    /// The fraction `numerator / denominator` of a minor unit; none when the denominator is zero.
    #[must_use]
    pub fn fraction(numerator: i128, denominator: i128) -> Option<Self> {
        (denominator != 0).then(|| Self(Ratio::new(numerator, denominator)))
    }

    /// Exactly so many minor units.
    #[must_use]
    pub fn exact(minor: Ratio<i128>) -> Self {
        Self(minor)
    }

    /// As a fraction in lowest terms.
    #[must_use]
    pub fn ratio(self) -> Ratio<i128> {
        self.0
    }

    /// Whether this is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether this is more than nothing.
    #[must_use]
    pub fn is_positive(self) -> bool {
        *self.0.numer() > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn plus(self, other: Self) -> Result<Self> {
        self.0.checked_add(&other.0).map(Self).ok_or_else(too_large)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn minus(self, other: Self) -> Result<Self> {
        self.0.checked_sub(&other.0).map(Self).ok_or_else(too_large)
    }

    /// The product with an exact factor.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn times(self, factor: Ratio<i128>) -> Result<Self> {
        self.0.checked_mul(&factor).map(Self).ok_or_else(too_large)
    }

    /// This amount as a share of another; none when the other is nothing.
    #[must_use]
    pub fn share_of(self, whole: Self) -> Option<Ratio<i128>> {
        if whole.is_zero() { None } else { self.0.checked_div(&whole.0) }
    }

    /// Rounded to whole minor units, halves away from zero, as statements of account do.
    #[must_use]
    pub fn rounded(self) -> i128 {
        self.0.round().to_integer()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sum of many amounts.
///
/// Amounts with the same denominator are added as integers and brought together at the end: a hundred
/// thousand customers share a handful of denominators, and a fraction's lowest terms cost more than its addition.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    numerators: BTreeMap<i128, i128>,
}

impl Sum {
    /// Adds one amount.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the sum does not fit 128 bits.
    pub fn add(&mut self, amount: Amount) -> Result<()> {
        let numerator = self.numerators.entry(*amount.0.denom()).or_insert(0);
        *numerator = numerator.checked_add(*amount.0.numer()).ok_or_else(too_large)?;
        Ok(())
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it does not fit 128 bits.
    pub fn total(&self) -> Result<Amount> {
        self.numerators.iter().try_fold(Amount::ZERO, |sum, (denominator, numerator)| {
            sum.plus(Amount(Ratio::new(*numerator, *denominator)))
        })
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::Invalid, "An amount is too large to be added exactly.")
}

/// Plain decimal digits, exactly: `19.0000`, `-0.1`. None for what is no such number, or has more than 36 digits.
#[must_use]
pub fn decimal(text: &str) -> Option<Ratio<i128>> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let count = whole.len() + fraction.len();
    if !(1..=36).contains(&count) || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let all: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some(Ratio::new(sign * all, 10_i128.pow(u32::try_from(fraction.len()).ok()?)))
}

/// Currencies whose minor unit has other than two digits, by ISO 4217. The interface reads them, too: a browser's own
/// table leaves digits out that are not in daily use, as the forint's.
///
/// Source: ISO 4217 list one; the billing provider's exceptions (amounts of ISK and UGX are given with two digits
/// that must be zero) are the provider's wire format and belong to its adapter, not to the currency.
pub const EXPONENTS: [(&str, u32); 26] = [
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("ISK", 0),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("PYG", 0),
    ("RWF", 0),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("BHD", 3),
    ("IQD", 3),
    ("JOD", 3),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("TND", 3),
    ("CLF", 4),
    ("UYW", 4),
];

/// How many digits a currency's minor unit has, by ISO 4217.
#[must_use]
pub fn exponent(currency: &str) -> u32 {
    EXPONENTS.iter().find(|(code, _)| *code == currency).map_or(2, |(_, digits)| *digits)
}

/// Minor units in a major one, for the length of a mark on a chart; what is written is written from minor units.
#[must_use]
pub(super) fn scale(currency_exponent: u32) -> f64 {
    10_f64.powi(currency_exponent.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("12.5000"), Some(Ratio::new(25, 2)));
        assert_eq!(decimal("20"), Some(Ratio::from_integer(20)));
        assert_eq!(decimal("-0.1"), Some(Ratio::new(-1, 10)));
        for wrong in ["", ".", "x", "1.2.3", "NaN", "+1", "1-2", &"9".repeat(37)] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
    }
}
