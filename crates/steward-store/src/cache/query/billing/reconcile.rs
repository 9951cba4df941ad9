//! `stripe_reconcile`: both sides from the copy, or Stripe's from a file.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use num_rational::Ratio;
use rusqlite::Row;
use steward_core::find::FindKind;
use steward_core::revenue::amount::decimal;
use steward_core::revenue::history::StripeSide;
use steward_core::stripe::Part;
use steward_core::stripe::billing::{DriftCount, Reconciliation, StripeReconcileReq};
use steward_core::stripe::pull::Position;
use steward_core::stripe::reconcile::{
    self, DriftClass, Holder, Line, LineDiscount, Ours, PlanKeys, Reduction, Theirs, UnitAmount,
};
use steward_core::stripe::record::{Coupon, Discount, Item, Subscription};
use steward_core::{Dataset, Error, ErrorKind, Result};
use uuid::Uuid;

use crate::cache::{Reader, fault, instant};

/// Differences of an answer when the request does not say, and at most.
const ROWS: u32 = 1_000;
const ROWS_MAX: u32 = 10_000;

/// Here against there. `file` is Stripe's side where it was exported: its name and its subscriptions.
///
/// # Errors
/// `NotFound` before Stripe's subscriptions were read once; when the copy cannot be read.
pub fn reconcile(
    reader: &Reader,
    req: &StripeReconcileReq,
    file: Option<(String, Vec<Theirs>)>,
) -> Result<Reconciliation> {
    let freshness =
        super::super::freshness(reader, &[Dataset::Subscriptions, Dataset::Users, Dataset::Plans])?;
    let position = super::position(reader)?;
    let as_of = position.finished.as_ref().map(|finished| finished.as_of);
    // A discount holds or not at the moment Stripe's side is of; a file says none, so this side's stands for it.
    let at = as_of.filter(|_| file.is_none()).or(freshness.as_of);
    let (name, theirs) = match file {
        Some((name, theirs)) => (Some(name), theirs),
        None => (None, theirs(reader, &position)?),
    };
    let ours = ours(reader, at)?;
    let found = reconcile::reconcile(&ours, &theirs, &plans(reader)?, &customers(reader)?);
    let is_wanted = |class: DriftClass| req.class.is_none_or(|wanted| wanted == class);
    let classes = DriftClass::ALL.map(|class| DriftCount {
        class,
        label: class.label().to_owned(),
        rows: found.drifts.iter().filter(|drift| drift.class == class).count() as u64,
    });
    let limit = if req.limit == 0 { ROWS } else { req.limit.min(ROWS_MAX) };
    let mut rows: Vec<_> = found.drifts.into_iter().filter(|drift| is_wanted(drift.class)).collect();
    let total = rows.len() as u64;
    rows.truncate(limit as usize);
    Ok(Reconciliation {
        freshness,
        stripe_as_of: as_of.filter(|_| name.is_none()),
        file: name,
        here: ours.iter().filter(|row| row.is_open()).count() as u64,
        there: theirs.iter().filter(|their| their.is_running()).count() as u64,
        matched: found.matched,
        clean: found.clean,
        by_hand: found.by_hand,
        classes: classes.to_vec(),
        total,
        rows,
        not_compared: found.not_compared,
    })
}

/// Open subscriptions, and those that ended and were billed at Stripe.
fn ours(reader: &Reader, at: Option<DateTime<Utc>>) -> Result<Vec<Ours>> {
    let mut find = reader
        .connection()
        .prepare_cached(
            "select s.id, s.user_id, users.email, s.team_id, teams.name, s.plan_code, s.status,
                 s.billing_interval, s.interval_count, s.quantity, s.unit_amount_minor, s.currency,
                 s.discount_kind, s.discount_value, s.discount_until, s.current_period_end,
                 s.cancel_at_period_end, s.ended_at, s.stripe_subscription_id, users.stripe_customer_id,
                 case when plans.currency is not s.currency then null
                      when s.billing_interval = 'month' then plans.price_month_minor
                      when s.billing_interval = 'year' then plans.price_year_minor end
             from subscriptions s
             left join users on users.id = s.user_id
             left join teams on teams.id = s.team_id
             left join plans on plans.code = s.plan_code
             where s.ended_at is null or s.stripe_subscription_id is not null",
        )
        .map_err(fault::map)?;
    let rows = find.query_map([], |row| our(row, at)).map_err(fault::map)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault::map)
}

fn our(row: &Row<'_>, at: Option<DateTime<Utc>>) -> rusqlite::Result<Ours> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let number = |column: usize| row.get::<_, Option<i64>>(column).map(Option::unwrap_or_default);
    let time = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(instant::to_utc));
    let uuid = |column: usize| row.get::<_, Option<[u8; 16]>>(column).map(|id| id.map(Uuid::from_bytes));
    let holder = match (uuid(1)?, uuid(3)?) {
        (None, Some(id)) => Holder { kind: FindKind::Team, id, label: text(4)? },
        (user, _) => Holder { kind: FindKind::User, id: user.unwrap_or_default(), label: text(2)? },
    };
    let holds = match (time(14)?, at) {
        (Some(until), Some(at)) => at < until,
        (None, _) | (_, None) => true,
    };
    let value: Option<String> = row.get(13)?;
    let value = value.as_deref().and_then(decimal).filter(|_| holds);
    let discount = match (text(12)?.as_str(), value) {
        ("percent", Some(percent)) => Some(Reduction::Percent(percent)),
        ("amount", Some(minor)) => Some(Reduction::Minor(minor)),
        _ => None,
    };
    Ok(Ours {
        id: Uuid::from_bytes(row.get(0)?),
        holder,
        plan_code: text(5)?,
        status: text(6)?,
        interval: text(7)?,
        interval_count: u32::try_from(number(8)?).unwrap_or_default(),
        quantity: u64::try_from(number(9)?).unwrap_or_default(),
        unit_amount: row.get(10)?,
        currency: text(11)?,
        discount: discount.filter(|reduction| {
            let (Reduction::Percent(value) | Reduction::Minor(value)) = reduction;
            *value != Ratio::from_integer(0)
        }),
        period_end: time(15)?,
        cancel_at_period_end: row.get::<_, Option<bool>>(16)?.unwrap_or_default(),
        ended_at: time(17)?,
        stripe_subscription: row.get(18)?,
        stripe_customer: row.get(19)?,
        list_amount: row.get(20)?,
    })
}

fn plans(reader: &Reader) -> Result<Vec<PlanKeys>> {
    reader
        .connection()
        .prepare_cached(
            "select code, name, stripe_product_id, stripe_price_month_id, stripe_price_year_id from plans
             order by rank, code",
        )
        .and_then(|mut find| {
            let read = |row: &Row<'_>| {
                let prices: [Option<String>; 2] = [row.get(3)?, row.get(4)?];
                let (code, name): (String, Option<String>) = (row.get(0)?, row.get(1)?);
                Ok(PlanKeys {
                    name: name.unwrap_or_else(|| code.clone()),
                    code,
                    product: row.get(2)?,
                    prices: prices.into_iter().flatten().collect(),
                })
            };
            find.query_map([], read)?.collect()
        })
        .map_err(fault::map)
}

/// Every user who is a customer of Stripe's.
fn customers(reader: &Reader) -> Result<HashMap<String, Holder>> {
    reader
        .connection()
        .prepare_cached(
            "select stripe_customer_id, id, email from users where stripe_customer_id is not null",
        )
        .and_then(|mut find| {
            let read = |row: &Row<'_>| {
                let label: Option<String> = row.get(2)?;
                let holder = Holder {
                    kind: FindKind::User,
                    id: Uuid::from_bytes(row.get(1)?),
                    label: label.unwrap_or_default(),
                };
                Ok((row.get(0)?, holder))
            };
            find.query_map([], read)?.collect()
        })
        .map_err(fault::map)
}

/// Stripe's side as it was read through its API.
fn theirs(reader: &Reader, position: &Position) -> Result<Vec<Theirs>> {
    let Some(finished) = &position.finished else {
        return Err(Error::new(ErrorKind::NotFound, "Stripe was not read to its end yet.").with_detail(
            "read it with `steward stripe pull`, or compare with a file: `steward stripe reconcile --csv FILE`",
        ));
    };
    if finished.refused.contains(&Part::Subscriptions) {
        return Err(Error::new(ErrorKind::BillingRight, "The key may not read Stripe's subscriptions.")
            .with_detail(Part::Subscriptions.right()));
    }
    let labels = labels(reader)?;
    let products = named(reader, "select id, name from stripe_products")?;
    let coupons = coupons(reader)?;
    Ok(subscriptions(reader)?.into_iter().map(|row| their(row, &labels, &products, &coupons)).collect())
}

/// How people know Stripe's customers.
fn labels(reader: &Reader) -> Result<HashMap<String, Option<String>>> {
    named(reader, "select id, coalesce(email, name) from stripe_customers")
}

/// Stripe's subscriptions as the copy has them.
fn subscriptions(reader: &Reader) -> Result<Vec<Subscription>> {
    let mut find = reader
        .connection()
        .prepare_cached("select body from stripe_subscriptions order by id")
        .map_err(fault::map)?;
    let bodies = find.query_map([], |row| row.get::<_, String>(0)).map_err(fault::map)?;
    bodies
        .map(|body| {
            serde_json::from_str(&body.map_err(fault::map)?).map_err(|cause| {
                Error::internal("A subscription in the local copy has another shape than expected.")
                    .with_source(cause)
            })
        })
        .collect()
}

/// Stripe's side for valuing it: its rows, and which of ours each of them is.
///
/// # Errors
/// `NotFound` before Stripe's subscriptions were read once; when the copy cannot be read.
pub fn side(reader: &Reader) -> Result<StripeSide> {
    let position = super::position(reader)?;
    let theirs = theirs(reader, &position)?;
    let as_of = position.finished.as_ref().map(|finished| finished.as_of);
    let found = reconcile::reconcile(&ours(reader, as_of)?, &theirs, &plans(reader)?, &customers(reader)?);
    Ok(StripeSide {
        as_of,
        subscriptions: subscriptions(reader)?,
        coupons: whole_coupons(reader)?,
        labels: labels(reader)?,
        found,
    })
}

fn whole_coupons(reader: &Reader) -> Result<HashMap<String, Coupon>> {
    reader
        .connection()
        .prepare_cached("select id, name, percent_off, amount_off, currency, duration from stripe_coupons")
        .and_then(|mut find| {
            let read = |row: &Row<'_>| {
                let coupon = Coupon {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    percent_off: row.get(2)?,
                    amount_off: row.get(3)?,
                    currency: row.get(4)?,
                    duration: row.get(5)?,
                };
                Ok((coupon.id.clone(), coupon))
            };
            find.query_map([], read)?.collect()
        })
        .map_err(fault::map)
}

fn named(reader: &Reader, sql: &str) -> Result<HashMap<String, Option<String>>> {
    reader
        .connection()
        .prepare_cached(sql)
        .and_then(|mut find| find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(fault::map)
}

/// What coupons take off; none for those that apply to a single invoice and say nothing of the terms.
fn coupons(reader: &Reader) -> Result<HashMap<String, Option<Reduction>>> {
    reader
        .connection()
        .prepare_cached("select id, percent_off, amount_off, duration from stripe_coupons")
        .and_then(|mut find| {
            let read = |row: &Row<'_>| {
                let percent: Option<String> = row.get(1)?;
                let amount: Option<i64> = row.get(2)?;
                let is_once = row.get::<_, String>(3)? == "once";
                let reduction = match (percent.as_deref().and_then(decimal), amount) {
                    (Some(percent), _) => Some(Reduction::Percent(percent)),
                    (None, Some(minor)) => Some(Reduction::Minor(Ratio::from_integer(i128::from(minor)))),
                    (None, None) => None,
                };
                Ok((row.get(0)?, reduction.filter(|_| !is_once)))
            };
            find.query_map([], read)?.collect()
        })
        .map_err(fault::map)
}

fn their(
    row: Subscription,
    labels: &HashMap<String, Option<String>>,
    products: &HashMap<String, Option<String>>,
    coupons: &HashMap<String, Option<Reduction>>,
) -> Theirs {
    let discounts = row.discounts.iter().chain(row.items.iter().flat_map(|item| &item.discounts));
    let discounts = discounts.filter_map(|discount| reduction(discount, coupons)).collect();
    // Every line of a subscription has a period of its own; the next invoice comes with the first to end.
    let period_end = row.items.iter().filter_map(|item| item.period_end).min();
    let ends_on_a_day = row.cancel_at.is_some() && row.cancel_at == period_end;
    Theirs {
        label: labels.get(&row.customer).cloned().flatten(),
        ends_with_period: Some(row.cancel_at_period_end || ends_on_a_day),
        period_end,
        grain: TimeDelta::zero(),
        says_prices: true,
        lines: row.items.into_iter().map(|item| line(item, products)).collect(),
        discounts: Some(discounts),
        id: row.id,
        customer: Some(row.customer),
        status: row.status,
        currency: row.currency,
        is_collection_paused: row.is_collection_paused,
    }
}

fn reduction(discount: &Discount, coupons: &HashMap<String, Option<Reduction>>) -> Option<LineDiscount> {
    match discount.coupon.as_ref().and_then(|coupon| coupons.get(coupon)) {
        Some(Some(reduction)) => Some(LineDiscount::Known(*reduction)),
        // It is there, and takes off one invoice only.
        Some(None) => None,
        None => Some(LineDiscount::Unknown),
    }
}

fn line(item: Item, products: &HashMap<String, Option<String>>) -> Line {
    let Some(price) = item.price else {
        return Line {
            price: None,
            product: None,
            name: None,
            unit: UnitAmount::Unknown,
            interval: None,
            interval_count: 1,
            quantity: item.quantity,
            is_metered: false,
        };
    };
    let unit = match (&price.unit_amount, price.is_tiered) {
        (_, true) => UnitAmount::Tiered,
        (Some(amount), false) => amount.parse().map_or(UnitAmount::Unknown, UnitAmount::Exact),
        (None, false) => UnitAmount::Unknown,
    };
    Line {
        name: price.product.as_ref().and_then(|product| products.get(product).cloned()).flatten(),
        price: Some(price.id),
        product: price.product,
        unit,
        interval: price.interval,
        interval_count: price.interval_count,
        quantity: item.quantity,
        is_metered: price.is_metered,
    }
}
