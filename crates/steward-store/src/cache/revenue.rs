//! The history of subscriptions, read once and kept until its rows change.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row};
use steward_core::revenue::History;
use steward_core::revenue::amount::decimal;
use steward_core::revenue::history::PlanName;
use steward_core::revenue::subscription::{
    Discount, DiscountEnd, DiscountValue, Interval, Item, PriceSource, Status, Step, Subscription, Terms,
};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::{fault, instant, state};

/// What terms are made of, and what customers are told apart by.
const TERMS: [Dataset; 3] = [Dataset::Plans, Dataset::Subscriptions, Dataset::SubscriptionChanges];
const PEOPLE: [Dataset; 3] = [Dataset::Users, Dataset::TeamMembers, Dataset::Subscriptions];

/// The histories of revenue that were read last.
///
/// A hundred thousand subscriptions take longer to read than to value, and a change of definition reads nothing new.
#[derive(Debug, Default)]
pub(crate) struct RevenueMemory(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    terms: Vec<u64>,
    people: Vec<u64>,
    history: Arc<History>,
}

impl RevenueMemory {
    /// The history as this connection sees it.
    pub(crate) fn read(&self, connection: &Connection) -> Result<Arc<History>> {
        let (terms, people) = (stamps(connection, &TERMS)?, stamps(connection, &PEOPLE)?);
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = place.as_ref().filter(|kept| kept.terms == terms) {
            if kept.people == people {
                return Ok(Arc::clone(&kept.history));
            }
            let mut history = History::clone(&kept.history);
            history.countries = countries(connection)?;
            let history = Arc::new(history);
            *place = Some(Kept { terms, people, history: Arc::clone(&history) });
            return Ok(history);
        }
        let history = Arc::new(read(connection)?);
        *place = Some(Kept { terms, people, history: Arc::clone(&history) });
        drop(place);
        Ok(history)
    }
}

/// The key under which a commit leaves a mark that no other has.
fn key(dataset: Dataset) -> String {
    format!("changed.{}", dataset.spec().table)
}

/// Marks that rows of datasets changed, for those who keep what was made of them.
pub(crate) fn mark<'a>(
    connection: &Connection,
    touched: impl IntoIterator<Item = &'a Dataset>,
) -> Result<()> {
    for dataset in touched {
        if TERMS.contains(dataset) || PEOPLE.contains(dataset) {
            // Not a counter: a copy that is read again would count to the same numbers.
            state::put(connection, &key(*dataset), &rand::random::<u64>())?;
        }
    }
    Ok(())
}

fn stamps(connection: &Connection, datasets: &[Dataset]) -> Result<Vec<u64>> {
    datasets.iter().map(|dataset| Ok(state::get(connection, &key(*dataset))?.unwrap_or(0))).collect()
}

fn read(connection: &Connection) -> Result<History> {
    let prices = prices(connection)?;
    let plans =
        prices.iter().map(|(code, price)| (code.clone(), price.name.clone())).collect::<HashMap<_, _>>();
    let mut reading = Reading { prices, terms: HashMap::new(), teams: HashSet::new() };
    let mut steps = steps(connection, &mut reading)?;
    let mut subscriptions = Vec::new();
    let mut statement = connection
        .prepare_cached(
            "select id, user_id, team_id, plan_code, status, billing_interval, interval_count, quantity,
                 unit_amount_minor, currency, discount_kind, discount_value, discount_until,
                 stripe_subscription_id is not null,
                 started_at, canceled_at, ended_at, current_period_end
             from subscriptions",
        )
        .map_err(fault::map)?;
    let mut rows = statement.query([]).map_err(fault::map)?;
    while let Some(row) = rows.next().map_err(fault::map)? {
        let id = uuid(row, 0).map_err(fault::map)?.unwrap_or_default();
        let is_billed: bool = row.get(13).map_err(fault::map)?;
        let mut own = steps.remove(&id).unwrap_or_default();
        // Without a history all that is known is how it stands.
        if own.is_empty() {
            let started = row.get::<_, Option<i64>>(14).map_err(fault::map)?.unwrap_or(i64::MIN);
            own.push(reading.change(row, 1, started, is_billed).map_err(fault::map)?);
        } else if is_billed {
            for change in &mut own {
                change.terms = reading.billed(&change.terms);
            }
        }
        let (canceled_at, ended_at, period_end) = ends(row).map_err(fault::map)?;
        let customer = holder(row, 1).map_err(fault::map)?;
        let Some((customer, is_team)) = customer else { continue };
        if is_team {
            reading.teams.insert(customer);
        }
        let one = Whole { id, customer, canceled_at, ended_at, period_end };
        by_currency(&one, own, &mut subscriptions);
    }
    Ok(History {
        subscriptions: Arc::new(subscriptions),
        teams: reading.teams,
        countries: countries(connection)?,
        plans,
    })
}

type Instant = Option<chrono::DateTime<chrono::Utc>>;

/// When it was canceled, when it ended, and the end of its paid period.
fn ends(row: &Row<'_>) -> rusqlite::Result<(Instant, Instant, Instant)> {
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(instant::to_utc));
    Ok((at(15)?, at(16)?, at(17)?))
}

/// What a subscription is beside its terms.
struct Whole {
    id: Uuid,
    customer: Uuid,
    canceled_at: Instant,
    ended_at: Instant,
    period_end: Instant,
}

/// A step with its currency.
struct Change {
    order: (i64, i64, u8),
    currency: String,
    terms: Arc<Terms>,
}

/// A subscription is paid in one currency; where the rows say it was changed, it is one per currency, over when the
/// other begins, so that nothing is ever converted.
fn by_currency(whole: &Whole, changes: Vec<Change>, subscriptions: &mut Vec<Subscription>) {
    let mut runs: Vec<Subscription> = Vec::new();
    for change in changes {
        let from = instant::to_utc(change.order.0);
        let is_other = runs.last().is_none_or(|last| last.currency != change.currency);
        if is_other {
            if let Some(last) = runs.last_mut() {
                last.ended_at = Some(from);
            }
            runs.push(Subscription {
                id: whole.id,
                customer: whole.customer,
                currency: change.currency,
                steps: Vec::new(),
                canceled_at: None,
                ended_at: None,
                period_end: None,
            });
        }
        if let Some(last) = runs.last_mut() {
            // Of steps at one instant the last one holds.
            last.steps.retain(|step| step.from != from);
            last.steps.push(Step { from, terms: change.terms });
        }
    }
    if let Some(last) = runs.last_mut() {
        last.canceled_at = whole.canceled_at;
        last.ended_at = whole.ended_at;
        last.period_end = whole.period_end;
    }
    subscriptions.extend(runs);
}

/// What a plan is called and costs.
struct Price {
    name: PlanName,
    month: Option<i64>,
    year: Option<i64>,
    currency: String,
}

fn prices(connection: &Connection) -> Result<HashMap<String, Price>> {
    let read = |row: &Row<'_>| {
        let code: String = row.get(0)?;
        let name: Option<String> = row.get(1)?;
        let rank: Option<i64> = row.get(2)?;
        let price = Price {
            name: PlanName { name: name.unwrap_or_else(|| code.clone()), rank: rank.unwrap_or_default() },
            month: row.get(3)?,
            year: row.get(4)?,
            currency: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        };
        Ok((code, price))
    };
    connection
        .prepare_cached("select code, name, rank, price_month_minor, price_year_minor, currency from plans")
        .and_then(|mut find| find.query_map([], read)?.collect())
        .map_err(fault::map)
}

/// Where customers are: the users who pay, and for a team its owner.
fn countries(connection: &Connection) -> Result<HashMap<Uuid, String>> {
    let read = |row: &Row<'_>| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?));
    connection
        .prepare_cached(
            "select users.id, users.country
             from (select distinct user_id as id from subscriptions where user_id is not null) holder
             join users on users.id = holder.id where users.country is not null
             union all
             select holder.id, users.country
             from (select distinct team_id as id from subscriptions where team_id is not null) holder
             join team_members on team_members.team_id = holder.id and team_members.role = 'owner'
             join users on users.id = team_members.user_id where users.country is not null",
        )
        .and_then(|mut find| find.query_map([], read)?.collect())
        .map_err(fault::map)
}

/// Every step by subscription, in order.
fn steps(connection: &Connection, reading: &mut Reading) -> Result<HashMap<Uuid, Vec<Change>>> {
    let mut statement = connection
        .prepare_cached(
            "select subscription_id, user_id, team_id, plan_code, status, billing_interval, interval_count,
                 quantity, unit_amount_minor, currency, discount_kind, discount_value, discount_until,
                 occurred_at, recorded_at, kind
             from subscription_changes",
        )
        .map_err(fault::map)?;
    let mut rows = statement.query([]).map_err(fault::map)?;
    let mut steps: HashMap<Uuid, Vec<Change>> = HashMap::new();
    while let Some(row) = rows.next().map_err(fault::map)? {
        let mut read = || {
            let occurred = row.get::<_, Option<i64>>(13)?.unwrap_or(i64::MIN);
            let mut change = reading.change(row, 1, occurred, false)?;
            let kind: Option<String> = row.get(15)?;
            let place = match kind.as_deref() {
                Some("created") => 0,
                Some("ended") => 2,
                _ => 1,
            };
            change.order = (occurred, row.get::<_, Option<i64>>(14)?.unwrap_or(i64::MIN), place);
            Ok((uuid(row, 0)?.unwrap_or_default(), change))
        };
        let (id, change) = read().map_err(fault::map)?;
        steps.entry(id).or_default().push(change);
    }
    for changes in steps.values_mut() {
        changes.sort_by_key(|change| change.order);
    }
    Ok(steps)
}

/// What is needed to read terms.
struct Reading {
    prices: HashMap<String, Price>,
    /// Terms that were met, so that equal ones are kept once.
    terms: HashMap<Terms, Arc<Terms>>,
    teams: HashSet<Uuid>,
}

impl Reading {
    /// Reads user, team, plan, status, interval, count, quantity, amount, currency and discount from a column on.
    fn change(
        &mut self,
        row: &Row<'_>,
        first: usize,
        from: i64,
        is_billed: bool,
    ) -> rusqlite::Result<Change> {
        let text =
            |column: usize| row.get::<_, Option<String>>(first + column).map(Option::unwrap_or_default);
        let number = |column: usize| row.get::<_, Option<i64>>(first + column);
        let (plan, currency) = (text(2)?, text(8)?);
        let interval = Interval::parse(&text(4)?);
        let count = number(5)?.and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1);
        let quantity = number(6)?.and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
        let (amount, price) = match (number(7)?, interval) {
            (Some(agreed), Some(_)) if is_billed => (Some(agreed), PriceSource::Billed),
            (Some(agreed), Some(_)) => (Some(agreed), PriceSource::Agreed),
            (_, None) => (None, PriceSource::Unknown),
            (None, Some(interval)) => match self.listed(&plan, &currency, interval, count) {
                Some(listed) => (Some(listed), PriceSource::List),
                None => (None, PriceSource::Unknown),
            },
        };
        let item =
            amount.zip(interval).map(|(minor, interval)| Item::licensed(minor, quantity, interval, count));
        let kind: Option<String> = row.get(first + 9)?;
        let value: Option<String> = row.get(first + 10)?;
        let until: Option<i64> = row.get(first + 11)?;
        let terms = Terms {
            plan,
            // A status nobody told us about earns nothing until somebody does.
            status: Status::parse(&text(3)?).unwrap_or(Status::Paused),
            items: item.into_iter().collect(),
            discounts: discount(kind.as_deref(), value.as_deref(), until).into_iter().collect(),
            price,
        };
        let terms = self.kept(terms);
        Ok(Change { order: (from, 0, 0), currency, terms })
    }

    /// The list price of so many intervals, where the plan is sold so and in this currency.
    fn listed(&self, plan: &str, currency: &str, interval: Interval, count: u32) -> Option<i64> {
        let price = self.prices.get(plan).filter(|price| price.currency == currency)?;
        let one = match interval {
            Interval::Month => price.month,
            Interval::Year => price.year,
            Interval::Day | Interval::Week => None,
        };
        one?.checked_mul(i64::from(count))
    }

    /// The same terms, billed at Stripe where their price is written down.
    fn billed(&mut self, terms: &Arc<Terms>) -> Arc<Terms> {
        match terms.price {
            PriceSource::Agreed => self.kept(Terms { price: PriceSource::Billed, ..Terms::clone(terms) }),
            _ => Arc::clone(terms),
        }
    }

    fn kept(&mut self, terms: Terms) -> Arc<Terms> {
        if let Some(known) = self.terms.get(&terms) {
            return Arc::clone(known);
        }
        let shared = Arc::new(terms.clone());
        self.terms.insert(terms, Arc::clone(&shared));
        shared
    }
}

fn discount(kind: Option<&str>, value: Option<&str>, until: Option<i64>) -> Option<Discount> {
    let value = decimal(value?)?;
    let value = match kind? {
        "percent" => DiscountValue::Share(value / 100),
        "amount" => DiscountValue::Minor(value),
        _ => return None,
    };
    let end = match until {
        None | Some(i64::MAX) => DiscountEnd::Forever,
        Some(until) => DiscountEnd::Until(instant::to_utc(until)),
    };
    Some(Discount { value, end })
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    row.get::<_, Option<[u8; 16]>>(column).map(|bytes| bytes.map(Uuid::from_bytes))
}

/// The team that pays, or the user.
fn holder(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<(Uuid, bool)>> {
    let team = uuid(row, first + 1)?.map(|team| (team, true));
    Ok(team.or(uuid(row, first)?.map(|user| (user, false))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_that_changes_its_currency_is_one_in_each() {
        let terms = Arc::new(Terms {
            plan: "pro".to_owned(),
            status: Status::Active,
            items: Vec::new(),
            discounts: Vec::new(),
            price: PriceSource::Agreed,
        });
        let change = |at: i64, currency: &str| Change {
            order: (at, 0, 1),
            currency: currency.to_owned(),
            terms: Arc::clone(&terms),
        };
        let whole = Whole {
            id: Uuid::from_u128(1),
            customer: Uuid::from_u128(2),
            canceled_at: None,
            ended_at: None,
            period_end: Some(instant::to_utc(90)),
        };
        let mut found = Vec::new();
        by_currency(&whole, vec![change(1, "USD"), change(20, "EUR"), change(20, "EUR")], &mut found);
        let seen: Vec<_> =
            found.iter().map(|one| (one.currency.as_str(), one.steps.len(), one.ended_at)).collect();
        assert_eq!(seen, [("USD", 1, Some(instant::to_utc(20))), ("EUR", 1, None)]);
        assert_eq!(found[1].period_end, Some(instant::to_utc(90)));
        assert_eq!(found[0].period_end, None, "what was paid for is over in the old currency");
    }
}
