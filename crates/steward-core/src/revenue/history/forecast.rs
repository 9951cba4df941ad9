//! `revenue_forecast`.

use chrono::DateTime;

use super::super::amount;
use super::super::answer::MONTHS_MAX;
use super::super::book::Book;
use super::super::forecast::{
    AHEAD, ForecastError, ForecastMonth, LEAST, Outlook, RevenueForecast, RevenueForecastReq, look_ahead,
};
use super::super::month::Month;
use super::super::profile::Profile;
use super::{History, Look, Span, chosen, currencies, number};
use crate::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use crate::freshness::Freshness;
use crate::stripe::currency::words;
use crate::{Error, ErrorKind, Result};

/// Ends of months drawn before the estimate.
const DRAWN: usize = 24;

impl History {
    /// `revenue_forecast`.
    ///
    /// # Errors
    /// As [`History::show`].
    pub fn forecast(&self, req: &RevenueForecastReq, freshness: Freshness) -> Result<RevenueForecast> {
        let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let book = Book::new(&self.subscriptions, &profile)?;
        let currency = chosen(&book, &currencies(&book, as_of)?, req.currency.as_deref())?;
        let mut answer = RevenueForecast {
            freshness,
            profile,
            zone: req.zone,
            exponent: currency.as_deref().map_or(2, amount::exponent),
            currency: currency.clone(),
            inputs: 0,
            last: None,
            without: None,
            is_naive: false,
            method: String::new(),
            verdict: String::new(),
            months: Vec::new(),
            errors: Vec::new(),
            chart: None,
        };
        let first = currency.as_deref().and_then(|currency| book.first_paid(currency));
        let (Some(currency), Some(first)) = (currency, first) else {
            answer.without = Some("Nobody ever paid.".to_owned());
            return Ok(answer);
        };
        let (first, last) = (Month::of(req.zone, first), Month::of(req.zone, as_of).minus(1));
        let count = if first > last { 0 } else { (first.until(last) + 1).min(MONTHS_MAX) };
        let spans: Vec<Span> =
            (0..count).rev().map(|back| Span::of(last.minus(back), req.zone, as_of)).collect();
        let look = Look { history: self, book: &book, currency: &currency, zone: req.zone, as_of };
        let ends: Vec<f64> = look.series(&spans)?.iter().map(|totals| number(totals.end.ratio())).collect();
        answer.inputs = ends.len() as u64;
        answer.last = spans.last().map(|span| span.month);
        let Some(outlook) = look_ahead(&ends) else {
            answer.without = Some(format!(
                "{} of the {LEAST} whole months that a forecast needs have been paid in {currency}.",
                ends.len()
            ));
            return Ok(answer);
        };
        answer.is_naive = outlook.is_naive;
        answer.method = method(&outlook, ends.len());
        answer.verdict = verdict(&outlook, &currency)?;
        for (expected, ahead) in outlook.expected.iter().zip(1_u32..) {
            answer.months.push(ForecastMonth {
                month: last.plus(ahead),
                months_ahead: ahead,
                currency: currency.clone(),
                mrr_minor: whole(expected.point)?,
                low_80_minor: whole(expected.within_80.0)?,
                high_80_minor: whole(expected.within_80.1)?,
                low_95_minor: whole(expected.within_95.0)?,
                high_95_minor: whole(expected.within_95.1)?,
            });
        }
        for missed in &outlook.missed {
            answer.errors.push(ForecastError {
                months_ahead: u32::try_from(missed.ahead).unwrap_or(u32::MAX),
                origins: missed.origins as u64,
                currency: currency.clone(),
                model_minor: whole(missed.model)?,
                model_share: missed.model_share,
                naive_minor: whole(missed.naive)?,
                naive_share: missed.naive_share,
                within_80: missed.held_80,
                within_95: missed.held_95,
            });
        }
        let months: Vec<Month> = spans.iter().map(|span| span.month).collect();
        answer.chart = Some(chart(&answer, &months, &ends));
        Ok(answer)
    }
}

fn method(outlook: &Outlook, inputs: usize) -> String {
    let shown = match (&outlook.model, outlook.is_naive) {
        (Some(model), false) => format!(
            "Exponential smoothing without a season, {model}, its form chosen by the corrected Akaike criterion"
        ),
        _ => "The naive forecast: the last month’s end stays, with a spread that grows by the root of the months"
            .to_owned(),
    };
    format!(
        "An estimate. {shown}; from the MRR at the ends of {inputs} whole months, the running one left out. The \
         errors are those of the same method started at earlier months, each knowing only what came before it."
    )
}

fn verdict(outlook: &Outlook, currency: &str) -> Result<String> {
    let Some((model, naive)) = outlook.overall else {
        return Ok("There is too little history to test the model; the naive forecast is shown.".to_owned());
    };
    let words = |value: f64| Ok::<_, Error>(words(whole(value)?, currency));
    let (model_words, naive_words) = (words(model)?, words(naive)?);
    Ok(if outlook.is_naive {
        format!(
            "The model is not better than the naive forecast, so that is shown: mean absolute error {model_words} \
             against {naive_words} over all starts and months of the back-test."
        )
    } else {
        format!(
            "Better than the naive forecast: mean absolute error {model_words} against {naive_words} over all \
             starts and months of the back-test."
        )
    })
}

/// A whole number of minor units of an estimate.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked against what every reader of JSON reads exactly"
)]
pub(super) fn whole(value: f64) -> Result<i64> {
    let rounded = value.round();
    if rounded.abs() <= 9_007_199_254_740_992.0 {
        Ok(rounded as i64)
    } else {
        Err(Error::new(ErrorKind::Invalid, "An estimate is too large to be shown."))
    }
}

/// What came, what is expected, and the two bands around it: low and high of the wider, then of the narrower one.
fn chart(answer: &RevenueForecast, months: &[Month], ends: &[f64]) -> ChartSpec {
    let skipped = ends.len().saturating_sub(DRAWN);
    let (months, ends) = (&months[skipped..], &ends[skipped..]);
    let major = amount::scale(answer.exponent);
    let step = |month: Month, rest: &str| ChartStep {
        label: month.first_day().format("%b %y").to_string(),
        title: format!("{}{rest}", month.first_day().format("%B %Y")),
        previous_title: None,
        is_unfinished: false,
    };
    let steps = months
        .iter()
        .map(|month| step(*month, ""))
        .chain(answer.months.iter().map(|row| step(row.month, ", estimate")))
        .collect();
    let ahead = |label: &str, value: fn(&ForecastMonth) -> i64| Series {
        label: label.to_owned(),
        slot: 1,
        is_previous: false,
        values: std::iter::repeat_n(None, ends.len())
            .chain(answer.months.iter().map(|row| Some(value(row) as f64 / major)))
            .collect(),
    };
    let came = Series {
        label: "MRR".to_owned(),
        slot: 1,
        is_previous: false,
        values: ends
            .iter()
            .map(|end| Some(end / major))
            .chain(std::iter::repeat_n(None, answer.months.len()))
            .collect(),
    };
    ChartSpec {
        axis_break: 0.0,
        title: "Forecast of MRR".to_owned(),
        subtitle: format!(
            "{}, estimate, {AHEAD} months · {}",
            answer.currency.as_deref().unwrap_or_default(),
            answer.zone.name()
        ),
        kind: ChartKind::Fan,
        unit: Unit::Money,
        steps,
        series: vec![
            came,
            ahead(if answer.is_naive { "Naive" } else { "Expected" }, |row| row.mrr_minor),
            ahead("95 %, low", |row| row.low_95_minor),
            ahead("95 %, high", |row| row.high_95_minor),
            ahead("80 %, low", |row| row.low_80_minor),
            ahead("80 %, high", |row| row.high_80_minor),
        ],
        method: format!("{} {}", answer.method, answer.verdict),
    }
}
