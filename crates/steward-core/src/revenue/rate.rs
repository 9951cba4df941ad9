//! Totals in one currency, at rates somebody states.
//!
//! A rate holds for the whole series, so that a currency that rose is never shown as expansion. What stands in each
//! currency is never replaced: the total is beside it.

use chrono::NaiveDate;
use chrono_tz::Tz;
use num_rational::Ratio;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::amount::{Amount, decimal, exponent};
use super::month::Month;
use super::profile::Profile;
use crate::freshness::Freshness;
use crate::{Error, Result};

/// The most digits of a rate, before and after the point together.
const DIGITS: usize = 18;

/// What one unit of a currency is worth in the base currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Rate {
    /// ISO 4217 code.
    pub currency: String,
    /// Units of the base currency for one of it, as plain digits: `1.0825`.
    pub rate: String,
    /// The day it is of.
    #[ts(type = "string")]
    pub date: NaiveDate,
    /// Who says so.
    #[serde(default)]
    pub source: String,
}

impl Rate {
    /// The same, tidied, once it is sure that it can be meant.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self, base: &str, today: NaiveDate) -> Result<Self> {
        let currency = code("currency", &self.currency)?;
        if currency == base {
            return Err(Error::invalid("currency", format!("{base} is the base currency; its rate is 1.")));
        }
        let rate = self.rate.trim().to_owned();
        self::value(&rate)?;
        if self.date > today {
            return Err(Error::invalid("date", "A rate of a day that lies ahead is not known."));
        }
        let source = self.source.trim().to_owned();
        if source.chars().count() > 200 {
            return Err(Error::invalid("source", "A source has at most 200 characters."));
        }
        Ok(Self { currency, rate, source, date: self.date })
    }
}

/// A currency's code as it is written.
///
/// # Errors
/// `Invalid` for what is no code.
pub fn code(field: &str, text: &str) -> Result<String> {
    let code = text.trim().to_ascii_uppercase();
    let is_code = code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    if is_code { Ok(code) } else { Err(Error::invalid(field, "A currency is a code of three letters: EUR.")) }
}

fn value(text: &str) -> Result<Ratio<i128>> {
    let wrong = || Error::invalid("rate", "A rate is a number above 0, written 1.0825.");
    let value = decimal(text).filter(|_| text.len() <= DIGITS + 1).ok_or_else(wrong)?;
    if *value.numer() > 0 { Ok(value) } else { Err(wrong()) }
}

/// The base currency of a workspace with the rates stated for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RateList {
    /// ISO 4217 code; none while nobody chose one.
    pub base: Option<String>,
    /// By currency.
    pub rates: Vec<Rate>,
}

impl RateList {
    /// The factor from minor units of a currency to minor units of the base; none without a rate.
    ///
    /// # Errors
    /// `Invalid` for a rate that cannot be read.
    pub(super) fn factor(&self, base: &str, currency: &str) -> Result<Option<Ratio<i128>>> {
        if currency == base {
            return Ok(Some(Ratio::from_integer(1)));
        }
        let Some(rate) = self.rates.iter().find(|rate| rate.currency == currency) else { return Ok(None) };
        let scale = |digits: u32| Ratio::from_integer(10_i128.pow(digits));
        Ok(Some(value(&rate.rate)? * scale(exponent(base)) / scale(exponent(currency))))
    }
}

/// Which base currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RateBaseReq {
    /// ISO 4217 code; none shows no total. Each base has rates of its own, which are kept.
    pub base: Option<String>,
}

/// Which rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RateRef {
    /// ISO 4217 code.
    pub currency: String,
}

/// Which months.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueTotalReq {
    /// `2026-10`; none is the month that runs.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub month: Option<Month>,
    /// Months of the series, the one asked for included; 0 is 12.
    #[serde(default)]
    pub months: u32,
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
}

/// A month in the base currency; start and all movements are the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TotalMonth {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// Whether it still runs.
    pub is_unfinished: bool,
    /// ISO 4217 code of the base.
    pub currency: String,
    /// MRR when it began.
    pub start_minor: i64,
    /// Of customers who never paid before.
    pub new_minor: i64,
    /// Of customers who pay again.
    pub reactivation_minor: i64,
    /// Of customers who pay more; never because a currency rose.
    pub expansion_minor: i64,
    /// Of customers who pay less; not above 0.
    pub contraction_minor: i64,
    /// Of customers who pay no longer; not above 0.
    pub churn_minor: i64,
    /// MRR when it ended.
    pub end_minor: i64,
}

/// One currency's part of the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TotalPart {
    /// ISO 4217 code.
    pub currency: String,
    /// MRR at the end of the month, in its own minor units.
    pub mrr_minor: i64,
    /// The rate; none where none is stated, and for the base itself.
    pub rate: Option<Rate>,
    /// The same in the base's minor units; none without a rate.
    pub in_base_minor: Option<i64>,
}

/// All currencies together at stated rates, beside what stands in each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueTotal {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The definition.
    pub profile: Profile,
    /// The month of the parts.
    #[ts(type = "string")]
    pub month: Month,
    /// The base currency; none while nobody chose one.
    pub base: Option<String>,
    /// Digits of its minor unit.
    pub exponent: u32,
    /// MRR of all currencies at the end of the month; none where a rate is missing.
    pub mrr_minor: Option<i64>,
    /// Why there is no total, where there is none.
    pub without: Option<String>,
    /// At which rates, in words.
    pub told: String,
    /// Currency by currency.
    pub parts: Vec<TotalPart>,
    /// The series; empty where a rate is missing.
    pub months: Vec<TotalMonth>,
}

/// The sum of amounts in several currencies; none where one has no rate.
pub(super) fn sum(parts: &[(Amount, Option<Ratio<i128>>)]) -> Result<Option<Amount>> {
    parts.iter().try_fold(Some(Amount::ZERO), |sum, (amount, factor)| match (sum, factor) {
        (Some(sum), Some(factor)) => sum.plus(amount.times(*factor)?).map(Some),
        _ => Ok(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(currency: &str, text: &str) -> Rate {
        let date = NaiveDate::from_ymd_opt(2026, 10, 31).expect("a day");
        Rate { currency: currency.to_owned(), rate: text.to_owned(), date, source: " ECB ".to_owned() }
    }

    #[test]
    fn a_rate_is_a_number_above_nothing_of_a_day_that_was() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day");
        let kept = rate("eur", " 1.0825 ").checked("USD", today).expect("a rate");
        assert_eq!(
            (kept.currency.as_str(), kept.rate.as_str(), kept.source.as_str()),
            ("EUR", "1.0825", "ECB")
        );
        for wrong in ["0", "-1", "", "1,08", "1e3", "abc", "1.0000000000000000001"] {
            assert!(rate("EUR", wrong).checked("USD", today).is_err(), "{wrong:?}");
        }
        for wrong in ["", "E", "EURO", "E1R", "€"] {
            assert!(rate(wrong, "1").checked("USD", today).is_err(), "{wrong:?}");
        }
        assert!(rate("USD", "2").checked("USD", today).is_err(), "the base is worth itself");
        let before = NaiveDate::from_ymd_opt(2026, 10, 30).expect("a day");
        assert!(rate("EUR", "1").checked("USD", before).is_err(), "tomorrow's rate is not known");
    }

    #[test]
    fn minor_units_of_different_sizes_are_brought_together_exactly() {
        let list = RateList {
            base: Some("USD".to_owned()),
            rates: vec![rate("EUR", "1.0825"), rate("JPY", "0.0066"), rate("KWD", "3.25")],
        };
        let factor = |code: &str| list.factor("USD", code).expect("it reads");
        let worth = |minor: i64, code: &str| {
            Amount::minor(minor).times(factor(code).expect("a rate")).expect("it fits").rounded()
        };
        assert_eq!(worth(10_000, "EUR"), 10_825);
        assert_eq!(worth(1_500, "JPY"), 990, "1,500 yen are 9.90");
        assert_eq!(worth(10_000, "KWD"), 3_250, "10.000 dinars are 32.50");
        assert_eq!(worth(77, "USD"), 77);
        assert_eq!(factor("CHF"), None);
        let parts = [(Amount::minor(100), factor("EUR")), (Amount::minor(100), factor("CHF"))];
        assert_eq!(sum(&parts).expect("it fits"), None, "a total is whole or not at all");
    }
}
