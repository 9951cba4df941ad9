//! Both sides of many subscriptions, from the copy alone.

use std::time::Instant;

use chrono::{DateTime, Utc};
use steward_core::Dataset;
use steward_core::stripe::billing::StripeReconcileReq;
use steward_core::stripe::key::Mode;
use steward_core::stripe::pull::{Position, Source};
use steward_core::stripe::reconcile::DriftClass;
use steward_core::stripe::record::{Item, Price, Product, Rows, Subscription};
use steward_store::cache::query::billing;
use steward_tests::rows::{self, Field};
use uuid::Uuid;

use super::Scratch;

const COUNT: u32 = 20_000;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

/// A plan that is sold by the month.
fn plan() -> Vec<Field> {
    let mut fields =
        vec![text("pro"), text("Pro"), Field::Int4(1), Field::Int8(2_900), Field::Int8(29_000), text("EUR")];
    fields.extend([Field::Null, Field::Null, Field::Null, Field::Null, Field::Null, Field::Null]);
    fields.extend([text("prod_pro"), text("price_pro"), Field::Null, Field::Null, Field::Null]);
    fields.extend([Field::Timestamp(rows::EPOCH_US), Field::Timestamp(rows::EPOCH_US), Field::Int8(1)]);
    fields
}

fn ours(number: u32) -> Vec<Field> {
    let instant = |text: &str| Field::Timestamp(at(text).timestamp_micros());
    vec![
        Field::Uuid(Uuid::from_u128(u128::from(number) + 1_000_000)),
        Field::Uuid(Uuid::from_u128(u128::from(number) + 1)),
        Field::Null,
        text("pro"),
        text("active"),
        text("month"),
        Field::Int4(1),
        Field::Int4(3),
        Field::Null,
        text("EUR"),
        Field::Null,
        Field::Null,
        Field::Null,
        instant("2026-11-01T00:00:00Z"),
        instant("2026-12-01T00:00:00Z"),
        Field::Null,
        Field::Bool(false),
        Field::Null,
        instant("2026-01-01T00:00:00Z"),
        Field::Null,
        Field::Text(format!("sub_{number}")),
        Field::Timestamp(rows::EPOCH_US),
        Field::Timestamp(rows::EPOCH_US),
        Field::Int8(1),
    ]
}

fn theirs(number: u32) -> Subscription {
    let price = Price {
        id: "price_pro".to_owned(),
        product: Some("prod_pro".to_owned()),
        currency: "EUR".to_owned(),
        unit_amount: Some("2900".to_owned()),
        interval: Some("month".to_owned()),
        interval_count: 1,
        is_metered: false,
        is_tiered: false,
        is_active: true,
    };
    Subscription {
        id: format!("sub_{number}"),
        customer: format!("cus_{number}"),
        status: "active".to_owned(),
        currency: "EUR".to_owned(),
        is_collection_paused: false,
        cancel_at_period_end: false,
        cancel_at: None,
        canceled_at: None,
        ended_at: None,
        started_at: Some(at("2026-01-01T00:00:00Z")),
        trial_end: None,
        created_at: at("2026-01-01T00:00:00Z"),
        items: vec![Item {
            id: format!("si_{number}"),
            price: Some(price),
            // Every thousandth pays for more seats than are here.
            quantity: Some(if number.is_multiple_of(1_000) { 4 } else { 3 }),
            period_start: Some(at("2026-11-01T00:00:00Z")),
            period_end: Some(at("2026-12-01T00:00:00Z")),
            discounts: Vec::new(),
        }],
        discounts: Vec::new(),
    }
}

#[test]
fn many_subscriptions_are_compared_in_seconds() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    batch.upsert(&rows::batch(Dataset::Plans, &[plan()])).unwrap();
    for chunk in (0..COUNT).collect::<Vec<_>>().chunks(5_000) {
        let users: Vec<_> = { chunk.iter() }
            .map(|number| {
                let id = Uuid::from_u128(u128::from(*number) + 1);
                let mut fields = rows::user(id, &format!("user{number}@example.com"), "pro", rows::EPOCH_US);
                fields[8] = Field::Text(format!("cus_{number}"));
                fields
            })
            .collect();
        batch.upsert(&rows::batch(Dataset::Users, &users)).unwrap();
        let here: Vec<_> = chunk.iter().map(|number| ours(*number)).collect();
        batch.upsert(&rows::batch(Dataset::Subscriptions, &here)).unwrap();
        let there = chunk.iter().map(|number| theirs(*number)).collect();
        batch.stripe_rows(&Rows::Subscriptions(there), 1).unwrap();
    }
    let product = Product { id: "prod_pro".to_owned(), name: "Pro".to_owned(), is_active: true };
    batch.stripe_rows(&Rows::Products(vec![product]), 1).unwrap();
    let mut position = Position::default();
    position.begin(Source { account: "acct_1".to_owned(), mode: Mode::Test }, at("2026-11-22T00:00:00Z"));
    while position.running.is_some() {
        position.page(1, None, false, at("2026-11-22T00:10:00Z"));
    }
    batch.put_state(Position::KEY, &position).unwrap();
    batch.commit().unwrap();
    writer.build_indexes().unwrap();

    let reader = scratch.cache.reader().unwrap();
    let began = Instant::now();
    let found = billing::reconcile(&reader, &StripeReconcileReq::default(), None).unwrap();
    let took = began.elapsed();
    eprintln!("{COUNT} subscriptions compared in {took:?}, not optimised");
    assert_eq!((found.matched, found.clean, found.total), (20_000, 19_980, 20));
    assert!(found.rows.iter().all(|row| row.class == DriftClass::Quantity));
    // The promise is 100,000 in 5 s; this build is not optimised and shares its processors.
    assert!(took.as_secs() < 30, "{took:?}");
}
