//! The vectors of the definitions, and one test per known way to get revenue wrong; a number in a name is the
//! number of that mistake in the list the definitions come with.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use num_rational::Ratio;
use uuid::Uuid;

use super::amount::{Amount, Sum, exponent};
use super::answer::RevenueReq;
use super::book::Book;
use super::cohort::MonthEnd;
use super::history::History;
use super::metric::RevenueMetric;
use super::movement::Movement;
use super::mrr;
use super::profile::{Calendar, ChurnTiming, Discounts, Profile};
use super::ratio;
use super::subscription::{
    Discount, DiscountEnd, DiscountValue, Interval, Item, PriceSource, Status, Step, Subscription, Terms,
};
use super::trial::{self, Outcome, Trial};
use crate::freshness::Freshness;
use crate::period::Period;

/// Midnight of a day of 2026.
pub(super) fn day(month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, 0, 0, 0).single().expect("a day of 2026")
}

pub(super) fn month(number: u32) -> Period {
    Period { start: day(number, 1), end: day(number + 1, 1) }
}

pub(super) fn item(unit_amount_minor: i64, quantity: u32, interval: Interval) -> Item {
    Item::licensed(unit_amount_minor, quantity, interval, 1)
}

pub(super) fn terms(status: Status, items: Vec<Item>) -> Terms {
    Terms { plan: "pro".to_owned(), status, items, discounts: Vec::new(), price: PriceSource::Agreed }
}

/// A subscription of one customer, in US dollars, whose terms change at the instants given.
pub(super) fn subscription(customer: u128, steps: Vec<(DateTime<Utc>, Terms)>) -> Subscription {
    Subscription {
        id: Uuid::from_u128(customer),
        customer: Uuid::from_u128(customer),
        currency: "USD".to_owned(),
        steps: steps.into_iter().map(|(from, terms)| Step { from, terms: terms.into() }).collect(),
        canceled_at: None,
        ended_at: None,
        period_end: None,
    }
}

/// A subscription active from a day on.
pub(super) fn active(customer: u128, from: DateTime<Utc>, items: Vec<Item>) -> Subscription {
    subscription(customer, vec![(from, terms(Status::Active, items))])
}

fn mrr_at(subscriptions: &[Subscription], at: DateTime<Utc>, profile: &Profile) -> Amount {
    let book = Book::new(subscriptions, profile).expect("amounts fit");
    mrr::total(&book.customers("USD", at)).expect("amounts fit")
}

/// The figures of a month as they are shown, amount and number.
fn figures(
    subscriptions: &[Subscription],
    month: &str,
) -> HashMap<RevenueMetric, (Option<i64>, Option<f64>)> {
    let history = History { subscriptions: subscriptions.to_vec().into(), ..History::default() };
    let req = RevenueReq {
        month: Some(month.parse().expect("a month")),
        months: 1,
        zone: chrono_tz::UTC,
        profile: None,
        currency: None,
    };
    let freshness = Freshness { as_of: Some(day(12, 1)), is_consistent: true };
    let figures = history.show(&req, freshness).expect("amounts fit").figures;
    figures.into_iter().map(|figure| (figure.metric, (figure.amount_minor, figure.value))).collect()
}

fn share(numerator: i128, denominator: i128) -> Option<Ratio<i128>> {
    Some(Ratio::new(numerator, denominator))
}

#[test]
fn vector_the_providers_example_gives_12_500() {
    let monthly = (0..100).map(|customer| active(customer, day(1, 1), vec![item(100, 1, Interval::Month)]));
    let yearly = (100..150).map(|customer| active(customer, day(1, 1), vec![item(600, 1, Interval::Year)]));
    let subscriptions: Vec<_> = monthly.chain(yearly).collect();
    assert_eq!(mrr_at(&subscriptions, day(2, 1), &Profile::stripe()), Amount::minor(12_500));
}

#[test]
fn vector_four_yearly_subscriptions_of_500_are_166_67_a_month() {
    let subscriptions: Vec<_> =
        (0..4).map(|customer| active(customer, day(1, 1), vec![item(50_000, 1, Interval::Year)])).collect();
    let mrr = mrr_at(&subscriptions, day(2, 1), &Profile::chartmogul());
    assert_eq!(mrr.rounded(), 16_667);
    assert_eq!(mrr::arr(mrr).expect("it fits"), Amount::minor(200_000), "and exactly 2,000 a year");
}

#[test]
fn vector_churn_of_ten_contraction_and_expansion_is_gross_20_and_net_10_per_cent() {
    let price = |amount| vec![item(amount, 1, Interval::Month)];
    let mut gone = active(1, day(1, 1), price(10));
    gone.ended_at = Some(day(2, 10));
    let change = |customer, before, after| {
        let steps = vec![
            (day(1, 1), terms(Status::Active, price(before))),
            (day(2, 10), terms(Status::Active, price(after))),
        ];
        subscription(customer, steps)
    };
    let subscriptions = [gone, change(2, 40, 30), change(3, 50, 60)];
    let moved = Book::new(&subscriptions, &Profile::stripe())
        .and_then(|book| book.movements("USD", month(2)))
        .expect("amounts fit");
    assert_eq!(moved.totals.start, Amount::minor(100));
    assert_eq!(ratio::gross_revenue_churn(&moved.totals).expect("it fits"), share(1, 5));
    assert_eq!(ratio::net_revenue_churn(&moved.totals).expect("it fits"), share(1, 10));
    assert_eq!(ratio::logo_churn(&moved.totals), share(1, 3));
}

#[test]
fn vector_one_of_two_subscriptions_dropped_is_contraction_and_one_more_is_expansion() {
    let price = |amount| vec![item(amount, 1, Interval::Month)];
    let second =
        |customer: u128, one: Subscription| Subscription { id: Uuid::from_u128(customer + 100), ..one };
    let dropped = Subscription { ended_at: Some(day(2, 10)), ..second(1, active(1, day(1, 1), price(400))) };
    let subscriptions = [
        active(1, day(1, 1), price(1_000)),
        dropped,
        active(2, day(1, 1), price(2_000)),
        second(2, active(2, day(2, 20), price(300))),
    ];
    let moved = Book::new(&subscriptions, &Profile::stripe())
        .and_then(|book| book.movements("USD", month(2)))
        .expect("amounts fit");
    let told: Vec<_> = moved.customers.iter().map(|one| (one.movement, one.start, one.end)).collect();
    let minor = Amount::minor;
    assert_eq!(
        told,
        [
            (Movement::Contraction, minor(1_400), minor(1_000)),
            (Movement::Expansion, minor(2_000), minor(2_300)),
        ],
        "neither churn nor new: the customer is who counts"
    );
    assert_eq!(ratio::logo_churn(&moved.totals), share(0, 1), "nobody was lost");
}

#[test]
fn vector_up_and_down_within_a_month_are_two_events_and_one_net_movement() {
    let price = |amount| terms(Status::Active, vec![item(amount, 1, Interval::Month)]);
    let steps = vec![(day(1, 1), price(1_000)), (day(2, 5), price(3_000)), (day(2, 20), price(1_200))];
    let back = vec![(day(1, 1), price(500)), (day(2, 5), price(900)), (day(2, 20), price(500))];
    let book =
        Book::new(&[subscription(1, steps), subscription(2, back)], &Profile::stripe()).expect("amounts fit");
    let moved = book.movements("USD", month(2)).expect("it fits");
    let net: Vec<_> = moved.customers.iter().map(|one| (one.customer.as_u128(), one.movement)).collect();
    assert_eq!(net, [(1, Movement::Expansion)], "who ends as he began did not move");
    assert_eq!(moved.totals.sum(Movement::Expansion), Amount::minor(200));
    assert_eq!(moved.totals.sum(Movement::Contraction), Amount::ZERO);
    let activities = book.activities("USD", month(2));
    let events: Vec<_> = { activities.iter() }
        .map(|one| {
            (one.at, one.moved.customer.as_u128(), one.moved.movement, one.moved.size().expect("it fits"))
        })
        .collect();
    let (up, down) = (Movement::Expansion, Movement::Contraction);
    assert_eq!(
        events,
        [
            (day(2, 5), 1, up, Amount::minor(2_000)),
            (day(2, 5), 2, up, Amount::minor(400)),
            (day(2, 20), 1, down, Amount::minor(1_800)),
            (day(2, 20), 2, down, Amount::minor(400)),
        ]
    );
}

#[test]
fn vector_from_nothing_there_is_no_rate_and_not_nought_per_cent() {
    let subscriptions = [active(1, day(2, 5), vec![item(1_000, 1, Interval::Month)])];
    let book = Book::new(&subscriptions, &Profile::stripe()).expect("amounts fit");
    let totals = book.movements("USD", month(2)).expect("it fits").totals;
    assert!(totals.start.is_zero() && !totals.end.is_zero());
    assert_eq!(ratio::logo_churn(&totals), None);
    for rate in [
        ratio::gross_revenue_churn(&totals),
        ratio::net_revenue_churn(&totals),
        ratio::month_net_retention(&totals),
        ratio::month_gross_retention(&totals),
    ] {
        assert_eq!(rate.expect("it fits"), None);
    }
    let shown = figures(&subscriptions, "2026-02");
    for metric in [
        RevenueMetric::LogoChurn,
        RevenueMetric::GrossChurn,
        RevenueMetric::NetChurn,
        RevenueMetric::NetRetention,
        RevenueMetric::GrossRetention,
        RevenueMetric::NetRetentionYear,
        RevenueMetric::GrossRetentionYear,
        RevenueMetric::LifetimeValue,
    ] {
        assert_eq!(shown[&metric], (None, None), "{metric:?} is not known");
        assert!(!metric.without().is_empty(), "and says why");
    }
}

#[test]
fn vector_quick_ratio_of_28_gained_and_8_lost_is_3_5() {
    let price = |amount| vec![item(amount, 1, Interval::Month)];
    let change = |customer, before, after| {
        let steps = vec![
            (day(1, 1), terms(Status::Active, price(before))),
            (day(2, 10), terms(Status::Active, price(after))),
        ];
        subscription(customer, steps)
    };
    let mut gone = active(4, day(1, 1), price(5));
    gone.ended_at = Some(day(2, 3));
    let subscriptions = [active(1, day(2, 5), price(20)), change(2, 10, 18), change(3, 10, 7), gone];
    let moved = Book::new(&subscriptions, &Profile::stripe())
        .and_then(|book| book.movements("USD", month(2)))
        .expect("amounts fit");
    assert_eq!(ratio::quick_ratio(&moved.totals).expect("it fits"), share(7, 2));
}

#[test]
fn vector_fifteen_from_five_customers_is_an_average_of_three() {
    assert_eq!(mrr::arpu(Amount::minor(15), 5), Some(Amount::minor(3)));
    assert_eq!(mrr::arpu(Amount::minor(15), 0), None, "without customers there is no average");
    assert_eq!(
        ratio::lifetime_value(Amount::minor(3), Ratio::new(1, 10)).expect("it fits"),
        Some(Amount::minor(30))
    );
    assert_eq!(
        ratio::lifetime_value(Amount::minor(3), Ratio::new(0, 1)).expect("it fits"),
        None,
        "never infinity"
    );
}

#[test]
fn trap_06_a_trial_until_the_end_of_the_31st_ends_in_january() {
    let trial = Trial { started: day(1, 18), ended: Some((day(2, 1), Outcome::Converted)) };
    let january = trial::of_ended(&[trial], month(1));
    assert_eq!((january.converted, january.decided), (1, 1), "midnight belongs to the day it ends");
    assert_eq!(trial::of_ended(&[trial], month(2)).decided, 0);
}

#[test]
fn trap_08_three_twelfths_of_29_000_are_7_250_and_not_7_251() {
    let subscriptions: Vec<_> =
        (0..3).map(|customer| active(customer, day(1, 1), vec![item(29_000, 1, Interval::Year)])).collect();
    assert_eq!(mrr_at(&subscriptions, day(2, 1), &Profile::stripe()), Amount::minor(7_250));
    let mut sum = Sum::default();
    for denominator in 1..=40 {
        sum.add(Amount::fraction(1, denominator).expect("not zero")).expect("it fits");
        sum.add(Amount::fraction(-1, denominator).expect("not zero")).expect("it fits");
    }
    assert!(
        sum.total().expect("it fits").is_zero(),
        "no order and no mixture of denominators loses anything"
    );
}

#[test]
fn trap_09_a_week_is_52_twelfths_and_a_day_365_twelfths() {
    let profile = Profile::stripe();
    assert_eq!(profile.monthly_factor(Interval::Week, 1), Ratio::new(52, 12));
    assert_eq!(profile.monthly_factor(Interval::Week, 2), Ratio::new(26, 12));
    assert_eq!(profile.monthly_factor(Interval::Day, 30), Ratio::new(365, 360));
    assert_eq!(profile.monthly_factor(Interval::Month, 3), Ratio::new(1, 3));
    let four = Profile { calendar: Calendar::FourWeeks, ..profile };
    assert_eq!(
        four.monthly_factor(Interval::Week, 1),
        Ratio::new(4, 1),
        "the shorter month is stated, not hidden"
    );
}

#[test]
fn trap_10_every_item_counts() {
    let items =
        vec![item(1_000, 2, Interval::Month), item(12_000, 1, Interval::Year), item(500, 3, Interval::Month)];
    let subscriptions = [active(1, day(1, 1), items)];
    assert_eq!(mrr_at(&subscriptions, day(2, 1), &Profile::stripe()), Amount::minor(2_000 + 1_000 + 1_500));
}

#[test]
fn trap_11_minor_units_have_the_currencys_own_digits() {
    let digits = |codes: &[&str]| codes.iter().map(|code| exponent(code)).collect::<Vec<_>>();
    assert_eq!(digits(&["JPY", "KRW", "VND", "CLP", "ISK", "UGX"]), [0; 6]);
    assert_eq!(digits(&["USD", "EUR", "HUF", "TWD"]), [2; 4]);
    assert_eq!(digits(&["KWD", "BHD", "TND"]), [3; 3]);
}

#[test]
fn trap_12_currencies_are_never_added() {
    let mut euro = active(1, day(1, 1), vec![item(700, 1, Interval::Month)]);
    euro.currency = "EUR".to_owned();
    let book =
        Book::new(&[euro, active(1, day(1, 1), vec![item(900, 1, Interval::Month)])], &Profile::stripe())
            .expect("amounts fit");
    assert_eq!(book.currencies().collect::<Vec<_>>(), ["EUR", "USD"]);
    let total = |currency| mrr::total(&book.customers(currency, day(2, 1))).expect("it fits");
    assert_eq!((total("EUR"), total("USD")), (Amount::minor(700), Amount::minor(900)));
}

#[test]
fn trap_13_without_a_change_of_terms_nothing_moves() {
    let mut yen = active(1, day(1, 1), vec![item(90_000, 1, Interval::Month)]);
    yen.currency = "JPY".to_owned();
    let moved = Book::new(&[yen], &Profile::stripe())
        .and_then(|book| book.movements("JPY", month(3)))
        .expect("amounts fit");
    assert!(moved.customers.is_empty(), "a rate of exchange is nowhere in a movement");
}

#[test]
fn trap_14_a_tenth_of_a_cent_is_kept_exactly() {
    let tenth = Amount::fraction(1, 10).expect("not zero");
    let mut sum = Sum::default();
    for _ in 0..1_000_000 {
        sum.add(tenth).expect("it fits");
    }
    assert_eq!(sum.total().expect("it fits"), Amount::minor(100_000));
}

#[test]
fn trap_17_a_year_paid_at_once_is_a_twelfth_in_every_month() {
    let subscriptions = [active(1, day(1, 15), vec![item(120_000, 1, Interval::Year)])];
    for number in 2..=12 {
        assert_eq!(mrr_at(&subscriptions, day(number, 1), &Profile::stripe()), Amount::minor(10_000));
    }
    assert_eq!(mrr_at(&subscriptions, day(1, 1), &Profile::stripe()), Amount::ZERO);
}

#[test]
fn trap_18_a_finite_coupon_counts_as_the_profile_says() {
    let discounted = |end| {
        let mut terms = terms(Status::Active, vec![item(10_000, 1, Interval::Month)]);
        terms.discounts.push(Discount { value: DiscountValue::Share(Ratio::new(1, 4)), end });
        [subscription(1, vec![(day(1, 1), terms)])]
    };
    let value = |end, at, profile: Profile| mrr_at(&discounted(end), at, &profile).rounded();
    let until = DiscountEnd::Until(day(4, 1));
    assert_eq!(value(DiscountEnd::Forever, day(2, 1), Profile::stripe()), 7_500);
    assert_eq!(value(until, day(2, 1), Profile::stripe()), 10_000, "it ends, so the price is the list price");
    assert_eq!(value(until, day(2, 1), Profile::chartmogul()), 7_500);
    assert_eq!(value(until, day(4, 1), Profile::chartmogul()), 10_000, "its end is exclusive");
    let once = DiscountEnd::OneInvoice(day(2, 1));
    assert_eq!(value(once, day(1, 15), Profile::chartmogul()), 10_000);
    assert_eq!(value(once, day(1, 15), Profile::profitwell()), 7_500);
    let moved = Book::new(&discounted(until), &Profile::chartmogul())
        .and_then(|book| book.movements("USD", Period { start: day(3, 15), end: day(4, 15) }))
        .expect("amounts fit");
    assert_eq!(
        moved.totals.sum(Movement::Expansion),
        Amount::minor(2_500),
        "a discount that ends is expansion"
    );
}

#[test]
fn a_discount_is_never_worth_more_than_the_price() {
    let mut terms = terms(Status::Active, vec![item(12_000, 1, Interval::Year)]);
    let minor = DiscountValue::Minor(Ratio::from_integer(6_000));
    terms.discounts.push(Discount { value: minor, end: DiscountEnd::Forever });
    let value = |terms: &Terms| mrr::terms_mrr(terms, day(2, 1), &Profile::stripe()).expect("it fits");
    assert_eq!(value(&terms), Amount::minor(500), "an amount off a yearly invoice is a twelfth a month");
    terms.discounts.push(Discount { value: minor, end: DiscountEnd::Forever });
    terms.discounts.push(Discount { value: minor, end: DiscountEnd::Forever });
    assert_eq!(value(&terms), Amount::ZERO);
}

#[test]
fn trap_19_only_who_pays_is_in_the_denominator_and_the_others_are_told_apart() {
    let price = |minor| vec![item(minor, 1, Interval::Month)];
    let to_nothing =
        vec![(day(1, 1), terms(Status::Active, price(900))), (day(2, 10), terms(Status::Active, price(0)))];
    let subscriptions = vec![
        active(1, day(1, 1), price(0)),
        subscription(2, vec![(day(1, 1), terms(Status::Trialing, price(5_000)))]),
        subscription(3, to_nothing),
        active(4, day(1, 1), price(300)),
        Subscription { ended_at: Some(day(2, 5)), ..active(5, day(1, 1), price(300)) },
    ];
    let (arpu, with_free) = (RevenueMetric::Arpu, RevenueMetric::ArpuWithFree);
    let january = figures(&subscriptions, "2026-01");
    assert_eq!(january[&RevenueMetric::Customers].1, Some(3.0));
    assert_eq!(
        (january[&arpu].0, january[&with_free].0),
        (Some(500), Some(300)),
        "1,500 over three, and over five"
    );
    let february = figures(&subscriptions, "2026-02");
    assert_eq!(february[&RevenueMetric::Customers].1, Some(1.0), "who was moved to nothing pays no more");
    assert_eq!(
        (february[&arpu].0, february[&with_free].0),
        (Some(300), Some(75)),
        "300 over one, and over four"
    );
    assert_eq!(february[&RevenueMetric::LogoChurn].1, Some(2.0 / 3.0), "and was lost as a paying customer");
    assert_eq!(
        figures(&subscriptions[..2], "2026-02").get(&with_free),
        None,
        "where nobody ever paid is no figure"
    );
}

#[test]
fn trap_20_a_cancellation_takes_effect_when_the_profile_says() {
    let mut leaving = active(1, day(1, 1), vec![item(1_000, 1, Interval::Month)]);
    leaving.canceled_at = Some(day(2, 10));
    leaving.ended_at = Some(day(2, 20));
    leaving.period_end = Some(day(3, 1));
    let subscriptions = [leaving];
    let pays = |at, churn| !mrr_at(&subscriptions, at, &Profile { churn, ..Profile::stripe() }).is_zero();
    for (at, cancellation, end, period_end) in [
        (day(2, 9), true, true, true),
        (day(2, 10), false, true, true),
        (day(2, 20), false, false, true),
        (day(3, 1), false, false, false),
    ] {
        assert_eq!(pays(at, ChurnTiming::Cancellation), cancellation, "{at}: as soon as it is scheduled");
        assert_eq!(pays(at, ChurnTiming::End), end, "{at}: when it ends");
        assert_eq!(pays(at, ChurnTiming::PeriodEnd), period_end, "{at}: when what was paid for is used up");
    }
}

#[test]
fn trap_20_committed_mrr_is_without_what_was_canceled_and_runs_on() {
    let price = |minor| vec![item(minor, 1, Interval::Month)];
    let leaving = Subscription {
        canceled_at: Some(day(2, 10)),
        ended_at: Some(day(3, 10)),
        period_end: Some(day(3, 10)),
        ..active(1, day(1, 1), price(1_000))
    };
    let subscriptions = [leaving, active(2, day(1, 1), price(700))];
    let both = |month| {
        let figures = figures(&subscriptions, month);
        (figures[&RevenueMetric::Mrr].0, figures[&RevenueMetric::CommittedMrr].0)
    };
    assert_eq!(both("2026-01"), (Some(1_700), Some(1_700)), "nobody leaves");
    assert_eq!(both("2026-02"), (Some(1_700), Some(700)), "it still pays, and not for long");
    assert_eq!(both("2026-03"), (Some(700), Some(700)), "it is gone");
}

#[test]
fn a_cycle_that_was_never_paid_counts_for_nobody_once_it_is_given_up() {
    // Renewed on the 1st of February, the card failed, on the 20th it was given up; the cycle runs to the 1st of March.
    let price = || vec![item(1_000, 1, Interval::Month)];
    let with = |status| {
        let steps = vec![
            (day(1, 1), terms(Status::Active, price())),
            (day(2, 1), terms(status, price())),
            (day(2, 20), terms(Status::Canceled, price())),
        ];
        Subscription {
            canceled_at: Some(day(2, 20)),
            ended_at: Some(day(2, 20)),
            period_end: Some(day(3, 1)),
            ..subscription(1, steps)
        }
    };
    let (dunned, paid) = ([with(Status::PastDue)], [with(Status::Active)]);
    for profile in Profile::presets() {
        assert_eq!(
            mrr_at(&dunned, day(2, 10), &profile),
            Amount::minor(1_000),
            "{}: it is tried",
            profile.name
        );
        assert_eq!(mrr_at(&dunned, day(2, 20), &profile), Amount::ZERO, "{}: it is given up", profile.name);
    }
    assert_eq!(mrr_at(&paid, day(2, 20), &Profile::stripe()), Amount::ZERO);
    assert_eq!(
        mrr_at(&paid, day(2, 28), &Profile::profitwell()),
        Amount::minor(1_000),
        "this one was paid for"
    );
    assert_eq!(mrr_at(&paid, day(3, 1), &Profile::profitwell()), Amount::ZERO);
}

#[test]
fn trap_21_past_due_counts_unless_the_profile_leaves_it_out() {
    let late =
        subscription(1, vec![(day(1, 1), terms(Status::PastDue, vec![item(1_000, 1, Interval::Month)]))]);
    assert_eq!(mrr_at(std::slice::from_ref(&late), day(2, 1), &Profile::stripe()), Amount::minor(1_000));
    let strict = Profile { counts_past_due: false, ..Profile::stripe() };
    assert_eq!(mrr_at(&[late], day(2, 1), &strict), Amount::ZERO);
}

#[test]
fn trap_23_who_comes_and_goes_within_a_month_is_in_the_activities_only() {
    let mut brief = active(1, day(2, 5), vec![item(1_000, 1, Interval::Month)]);
    brief.ended_at = Some(day(2, 20));
    let book = Book::new(&[brief], &Profile::stripe()).expect("amounts fit");
    assert!(book.movements("USD", month(2)).expect("it fits").customers.is_empty(), "net, nobody moved");
    let kinds: Vec<_> =
        book.activities("USD", month(2)).iter().map(|activity| activity.moved.movement).collect();
    assert_eq!(kinds, [Movement::New, Movement::Churn], "both are there to be seen");
}

#[test]
fn trap_24_changing_the_plan_is_no_churn_and_no_sale() {
    let mut old = active(1, day(1, 1), vec![item(1_000, 1, Interval::Month)]);
    old.ended_at = Some(day(2, 10));
    let mut new = active(1, day(2, 10), vec![item(2_500, 1, Interval::Month)]);
    new.id = Uuid::from_u128(2);
    let moved = Book::new(&[old, new], &Profile::stripe())
        .and_then(|book| book.movements("USD", month(2)))
        .expect("amounts fit");
    assert_eq!(moved.customers.len(), 1);
    assert_eq!(moved.totals.sum(Movement::Expansion), Amount::minor(1_500));
}

#[test]
fn coming_back_is_reactivation_and_not_new() {
    let mut first = active(1, day(1, 1), vec![item(1_000, 1, Interval::Month)]);
    first.ended_at = Some(day(2, 1));
    let mut second = active(1, day(4, 10), vec![item(1_000, 1, Interval::Month)]);
    second.id = Uuid::from_u128(2);
    let book = Book::new(&[first, second], &Profile::stripe()).expect("amounts fit");
    let april = book.movements("USD", month(4)).expect("it fits");
    assert_eq!(april.totals.sum(Movement::Reactivation), Amount::minor(1_000));
    assert_eq!(april.totals.count(Movement::New), 0);
    let (start, end) = (book.customers("USD", day(1, 15)), book.customers("USD", day(4, 15)));
    assert_eq!(ratio::net_retention(&start, &end).expect("it fits"), share(1, 1), "it was of the cohort");
    let none = book.customers("USD", day(3, 1));
    assert_eq!(
        ratio::net_retention(&none, &end).expect("it fits"),
        None,
        "without a cohort there is no retention"
    );
}

#[test]
fn trap_25_a_cohort_whose_month_still_runs_says_so() {
    let subscriptions = [active(1, day(1, 5), vec![item(1_000, 1, Interval::Month)]), {
        let mut left = active(2, day(1, 8), vec![item(3_000, 1, Interval::Month)]);
        left.ended_at = Some(day(2, 8));
        left
    }];
    let book = Book::new(&subscriptions, &Profile::stripe()).expect("amounts fit");
    let months: Vec<_> = (1..=2)
        .map(|number| MonthEnd {
            month: month(number).start.date_naive(),
            end: month(number).end,
            is_unfinished: number == 2,
        })
        .collect();
    let cohorts = book.cohorts("USD", &months).expect("it fits");
    assert_eq!(cohorts.len(), 1);
    assert_eq!(cohorts[0].logo_retention(1), share(1, 2));
    assert_eq!(cohorts[0].revenue_retention(1), share(1, 4));
    assert!(!cohorts[0].months[0].is_unfinished && cohorts[0].months[1].is_unfinished);

    let open = Trial { started: day(1, 20), ended: None };
    let lapsed = Trial { started: day(1, 5), ended: Some((day(1, 19), Outcome::Lapsed)) };
    let late = Trial { started: day(1, 5), ended: Some((day(3, 1), Outcome::Converted)) };
    let within = Some(TimeDelta::days(30));
    let conversion = trial::of_started(&[open, lapsed, late], month(1), within, day(2, 1));
    assert_eq!(
        (conversion.converted, conversion.decided, conversion.open),
        (0, 1, 2),
        "seen on the 1st of February"
    );
    let later = trial::of_started(&[open, lapsed, late], month(1), within, day(4, 1));
    assert_eq!((later.converted, later.decided, later.open), (0, 3, 0), "after the deadline nothing is open");
    let ever = trial::of_started(&[open, lapsed, late], month(1), None, day(4, 1));
    assert_eq!((ever.converted, ever.decided, ever.open), (1, 2, 1));
}

#[test]
fn trap_26_metered_items_are_apart_unless_the_profile_counts_them() {
    let metered = Item { is_metered: true, ..item(5, 400, Interval::Month) };
    let subscriptions = [active(1, day(1, 1), vec![item(1_000, 1, Interval::Month), metered])];
    assert_eq!(mrr_at(&subscriptions, day(2, 1), &Profile::stripe()), Amount::minor(1_000));
    assert_eq!(mrr_at(&subscriptions, day(2, 1), &Profile::profitwell()), Amount::minor(3_000));
    let counted = Profile { discounts: Discounts::All, ..Profile::stripe() };
    assert_eq!(
        mrr_at(&subscriptions, day(2, 1), &counted),
        Amount::minor(1_000),
        "no other rule lets them in"
    );
}

#[test]
fn an_amount_beyond_128_bits_is_an_error_and_no_number() {
    let huge = item(i64::MAX, u32::MAX, Interval::Week);
    let subscriptions: Vec<_> =
        (0..4).map(|customer| active(customer, day(1, 1), vec![huge.clone(); 3])).collect();
    assert!(Book::new(&subscriptions, &Profile::stripe()).is_ok(), "the largest prices still fit");
    let most = Amount::fraction(i128::MAX, 1).expect("not zero");
    assert!(most.plus(Amount::minor(1)).is_err());
    assert!(most.times(Ratio::from_integer(2)).is_err());
}

#[test]
fn trap_28_on_the_day_of_an_upgrade_one_of_two_prices_counts() {
    let price = |amount| vec![item(amount, 1, Interval::Month)];
    let at = day(2, 10) + TimeDelta::hours(13);
    let steps =
        vec![(day(1, 1), terms(Status::Active, price(1_000))), (at, terms(Status::Active, price(3_000)))];
    let subscriptions = [subscription(1, steps)];
    let profile = Profile::stripe();
    assert_eq!(mrr_at(&subscriptions, at - TimeDelta::microseconds(1), &profile), Amount::minor(1_000));
    assert_eq!(mrr_at(&subscriptions, at, &profile), Amount::minor(3_000), "never both, never none");
    let book = Book::new(&subscriptions, &profile).expect("amounts fit");
    let activities = book.activities("USD", month(2));
    assert_eq!(activities.len(), 1, "one change, not an end and a beginning");
    assert_eq!(activities[0].moved.size().expect("it fits"), Amount::minor(2_000));
}

#[test]
fn seats_are_the_units_of_licensed_items_and_follow_every_change() {
    let seats = |quantity| terms(Status::Active, vec![item(1_000, quantity, Interval::Month)]);
    let mut with_metered = seats(4);
    with_metered.items.push(Item { is_metered: true, quantity: 900, ..item(1, 900, Interval::Month) });
    let free = terms(Status::Active, vec![item(0, 50, Interval::Month)]);
    let subscriptions = [
        subscription(1, vec![(day(1, 1), seats(2)), (day(2, 15), seats(5))]),
        subscription(2, vec![(day(1, 1), with_metered)]),
        subscription(3, vec![(day(1, 1), free)]),
    ];
    let book = Book::new(&subscriptions, &Profile::stripe()).expect("amounts fit");
    let ends = [day(2, 1), day(3, 1)];
    let history = book.plan_history("USD", &ends).expect("amounts fit");
    let told: Vec<(u64, usize)> =
        history.iter().map(|plans| (plans["pro"].seats, plans["pro"].customers)).collect();
    assert_eq!(told, [(6, 2), (9, 2)], "what is measured has no seat, and who pays nothing is no customer");
    let segments = book.segments("USD", ends[1], |_, label| label.plan.as_str()).expect("amounts fit");
    assert_eq!(segments["pro"].seats, 9, "the same wherever it is asked");
}
