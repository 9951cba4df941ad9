//! Each class of difference is found where it was put, and nothing else is.

use chrono::{DateTime, TimeDelta, Utc};
use num_rational::Ratio;

use super::*;
use crate::find::FindKind;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn holder(number: u128) -> Holder {
    Holder { kind: FindKind::User, id: Uuid::from_u128(number), label: format!("user{number}@example.com") }
}

fn ours(number: u128) -> Ours {
    Ours {
        id: Uuid::from_u128(1_000 + number),
        holder: holder(number),
        plan_code: "pro".to_owned(),
        status: "active".to_owned(),
        interval: "month".to_owned(),
        interval_count: 1,
        quantity: 3,
        unit_amount: None,
        currency: "EUR".to_owned(),
        discount: None,
        period_end: Some(at("2026-12-01T00:00:00Z")),
        cancel_at_period_end: false,
        ended_at: None,
        stripe_subscription: Some(format!("sub_{number}")),
        stripe_customer: Some(format!("cus_{number}")),
        list_amount: Some(2_900),
    }
}

fn line(price: &str, minor: i128) -> Line {
    Line {
        price: Some(price.to_owned()),
        product: Some("prod_pro".to_owned()),
        name: Some("Pro".to_owned()),
        unit: UnitAmount::Exact(Ratio::from_integer(minor)),
        interval: Some("month".to_owned()),
        interval_count: 1,
        quantity: Some(3),
        is_metered: false,
    }
}

fn theirs(number: u128) -> Theirs {
    Theirs {
        id: format!("sub_{number}"),
        customer: Some(format!("cus_{number}")),
        label: Some(format!("user{number}@example.com")),
        status: "active".to_owned(),
        currency: "EUR".to_owned(),
        is_collection_paused: false,
        ends_with_period: Some(false),
        period_end: Some(at("2026-12-01T00:00:00Z")),
        grain: TimeDelta::zero(),
        says_prices: true,
        lines: vec![line("price_pro", 2_900)],
        discounts: Some(Vec::new()),
    }
}

fn plans() -> Vec<PlanKeys> {
    let plan = |code: &str, name: &str| PlanKeys {
        code: code.to_owned(),
        name: name.to_owned(),
        product: Some(format!("prod_{code}")),
        prices: vec![format!("price_{code}")],
    };
    vec![plan("pro", "Pro"), plan("starter", "Starter")]
}

fn run(ours: &[Ours], theirs: &[Theirs]) -> Found {
    let holders = (1..=20).map(|number| (format!("cus_{number}"), holder(number))).collect();
    reconcile(ours, theirs, &plans(), &holders)
}

#[test]
fn a_clean_pair_raises_nothing() {
    let found = run(&[ours(1), ours(2)], &[theirs(2), theirs(1)]);
    assert_eq!((found.matched, found.clean, found.by_hand), (2, 2, 0));
    assert_eq!((found.drifts, found.not_compared), (Vec::new(), Vec::new()));
}

/// Nine pairs are clean in front of and behind the one that is not.
#[test]
fn each_class_is_found_once_and_nothing_else() {
    type Change = fn(&mut Ours, &mut Theirs);
    let cases: [(DriftClass, &str, &str, Change); 14] = [
        (DriftClass::Status, "active", "past_due", |_, their| their.status = "past_due".to_owned()),
        (DriftClass::Status, "active", "canceled", |_, their| their.status = "canceled".to_owned()),
        (DriftClass::Status, "canceled", "active", |our, _| {
            our.status = "canceled".to_owned();
            our.ended_at = Some(at("2026-11-01T00:00:00Z"));
        }),
        (DriftClass::Status, "goes on", "ends with its period", |_, their| {
            their.ends_with_period = Some(true);
        }),
        (DriftClass::Plan, "Starter", "Pro", |our, _| {
            our.plan_code = "starter".to_owned();
            our.list_amount = Some(900);
        }),
        (DriftClass::Plan, "Pro", "Gold", |_, their| {
            their.lines[0] =
                Line { product: None, name: Some("Gold".to_owned()), ..line("price_gold", 9_900) };
        }),
        (DriftClass::Plan, "Pro", "no price", |_, their| their.lines.clear()),
        (DriftClass::Amount, "29.00 EUR", "19.00 EUR", |_, their| their.lines[0] = line("price_pro", 1_900)),
        (DriftClass::Amount, "29.00 EUR", "29.00 USD", |_, their| their.currency = "USD".to_owned()),
        (DriftClass::Amount, "no discount", "25.50 % off", |_, their| {
            their.discounts = Some(vec![LineDiscount::Known(Reduction::Percent(Ratio::new(51, 2)))]);
        }),
        (DriftClass::Amount, "29.00 EUR", "29.00 EUR and 5.00 EUR for Support", |_, their| {
            their.lines.push(Line {
                name: Some("Support".to_owned()),
                product: Some("prod_support".to_owned()),
                ..line("price_support", 500)
            });
        }),
        (DriftClass::Interval, "every month", "every year", |_, their| {
            their.lines[0] = Line { interval: Some("year".to_owned()), ..line("price_pro", 29_000) };
            their.period_end = Some(at("2027-06-01T00:00:00Z"));
        }),
        (DriftClass::Quantity, "3", "5", |_, their| their.lines[0].quantity = Some(5)),
        (DriftClass::Period, "until 2026-12-01 00:00 UTC", "until 2026-12-04 00:00 UTC", |_, their| {
            their.period_end = Some(at("2026-12-04T00:00:00Z"));
        }),
    ];
    for (class, here, there, change) in cases {
        let mut mine: Vec<Ours> = (1..=9).map(ours).collect();
        let mut yours: Vec<Theirs> = (1..=9).map(theirs).collect();
        change(&mut mine[4], &mut yours[4]);
        let found = run(&mine, &yours);
        assert_eq!(found.drifts.len(), 1, "{class:?}: {:#?}", found.drifts);
        let drift = &found.drifts[0];
        assert_eq!(
            (drift.class, drift.here.as_deref(), drift.there.as_deref()),
            (class, Some(here), Some(there))
        );
        assert_eq!(drift.stripe_subscription.as_deref(), Some("sub_5"));
        assert!(drift.fix.ends_with('.'), "the fix is a sentence: {}", drift.fix);
        assert_eq!((found.matched, found.clean, found.not_compared), (9, 8, Vec::new()), "{class:?}");
    }
}

#[test]
fn what_one_side_does_not_have_is_told_by_whose_it_is() {
    let mut extra = theirs(30);
    extra.customer = Some("cus_nobody".to_owned());
    let mut second = theirs(31);
    second.customer = Some("cus_1".to_owned());
    let mut gone = ours(3);
    gone.stripe_subscription = Some("sub_deleted".to_owned());
    let mut unbilled = ours(4);
    unbilled.stripe_subscription = None;
    let mut unlinked = ours(5);
    unlinked.stripe_subscription = None;
    let mut by_hand = ours(6);
    (by_hand.stripe_subscription, by_hand.stripe_customer) = (None, None);
    let found =
        run(&[ours(1), gone, unbilled, unlinked, by_hand], &[theirs(1), theirs(2), theirs(5), extra, second]);
    let seen: Vec<_> =
        found.drifts.iter().map(|drift| (drift.class, drift.stripe_subscription.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (DriftClass::Duplicate, Some("sub_31")),
            (DriftClass::Orphan, Some("sub_30")),
            (DriftClass::MissingHere, Some("sub_2")),
            (DriftClass::MissingHere, Some("sub_5")),
            (DriftClass::MissingThere, Some("sub_deleted")),
            (DriftClass::MissingThere, None),
        ]
    );
    assert_eq!(found.by_hand, 1, "who is billed by hand is no difference");
    assert_eq!(found.drifts[2].account, Some(holder(2)), "the account is known by its customer");
}

#[test]
fn what_is_over_on_both_sides_is_no_difference() {
    let mut mine = ours(1);
    mine.status = "canceled".to_owned();
    mine.ended_at = Some(at("2026-10-01T00:00:00Z"));
    mine.plan_code = "starter".to_owned();
    let mut yours = theirs(1);
    yours.status = "canceled".to_owned();
    let mut never = theirs(2);
    never.status = "incomplete_expired".to_owned();
    let mut forgotten = ours(3);
    forgotten.status = "canceled".to_owned();
    forgotten.ended_at = Some(at("2026-10-01T00:00:00Z"));
    assert_eq!(run(&[mine, forgotten], &[yours, never]).drifts, Vec::new());
}

#[test]
fn trap_10_every_line_counts_and_measured_use_is_apart() {
    let mut yours = theirs(1);
    let metered = Line {
        name: Some("Tokens".to_owned()),
        product: Some("prod_tokens".to_owned()),
        is_metered: true,
        quantity: None,
        ..line("price_tokens", 1)
    };
    yours.lines = vec![metered.clone(), line("price_pro", 2_900)];
    assert_eq!(
        run(&[ours(1)], std::slice::from_ref(&yours)).drifts,
        Vec::new(),
        "the plan's line is not the first one"
    );
    yours.lines = vec![metered];
    let found = run(&[ours(1)], &[yours]);
    assert_eq!((found.drifts.len(), found.drifts[0].class), (1, DriftClass::Plan));
}

#[test]
fn what_is_not_said_is_not_compared_and_counted() {
    let mut yours = theirs(1);
    yours.ends_with_period = None;
    yours.discounts = None;
    yours.period_end = None;
    yours.lines[0].quantity = None;
    let found = run(&[ours(1)], &[yours]);
    assert_eq!((found.drifts.len(), found.clean), (0, 1));
    let classes: Vec<_> = found.not_compared.iter().map(|row| (row.class, row.subscriptions)).collect();
    assert_eq!(
        classes,
        [
            (DriftClass::Status, 1),
            (DriftClass::Amount, 1),
            (DriftClass::Quantity, 1),
            (DriftClass::Period, 1)
        ]
    );

    let mut tiered = theirs(1);
    tiered.lines[0].unit = UnitAmount::Tiered;
    let found = run(&[ours(1)], &[tiered]);
    assert!(found.drifts.is_empty() && found.not_compared[0].why.contains("steps"));

    let unsold = Ours { list_amount: None, ..ours(1) };
    assert_eq!(run(&[unsold], &[theirs(1)]).not_compared[0].class, DriftClass::Amount);
}

#[test]
fn exports_round_instants_and_that_is_no_difference() {
    let mut yours = theirs(1);
    yours.period_end = Some(at("2026-11-30T23:59:30Z"));
    yours.grain = TimeDelta::minutes(1);
    assert_eq!(run(&[ours(1)], std::slice::from_ref(&yours)).drifts, Vec::new());
    yours.grain = TimeDelta::zero();
    assert_eq!(run(&[ours(1)], &[yours]).drifts[0].class, DriftClass::Period);
}

#[test]
fn trap_11_amounts_compare_in_every_currency() {
    for (currency, minor) in [("JPY", 2_900), ("KWD", 2_900), ("XXQ", 2_900)] {
        let mine = Ours { currency: currency.to_owned(), unit_amount: Some(minor), ..ours(1) };
        let yours = Theirs { currency: currency.to_owned(), ..theirs(1) };
        assert_eq!(run(std::slice::from_ref(&mine), &[yours]).drifts, Vec::new(), "{currency}");
        let other =
            Theirs { currency: currency.to_owned(), lines: vec![line("price_pro", 2_901)], ..theirs(1) };
        let found = run(&[mine], &[other]);
        assert_eq!(found.drifts[0].class, DriftClass::Amount, "{currency}");
    }
}

#[test]
fn a_paused_collection_is_a_pause() {
    let mine = Ours { status: "paused".to_owned(), ..ours(1) };
    let yours = Theirs { is_collection_paused: true, ..theirs(1) };
    assert_eq!(run(&[mine], &[yours]).drifts, Vec::new());
}
