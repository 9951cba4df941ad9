//! What holds for every history: found by random ones.

use std::sync::Arc;

use chrono::TimeDelta;
use num_rational::Ratio;
use proptest::prelude::*;
use uuid::Uuid;

use super::amount::Amount;
use super::at_stripe::{Billed, Unknown};
use super::book::Book;
use super::bridge::bridge;
use super::cohort::MonthEnd;
use super::movement::Movement;
use super::profile::{Calendar, ChurnTiming, Discounts, Profile};
use super::stripe_bridge::stripe_bridge;
use super::subscription::{
    Discount, DiscountEnd, DiscountValue, Interval, Item, PriceSource, Status, Step, Subscription, Terms,
};
use super::traps::day;
use super::{mrr, ratio};
use crate::period::Period;
use crate::stripe::reconcile::{Found, Pair};

fn interval() -> impl Strategy<Value = Interval> {
    prop_oneof![Just(Interval::Day), Just(Interval::Week), Just(Interval::Month), Just(Interval::Year)]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        4 => Just(Status::Active),
        1 => Just(Status::PastDue),
        1 => Just(Status::Trialing),
        1 => Just(Status::Paused),
        1 => Just(Status::Unpaid),
        1 => Just(Status::Canceled),
    ]
}

fn an_item() -> impl Strategy<Value = Item> {
    (0_i64..500_000, 0_u32..20, interval(), 1_u32..7, any::<bool>()).prop_map(
        |(minor, quantity, interval, interval_count, is_metered)| Item {
            unit_amount: Ratio::from_integer(i128::from(minor)),
            quantity,
            interval,
            interval_count,
            is_metered,
        },
    )
}

fn a_discount() -> impl Strategy<Value = Discount> {
    let value = prop_oneof![
        (0_i128..=100).prop_map(|percent| DiscountValue::Share(Ratio::new(percent, 100))),
        (0_i128..9_000).prop_map(|minor| DiscountValue::Minor(Ratio::from_integer(minor))),
    ];
    let end = prop_oneof![
        Just(DiscountEnd::Forever),
        (0_i64..300).prop_map(|days| DiscountEnd::Until(day(1, 1) + TimeDelta::days(days))),
        (0_i64..300).prop_map(|days| DiscountEnd::OneInvoice(day(1, 1) + TimeDelta::days(days))),
    ];
    (value, end).prop_map(|(value, end)| Discount { value, end })
}

fn a_subscription() -> impl Strategy<Value = Subscription> {
    let step = (
        0_i64..330,
        prop_oneof![Just("starter".to_owned()), Just("pro".to_owned()), Just("max".to_owned())],
        status(),
        prop::collection::vec(an_item(), 1..4),
        prop::collection::vec(a_discount(), 0..3),
    );
    let ends = (prop::option::of(0_i64..330), prop::option::of(0_i64..30), prop::option::of(0_i64..30));
    (0_u128..6, any::<u128>(), any::<bool>(), prop::collection::vec(step, 1..5), ends).prop_map(
        |(customer, id, is_euro, mut steps, (canceled, ended, period))| {
            steps.sort_by_key(|(from, ..)| *from);
            steps.dedup_by_key(|(from, ..)| *from);
            let at = |days: i64| day(1, 1) + TimeDelta::days(days);
            Subscription {
                id: Uuid::from_u128(id),
                customer: Uuid::from_u128(customer),
                currency: if is_euro { "EUR" } else { "USD" }.to_owned(),
                steps: steps
                    .into_iter()
                    .map(|(from, plan, status, items, discounts)| Step {
                        from: at(from),
                        terms: Terms { plan, status, items, discounts, price: PriceSource::Agreed }.into(),
                    })
                    .collect(),
                canceled_at: canceled.map(at),
                ended_at: canceled.zip(ended).map(|(canceled, after)| at(canceled + after)),
                period_end: canceled.zip(period).map(|(canceled, after)| at(canceled + after)),
            }
        },
    )
}

fn a_profile() -> impl Strategy<Value = Profile> {
    let discounts = prop_oneof![Just(Discounts::Forever), Just(Discounts::Recurring), Just(Discounts::All)];
    let churn =
        prop_oneof![Just(ChurnTiming::End), Just(ChurnTiming::PeriodEnd), Just(ChurnTiming::Cancellation)];
    let calendar = prop_oneof![Just(Calendar::Year), Just(Calendar::FourWeeks)];
    (any::<bool>(), any::<bool>(), discounts, churn, calendar).prop_map(
        |(counts_past_due, counts_metered, discounts, churn, calendar)| Profile {
            name: "random".to_owned(),
            counts_past_due,
            counts_metered,
            discounts,
            churn,
            calendar,
        },
    )
}

/// Stripe's side of a subscription: how it stands at an instant.
fn billed(
    id: String,
    one: &Subscription,
    at: chrono::DateTime<chrono::Utc>,
    unknown: Option<Unknown>,
) -> Billed {
    let terms = one.terms_at(at).unwrap_or(&one.steps[0].terms);
    let steps = vec![Step { from: chrono::DateTime::<chrono::Utc>::MIN_UTC, terms: Arc::clone(terms) }];
    Billed {
        id,
        customer: "cus".to_owned(),
        places: (0..terms.items.len()).collect(),
        subscription: Subscription { steps, ..one.clone() },
        unknown,
    }
}

/// The definition, said the slow way: every subscription valued at the instant, added per customer.
fn by_definition(
    subscriptions: &[Subscription],
    currency: &str,
    at: chrono::DateTime<chrono::Utc>,
    profile: &Profile,
) -> Amount {
    subscriptions.iter().filter(|subscription| subscription.currency == currency).fold(
        Amount::ZERO,
        |sum, one| {
            let value = mrr::subscription_mrr(one, at, profile).expect("amounts fit");
            sum.plus(value).expect("amounts fit")
        },
    )
}

proptest! {
    #[test]
    fn start_plus_gains_less_losses_is_the_end(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
        first in 0_i64..300,
        length in 1_i64..120,
    ) {
        let period = Period { start: day(1, 1) + TimeDelta::days(first), end: day(1, 1) + TimeDelta::days(first + length) };
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        for currency in ["EUR", "USD"] {
            let moved = book.movements(currency, period).expect("amounts fit");
            prop_assert_eq!(moved.totals.balance().expect("it fits"), moved.totals.end);
            prop_assert_eq!(moved.totals.start, by_definition(&subscriptions, currency, period.start, &profile));
            prop_assert_eq!(moved.totals.end, by_definition(&subscriptions, currency, period.end, &profile));
            let (start, end) = (book.customers(currency, period.start), book.customers(currency, period.end));
            prop_assert_eq!(mrr::total(&start).expect("it fits"), moved.totals.start);
            let gross = ratio::gross_retention(&start, &end).expect("it fits");
            let net = ratio::net_retention(&start, &end).expect("it fits");
            prop_assert!(gross <= net && gross.is_none_or(|gross| gross <= Ratio::from_integer(1)));
        }
    }

    #[test]
    fn the_activities_of_a_period_sum_to_its_net_change(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
        first in 0_i64..300,
        length in 1_i64..120,
    ) {
        let period = Period { start: day(1, 1) + TimeDelta::days(first), end: day(1, 1) + TimeDelta::days(first + length) };
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        for currency in ["EUR", "USD"] {
            let moved = book.movements(currency, period).expect("amounts fit");
            let sum = book.activities(currency, period).iter().fold(moved.totals.start, |sum, activity| {
                sum.plus(activity.moved.end.minus(activity.moved.start).expect("it fits")).expect("it fits")
            });
            prop_assert_eq!(sum, moved.totals.end);
        }
    }

    #[test]
    fn months_add_up_to_the_year(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
    ) {
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        for currency in ["EUR", "USD"] {
            let months = (1..12).map(|number| book.movements(currency, super::traps::month(number)).expect("it fits"));
            let mut balance = book.movements(currency, super::traps::month(1)).expect("it fits").totals.start;
            for moved in months {
                prop_assert_eq!(moved.totals.start, balance);
                balance = moved.totals.end;
                let gains = Movement::ALL.into_iter().all(|kind| moved.totals.sum(kind) >= Amount::ZERO);
                prop_assert!(gains, "sizes are never negative");
            }
        }
    }

    #[test]
    fn the_steps_of_a_bridge_sum_to_the_difference(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        from in a_profile(),
        to in a_profile(),
        days in 0_i64..330,
    ) {
        let at = day(1, 1) + TimeDelta::days(days);
        for currency in ["EUR", "USD"] {
            let bridge = bridge(&subscriptions, currency, at, &from, &to).expect("amounts fit");
            let mut total = bridge.from;
            for step in &bridge.steps {
                total = total.plus(step.difference).expect("it fits");
                let customers = step.customers.iter().fold(Amount::ZERO, |sum, (_, one)| sum.plus(*one).expect("it fits"));
                prop_assert_eq!(customers, step.difference, "a step is the sum of its customers");
            }
            prop_assert_eq!(total, bridge.to);
            prop_assert_eq!(bridge.from, by_definition(&subscriptions, currency, at, &from));
            prop_assert_eq!(bridge.to, by_definition(&subscriptions, currency, at, &to));
        }
    }

    #[test]
    fn the_steps_to_stripe_sum_to_the_difference_whatever_is_there(
        ours in prop::collection::vec(a_subscription(), 0..10),
        theirs in prop::collection::vec((a_subscription(), 0_usize..12, any::<bool>(), 0_u8..8), 0..10),
        profile in a_profile(),
        days in 0_i64..330,
    ) {
        let at = day(1, 1) + TimeDelta::days(days);
        let mut found = Found::default();
        let theirs: Vec<Billed> = theirs.into_iter().enumerate().map(|(number, (one, pair, is_same_plan, unknown))| {
            let billed = billed(format!("sub_{number}"), &one, at, (unknown == 0).then_some(Unknown::Price));
            if let Some(own) = ours.get(pair) {
                found.pairs.push(Pair {
                    subscription: own.id,
                    stripe_subscription: billed.id.clone(),
                    main_line: billed.places.first().copied(),
                    is_same_plan,
                });
            }
            billed
        }).collect();
        for currency in ["EUR", "USD"] {
            let bridge = stripe_bridge(&ours, &theirs, &found, currency, at, &profile).expect("amounts fit");
            prop_assert_eq!(bridge.from, by_definition(&ours, currency, at, &profile));
            let there: Vec<_> =
                theirs.iter().filter(|one| one.unknown.is_none()).map(|one| one.subscription.clone()).collect();
            prop_assert_eq!(bridge.to, by_definition(&there, currency, at, &profile));
            let parts = bridge.steps.values().flatten();
            let end = parts.fold(bridge.from, |sum, part| sum.plus(part.difference).expect("it fits"));
            prop_assert_eq!(end, bridge.to);
        }
    }

    #[test]
    fn a_mirror_at_stripe_is_worth_the_same_and_has_no_step(
        ours in prop::collection::vec(a_subscription(), 0..10),
        mut profile in a_profile(),
        days in 0_i64..330,
    ) {
        // How long a period counts after its end depends on what was before: that Stripe does not tell.
        if profile.churn == ChurnTiming::PeriodEnd {
            profile.churn = ChurnTiming::End;
        }
        let at = day(1, 1) + TimeDelta::days(days);
        let ours: Vec<_> = ours.into_iter().filter(|one| one.terms_at(at).is_some()).collect();
        let mut found = Found::default();
        let theirs: Vec<Billed> = ours.iter().enumerate().map(|(number, one)| {
            let billed = billed(format!("sub_{number}"), one, at, None);
            found.pairs.push(Pair {
                subscription: one.id,
                stripe_subscription: billed.id.clone(),
                main_line: billed.places.first().copied(),
                is_same_plan: true,
            });
            billed
        }).collect();
        for currency in ["EUR", "USD"] {
            let bridge = stripe_bridge(&ours, &theirs, &found, currency, at, &profile).expect("amounts fit");
            prop_assert_eq!(&bridge.steps, &std::collections::BTreeMap::new());
            prop_assert_eq!(bridge.from, bridge.to);
        }
    }

    #[test]
    fn many_months_at_once_are_each_month_by_itself(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
    ) {
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        let bounds: Vec<_> = (1..=12).map(|number| day(number, 1)).collect();
        for currency in ["EUR", "USD"] {
            let series = book.series(currency, &bounds).expect("amounts fit");
            let one_by_one: Vec<_> = (1..12)
                .map(|number| book.movements(currency, super::traps::month(number)).expect("it fits").totals)
                .collect();
            prop_assert_eq!(&series, &one_by_one);
            let plans = book.plan_history(currency, &bounds).expect("amounts fit");
            for (at, by_plan) in bounds.iter().zip(plans) {
                let segments = book.segments(currency, *at, |_, label| label.plan.as_str()).expect("it fits");
                prop_assert_eq!(&by_plan, &segments);
                let sum = segments.values().fold(Amount::ZERO, |sum, one| sum.plus(one.mrr).expect("it fits"));
                prop_assert_eq!(sum, mrr::total(&book.customers(currency, *at)).expect("it fits"));
            }
            for (at, total) in bounds.iter().zip(&series) {
                let at_once = mrr::customers_at(&subscriptions, currency, *at, &profile).expect("it fits");
                prop_assert_eq!(at_once, book.customers(currency, *at));
                prop_assert_eq!(total.start, by_definition(&subscriptions, currency, *at, &profile));
            }
        }
    }

    #[test]
    fn every_plans_movements_are_its_change_and_all_plans_the_whole(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
        first in 0_i64..300,
        length in 1_i64..120,
    ) {
        let period = Period { start: day(1, 1) + TimeDelta::days(first), end: day(1, 1) + TimeDelta::days(first + length) };
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        for currency in ["EUR", "USD"] {
            let moved = book.movements(currency, period).expect("amounts fit").totals;
            let (mut start, mut end) = (Amount::ZERO, Amount::ZERO);
            for (plan, totals) in book.plan_totals(currency, period).expect("amounts fit") {
                let mut balance = totals.start.plus(totals.moved_in).and_then(|sum| sum.minus(totals.moved_out)).expect("it fits");
                for movement in Movement::ALL {
                    let size = totals.sum(movement);
                    prop_assert!(size >= Amount::ZERO);
                    balance = if movement.is_gain() { balance.plus(size) } else { balance.minus(size) }.expect("it fits");
                }
                prop_assert_eq!(balance, totals.end, "{}", plan);
                start = start.plus(totals.start).expect("it fits");
                end = end.plus(totals.end).expect("it fits");
            }
            prop_assert_eq!((start, end), (moved.start, moved.end));
            let ways = book.plan_moves(currency, period).expect("amounts fit");
            let customers: usize = ways.iter().filter(|way| way.to.is_some()).map(|way| way.customers).sum();
            prop_assert_eq!(customers, moved.end_customers, "everybody went somewhere");
        }
    }

    #[test]
    fn cohorts_hold_every_customer_once(
        subscriptions in prop::collection::vec(a_subscription(), 0..12),
        profile in a_profile(),
    ) {
        let book = Book::new(&subscriptions, &profile).expect("amounts fit");
        let ends: Vec<_> = (1..=12)
            .map(|number| MonthEnd { month: day(number, 1).date_naive(), end: day(number, 28), is_unfinished: false })
            .collect();
        for currency in ["EUR", "USD"] {
            let cohorts = book.cohorts(currency, &ends).expect("amounts fit");
            for (place, month) in ends.iter().enumerate() {
                let cells = cohorts.iter().filter_map(|cohort| {
                    let born = ends.iter().position(|end| end.month == cohort.month)?;
                    cohort.months.get(place.checked_sub(born)?)
                });
                let (count, sum) = cells.fold((0, Amount::ZERO), |(count, sum), cell| {
                    (count + cell.customers, sum.plus(cell.mrr).expect("it fits"))
                });
                let customers = book.customers(currency, month.end);
                prop_assert_eq!((count, sum), (customers.len(), mrr::total(&customers).expect("it fits")));
            }
        }
    }
}
