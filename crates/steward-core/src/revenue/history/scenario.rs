//! `revenue_what_if`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::DateTime;

use super::super::amount::{self, Amount};
use super::super::book::Book;
use super::super::month::{Month, minor, rounded_parts};
use super::super::movement::{Movement, Totals};
use super::super::mrr;
use super::super::profile::Profile;
use super::super::scenario::{
    AssumptionUnit, PriceAssumption, RevenueWhatIf, RevenueWhatIfReq, WhatIfAssumption, WhatIfCustomer,
    WhatIfMonth, WhatIfPrice,
};
use super::forecast::whole;
use super::{History, ListPrice, Look, Repriced, Span, chosen, currencies, number};
use crate::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use crate::freshness::Freshness;
use crate::{Error, Result};

/// Whole months that averages are taken over.
const TRAILING: u32 = 6;

/// Fewer whole months than this are no average.
const LEAST: usize = 3;

/// Months looked ahead.
const AHEAD: u32 = 12;

/// A supposed price with what the plan costs and is sold in today.
#[derive(Debug, Clone)]
pub struct SupposedPrice {
    /// Code of the plan.
    pub plan: String,
    /// Its currency.
    pub currency: String,
    /// Price of a month as it is.
    pub month: Option<i64>,
    /// Price of a year as it is.
    pub year: Option<i64>,
    /// What is supposed.
    pub supposed: PriceAssumption,
}

impl SupposedPrice {
    fn list(&self) -> ListPrice<'_> {
        ListPrice {
            plan: &self.plan,
            currency: &self.currency,
            month: self.supposed.price_month_minor.or(self.month),
            year: self.supposed.price_year_minor.or(self.year),
        }
    }
}

/// The numbers of the recurrence.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    churn: f64,
    growth: f64,
    trials: f64,
    conversion: f64,
    others: f64,
    value: f64,
}

impl Pace {
    fn next(&self, mrr: f64) -> f64 {
        let customers = self.trials * self.conversion + self.others;
        mrr * (1.0 - self.churn + self.growth) + customers * self.value
    }
}

/// What the last whole months were like.
struct Trailing {
    pace: Pace,
    has_trials: bool,
    /// MRR of new customers by plan, in all.
    new_by_plan: BTreeMap<String, f64>,
    words: String,
}

impl History {
    /// `revenue_what_if`, without the names; `rows` is how many customers are wanted.
    ///
    /// # Errors
    /// As [`History::show`]; `Invalid` for assumptions that nobody can mean.
    pub fn what_if(
        &self,
        req: &RevenueWhatIfReq,
        prices: &[SupposedPrice],
        freshness: Freshness,
        rows: usize,
    ) -> Result<RevenueWhatIf> {
        req.assumptions.check()?;
        let at = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let book = Book::new(&self.subscriptions, &profile)?;
        let currency = chosen(&book, &currencies(&book, at)?, req.currency.as_deref())?;
        let mut answer = RevenueWhatIf {
            freshness,
            at,
            exponent: currency.as_deref().map_or(2, amount::exponent),
            currency: currency.clone(),
            mrr_minor: 0,
            mrr_after_minor: 0,
            prices: Vec::new(),
            customer_count: 0,
            customers: Vec::new(),
            assumptions: Vec::new(),
            method: METHOD.to_owned(),
            without: None,
            months: Vec::new(),
            chart: None,
            profile,
        };
        let Some(currency) = currency else {
            answer.without = Some("Nobody ever paid.".to_owned());
            return Ok(answer);
        };
        if let Some(other) = prices.iter().find(|price| price.currency != currency) {
            return Err(Error::invalid(
                "currency",
                format!("`{}` is sold in {}; ask in that currency.", other.plan, other.currency),
            ));
        }
        let now = mrr::total(&book.customers(&currency, at))?;
        let repriced: Vec<Repriced> = prices
            .iter()
            .map(|price| self.repriced(&price.list(), at, &answer.profile))
            .collect::<Result<_>>()?;
        let mut after = now;
        for (price, found) in prices.iter().zip(&repriced) {
            if !price.supposed.keeps_existing {
                after = after.plus(found.after)?.minus(found.before)?;
            }
            answer.prices.push(WhatIfPrice {
                plan: price.plan.clone(),
                label: self.plan_label(&price.plan),
                currency: currency.clone(),
                customers: found.customers.len() as u64,
                untouched_customers: found.untouched,
                keeps_existing: price.supposed.keeps_existing,
                before_minor: minor(found.before)?,
                after_minor: minor(if price.supposed.keeps_existing { found.before } else { found.after })?,
            });
        }
        answer.mrr_minor = minor(now)?;
        answer.mrr_after_minor = minor(after)?;
        self.touched(now, prices, &repriced, rows, &mut answer)?;
        let look = Look { history: self, book: &book, currency: &currency, zone: req.zone, as_of: at };
        match look.trailing()? {
            None => {
                answer.without = Some(format!(
                    "Averages need {LEAST} whole months with paying customers; what the prices change today is exact."
                ));
            }
            Some(trailing) => project(req, &trailing, prices, &repriced, (now, after), &mut answer)?,
        }
        Ok(answer)
    }

    /// Whose price changes, the largest difference first; the differences sum to that of the totals.
    fn touched(
        &self,
        now: Amount,
        prices: &[SupposedPrice],
        repriced: &[Repriced],
        rows: usize,
        answer: &mut RevenueWhatIf,
    ) -> Result<()> {
        let mut touched = Vec::new();
        for (price, found) in prices.iter().zip(repriced) {
            for one in found.customers.iter().filter(|_| !price.supposed.keeps_existing) {
                let difference = one.after.minus(one.before)?;
                if !difference.is_zero() {
                    let size = difference.max(Amount::ZERO.minus(difference)?);
                    touched.push((Reverse(size), one.customer, price.plan.as_str(), one.before, difference));
                }
            }
        }
        touched.sort();
        answer.customer_count = touched.len() as u64;
        let parts: Vec<Amount> = touched.iter().map(|one| one.4).collect();
        for (one, difference_minor) in touched.iter().zip(rounded_parts(now, &parts)?).take(rows) {
            let (_, customer, plan, before, _) = *one;
            answer.customers.push(WhatIfCustomer {
                customer,
                is_team: self.teams.contains(&customer),
                name: None,
                plan: plan.to_owned(),
                currency: answer.currency.clone().unwrap_or_default(),
                before_minor: minor(before)?,
                difference_minor,
            });
        }
        Ok(())
    }
}

impl Look<'_> {
    /// Averages of the last whole months; none where too few have customers at their start.
    fn trailing(&self) -> Result<Option<Trailing>> {
        let last = Month::of(self.zone, self.as_of).minus(1);
        let spans: Vec<Span> =
            (0..TRAILING).rev().map(|back| Span::of(last.minus(back), self.zone, self.as_of)).collect();
        let totals = self.series(&spans)?;
        let paid: Vec<(&Span, &Totals)> =
            spans.iter().zip(&totals).filter(|(_, totals)| totals.start_customers > 0).collect();
        let Some(((first, _), (newest, _))) = paid.first().zip(paid.last()) else { return Ok(None) };
        if paid.len() < LEAST {
            return Ok(None);
        }
        let words = format!("average of the {} whole months {} to {}", paid.len(), first.month, newest.month);
        let months = paid.len() as f64;
        let (mut start, mut start_customers, mut churned, mut added) = (0.0, 0.0, 0.0, 0.0);
        let (mut new, mut new_customers, mut trials, mut converted) = (0.0, 0.0, 0.0, 0.0);
        let mut new_by_plan: BTreeMap<String, f64> = BTreeMap::new();
        for (span, totals) in paid {
            let sum = |movement| number(totals.sum(movement).ratio());
            start += number(totals.start.ratio());
            start_customers += totals.start_customers as f64;
            churned += totals.count(Movement::Churn) as f64;
            added += sum(Movement::Expansion) + sum(Movement::Reactivation) - sum(Movement::Contraction);
            new += sum(Movement::New);
            new_customers += totals.count(Movement::New) as f64;
            let ended = self.trials(span.period).ended;
            trials += ended.decided as f64;
            converted += ended.converted as f64;
            for (plan, totals) in self.book.plan_totals(self.currency, span.balances())? {
                *new_by_plan.entry(plan.to_owned()).or_default() += number(totals.sum(Movement::New).ratio());
            }
        }
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let pace = Pace {
            churn: share(churned, start_customers),
            growth: share(added, start),
            trials: trials / months,
            conversion: share(converted, trials),
            // Trials that convert are new customers, too; who was one before is not, so this can come short.
            others: (new_customers - converted).max(0.0) / months,
            value: share(new, new_customers),
        };
        Ok(Some(Trailing { pace, has_trials: trials > 0.0, new_by_plan, words }))
    }
}

/// The recurrence, as it was and as supposed.
fn project(
    req: &RevenueWhatIfReq,
    trailing: &Trailing,
    prices: &[SupposedPrice],
    repriced: &[Repriced],
    (now, after): (Amount, Amount),
    answer: &mut RevenueWhatIf,
) -> Result<()> {
    let (assumed, as_is) = (&req.assumptions, trailing.pace);
    let supposed = Pace {
        churn: assumed.churn.unwrap_or(as_is.churn * assumed.churn_times.unwrap_or(1.0)).min(1.0),
        conversion: assumed.conversion.unwrap_or(as_is.conversion),
        value: as_is.value * dearer(trailing, prices, repriced),
        ..as_is
    };
    let churn = match (assumed.churn, assumed.churn_times) {
        (Some(_), _) => "supposed; as it was: ".to_owned() + &trailing.words,
        (None, Some(times)) => format!("{times} × as it was: {}", trailing.words),
        (None, None) => trailing.words.clone(),
    };
    let conversion = if !trailing.has_trials {
        "no trial ended in these months, so that it changes nothing".to_owned()
    } else if assumed.conversion.is_some() {
        "supposed; as it was: ".to_owned() + &trailing.words
    } else {
        format!("of the trials that ended, {}", trailing.words)
    };
    let value = if prices.is_empty() {
        trailing.words.clone()
    } else {
        format!(
            "{}; the part of a plan with another price changes as it does for those on its list price today",
            trailing.words
        )
    };
    let line = |key: &str, label: &str, unit, as_is, supposed, source: &str| WhatIfAssumption {
        key: key.to_owned(),
        label: label.to_owned(),
        unit,
        as_is,
        supposed,
        source: source.to_owned(),
    };
    let seen = |value: f64| trailing.has_trials.then_some(value);
    answer.assumptions = vec![
        line(
            "mrr",
            "MRR now",
            AssumptionUnit::Money,
            Some(number(now.ratio())),
            Some(number(after.ratio())),
            "exact, at the as-of; yearly subscriptions pay another price from their next renewal on and are counted \
             as if they did already",
        ),
        line(
            "churn",
            "Customer churn a month",
            AssumptionUnit::Share,
            Some(as_is.churn),
            Some(supposed.churn),
            &churn,
        ),
        line(
            "growth",
            "Expansion and reactivation less contraction, of MRR",
            AssumptionUnit::Share,
            Some(as_is.growth),
            Some(supposed.growth),
            &trailing.words,
        ),
        line(
            "trials",
            "Trials that end a month",
            AssumptionUnit::Count,
            Some(as_is.trials),
            Some(supposed.trials),
            &trailing.words,
        ),
        line(
            "conversion",
            "Trial conversion",
            AssumptionUnit::Share,
            seen(as_is.conversion),
            seen(supposed.conversion),
            &conversion,
        ),
        line(
            "others",
            "New customers a month without a trial",
            AssumptionUnit::Count,
            Some(as_is.others),
            Some(supposed.others),
            &format!("new customers less converted trials, not below 0; {}", trailing.words),
        ),
        line(
            "value",
            "MRR of a new customer",
            AssumptionUnit::Money,
            Some(as_is.value),
            Some(supposed.value),
            &value,
        ),
    ];
    let (mut base, mut other) = (number(now.ratio()), number(after.ratio()));
    let month = Month::of(req.zone, answer.at);
    let currency = answer.currency.clone().unwrap_or_default();
    for ahead in 0..=AHEAD {
        let (as_is_minor, supposed_minor) = if ahead == 0 {
            (answer.mrr_minor, answer.mrr_after_minor)
        } else {
            (whole(base)?, whole(other)?)
        };
        answer.months.push(WhatIfMonth {
            months_ahead: ahead,
            month: month.plus(ahead),
            currency: currency.clone(),
            as_is_minor,
            supposed_minor,
            difference_minor: supposed_minor - as_is_minor,
        });
        (base, other) = (as_is.next(base), supposed.next(other));
    }
    answer.chart = Some(chart(answer, req));
    Ok(())
}

/// By how much a new customer is worth more at the supposed prices: each plan by its part of the new MRR.
fn dearer(trailing: &Trailing, prices: &[SupposedPrice], repriced: &[Repriced]) -> f64 {
    let all: f64 = trailing.new_by_plan.values().sum();
    if all <= 0.0 {
        return 1.0;
    }
    prices.iter().zip(repriced).fold(1.0, |factor, (price, found)| {
        let part = trailing.new_by_plan.get(&price.plan).copied().unwrap_or_default() / all;
        let list = price.list();
        let (month, year) = (price.month.zip(list.month), price.year.zip(list.year));
        let rise =
            found.after.share_of(found.before).map(number).or_else(|| {
                month.or(year).filter(|(old, _)| *old > 0).map(|(old, new)| new as f64 / old as f64)
            });
        factor + part * (rise.unwrap_or(1.0) - 1.0)
    })
}

const METHOD: &str = "An estimate. Next month’s MRR = this month’s × (1 − churn + growth) + (trials × conversion + \
                      others) × value of a new customer; the same for every customer, whatever their age. Only what \
                      is supposed differs between the two lines. What a price changes today is exact.";

fn chart(answer: &RevenueWhatIf, req: &RevenueWhatIfReq) -> ChartSpec {
    let major = amount::scale(answer.exponent);
    let series = |label: &str, slot, value: fn(&WhatIfMonth) -> i64| Series {
        label: label.to_owned(),
        slot,
        is_previous: false,
        values: answer.months.iter().map(|row| Some(value(row) as f64 / major)).collect(),
    };
    let steps = answer.months.iter().map(|row| ChartStep {
        label: row.month.first_day().format("%b %y").to_string(),
        title: if row.months_ahead == 0 {
            "Now, exact".to_owned()
        } else {
            format!("In {} months, estimate", row.months_ahead)
        },
        previous_title: None,
        is_unfinished: false,
    });
    ChartSpec {
        axis_break: 0.0,
        title: "MRR over twelve months".to_owned(),
        subtitle: format!(
            "{}, estimate · {}",
            answer.currency.as_deref().unwrap_or_default(),
            req.zone.name()
        ),
        kind: ChartKind::Lines,
        unit: Unit::Money,
        steps: steps.collect(),
        series: vec![
            series("As it was", 5, |row| row.as_is_minor),
            series("Supposed", 1, |row| row.supposed_minor),
        ],
        method: METHOD.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::super::scenario::Assumptions;
    use super::super::super::subscription::{Interval, PriceSource, Status};
    use super::super::super::traps::{day, item, subscription, terms};
    use super::*;

    fn fresh() -> Freshness {
        Freshness { as_of: Some(day(8, 1)), is_consistent: true }
    }

    /// Ten pay 10.00 a month from January; one leaves each month from February on, one comes for 20.00.
    fn company() -> History {
        let at = |customer: u128, from, amount, source| {
            let mut own = terms(Status::Active, vec![item(amount, 1, Interval::Month)]);
            own.price = source;
            subscription(customer, vec![(from, own)])
        };
        let mut subscriptions: Vec<_> =
            (0..10).map(|customer| at(customer, day(1, 5), 1_000, PriceSource::List)).collect();
        for month in 2..8 {
            subscriptions[month as usize].ended_at = Some(day(month, 10));
            subscriptions.push(at(u128::from(month) + 100, day(month, 12), 2_000, PriceSource::Agreed));
        }
        History { subscriptions: subscriptions.into(), ..History::default() }
    }

    fn ask(assumptions: Assumptions, prices: &[SupposedPrice]) -> RevenueWhatIf {
        let req = RevenueWhatIfReq { zone: Tz::UTC, profile: None, currency: None, assumptions, rows: 0 };
        company().what_if(&req, prices, fresh(), 200).expect("it fits")
    }

    fn dearer_by(month: i64, keeps_existing: bool) -> SupposedPrice {
        SupposedPrice {
            plan: "pro".to_owned(),
            currency: "USD".to_owned(),
            month: Some(1_000),
            year: None,
            supposed: PriceAssumption {
                plan: "pro".to_owned(),
                price_month_minor: Some(month),
                price_year_minor: None,
                keeps_existing,
            },
        }
    }

    #[test]
    fn the_recurrence_is_what_is_printed() {
        let answer = ask(Assumptions::default(), &[]);
        assert_eq!((answer.mrr_minor, answer.mrr_after_minor), (4_000 + 12_000, 16_000));
        let of = |key: &str| answer.assumptions.iter().find(|one| one.key == key).expect("it is printed");
        // One of ten is lost every month: ten pay at the start of each.
        assert_eq!(of("churn").as_is, Some(0.1));
        assert_eq!(of("value").as_is, Some(2_000.0));
        assert_eq!((of("others").as_is, of("trials").as_is), (Some(1.0), Some(0.0)));
        assert_eq!(of("conversion").as_is, None, "without trials there is none");
        assert_eq!(answer.months.len(), 13);
        assert_eq!(answer.months[1].as_is_minor, 14_400 + 2_000);
        assert_eq!(answer.months[2].as_is_minor, 14_760 + 2_000);
        assert!(answer.months.iter().all(|row| row.difference_minor == 0), "nothing was supposed");
    }

    #[test]
    fn churn_is_supposed_as_a_rate_or_as_a_multiple() {
        let rate = ask(Assumptions { churn: Some(0.2), ..Assumptions::default() }, &[]);
        let times = ask(Assumptions { churn_times: Some(2.0), ..Assumptions::default() }, &[]);
        assert_eq!(rate.months, times.months);
        assert_eq!(rate.months[1].supposed_minor, 12_800 + 2_000);
        assert_eq!(rate.months[1].as_is_minor, 16_400, "the other line stays");
        for wrong in [
            Assumptions { churn: Some(1.5), ..Assumptions::default() },
            Assumptions { churn: Some(f64::NAN), ..Assumptions::default() },
            Assumptions { conversion: Some(-0.1), ..Assumptions::default() },
            Assumptions { churn: Some(0.1), churn_times: Some(2.0), ..Assumptions::default() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_price_changes_those_on_it_to_the_cent_unless_they_keep_theirs() {
        let answer = ask(Assumptions::default(), &[dearer_by(1_500, false)]);
        assert_eq!((answer.mrr_minor, answer.mrr_after_minor), (16_000, 18_000));
        assert_eq!((answer.customer_count, answer.prices[0].untouched_customers), (4, 6));
        let sum: i64 = answer.customers.iter().map(|one| one.difference_minor).sum();
        assert_eq!(sum, answer.mrr_after_minor - answer.mrr_minor, "the customers are the difference");
        let kept = ask(Assumptions::default(), &[dearer_by(1_500, true)]);
        assert_eq!((kept.mrr_after_minor, kept.customer_count), (16_000, 0));
        let value = kept.assumptions.iter().find(|one| one.key == "value").expect("printed");
        assert_eq!(value.supposed, Some(3_000.0), "new ones pay half as much again all the same");
        assert_eq!(kept.months[1].supposed_minor, 14_400 + 3_000);
    }
}
