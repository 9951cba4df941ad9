//! The overview's words and changes.

use chrono_tz::Tz;
use steward_core::Dataset;
use steward_core::overview::{CardMetric, OverviewReq};
use steward_core::period::{Compare, RangeSpec};
use steward_core::sync::{Catalog, Cursor, Identity, Position};
use steward_store::cache::KeyRange;
use steward_store::cache::query::overview;
use steward_tests::rows::{self, UsageEvent};
use uuid::Uuid;

use super::Scratch;

/// 2026-11-21 13:00 UTC.
const NOON: i64 = 1_795_266_000_000_000;
const DAY: i64 = 86_400_000_000;

/// A position as a finished cut at this moment leaves it.
fn position(as_of_us: i64) -> Position {
    let as_of = chrono::DateTime::from_timestamp_micros(as_of_us).expect("an instant");
    let cursor = Cursor {
        snapshot: "10:10:".parse().expect("a snapshot"),
        is_standby: false,
        node: "test".to_owned(),
        as_of,
        taken_at: as_of,
        identity: Identity { epoch: Uuid::nil(), system_identifier: 1, timeline: 1 },
        insert_lsn: None,
        catalog: Catalog::default(),
    };
    Position { cursor: Some(cursor), settled: Dataset::ALL.into(), cut_count: 1, ..Position::default() }
}

#[test]
fn the_last_thirty_days_in_words_and_numbers() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    // One event a day for 60 days, three today, of two users in turn; every tenth fails.
    let mut events: Vec<UsageEvent> = (0..60_u32)
        .map(|n| UsageEvent {
            user_id: Uuid::from_u128(u128::from(n % 2) + 1),
            occurred_at: NOON - i64::from(n) * DAY,
            event_key: Uuid::from_u128(n.into()),
            status: if n % 10 == 5 { "error" } else { "success" }.to_owned(),
            ..UsageEvent::default()
        })
        .collect();
    for n in 100..102_u32 {
        events.push(UsageEvent {
            occurred_at: NOON - 1_000,
            event_key: Uuid::from_u128(n.into()),
            ..UsageEvent::default()
        });
    }
    let mut reconcile = batch.reconcile(Dataset::UsageEvents, &KeyRange::All).unwrap();
    reconcile.rows(&rows::events(&events)).unwrap();
    reconcile.finish().unwrap();
    batch.put_state(Position::KEY, &position(NOON + 131_000_000)).unwrap();
    batch.commit().unwrap();
    let reader = scratch.cache.reader().unwrap();
    let req = OverviewReq { range: RangeSpec::Days(30), zone: Tz::Europe__Berlin, compare: Compare::Weekday };
    let shown = overview::show(&reader, &req).unwrap();
    assert!(shown.freshness.is_consistent);
    assert_eq!(
        shown.activity_chart.subtitle,
        "23 Oct – 21 Nov · days in Europe/Berlin · compared by weekday"
    );
    let today = shown.activity_chart.steps.last().unwrap();
    assert_eq!((today.label.as_str(), today.title.as_str()), ("21 Nov", "Sat 21 Nov 2026"));
    assert_eq!(today.previous_title.as_deref(), Some("Sat 24 Oct 2026"));
    assert!(today.is_unfinished);
    assert_eq!(shown.totals.events, 32);
    assert_eq!((shown.totals.errors, shown.totals.active_users), (3, 2));
    assert_eq!(shown.totals.cost, "0.048000000");
    let events = shown.cards.iter().find(|card| card.metric == CardMetric::Events).unwrap();
    let change = events.change.as_ref().unwrap();
    assert_eq!(
        (change.current, change.previous, change.percent),
        (29.0, 29.0, Some(0.0)),
        "finished days only"
    );
    assert!(shown.cards.iter().all(|card| !card.definition.is_empty()), "each card says what it means");
    assert_eq!(shown.top_users.len(), 2);
    assert_eq!(shown.top_users[0].events, 17);
    assert_eq!(shown.activity.last().unwrap().previous_events, Some(1));
    let p95 = shown.activity[0].latency_p95.unwrap();
    assert!((p95 - 120.0).abs() <= 6.0, "within the histogram's five percent: {p95}");
}

#[test]
fn an_empty_copy_answers_with_nothing_and_says_it_is_not_consistent() {
    let scratch = Scratch::new();
    let req =
        OverviewReq { range: RangeSpec::Hours(24), zone: Tz::Asia__Kathmandu, compare: Compare::Weekday };
    let shown = overview::show(&scratch.cache.reader().unwrap(), &req).unwrap();
    assert!(!shown.freshness.is_consistent && shown.freshness.as_of.is_none());
    assert_eq!((shown.totals.events, shown.top_users.len(), shown.newest_event), (0, 0, None));
    assert_eq!(shown.activity.len(), 24);
    assert_eq!(shown.cards.len(), 6);
}
