//! Where recurring revenue is heading: an estimate with its measured error, beside the simplest one there is.
//!
//! Exponential smoothing without a season, the form of error, trend and damping chosen by the corrected Akaike
//! criterion; a season would ask for more years than most companies have. Floats are right here: it is an estimate,
//! and says so everywhere.

use augurs::ets::AutoETS;
use augurs::{Fit as _, Predict as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::month::Month;
use super::profile::Profile;
use crate::chart_spec::ChartSpec;
use crate::freshness::Freshness;

/// The least history a forecast is made from, in ends of months.
pub const LEAST: usize = 12;

/// Months looked ahead.
pub const AHEAD: usize = 12;

/// How far ahead errors and figures are told.
pub const TOLD: [usize; 4] = [1, 3, 6, 12];

/// The least history of a back-test's start: below it the criterion of the models has no value.
const TRAINED: usize = 8;

/// The most starts of a back-test; the newest ones.
const ORIGINS: usize = 24;

const LEVEL_80: f64 = 0.80;
const LEVEL_95: f64 = 0.95;

/// So many standard deviations hold these shares of a normal distribution.
const Z_80: f64 = 1.281_551_565_544_600_4;
const Z_95: f64 = 1.959_963_984_540_054;

/// One month of an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The middle.
    pub point: f64,
    /// Within which four of five outcomes are expected to lie.
    pub within_80: (f64, f64),
    /// Within which nineteen of twenty are.
    pub within_95: (f64, f64),
}

/// Errors so many months ahead, over all starts of the back-test whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Missed {
    /// Months ahead.
    pub ahead: usize,
    /// Starts with a known outcome.
    pub origins: usize,
    /// Mean absolute error of the model.
    pub model: f64,
    /// The same as a share of the outcome; none where an outcome was 0.
    pub model_share: Option<f64>,
    /// Mean absolute error of the naive forecast.
    pub naive: f64,
    /// The same as a share of the outcome.
    pub naive_share: Option<f64>,
    /// Outcomes inside the interval of 80 %, of the forecast that is shown.
    pub held_80: f64,
    /// Outcomes inside the interval of 95 %.
    pub held_95: f64,
}

/// What is expected of a series, and how wrong the same method was before.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The form of the model that was chosen; none where none could be fitted.
    pub model: Option<String>,
    /// Whether the naive forecast is shown: the model was not better, or could not be tested.
    pub is_naive: bool,
    /// The months ahead.
    pub expected: Vec<Expected>,
    /// The errors at [`TOLD`], as far as there are outcomes.
    pub missed: Vec<Missed>,
    /// Mean absolute error of the model and of the naive forecast over all starts and months; none untested.
    pub overall: Option<(f64, f64)>,
}

/// Looks ahead from the ends of consecutive months; none where there are fewer than [`LEAST`].
#[must_use]
pub fn look_ahead(series: &[f64]) -> Option<Outlook> {
    if series.len() < LEAST {
        return None;
    }
    let first = TRAINED.max(series.len().saturating_sub(ORIGINS));
    let trials: Vec<Origin<'_>> = (first..series.len()).map(|at| Origin::new(series, at)).collect();
    let overall = overall(&trials);
    let model = smoothed(series);
    // Without a test, or without an advantage in it, nothing speaks for the more complicated one.
    let is_better = overall.is_some_and(|(model, naive)| model < naive);
    let is_naive = !is_better || model.is_none();
    let (name, smooth) = model.unzip();
    let expected = if is_naive { kept(series) } else { smooth.unwrap_or_default() };
    let missed = TOLD.iter().filter_map(|ahead| missed(&trials, *ahead, is_naive)).collect();
    Some(Outlook { model: name, is_naive, expected, missed, overall })
}

/// A start of the back-test: what both methods said then, and what came.
struct Origin<'s> {
    model: Vec<Expected>,
    naive: Vec<Expected>,
    came: &'s [f64],
}

impl<'s> Origin<'s> {
    fn new(series: &'s [f64], at: usize) -> Self {
        let (known, came) = series.split_at(at);
        let naive = kept(known);
        // Where no model can be fitted the naive forecast is what would have been shown.
        let model = smoothed(known).map_or_else(|| naive.clone(), |(_, expected)| expected);
        Self { model, naive, came: came.get(..AHEAD).unwrap_or(came) }
    }
}

fn overall(trials: &[Origin<'_>]) -> Option<(f64, f64)> {
    let error = |is_naive: bool| {
        mean(trials.iter().flat_map(move |trial| {
            let said = if is_naive { &trial.naive } else { &trial.model };
            trial.came.iter().zip(said).map(|(came, said)| (came - said.point).abs())
        }))
    };
    error(false).zip(error(true))
}

fn missed(trials: &[Origin<'_>], ahead: usize, is_naive: bool) -> Option<Missed> {
    let known: Vec<(f64, Expected, Expected)> = trials
        .iter()
        .filter_map(|trial| {
            let at = ahead - 1;
            Some((*trial.came.get(at)?, *trial.model.get(at)?, *trial.naive.get(at)?))
        })
        .collect();
    let error = |pick: fn(&(f64, Expected, Expected)) -> Expected| {
        mean(known.iter().map(|one| (one.0 - pick(one).point).abs()))
    };
    let share = |pick: fn(&(f64, Expected, Expected)) -> Expected| {
        let has_all = known.iter().all(|one| one.0 > 0.0);
        mean(known.iter().map(|one| (one.0 - pick(one).point).abs() / one.0)).filter(|_| has_all)
    };
    let held = |bounds: fn(&Expected) -> (f64, f64)| {
        mean(known.iter().map(|(came, model, naive)| {
            let (low, high) = bounds(if is_naive { naive } else { model });
            f64::from(u8::from(low <= *came && *came <= high))
        }))
    };
    Some(Missed {
        ahead,
        origins: known.len(),
        model: error(|one| one.1)?,
        model_share: share(|one| one.1),
        naive: error(|one| one.2)?,
        naive_share: share(|one| one.2),
        held_80: held(|one| one.within_80)?,
        held_95: held(|one| one.within_95)?,
    })
}

/// The mean; none of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// The naive forecast: the last end stays. Its spread grows with the root of the months, by the steps so far.
fn kept(series: &[f64]) -> Vec<Expected> {
    let last = series.last().copied().unwrap_or_default();
    let spread = mean(series.windows(2).map(|pair| (pair[1] - pair[0]).powi(2))).unwrap_or_default().sqrt();
    (1..=AHEAD)
        .map(|ahead| {
            let deviation = spread * (ahead as f64).sqrt();
            let around = |z: f64| ((last - z * deviation).max(0.0), last + z * deviation);
            Expected { point: last, within_80: around(Z_80), within_95: around(Z_95) }
        })
        .collect()
}

/// Exponential smoothing, with the form it chose; none where it cannot be fitted or has no finite answer.
fn smoothed(series: &[f64]) -> Option<(String, Vec<Expected>)> {
    let fitted = AutoETS::non_seasonal().fit(series).ok()?;
    let narrow = fitted.predict(AHEAD, LEVEL_80).ok()?;
    let wide = fitted.predict(AHEAD, LEVEL_95).ok()?;
    let (inner, outer) = (narrow.intervals?, wide.intervals?);
    let mut expected = Vec::with_capacity(AHEAD);
    for at in 0..AHEAD {
        let one = Expected {
            point: narrow.point.get(at)?.max(0.0),
            within_80: (inner.lower.get(at)?.max(0.0), inner.upper.get(at)?.max(0.0)),
            within_95: (outer.lower.get(at)?.max(0.0), outer.upper.get(at)?.max(0.0)),
        };
        // `max` swallows what is no number: looked at before it is trusted.
        let raw = [narrow.point[at], inner.lower[at], inner.upper[at], outer.lower[at], outer.upper[at]];
        if raw.iter().any(|value| !value.is_finite()) {
            return None;
        }
        expected.push(one);
    }
    Some((form(&fitted), expected))
}

/// The form as the literature writes it: error, trend, season.
fn form(fitted: &augurs::ets::FittedAutoETS) -> String {
    let kind = fitted.model().model_type();
    let damped = if fitted.model().damped() { "d" } else { "" };
    format!("ETS({},{}{damped},{})", kind.error, kind.trend, kind.season)
}

/// Which definition, in which currency and zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueForecastReq {
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
}

/// An estimate of one month's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ForecastMonth {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// Months after the last one that is over.
    pub months_ahead: u32,
    /// ISO 4217 code.
    pub currency: String,
    /// Estimate of the MRR at its end.
    pub mrr_minor: i64,
    /// Four of five outcomes are expected above this and below the next.
    pub low_80_minor: i64,
    /// Upper end of the interval of 80 %.
    pub high_80_minor: i64,
    /// Nineteen of twenty outcomes are expected above this and below the next.
    pub low_95_minor: i64,
    /// Upper end of the interval of 95 %.
    pub high_95_minor: i64,
}

/// How wrong the same method was before, so many months ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ForecastError {
    /// Months ahead.
    pub months_ahead: u32,
    /// Starting months with a known outcome.
    pub origins: u64,
    /// ISO 4217 code.
    pub currency: String,
    /// Mean absolute error of the model.
    pub model_minor: i64,
    /// The same as a share of the outcome; none where an outcome was 0.
    pub model_share: Option<f64>,
    /// Mean absolute error of the naive forecast: the last month's end stays.
    pub naive_minor: i64,
    /// The same as a share of the outcome.
    pub naive_share: Option<f64>,
    /// Outcomes inside the interval of 80 % of what is shown, between 0 and 1.
    pub within_80: f64,
    /// Outcomes inside the interval of 95 %.
    pub within_95: f64,
}

/// Where MRR is heading: an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueForecast {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The definition of the MRR it is made from.
    pub profile: Profile,
    /// The zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The currency; none while nobody ever paid.
    pub currency: Option<String>,
    /// Digits of its minor unit.
    pub exponent: u32,
    /// Ends of months it is made from; the month that runs is not among them.
    pub inputs: u64,
    /// The last of them, `2026-10`.
    #[ts(type = "string | null")]
    pub last: Option<Month>,
    /// Why there is no estimate, where there is none.
    pub without: Option<String>,
    /// Whether the naive forecast is shown.
    pub is_naive: bool,
    /// What was done.
    pub method: String,
    /// How the model did beside the naive forecast.
    pub verdict: String,
    /// The months ahead.
    pub months: Vec<ForecastMonth>,
    /// Errors 1, 3, 6 and 12 months ahead, as far as there are outcomes.
    pub errors: Vec<ForecastError>,
    /// The same as a chart.
    pub chart: Option<ChartSpec>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6 * right.abs().max(1.0)
    }

    #[test]
    fn a_line_is_gone_on_with_and_beats_the_naive_forecast() {
        let series: Vec<f64> = (0..30).map(|at| 10_000.0 + 500.0 * f64::from(at)).collect();
        let outlook = look_ahead(&series).expect("there is enough history");
        assert!(!outlook.is_naive, "the last end does not stay on a line: {outlook:?}");
        assert_eq!(outlook.expected.len(), AHEAD);
        for (at, expected) in outlook.expected.iter().enumerate() {
            let came = 10_000.0 + 500.0 * (30 + at) as f64;
            assert!((expected.point - came).abs() < 25.0, "{at}: {} is near {came}", expected.point);
        }
        let naive: Vec<f64> = outlook.missed.iter().map(|missed| missed.naive).collect();
        assert!(close(naive[0], 500.0) && close(naive[1], 1_500.0), "the naive error is exact: {naive:?}");
        assert!(outlook.missed.iter().all(|missed| missed.model < missed.naive / 10.0), "{outlook:?}");
    }

    #[test]
    fn the_errors_are_those_of_outcomes_the_start_did_not_know() {
        // Twelve ends of which the last jumps: only the starts before it can have missed it.
        let mut series = vec![100.0; 15];
        series[14] = 400.0;
        let outlook = look_ahead(&series).expect("there is enough history");
        let first = outlook.missed[0];
        assert_eq!((first.ahead, first.origins), (1, 7), "starts after eight to fourteen ends");
        assert!(close(first.naive, 300.0 / 7.0), "one of seven missed by 300: {}", first.naive);
        assert_eq!(first.naive_share, Some(0.75 / 7.0), "of an outcome of 400");
        assert!(
            outlook.missed.iter().all(|missed| missed.ahead <= 7),
            "nobody knows what comes in 12 months"
        );
        assert!(outlook.is_naive, "a model that is not better is not shown");
        assert!(close(outlook.expected[5].point, 400.0));
    }

    #[test]
    fn eleven_ends_are_no_forecast_and_twelve_are_one() {
        let series: Vec<f64> = (0..12).map(|at| 1_000.0 + f64::from(at * at)).collect();
        assert_eq!(look_ahead(&series[..11]), None);
        let outlook = look_ahead(&series).expect("enough");
        assert!(outlook.missed.iter().any(|missed| missed.ahead == 3 && missed.origins == 2), "{outlook:?}");
    }

    #[test]
    fn intervals_hold_their_middle_grow_and_never_go_below_nothing() {
        // A walk that nobody can foresee, from a fixed rule.
        let mut state = 7_u64;
        let mut value = 500.0;
        let series: Vec<f64> = (0..40)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                value =
                    (value + f64::from(u32::try_from(state >> 33).expect("31 bits") % 201) - 100.0).max(1.0);
                value
            })
            .collect();
        for series in [series, vec![3.0; 14], vec![0.0; 14]] {
            let outlook = look_ahead(&series).expect("enough");
            for pair in outlook.expected.windows(2) {
                let width = |one: &Expected| one.within_95.1 - one.within_95.0;
                let was_cut = pair[1].within_95.0 <= 0.0;
                assert!(was_cut || width(&pair[1]) >= width(&pair[0]) - 1e-9, "{pair:?}");
            }
            for one in &outlook.expected {
                assert!(one.within_95.0 >= 0.0);
                assert!(one.within_95.0 <= one.within_80.0 && one.within_80.1 <= one.within_95.1);
                assert!(one.within_80.0 <= one.point && one.point <= one.within_80.1, "{one:?}");
            }
            assert_eq!(look_ahead(&series), Some(outlook), "the same history, the same estimate");
        }
    }
}
