//! `revenue_total`.

use chrono::DateTime;
use num_rational::Ratio;

use super::super::amount::{self, Amount};
use super::super::answer::{MONTHS, MONTHS_MAX};
use super::super::book::Book;
use super::super::month::{minor, rounded_parts};
use super::super::movement::{Movement, Totals};
use super::super::profile::Profile;
use super::super::rate::{self, RateList, RevenueTotal, RevenueTotalReq, TotalMonth, TotalPart};
use super::{History, Look, Span, span};
use crate::freshness::Freshness;
use crate::{Error, Result};

/// One currency with its rate and its months.
type Column<'a> = (&'a str, Option<Ratio<i128>>, Vec<Totals>);

impl History {
    /// `revenue_total`: what stands in each currency, together at stated rates.
    ///
    /// # Errors
    /// As [`History::show`]; `Invalid` for a rate that cannot be read.
    pub fn total(
        &self,
        req: &RevenueTotalReq,
        rates: &RateList,
        freshness: Freshness,
    ) -> Result<RevenueTotal> {
        let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let now = span(req.month, req.zone, as_of)?;
        let count = match req.months {
            0 => MONTHS,
            count if count <= MONTHS_MAX => count,
            _ => return Err(Error::invalid("months", format!("At most {MONTHS_MAX} months."))),
        };
        let mut answer = RevenueTotal {
            freshness,
            profile,
            month: now.month,
            base: rates.base.clone(),
            exponent: rates.base.as_deref().map_or(2, amount::exponent),
            mrr_minor: None,
            without: None,
            told: String::new(),
            parts: Vec::new(),
            months: Vec::new(),
        };
        let Some(base) = rates.base.as_deref() else {
            answer.without = Some("No base currency is chosen.".to_owned());
            return Ok(answer);
        };
        let book = Book::new(&self.subscriptions, &answer.profile)?;
        let spans: Vec<Span> =
            (0..count).rev().map(|back| Span::of(now.month.minus(back), req.zone, as_of)).collect();
        let mut columns: Vec<Column<'_>> = Vec::new();
        for currency in book.currencies() {
            let look = Look { history: self, book: &book, currency, zone: req.zone, as_of };
            let totals = look.series(&spans)?;
            // A currency nobody pays in these months needs no rate.
            if totals.iter().any(|month| month.start_customers + month.end_customers > 0) {
                columns.push((currency, rates.factor(base, currency)?, totals));
            }
        }
        answer.told = told(rates, base, &columns);
        for (currency, factor, totals) in &columns {
            let end = totals.last().map_or(Amount::ZERO, |month| month.end);
            answer.parts.push(TotalPart {
                currency: (*currency).to_owned(),
                mrr_minor: minor(end)?,
                rate: rates.rates.iter().find(|rate| rate.currency == *currency).cloned(),
                in_base_minor: factor.map(|factor| minor(end.times(factor)?)).transpose()?,
            });
        }
        let missing: Vec<&str> = columns
            .iter()
            .filter(|(_, factor, _)| factor.is_none())
            .map(|(currency, ..)| *currency)
            .collect();
        if !missing.is_empty() {
            answer.without = Some(format!("Not known: no rate for {}.", missing.join(", ")));
            return Ok(answer);
        }
        for (at, span) in spans.iter().enumerate() {
            if let Some(row) = month(*span, base, &columns, at)? {
                answer.months.push(row);
            }
        }
        answer.mrr_minor = answer.months.last().map(|row| row.end_minor);
        Ok(answer)
    }
}

/// A month of all currencies; none where one has no rate.
fn month(span: Span, base: &str, columns: &[Column<'_>], at: usize) -> Result<Option<TotalMonth>> {
    let summed = |pick: &dyn Fn(&Totals) -> Amount| {
        let parts: Vec<_> = columns.iter().map(|(_, factor, totals)| (pick(&totals[at]), *factor)).collect();
        rate::sum(&parts)
    };
    let moved = |movement: Movement| summed(&|totals| totals.sum(movement));
    let Some(start) = summed(&|totals| totals.start)? else { return Ok(None) };
    let mut parts = Vec::with_capacity(Movement::ALL.len());
    for movement in Movement::ALL {
        let Some(size) = moved(movement)? else { return Ok(None) };
        parts.push(if movement.is_gain() { size } else { Amount::ZERO.minus(size)? });
    }
    let shown = rounded_parts(start, &parts)?;
    let start_minor = minor(start)?;
    Ok(Some(TotalMonth {
        month: span.month,
        is_unfinished: span.is_unfinished,
        currency: base.to_owned(),
        start_minor,
        new_minor: shown[0],
        reactivation_minor: shown[1],
        expansion_minor: shown[2],
        contraction_minor: shown[3],
        churn_minor: shown[4],
        end_minor: start_minor + shown.iter().sum::<i64>(),
    }))
}

/// `in USD at stated rates: EUR 1.0825 of 2026-10-31 (ECB)`.
fn told(rates: &RateList, base: &str, columns: &[Column<'_>]) -> String {
    let used: Vec<String> = rates
        .rates
        .iter()
        .filter(|rate| columns.iter().any(|(currency, ..)| *currency == rate.currency))
        .map(|rate| {
            let source = if rate.source.is_empty() { String::new() } else { format!(" ({})", rate.source) };
            format!("{} {} of {}{source}", rate.currency, rate.rate, rate.date)
        })
        .collect();
    if used.is_empty() {
        format!("in {base}")
    } else {
        format!("in {base} at stated rates, the same for every month: {}", used.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use chrono_tz::Tz;

    use super::super::super::rate::Rate;
    use super::super::super::subscription::{Interval, Subscription};
    use super::super::super::traps::{active, day, item};
    use super::*;

    fn company() -> History {
        let paid = |customer, currency: &str, amount| Subscription {
            currency: currency.to_owned(),
            ..active(customer, day(1, 5), vec![item(amount, 1, Interval::Month)])
        };
        let subscriptions = vec![paid(1, "USD", 1_000), paid(2, "EUR", 2_000), paid(3, "JPY", 1_500)];
        History { subscriptions: subscriptions.into(), ..History::default() }
    }

    fn rates(stated: &[(&str, &str)]) -> RateList {
        let date = NaiveDate::from_ymd_opt(2026, 3, 31).expect("a day");
        let rate = |(currency, rate): &(&str, &str)| Rate {
            currency: (*currency).to_owned(),
            rate: (*rate).to_owned(),
            date,
            source: "ECB".to_owned(),
        };
        RateList { base: Some("USD".to_owned()), rates: stated.iter().map(rate).collect() }
    }

    fn ask(rates: &RateList) -> RevenueTotal {
        let req = RevenueTotalReq { month: None, months: 4, zone: Tz::UTC, profile: None };
        let freshness = Freshness { as_of: Some(day(5, 10)), is_consistent: true };
        company().total(&req, rates, freshness).expect("it fits")
    }

    #[test]
    fn trap_13_a_total_moves_only_by_what_customers_do() {
        let total = ask(&rates(&[("EUR", "1.1"), ("JPY", "0.01")]));
        assert_eq!(total.mrr_minor, Some(1_000 + 2_200 + 1_500));
        assert_eq!(total.months.len(), 4);
        for month in &total.months {
            assert_eq!(month.end_minor, 4_700, "one rate for the whole series");
            assert_eq!((month.expansion_minor, month.contraction_minor), (0, 0));
        }
        // Another rate moves every month alike: it is no movement of any.
        let other = ask(&rates(&[("EUR", "1.2"), ("JPY", "0.01")]));
        assert!(other.months.iter().all(|month| month.end_minor == 4_900 && month.expansion_minor == 0));
        assert!(total.told.contains("EUR 1.1 of 2026-03-31 (ECB)"), "{}", total.told);
    }

    #[test]
    fn trap_12_a_total_without_a_rate_is_not_known_and_never_a_part() {
        let total = ask(&rates(&[("EUR", "1.1")]));
        assert_eq!((total.mrr_minor, total.months.len()), (None, 0));
        assert_eq!(total.without.as_deref(), Some("Not known: no rate for JPY."));
        assert_eq!(total.parts.len(), 3, "what stands in each currency stays");
        assert_eq!(ask(&RateList::default()).without.as_deref(), Some("No base currency is chosen."));
    }
}
