//! I2: the rollups equal the rows, whatever happened to them, in every zone.

use std::collections::{BTreeMap, HashSet};

use chrono::DateTime;
use chrono_tz::Tz;
use proptest::prelude::*;
use steward_core::overview::OverviewReq;
use steward_core::period::{Compare, RangeSpec};
use steward_core::{Dataset, Error};
use steward_store::cache::KeyRange;
use steward_store::cache::query::overview;
use steward_store::cache::verify::Verifier;
use steward_tests::rows::{self, EPOCH_US, UsageEvent};
use uuid::Uuid;

use super::Scratch;

const ZONES: [Tz; 5] =
    [Tz::UTC, Tz::Asia__Kathmandu, Tz::America__St_Johns, Tz::Australia__Lord_Howe, Tz::Pacific__Kiritimati];

/// 2026-10-01, shortly before the clocks of Lord Howe and St. John's change.
const OCTOBER: i64 = 1_790_812_800_000_000;
const DAYS: i64 = 40;

#[derive(Debug, Clone)]
enum Step {
    Upsert(Vec<UsageEvent>),
    Delete(Vec<usize>),
    Reconcile { from: i64, minutes: i64, keep: u8, add: Vec<UsageEvent> },
    Abandon(Vec<UsageEvent>),
    Derive,
}

fn event() -> impl Strategy<Value = UsageEvent> {
    let text = |values: &'static [&'static str]| {
        prop::sample::select(values).prop_map(|value| (!value.is_empty()).then(|| value.to_owned()))
    };
    (
        (0_u128..12, 0..DAYS * 1_440, 0_i64..60_000_000, 0_u128..1_000),
        text(&["chat", "search", ""]),
        text(&["free", "pro", ""]),
        prop::sample::select(&["success", "error", "rate_limited"][..]),
        (any::<bool>(), -5_i64..1_000_000_000_000, prop::option::of(0_u32..2_000_000_000)),
        prop::option::of(0_i32..100_000),
    )
        .prop_map(
            |((user, minute, us, key), feature, plan_code, status, (is_admin, tokens, cost), latency_ms)| {
                UsageEvent {
                    user_id: Uuid::from_u128(user + 1),
                    occurred_at: OCTOBER + minute * 60_000_000 + us,
                    event_key: Uuid::from_u128(key),
                    feature,
                    plan_code,
                    status: status.to_owned(),
                    is_admin,
                    input_tokens: tokens,
                    cost: cost.map(|nano| format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)),
                    latency_ms,
                    ..UsageEvent::default()
                }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    let events = |count: usize| prop::collection::vec(event(), 0..count);
    prop_oneof![
        4 => events(40).prop_map(Step::Upsert),
        2 => prop::collection::vec(any::<usize>(), 0..20).prop_map(Step::Delete),
        2 => (0..DAYS * 1_440, 1..20_000_i64, any::<u8>(), events(20))
            .prop_map(|(from, minutes, keep, add)| Step::Reconcile { from, minutes, keep, add }),
        1 => events(20).prop_map(Step::Abandon),
        2 => Just(Step::Derive),
    ]
}

type Key = (Uuid, i64, Uuid);

fn key(event: &UsageEvent) -> Key {
    (event.user_id, event.occurred_at, event.event_key)
}

/// One row per key, as the server would send them; the last one wins.
fn distinct(events: &[UsageEvent]) -> BTreeMap<Key, UsageEvent> {
    events.iter().map(|event| (key(event), event.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn i2_rollups_equal_the_rows_after_any_changes(steps in prop::collection::vec(step(), 1..12)) {
        let scratch = Scratch::new();
        let mut writer = scratch.cache.writer().unwrap();
        let mut model: BTreeMap<Key, UsageEvent> = BTreeMap::new();
        for step in steps {
            if matches!(step, Step::Derive) {
                while writer.derive_sums().unwrap() {}
                continue;
            }
            let mut batch = writer.begin().unwrap();
            match step {
                Step::Derive => unreachable!("done without a batch"),
                Step::Upsert(events) => {
                    let events = distinct(&events);
                    batch.upsert(&rows::events(events.values())).unwrap();
                    model.extend(events);
                }
                Step::Delete(picks) => {
                    let gone: HashSet<Key> = picks
                        .iter()
                        .filter_map(|pick| model.keys().nth(pick % model.len().max(1)).copied())
                        .collect();
                    let keys: Vec<_> = gone.iter().map(|key| model[key].key()).collect();
                    let applied = batch.apply_keys(Dataset::UsageEvents, &keys, &rows::events([])).unwrap();
                    prop_assert_eq!(applied.deleted, gone.len() as u64);
                    model.retain(|key, _| !gone.contains(key));
                }
                Step::Reconcile { from, minutes, keep, add } => {
                    let start_us = OCTOBER + from * 60_000_000 + 17;
                    let end_us = start_us + minutes * 60_000_000;
                    let inside = |key: &Key| start_us <= key.1 && key.1 < end_us;
                    model.retain(|key, _| !inside(key) || key.2.as_u128() % 8 < u128::from(keep % 8));
                    model.extend(distinct(&add).into_iter().filter(|(key, _)| inside(key)));
                    let server = model.iter().filter(|(key, _)| inside(key)).map(|(_, event)| event);
                    let range = KeyRange::TimeBetween { start_us, end_us };
                    let mut reconcile = batch.reconcile(Dataset::UsageEvents, &range).unwrap();
                    reconcile.rows(&rows::events(server)).unwrap();
                    reconcile.finish().unwrap();
                }
                Step::Abandon(events) => {
                    batch.upsert(&rows::events(distinct(&events).values())).unwrap();
                    continue;
                }
            }
            batch.commit().unwrap();
        }
        let reader = scratch.cache.reader().unwrap();
        let verifier = Verifier::new(&reader);
        prop_assert_eq!(verifier.rollups_from_rows().unwrap().different, 0);
        let mut rows = verifier.range(Dataset::UsageEvents, &KeyRange::All).unwrap();
        rows.rows(&rows::events(model.values())).unwrap();
        let diff = rows.finish().unwrap();
        prop_assert!(diff.is_clean(), "{diff:?}");
        prop_assert_eq!(diff.local_rows, model.len() as u64);
        for zone in ZONES {
            days_add_up(&reader, zone, model.values())?;
        }
    }
}

#[test]
fn i2_a_year_is_the_same_from_blocks_and_from_days() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let events: Vec<UsageEvent> = (0..4_000_u32)
        .map(|n| UsageEvent {
            user_id: Uuid::from_u128(u128::from(n % 90) + 1),
            occurred_at: OCTOBER - i64::from(n) * 11_173_000_123,
            event_key: Uuid::from_u128(n.into()),
            latency_ms: Some(i32::try_from(n % 900).unwrap()),
            ..UsageEvent::default()
        })
        .collect();
    let mut batch = writer.begin().unwrap();
    batch.upsert(&rows::events(&events)).unwrap();
    batch.commit().unwrap();
    let answers = || {
        let reader = scratch.cache.reader().unwrap();
        let last = DateTime::from_timestamp_micros(OCTOBER).unwrap().date_naive();
        let show = |zone| {
            let range = RangeSpec::Between { first: last - chrono::Days::new(364), last };
            overview::show(&reader, &OverviewReq { range, zone, compare: Compare::Year }).unwrap()
        };
        ZONES.map(|zone| serde_json::to_value(show(zone)).unwrap())
    };
    let from_days = answers();
    let mut blocks = 0;
    while writer.derive_sums().unwrap() {
        blocks += 1;
    }
    assert_eq!(blocks, 16, "517 days end in the 17th block, which still grows");
    assert_eq!(answers(), from_days);
    assert!(from_days[0]["totals"]["events"].as_u64().unwrap() > 2_500);

    // A late change deep in the past takes its block away, and nothing goes wrong without it.
    let mut batch = writer.begin().unwrap();
    batch.apply_keys(Dataset::UsageEvents, &[events[2_000].key()], &rows::events([])).unwrap();
    batch.commit().unwrap();
    let without_block = answers();
    assert_ne!(without_block, from_days);
    assert!(writer.derive_sums().unwrap(), "the dropped block is missing");
    assert!(!writer.derive_sums().unwrap(), "and no other");
    assert_eq!(answers(), without_block);
    assert_eq!(Verifier::new(&scratch.cache.reader().unwrap()).rollups_from_rows().unwrap().different, 0);
}

/// Single days, the whole range and the rows themselves agree.
fn days_add_up<'a>(
    reader: &steward_store::cache::Reader,
    zone: Tz,
    model: impl Iterator<Item = &'a UsageEvent>,
) -> Result<(), TestCaseError> {
    let day =
        |us: i64| DateTime::from_timestamp_micros(us).expect("an instant").with_timezone(&zone).date_naive();
    let (first, last) = (day(OCTOBER + 86_400_000_000), day(OCTOBER + 30 * 86_400_000_000));
    let show = |range: RangeSpec| -> Result<_, Error> {
        overview::show(reader, &OverviewReq { range, zone, compare: Compare::Off })
    };
    let whole = show(RangeSpec::Between { first, last }).unwrap();
    let mut expected: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    let mut users = HashSet::new();
    let (mut cost, mut unpriced, mut tokens) = (0_u128, 0, 0);
    for event in model.filter(|event| (first..=last).contains(&day(event.occurred_at))) {
        let entry = expected.entry(day(event.occurred_at)).or_default();
        entry.0 += 1;
        entry.1 += u64::from(event.status == "error");
        users.insert(event.user_id);
        tokens += event.input_tokens;
        match &event.cost {
            Some(text) => cost += text.replace('.', "").parse::<u128>().unwrap(),
            None => unpriced += 1,
        }
    }
    for point in &whole.activity {
        let (events, errors) = expected.get(&point.day).copied().unwrap_or_default();
        prop_assert_eq!((point.events, point.errors), (events, errors), "{} in {}", point.day, zone);
    }
    prop_assert_eq!(whole.totals.events, expected.values().map(|(events, _)| events).sum::<u64>());
    prop_assert_eq!(whole.totals.errors, expected.values().map(|(_, errors)| errors).sum::<u64>());
    prop_assert_eq!(whole.totals.active_users, users.len() as u64);
    prop_assert_eq!(whole.totals.unpriced_events, unpriced);
    prop_assert_eq!(whole.totals.input_tokens, tokens);
    prop_assert_eq!(&whole.totals.cost, &format!("{}.{:09}", cost / 1_000_000_000, cost % 1_000_000_000));
    for shares in [&whole.by_feature, &whole.by_plan, &whole.by_model] {
        prop_assert_eq!(shares.iter().map(|share| share.events).sum::<u64>(), whole.totals.events);
    }
    Ok(())
}

#[test]
fn i2_a_load_in_windows_equals_its_rows() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let events: Vec<UsageEvent> = (0..5_000_u32)
        .map(|n| UsageEvent {
            user_id: Uuid::from_u128(u128::from(n % 70) + 1),
            occurred_at: EPOCH_US + i64::from(n) * 97_000_123,
            event_key: Uuid::from_u128(n.into()),
            ..UsageEvent::default()
        })
        .collect();
    let last = events.last().unwrap().occurred_at + 1;
    // Newest first, cut inside minutes: the edges are what could go wrong.
    let mut end_us = i64::MAX;
    for start_us in [last - 80_000_000_001, last - 200_000_000_003, EPOCH_US + 59_999_999, i64::MIN] {
        let range = KeyRange::TimeBetween { start_us, end_us };
        let mut batch = writer.begin().unwrap();
        let inside =
            events.iter().filter(|event| start_us <= event.occurred_at && event.occurred_at < end_us);
        let mut reconcile = batch.reconcile(Dataset::UsageEvents, &range).unwrap();
        reconcile.rows(&rows::events(inside)).unwrap();
        reconcile.finish().unwrap();
        batch.commit().unwrap();
        end_us = start_us;
    }
    let reader = scratch.cache.reader().unwrap();
    let verifier = Verifier::new(&reader);
    assert_eq!(verifier.rollups_from_rows().unwrap().different, 0);
    let mut all = verifier.range(Dataset::UsageEvents, &KeyRange::All).unwrap();
    all.rows(&rows::events(&events)).unwrap();
    let diff = all.finish().unwrap();
    assert!(diff.is_clean() && diff.local_rows == 5_000, "{diff:?}");
}
