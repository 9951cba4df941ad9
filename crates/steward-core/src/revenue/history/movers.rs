//! Who is behind a number.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::amount::Amount;
use super::super::answer::{
    RevenueActivity, RevenueBridge, RevenueBridgeCustomer, RevenueBridgeReq, RevenueBridgeStep, RevenueMonth,
    RevenueMovements, RevenueMovementsReq, RevenueMover,
};
use super::super::book::{Activity, Book};
use super::super::bridge::{Rule, bridge};
use super::super::month::{minor, rounded_parts};
use super::super::movement::Movement;
use super::super::profile::{Calendar, ChurnTiming, Discounts, Profile};
use super::{History, chosen, currencies, month_row, span};
use crate::freshness::Freshness;
use crate::{Error, Result};

/// Customers named with a step of a bridge.
const LARGEST: usize = 10;

/// A customer with what it was and is worth in a month.
struct Mover {
    customer: Uuid,
    movement: Option<Movement>,
    start: Amount,
    end: Amount,
    activities: Vec<Activity>,
}

impl Mover {
    fn change(&self) -> Result<Amount> {
        self.end.minus(self.start)
    }
}

impl History {
    /// `revenue_movements`, without the names; `rows` is how many are wanted.
    ///
    /// # Errors
    /// As [`History::show`]; `Invalid` for a place to go on from that no page ended at.
    pub fn movements(
        &self,
        req: &RevenueMovementsReq,
        freshness: Freshness,
        rows: usize,
    ) -> Result<RevenueMovements> {
        let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let now = span(req.month, req.zone, as_of)?;
        let book = Book::new(&self.subscriptions, &profile)?;
        let currency = chosen(&book, &currencies(&book, now.balances().end)?, req.currency.as_deref())?;
        let mut answer = RevenueMovements {
            freshness,
            profile,
            month: now.month,
            period: now.period,
            currency: currency.clone(),
            total: 0,
            change_minor: 0,
            rows: Vec::new(),
            next: None,
        };
        let Some(currency) = currency else { return Ok(answer) };
        let balances = now.balances();
        let mut movers: Vec<(Amount, Mover)> = Vec::new();
        for mover in all_movers(&book, &currency, balances)? {
            let is_wanted = req.movement.is_none_or(|wanted| mover.movement == Some(wanted));
            let plan = req.plan.as_deref();
            if is_wanted && plan.is_none_or(|plan| book.is_on(&currency, mover.customer, plan, balances)) {
                let change = mover.change()?;
                movers.push((change.max(Amount::ZERO.minus(change)?), mover));
            }
        }
        movers.sort_by(|(a, one), (b, two)| b.cmp(a).then(one.customer.cmp(&two.customer)));
        answer.total = movers.len() as u64;
        let whole = movers.iter().try_fold(Amount::ZERO, |sum, (_, mover)| sum.plus(mover.change()?))?;
        // What a line of the month says is what its customers say: both are rounded in the one place.
        answer.change_minor = match req.plan {
            Some(_) => minor(whole)?,
            None => {
                let row = month_row(now, &book.movements(&currency, balances)?.totals, &currency)?;
                line(&row, req.movement)
            }
        };
        let first = match &req.after {
            None => 0,
            Some(after) => {
                let wrong = || {
                    Error::invalid("after", "The place to go on from is none that a page before ended at.")
                };
                let after: Uuid = after.parse().map_err(|_| wrong())?;
                1 + movers.iter().position(|(_, mover)| mover.customer == after).ok_or_else(wrong)?
            }
        };
        let rest = &movers[first..];
        for (_, mover) in rest.iter().take(rows) {
            answer.rows.push(self.mover_row(mover, &currency)?);
        }
        if rest.len() > rows {
            answer.next = answer.rows.last().map(|row| row.customer.to_string());
        }
        Ok(answer)
    }

    fn mover_row(&self, mover: &Mover, currency: &str) -> Result<RevenueMover> {
        let (start_minor, end_minor) = (minor(mover.start)?, minor(mover.end)?);
        let mut activities = Vec::new();
        for activity in &mover.activities {
            activities.push(RevenueActivity {
                at: activity.at,
                movement: activity.moved.movement,
                before_minor: minor(activity.moved.start)?,
                after_minor: minor(activity.moved.end)?,
            });
        }
        Ok(RevenueMover {
            customer: mover.customer,
            is_team: self.teams.contains(&mover.customer),
            name: None,
            movement: mover.movement,
            currency: currency.to_owned(),
            start_minor,
            end_minor,
            change_minor: end_minor - start_minor,
            activities,
        })
    }

    /// `revenue_bridge`, without the names.
    ///
    /// # Errors
    /// As [`History::show`].
    pub fn bridge(&self, req: &RevenueBridgeReq, freshness: Freshness) -> Result<RevenueBridge> {
        let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let (from, to) = (Profile::named("from", Some(&req.from))?, Profile::named("to", Some(&req.to))?);
        let span = span(req.month, req.zone, as_of)?;
        let balance = span.balances().end;
        // Which currencies there are does not depend on the definition but for who never paid.
        let book = Book::new(&self.subscriptions, &from)?;
        let currency = chosen(&book, &currencies(&book, balance)?, req.currency.as_deref())?;
        let mut answer = RevenueBridge {
            freshness,
            at: span.period.end,
            from,
            to,
            currency: currency.clone(),
            from_minor: 0,
            to_minor: 0,
            difference_minor: 0,
            steps: Vec::new(),
        };
        let Some(currency) = currency else { return Ok(answer) };
        let found = bridge(&self.subscriptions, &currency, balance, &answer.from, &answer.to)?;
        let parts: Vec<Amount> = found.steps.iter().map(|step| step.difference).collect();
        answer.from_minor = minor(found.from)?;
        answer.to_minor = minor(found.to)?;
        answer.difference_minor = answer.to_minor - answer.from_minor;
        for (step, difference_minor) in found.steps.iter().zip(rounded_parts(found.from, &parts)?) {
            answer.steps.push(RevenueBridgeStep {
                rule: step.rule,
                label: adopted(step.rule, &answer.to).to_owned(),
                difference_minor,
                currency: currency.clone(),
                customers: step.customers.len() as u64,
                largest: self.largest(&step.customers, &currency)?,
            });
        }
        Ok(answer)
    }

    fn largest(&self, customers: &[(Uuid, Amount)], currency: &str) -> Result<Vec<RevenueBridgeCustomer>> {
        let mut rows = Vec::new();
        for (customer, difference) in customers {
            rows.push(RevenueBridgeCustomer {
                customer: *customer,
                is_team: self.teams.contains(customer),
                name: None,
                difference_minor: minor(*difference)?,
                currency: currency.to_owned(),
            });
        }
        rows.sort_by_key(|row| (Reverse(row.difference_minor.unsigned_abs()), row.customer));
        rows.truncate(LARGEST);
        Ok(rows)
    }
}

/// What a month shows for a movement, or in all.
fn line(row: &RevenueMonth, movement: Option<Movement>) -> i64 {
    match movement {
        None => row.end_minor - row.start_minor,
        Some(Movement::New) => row.new_minor,
        Some(Movement::Reactivation) => row.reactivation_minor,
        Some(Movement::Expansion) => row.expansion_minor,
        Some(Movement::Contraction) => row.contraction_minor,
        Some(Movement::Churn) => row.churn_minor,
    }
}

/// Everybody with a change within a period, those who end as they began included.
fn all_movers(book: &Book, currency: &str, period: crate::period::Period) -> Result<Vec<Mover>> {
    let mut by_customer: HashMap<Uuid, Vec<Activity>> = HashMap::new();
    for activity in book.activities(currency, period) {
        by_customer.entry(activity.moved.customer).or_default().push(activity);
    }
    let mut movers = Vec::new();
    for moved in book.movements(currency, period)?.customers {
        let activities = by_customer.remove(&moved.customer).unwrap_or_default();
        movers.push(Mover {
            customer: moved.customer,
            movement: Some(moved.movement),
            start: moved.start,
            end: moved.end,
            activities,
        });
    }
    for (customer, activities) in by_customer {
        let value = activities.first().map_or(Amount::ZERO, |first| first.moved.start);
        movers.push(Mover { customer, movement: None, start: value, end: value, activities });
    }
    Ok(movers)
}

/// What the second definition does that the first does not.
fn adopted(rule: Rule, to: &Profile) -> &'static str {
    match rule {
        Rule::PastDue if to.counts_past_due => "Past due, still counted",
        Rule::PastDue => "Past due, no longer counted",
        Rule::Metered if to.counts_metered => "Metered items counted",
        Rule::Metered => "Metered items left out",
        Rule::Discounts => match to.discounts {
            Discounts::Forever => "Discounts with an end no longer taken off",
            Discounts::Recurring => "Discounts that recur taken off",
            Discounts::All => "Every discount taken off",
        },
        Rule::Churn => match to.churn {
            ChurnTiming::End => "Canceled, counted until it ends",
            ChurnTiming::PeriodEnd => "Canceled, counted to the end of the paid period",
            ChurnTiming::Cancellation => "Canceled, no longer counted once asked for",
        },
        Rule::Calendar => match to.calendar {
            Calendar::Year => "Weeks and days by the year",
            Calendar::FourWeeks => "Months of four weeks",
        },
    }
}

impl Book {
    /// Whether a customer is on a plan at the start or at the end of a period.
    fn is_on(&self, currency: &str, customer: Uuid, plan: &str, period: crate::period::Period) -> bool {
        let on = |at: DateTime<Utc>| self.plans_of(currency, customer, at).any(|on| on == plan);
        on(period.start) || on(period.end)
    }
}
