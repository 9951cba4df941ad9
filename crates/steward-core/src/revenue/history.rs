//! The answers about revenue from a company's history of subscriptions; no I/O, so the same history always gives the
//! same numbers.

mod figures;
mod forecast;
mod movers;
mod repriced;
mod scenario;
mod stripe;
mod total;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Months, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::amount::{self, Amount};
use super::answer::{
    CohortCell, MONTHS, MONTHS_MAX, PlanHistory, PlanMonth, PlanMoveRow, Revenue, RevenueCurrency,
    RevenueMonth, RevenueReq, RevenueShare, Trials,
};
use super::book::{Book, Segment};
use super::chart;
use super::cohort::MonthEnd;
use super::month::{Month, minor, rounded_parts};
use super::movement::{Movement, Totals};
use super::mrr;
use super::profile::Profile;
use super::ratio::{self, Share};
use super::subscription::{Interval, PriceSource, Status, Subscription};
use super::trial::{self, Trial};
use crate::freshness::Freshness;
use crate::period::Period;
use crate::{Error, Result};

pub use repriced::{ListPrice, Repriced, RepricedCustomer};
pub use scenario::SupposedPrice;
pub use stripe::StripeSide;

/// A plan's name and place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanName {
    /// Its name.
    pub name: String,
    /// Its place, cheapest first.
    pub rank: i64,
}

/// Every subscription there ever was, and what its customers are told apart by.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The subscriptions.
    pub subscriptions: Arc<Vec<Subscription>>,
    /// Customers that are teams.
    pub teams: HashSet<Uuid>,
    /// Where customers are, where that is known.
    pub countries: HashMap<Uuid, String>,
    /// Plans by code.
    pub plans: HashMap<String, PlanName>,
}

/// One month at an as-of.
#[derive(Debug, Clone, Copy)]
struct Span {
    month: Month,
    /// To the as-of while it runs.
    period: Period,
    is_unfinished: bool,
}

impl Span {
    fn of(month: Month, zone: Tz, as_of: DateTime<Utc>) -> Self {
        let whole = month.period(zone);
        let is_unfinished = whole.end > as_of;
        // A month that lies ahead has lasted for no time.
        let end = whole.end.min(as_of).max(whole.start);
        Self { month, period: Period { start: whole.start, end }, is_unfinished }
    }

    /// The instants whose balances the month begins and ends with. A balance at an instant includes what happens at
    /// it, and what happens at the first instant of a month is that month's: so they lie one step of the server's
    /// clock before its bounds. At an as-of everything counts that is known.
    fn balances(&self) -> Period {
        let before = |bound: DateTime<Utc>| bound - TimeDelta::microseconds(1);
        let end = if self.is_unfinished { self.period.end } else { before(self.period.end) };
        Period { start: before(self.period.start), end }
    }

    /// The same instant a year earlier, by the zone's calendar.
    fn year_before(&self, zone: Tz) -> DateTime<Utc> {
        if self.is_unfinished {
            let local = self.period.end.with_timezone(&zone);
            local.checked_sub_months(Months::new(12)).map_or(self.period.end, |local| local.to_utc())
        } else {
            self.month.minus(12).period(zone).end - TimeDelta::microseconds(1)
        }
    }
}

/// The month asked for.
fn span(month: Option<Month>, zone: Tz, as_of: DateTime<Utc>) -> Result<Span> {
    let month = month.unwrap_or_else(|| Month::of(zone, as_of));
    if month.period(zone).start > as_of {
        return Err(Error::invalid("month", format!("{month} has not begun.")));
    }
    Ok(Span::of(month, zone, as_of))
}

impl History {
    /// `revenue_show`.
    ///
    /// # Errors
    /// `Invalid` for a definition, a month or a currency that is not there, and when an amount cannot be shown exactly.
    pub fn show(&self, req: &RevenueReq, freshness: Freshness) -> Result<Revenue> {
        let asked = self.asked(req, &freshness)?;
        let currency = chosen(&asked.book, &asked.currencies, req.currency.as_deref())?;
        self.in_currency(&asked, req.zone, currency, freshness)
    }

    /// The same in every currency that somebody pays in at the end of the month or paid in when it began, most
    /// customers first; one answer without a currency while nobody ever paid.
    ///
    /// # Errors
    /// As [`History::show`].
    pub fn show_all(&self, req: &RevenueReq, freshness: &Freshness) -> Result<Vec<Revenue>> {
        let asked = self.asked(req, freshness)?;
        let mut answers = Vec::new();
        for row in &asked.currencies {
            let answer = self.in_currency(&asked, req.zone, Some(row.currency.clone()), freshness.clone())?;
            if answer.months.iter().any(|month| month.start_customers + month.end_customers > 0) {
                answers.push(answer);
            }
        }
        if answers.is_empty() {
            answers.push(self.in_currency(&asked, req.zone, None, freshness.clone())?);
        }
        Ok(answers)
    }

    fn asked(&self, req: &RevenueReq, freshness: &Freshness) -> Result<Asked> {
        let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let now = span(req.month, req.zone, as_of)?;
        let count = match req.months {
            0 => MONTHS,
            count if count <= MONTHS_MAX => count,
            _ => return Err(Error::invalid("months", format!("At most {MONTHS_MAX} months."))),
        };
        let book = Book::new(&self.subscriptions, &profile)?;
        let currencies = currencies(&book, now.balances().end)?;
        Ok(Asked { as_of, profile, now, count, book, currencies })
    }

    fn in_currency(
        &self,
        asked: &Asked,
        zone: Tz,
        currency: Option<String>,
        freshness: Freshness,
    ) -> Result<Revenue> {
        let Asked { as_of, profile, now, count, book, currencies } = asked;
        let (now, balances) = (*now, now.balances());
        let mut answer = Revenue {
            freshness,
            zone,
            profiles: Profile::presets().to_vec(),
            month: now.month,
            period: now.period,
            is_unfinished: now.is_unfinished,
            exponent: currency.as_deref().map_or(2, amount::exponent),
            currency: None,
            currencies: currencies.clone(),
            figures: Vec::new(),
            months: Vec::new(),
            bridge_chart: None,
            mrr_chart: None,
            by_plan: Vec::new(),
            by_interval: Vec::new(),
            by_country: Vec::new(),
            by_status: Vec::new(),
            by_price: Vec::new(),
            plan_months: Vec::new(),
            plan_moves: Vec::new(),
            plan_history: Vec::new(),
            trials_ended: Trials { converted: 0, decided: 0, open: 0, share: None },
            trials_started: Trials { converted: 0, decided: 0, open: 0, share: None },
            cohorts: Vec::new(),
            unpriced: self.unpriced(balances.end, profile),
            profile: profile.clone(),
        };
        let Some(currency) = currency else { return Ok(answer) };
        let look = Look { history: self, book, currency: &currency, zone, as_of: *as_of };
        // One month more, to compare with.
        let spans: Vec<Span> =
            (0..=*count).rev().map(|back| Span::of(now.month.minus(back), zone, *as_of)).collect();
        let totals = look.series(&spans)?;
        let (shown, shown_totals) = (&spans[1..], &totals[1..]);
        answer.months = shown
            .iter()
            .zip(shown_totals)
            .map(|(span, totals)| month_row(*span, totals, &currency))
            .collect::<Result<_>>()?;
        chart::draw(&mut answer);
        look.split(balances.end, &mut answer)?;
        look.plans(now, shown, &mut answer)?;
        answer.cohorts = look.cohorts(now, shown[0].month)?;
        let trials = look.trials(now.period);
        (answer.trials_ended, answer.trials_started) = (trials.ended, trials.started);
        answer.figures = look.figures(&answer.profile, &spans, &totals)?;
        answer.currency = Some(currency);
        Ok(answer)
    }

    /// A month that is over, in every currency, and the same plan by plan.
    pub(super) fn whole_month(
        &self,
        month: Month,
        zone: Tz,
        profile: &Profile,
    ) -> Result<(Vec<RevenueMonth>, Vec<PlanMonth>)> {
        let period = month.period(zone);
        let span = Span { month, period, is_unfinished: false };
        let book = Book::new(&self.subscriptions, profile)?;
        let mut plans = Vec::new();
        for currency in book.currencies() {
            let look = Look { history: self, book: &book, currency, zone, as_of: period.end };
            plans.extend(look.plan_months(span.balances())?);
        }
        Ok((self.month_lines(&book, month, zone)?, plans))
    }

    /// A month that is over, in every currency in which somebody paid then.
    ///
    /// # Errors
    /// `Invalid` when an amount cannot be shown exactly.
    pub fn month_lines(&self, book: &Book, month: Month, zone: Tz) -> Result<Vec<RevenueMonth>> {
        let period = month.period(zone);
        let span = Span { month, period, is_unfinished: false };
        let mut months = Vec::new();
        for currency in book.currencies() {
            let look = Look { history: self, book, currency, zone, as_of: period.end };
            for totals in look.series(&[span])? {
                months.push(month_row(span, &totals, currency)?);
            }
        }
        months.retain(|row| row.start_customers + row.end_customers > 0);
        Ok(months)
    }

    /// Subscriptions that count and whose price is nowhere.
    fn unpriced(&self, at: DateTime<Utc>, profile: &Profile) -> u64 {
        let counted = self.subscriptions.iter().filter_map(|one| mrr::counted_terms(one, at, profile));
        counted.filter(|terms| terms.price == PriceSource::Unknown).count() as u64
    }

    fn plan_label(&self, code: &str) -> String {
        self.plans.get(code).map_or_else(|| code.to_owned(), |plan| plan.name.clone())
    }

    fn plan_rank(&self, code: &str) -> i64 {
        self.plans.get(code).map_or(i64::MIN, |plan| plan.rank)
    }
}

/// Every currency with what is paid in it, most customers first.
fn currencies(book: &Book, at: DateTime<Utc>) -> Result<Vec<RevenueCurrency>> {
    let mut rows = Vec::new();
    for currency in book.currencies() {
        let customers = book.customers(currency, at);
        rows.push(RevenueCurrency {
            currency: currency.to_owned(),
            exponent: amount::exponent(currency),
            mrr_minor: minor(mrr::total(&customers)?)?,
            customers: customers.len() as u64,
        });
    }
    rows.sort_by(|a, b| (Reverse(a.customers), &a.currency).cmp(&(Reverse(b.customers), &b.currency)));
    Ok(rows)
}

/// The currency asked for, or the one most customers pay in.
fn chosen(book: &Book, currencies: &[RevenueCurrency], wanted: Option<&str>) -> Result<Option<String>> {
    match wanted {
        Some(wanted) => {
            let known = book.currencies().find(|known| known.eq_ignore_ascii_case(wanted));
            let all = || currencies.iter().map(|row| row.currency.as_str()).collect::<Vec<_>>().join(", ");
            let wrong =
                || Error::invalid("currency", format!("Nobody ever paid in {wanted}; there are {}.", all()));
            known.map(|known| Some(known.to_owned())).ok_or_else(wrong)
        }
        None => Ok(currencies.first().map(|row| row.currency.clone())),
    }
}

/// What is the same in every currency.
struct Asked {
    as_of: DateTime<Utc>,
    profile: Profile,
    now: Span,
    count: u32,
    book: Book,
    currencies: Vec<RevenueCurrency>,
}

/// What parts of an answer are computed from.
struct Look<'a> {
    history: &'a History,
    book: &'a Book,
    currency: &'a str,
    zone: Tz,
    as_of: DateTime<Utc>,
}

/// Both conversions of a month.
struct BothTrials {
    ended: Trials,
    started: Trials,
}

impl Look<'_> {
    fn series(&self, spans: &[Span]) -> Result<Vec<Totals>> {
        let bounds: Vec<DateTime<Utc>> = spans
            .first()
            .map(|span| span.balances().start)
            .into_iter()
            .chain(spans.iter().map(|span| span.balances().end))
            .collect();
        self.book.series(self.currency, &bounds)
    }

    /// The revenue at an instant by everything it is told apart by.
    fn split(&self, at: DateTime<Utc>, answer: &mut Revenue) -> Result<()> {
        let (book, currency) = (self.book, self.currency);
        let by_plan = book.segments(currency, at, |_, label| label.plan.as_str())?;
        answer.by_plan =
            self.shares(by_plan, |code| (Some(code.to_owned()), self.history.plan_label(code)))?;
        answer.by_plan.sort_by_key(|row| {
            let code = row.value.clone().unwrap_or_default();
            (Reverse(self.history.plan_rank(&code)), code)
        });
        let by_interval = book.segments(currency, at, |_, label| label.interval)?;
        answer.by_interval = self.shares(by_interval, interval_words)?;
        let countries = &self.history.countries;
        let by_country =
            book.segments(currency, at, |customer, _| countries.get(&customer).map(String::as_str))?;
        answer.by_country = self.shares(by_country, |country| {
            (country.map(str::to_owned), country.unwrap_or("Unknown").to_owned())
        })?;
        let by_status = book.segments(currency, at, |_, label| label.status)?;
        answer.by_status = self.shares(by_status, status_words)?;
        let by_price = book.segments(currency, at, |_, label| label.price)?;
        answer.by_price = self.shares(by_price, price_words)?;
        Ok(())
    }

    /// Segments as rows, largest first, whose amounts add up.
    fn shares<K: Ord>(
        &self,
        segments: BTreeMap<K, Segment>,
        words: impl Fn(K) -> (Option<String>, String),
    ) -> Result<Vec<RevenueShare>> {
        let parts: Vec<Amount> = segments.values().map(|segment| segment.mrr).collect();
        let whole = parts.iter().try_fold(Amount::ZERO, |sum, part| sum.plus(*part))?;
        // Rounded in the order of the keys, so that a part is the same number wherever its fellows stand.
        let rounded = rounded_parts(Amount::ZERO, &parts)?;
        let mut segments: Vec<((K, Segment), i64)> = segments.into_iter().zip(rounded).collect();
        segments.sort_by(|((a, one), _), ((b, two), _)| two.mrr.cmp(&one.mrr).then_with(|| a.cmp(b)));
        Ok(segments
            .into_iter()
            .map(|((key, segment), mrr_minor)| {
                let (value, label) = words(key);
                RevenueShare {
                    value,
                    label,
                    currency: self.currency.to_owned(),
                    mrr_minor,
                    customers: segment.customers as u64,
                    share: segment.mrr.share_of(whole).map_or(0.0, number),
                }
            })
            .collect())
    }

    /// How each plan's revenue moved between two balances, dearest first.
    fn plan_months(&self, balances: Period) -> Result<Vec<PlanMonth>> {
        let currency = self.currency;
        let mut rows = Vec::new();
        for (code, totals) in self.book.plan_totals(currency, balances)? {
            let minus = |amount: Amount| Amount::ZERO.minus(amount);
            let parts = rounded_parts(
                totals.start,
                &[
                    totals.sum(Movement::New),
                    totals.sum(Movement::Reactivation),
                    totals.sum(Movement::Expansion),
                    minus(totals.sum(Movement::Contraction))?,
                    minus(totals.sum(Movement::Churn))?,
                    totals.moved_in,
                    minus(totals.moved_out)?,
                ],
            )?;
            rows.push(PlanMonth {
                plan: code.to_owned(),
                label: self.history.plan_label(code),
                currency: currency.to_owned(),
                start_minor: minor(totals.start)?,
                new_minor: parts[0],
                reactivation_minor: parts[1],
                expansion_minor: parts[2],
                contraction_minor: parts[3],
                churn_minor: parts[4],
                moved_in_minor: parts[5],
                moved_out_minor: parts[6],
                end_minor: minor(totals.end)?,
                start_customers: totals.start_customers as u64,
                end_customers: totals.end_customers as u64,
            });
        }
        rows.sort_by_key(|row| (Reverse(self.history.plan_rank(&row.plan)), row.plan.clone()));
        Ok(rows)
    }

    fn plans(&self, now: Span, shown: &[Span], answer: &mut Revenue) -> Result<()> {
        let currency = self.currency;
        let balances = now.balances();
        answer.plan_months = self.plan_months(balances)?;
        for moved in self.book.plan_moves(currency, balances)? {
            answer.plan_moves.push(PlanMoveRow {
                from: moved.from,
                to: moved.to,
                customers: moved.customers as u64,
                currency: currency.to_owned(),
                before_minor: minor(moved.before)?,
                after_minor: minor(moved.after)?,
            });
        }
        answer.plan_moves.sort_by_key(|row| Reverse(row.customers));
        let ends: Vec<DateTime<Utc>> = shown.iter().map(|span| span.balances().end).collect();
        for (span, plans) in shown.iter().zip(self.book.plan_history(currency, &ends)?) {
            let parts: Vec<Amount> = plans.values().map(|plan| plan.mrr).collect();
            let whole = parts.iter().try_fold(Amount::ZERO, |sum, part| sum.plus(*part))?;
            for ((code, segment), mrr_minor) in plans.into_iter().zip(rounded_parts(Amount::ZERO, &parts)?) {
                answer.plan_history.push(PlanHistory {
                    month: span.month,
                    plan: code.to_owned(),
                    currency: currency.to_owned(),
                    mrr_minor,
                    customers: segment.customers as u64,
                    seats: segment.seats,
                    share: segment.mrr.share_of(whole).map_or(0.0, number),
                });
            }
        }
        Ok(())
    }

    fn cohorts(&self, now: Span, first_shown: Month) -> Result<Vec<CohortCell>> {
        let Some(first) = self.book.first_paid(self.currency) else { return Ok(Vec::new()) };
        let first = Month::of(self.zone, first);
        let ends: Vec<MonthEnd> = (0..=first.until(now.month))
            .map(|month| {
                let span = Span::of(first.plus(month), self.zone, self.as_of);
                MonthEnd {
                    month: span.month.first_day(),
                    end: span.balances().end,
                    is_unfinished: span.is_unfinished,
                }
            })
            .collect();
        let mut rows = Vec::new();
        for cohort in self.book.cohorts(self.currency, &ends)? {
            if cohort.month < first_shown.first_day() {
                continue;
            }
            let started = Month::starting(cohort.month);
            for (age, kept) in cohort.months.iter().enumerate() {
                rows.push(CohortCell {
                    started,
                    age: age as u64,
                    currency: self.currency.to_owned(),
                    customers: kept.customers as u64,
                    mrr_minor: minor(kept.mrr)?,
                    logo_retention: cohort.logo_retention(age).map(number),
                    revenue_retention: cohort.revenue_retention(age).map(number),
                    is_unfinished: kept.is_unfinished,
                });
            }
        }
        Ok(rows)
    }

    fn trials(&self, period: Period) -> BothTrials {
        let of_currency =
            self.history.subscriptions.iter().filter(|subscription| subscription.currency == self.currency);
        let trials: Vec<Trial> = of_currency.filter_map(Trial::of).collect();
        let row = |conversion: trial::Conversion| Trials {
            converted: conversion.converted,
            decided: conversion.decided,
            open: conversion.open,
            share: conversion.share().map(number),
        };
        BothTrials {
            ended: row(trial::of_ended(&trials, period)),
            started: row(trial::of_started(&trials, period, None, self.as_of)),
        }
    }
}

/// One month as it is shown.
fn month_row(span: Span, totals: &Totals, currency: &str) -> Result<RevenueMonth> {
    let minus = |movement| Amount::ZERO.minus(totals.sum(movement));
    let parts = rounded_parts(
        totals.start,
        &[
            totals.sum(Movement::New),
            totals.sum(Movement::Reactivation),
            totals.sum(Movement::Expansion),
            minus(Movement::Contraction)?,
            minus(Movement::Churn)?,
        ],
    )?;
    let count = |movement| totals.count(movement) as u64;
    Ok(RevenueMonth {
        month: span.month,
        is_unfinished: span.is_unfinished,
        currency: currency.to_owned(),
        start_minor: minor(totals.start)?,
        new_minor: parts[0],
        reactivation_minor: parts[1],
        expansion_minor: parts[2],
        contraction_minor: parts[3],
        churn_minor: parts[4],
        end_minor: minor(totals.end)?,
        start_customers: totals.start_customers as u64,
        new_customers: count(Movement::New),
        reactivation_customers: count(Movement::Reactivation),
        expansion_customers: count(Movement::Expansion),
        contraction_customers: count(Movement::Contraction),
        churn_customers: count(Movement::Churn),
        end_customers: totals.end_customers as u64,
        arpu_minor: mrr::arpu(totals.end, totals.end_customers).map(minor).transpose()?,
        logo_churn: ratio::logo_churn(totals).map(number),
        gross_churn: ratio::gross_revenue_churn(totals)?.map(number),
        net_churn: ratio::net_revenue_churn(totals)?.map(number),
        net_retention: ratio::month_net_retention(totals)?.map(number),
        gross_retention: ratio::month_gross_retention(totals)?.map(number),
        quick_ratio: ratio::quick_ratio(totals)?.map(number),
    })
}

/// An exact share as the nearest number there is, for the wire.
fn number(share: Share) -> f64 {
    *share.numer() as f64 / *share.denom() as f64
}

fn interval_words(interval: Option<(Interval, u32)>) -> (Option<String>, String) {
    let Some((interval, count)) = interval else { return (None, "Several at once".to_owned()) };
    let (name, adverb) = match interval {
        Interval::Day => ("day", "Daily"),
        Interval::Week => ("week", "Weekly"),
        Interval::Month => ("month", "Monthly"),
        Interval::Year => ("year", "Yearly"),
    };
    match count {
        0 | 1 => (Some(name.to_owned()), adverb.to_owned()),
        count => (Some(format!("{count} {name}")), format!("Every {count} {name}s")),
    }
}

fn status_words(status: Status) -> (Option<String>, String) {
    let (value, label) = match status {
        Status::Trialing => ("trialing", "Trial"),
        Status::Active => ("active", "Active"),
        Status::PastDue => ("past_due", "Past due"),
        Status::Unpaid => ("unpaid", "Unpaid"),
        Status::Paused => ("paused", "Paused"),
        Status::Canceled => ("canceled", "Canceled"),
    };
    (Some(value.to_owned()), label.to_owned())
}

fn price_words(price: PriceSource) -> (Option<String>, String) {
    let (value, label) = match price {
        PriceSource::Billed => ("billed", "Billed at Stripe"),
        PriceSource::Agreed => ("agreed", "Price of the subscription"),
        PriceSource::List => ("list", "Today’s price of the plan"),
        PriceSource::Unknown => ("unknown", "No price"),
    };
    (Some(value.to_owned()), label.to_owned())
}
