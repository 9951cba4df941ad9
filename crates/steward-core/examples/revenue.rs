//! How long the revenue of a large company takes: 100,000 customers over 36 months, everything computed anew.
//!
//! `cargo run --profile bench-fast -p steward-core --example revenue -- [customers]`
#![expect(clippy::print_stdout, reason = "a measuring tool talks on its standard output")]

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use num_rational::Ratio;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use steward_core::freshness::Freshness;
use steward_core::revenue::History;
use steward_core::revenue::answer::{RevenueBridgeReq, RevenueMovementsReq, RevenueReq};
use steward_core::revenue::subscription::{
    Discount, DiscountEnd, DiscountValue, Interval, Item, PriceSource, Status, Step, Subscription, Terms,
};
use uuid::Uuid;

const ZONE: Tz = Tz::Europe__Berlin;

const PLANS: [(&str, i64); 4] =
    [("starter", 2_900), ("pro", 9_900), ("team", 19_900), ("enterprise", 49_900)];

fn main() -> steward_core::Result<()> {
    let customers = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let as_of: DateTime<Utc> = DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default();
    let history = company(customers, as_of);
    let steps: usize = history.subscriptions.iter().map(|one| one.steps.len()).sum();
    println!("{customers} customers, {} subscriptions, {steps} steps", history.subscriptions.len());
    let freshness = Freshness { as_of: Some(as_of), is_consistent: true };
    let currency = Some("USD".to_owned());
    for profile in ["stripe", "chartmogul", "profitwell"] {
        let request = RevenueReq {
            month: None,
            months: 36,
            zone: ZONE,
            profile: Some(profile.to_owned()),
            currency: currency.clone(),
        };
        let began = Instant::now();
        let answer = history.show(&request, freshness.clone())?;
        println!(
            "revenue_show {profile}: {:.0?} ({} months, {} cells of cohorts)",
            began.elapsed(),
            answer.months.len(),
            answer.cohorts.len()
        );
    }
    let request = RevenueMovementsReq {
        month: None,
        zone: ZONE,
        profile: None,
        currency: currency.clone(),
        movement: None,
        plan: None,
        after: None,
        limit: 200,
    };
    let began = Instant::now();
    let movers = history.movements(&request, freshness.clone(), 200)?;
    println!("revenue_movements: {:.0?} ({} customers)", began.elapsed(), movers.total);
    let (from, to) = ("stripe".to_owned(), "profitwell".to_owned());
    let request = RevenueBridgeReq { month: None, zone: ZONE, from, to, currency };
    let began = Instant::now();
    let bridge = history.bridge(&request, freshness)?;
    println!("revenue_bridge: {:.0?} ({} steps)", began.elapsed(), bridge.steps.len());
    Ok(())
}

fn terms(plan: usize, is_yearly: bool, status: Status, discounts: Vec<Discount>) -> Arc<Terms> {
    let (name, month) = PLANS[plan];
    let (interval, unit_amount_minor) =
        if is_yearly { (Interval::Year, month * 10) } else { (Interval::Month, month) };
    Arc::new(Terms {
        plan: name.to_owned(),
        status,
        items: vec![Item::licensed(unit_amount_minor, 1, interval, 1)],
        discounts,
        price: PriceSource::Agreed,
    })
}

/// Subscriptions that begin, change, lapse, end and come back over three years.
fn company(customers: u32, as_of: DateTime<Utc>) -> History {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let known: Vec<[Arc<Terms>; 4]> = (0..PLANS.len())
        .map(|plan| {
            [
                terms(plan, false, Status::Active, Vec::new()),
                terms(plan, true, Status::Active, Vec::new()),
                terms(plan, false, Status::PastDue, Vec::new()),
                terms(plan, false, Status::Canceled, Vec::new()),
            ]
        })
        .collect();
    let mut subscriptions = Vec::new();
    for customer in 0..customers {
        let customer = Uuid::from_u128(u128::from(customer));
        let currency = if random.random_bool(0.8) { "USD" } else { "EUR" };
        let mut at = as_of - TimeDelta::minutes(random.random_range(1..1_570_000));
        for _ in 0..2 {
            let mut plan = random.random_range(0..PLANS.len());
            let mut steps = Vec::new();
            if random.random_bool(0.1) {
                let value = DiscountValue::Share(Ratio::new(1, 5));
                let end = DiscountEnd::Until(at + TimeDelta::days(90));
                let dated = terms(plan, false, Status::Active, vec![Discount { value, end }]);
                steps.push(Step { from: at, terms: dated });
            } else {
                let place = usize::from(random.random_bool(0.3));
                steps.push(Step { from: at, terms: Arc::clone(&known[plan][place]) });
            }
            for _ in 0..random.random_range(0..4) {
                at += TimeDelta::minutes(random.random_range(10_000..300_000));
                plan = if random.random_bool(0.4) { random.random_range(0..PLANS.len()) } else { plan };
                let place = if random.random_bool(0.2) { 2 } else { 0 };
                steps.push(Step { from: at, terms: Arc::clone(&known[plan][place]) });
            }
            let is_over = random.random_bool(0.4);
            at += TimeDelta::days(20);
            if is_over {
                steps.push(Step { from: at, terms: Arc::clone(&known[plan][3]) });
            }
            steps.retain(|step| step.from <= as_of);
            let ended_at = (is_over && at <= as_of).then_some(at);
            if !steps.is_empty() {
                subscriptions.push(Subscription {
                    id: Uuid::from_u128(random.random()),
                    customer,
                    currency: currency.to_owned(),
                    steps,
                    canceled_at: ended_at.map(|at| at - TimeDelta::days(9)),
                    ended_at,
                    period_end: ended_at.map(|at| at + TimeDelta::days(3)),
                });
            }
            if !is_over || random.random_bool(0.7) {
                break;
            }
            at += TimeDelta::days(40);
        }
    }
    History { subscriptions: subscriptions.into(), ..History::default() }
}
