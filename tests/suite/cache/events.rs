//! Pages of events, found through the rollups.

use chrono::DateTime;
use proptest::prelude::*;
use steward_core::event::{EventField, EventFilter, EventListReq};
use steward_core::period::Period;
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::KeyRange;
use steward_store::cache::query::event;
use steward_tests::rows::{self, EPOCH_US, Field, UsageEvent};
use uuid::Uuid;

use super::Scratch;

const HOUR: i64 = 3_600_000_000;

fn made_up(count: u32) -> Vec<UsageEvent> {
    (0..count)
        .map(|n| UsageEvent {
            user_id: Uuid::from_u128(u128::from(n * 7 % 11) + 1),
            // Several share an instant: the order has to be total.
            occurred_at: EPOCH_US + i64::from(n / 3) * 411_000_000,
            event_key: Uuid::from_u128(n.into()),
            feature: (n % 5 != 0).then(|| format!("feature-{}", n % 4)),
            status: if n % 9 == 0 { "error" } else { "success" }.to_owned(),
            ..UsageEvent::default()
        })
        .collect()
}

fn loaded(events: &[UsageEvent]) -> Scratch {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    let mut reconcile = batch.reconcile(Dataset::UsageEvents, &KeyRange::All).unwrap();
    reconcile.rows(&rows::events(events)).unwrap();
    reconcile.finish().unwrap();
    batch.commit().unwrap();
    writer.build_indexes().unwrap();
    drop(writer);
    scratch
}

fn request(start_us: i64, end_us: i64, filters: Vec<EventFilter>, limit: u32) -> EventListReq {
    let at = |us| DateTime::from_timestamp_micros(us).expect("an instant");
    EventListReq {
        period: Period { start: at(start_us), end: at(end_us) },
        filters,
        hour: None,
        after: None,
        limit,
    }
}

fn matches(event: &UsageEvent, filter: &EventFilter) -> bool {
    let own = match filter.field {
        EventField::UserId => Some(event.user_id.to_string()),
        EventField::Feature => event.feature.clone(),
        EventField::PlanCode => event.plan_code.clone(),
        EventField::Model => event.model.clone(),
        EventField::Status => Some(event.status.clone()),
        EventField::EventType => Some(event.event_type.clone()),
        EventField::Provider => Some("provider".to_owned()),
        EventField::Endpoint => None,
        EventField::TeamId => event.team_id.map(|team| team.to_string()),
        EventField::IsAdmin => Some(event.is_admin.to_string()),
    };
    own == filter.value
}

/// Of the same column one has to hold, of different columns all; what is excluded never counts.
fn holds(event: &UsageEvent, filters: &[EventFilter]) -> bool {
    let (excluded, included): (Vec<&EventFilter>, Vec<&EventFilter>) =
        filters.iter().partition(|filter| filter.is_excluded());
    !excluded.iter().any(|filter| matches(event, filter))
        && included
            .iter()
            .all(|filter| included.iter().any(|other| other.field == filter.field && matches(event, other)))
}

fn filter() -> impl Strategy<Value = EventFilter> {
    let columns = prop_oneof![
        (1_u128..14).prop_map(|user| (EventField::UserId, Some(Uuid::from_u128(user).to_string()))),
        prop::sample::select(vec![
            (EventField::Feature, Some("feature-1")),
            (EventField::Feature, Some("feature-2")),
            (EventField::Feature, None),
            (EventField::Feature, Some("unheard of")),
            (EventField::Status, Some("error")),
            (EventField::Endpoint, None),
            (EventField::Model, Some("model-1")),
            (EventField::IsAdmin, Some("false")),
            (EventField::TeamId, None),
        ])
        .prop_map(|(field, value)| (field, value.map(str::to_owned))),
    ];
    (columns, any::<bool>()).prop_map(|((field, value), is_excluded)| {
        let value = value.as_deref();
        if is_excluded { EventFilter::is_not(field, value) } else { EventFilter::is(field, value) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn pages_hold_every_match_once_and_newest_first(
        filters in prop::collection::vec(filter(), 0..3),
        start in 0_i64..30,
        hours in 0_i64..60,
        odd in prop::sample::select(vec![0_i64, 1, 123_456_789]),
        limit in 1_u32..300,
    ) {
        let events = made_up(700);
        let scratch = loaded(&events);
        let reader = scratch.cache.reader().unwrap();
        let (start_us, end_us) = (EPOCH_US + start * HOUR + odd, EPOCH_US + (start + hours) * HOUR + odd);
        let mut expected: Vec<&UsageEvent> = events
            .iter()
            .filter(|event| start_us <= event.occurred_at && event.occurred_at < end_us)
            .filter(|event| holds(event, &filters))
            .collect();
        let mut req = request(start_us, end_us, filters, limit);
        let mut found = Vec::new();
        loop {
            let page = event::list(&reader, &req).unwrap();
            prop_assert_eq!(page.total, expected.len() as u64, "the total is that of all pages");
            prop_assert!(page.rows.len() <= limit as usize);
            found.extend(page.rows);
            req.after = page.next;
            if req.after.is_none() {
                break;
            }
        }
        prop_assert!(found.is_sorted_by(|a, b| a.occurred_at >= b.occurred_at));
        let mut keys: Vec<_> = found.iter().map(|row| row.event_key).collect();
        keys.sort_unstable();
        expected.sort_unstable_by_key(|event| event.event_key);
        prop_assert_eq!(keys, expected.iter().map(|event| event.event_key).collect::<Vec<_>>());
    }
}

#[test]
fn a_row_shows_what_the_server_sent() {
    let event = UsageEvent {
        occurred_at: EPOCH_US + 123_456_789,
        cost: Some("999999999.999999999".to_owned()),
        latency_ms: None,
        feature: None,
        ..UsageEvent::default()
    };
    let scratch = loaded(std::slice::from_ref(&event));
    let reader = scratch.cache.reader().unwrap();
    let page = event::list(&reader, &request(EPOCH_US, EPOCH_US + HOUR, Vec::new(), 10)).unwrap();
    let [row] = page.rows.as_slice() else { panic!("one row: {:?}", page.rows) };
    assert_eq!(row.user_id.0, event.user_id);
    assert_eq!(row.occurred_at.timestamp_micros(), event.occurred_at);
    assert_eq!(row.event_key, event.event_key);
    assert_eq!(row.cost.as_deref(), Some("999999999.999999999"));
    assert_eq!((row.latency_ms, row.feature.as_deref(), row.tokens), (None, None, 110));
    assert_eq!(row.email, None, "the user has not arrived yet");
}

#[test]
fn wrong_cursors_and_ids_are_refused() {
    let scratch = loaded(&made_up(3));
    let reader = scratch.cache.reader().unwrap();
    let mut req = request(EPOCH_US, EPOCH_US + HOUR, Vec::new(), 10);
    for wrong in ["", "x", "1", "1.x", "99999999999999999999.1"] {
        req.after = Some(wrong.to_owned());
        assert_eq!(event::list(&reader, &req).unwrap_err().kind(), ErrorKind::Invalid, "{wrong:?}");
    }
    let filter = EventFilter::is(EventField::UserId, Some("nobody"));
    let req = request(EPOCH_US, EPOCH_US + HOUR, vec![filter], 10);
    assert_eq!(event::list(&reader, &req).unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn values_without_a_form_here_are_refused_by_name() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    for (position, field, column) in [
        (21, Field::Raw(vec![0, 0, 0, 0, 0xC0, 0, 0, 0]), "cost"),
        (21, Field::Numeric("0.0000000001".to_owned()), "cost"),
        (21, Field::Numeric("99999999999999999999".to_owned()), "cost"),
        (15, Field::Raw(vec![1, 2, 3]), "quantity"),
        (0, Field::Null, "user_id"),
        (1, Field::Null, "occurred_at"),
        (2, Field::Raw(vec![1]), "event_key"),
    ] {
        let mut fields = UsageEvent::default().fields();
        fields[position] = field;
        let mut batch = writer.begin().unwrap();
        let error = batch.upsert(&rows::batch(Dataset::UsageEvents, &[fields])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(error.detail(), Some(format!("usage_events.{column}").as_str()));
    }
    let mut short = UsageEvent::default().fields();
    short.pop();
    let mut batch = writer.begin().unwrap();
    let error = batch.upsert(&rows::batch(Dataset::UsageEvents, &[short])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn instants_of_every_age_come_back() {
    // Infinity and both ends of what the server knows are compared as rows; lists show the nearest instant.
    let ages = [i64::MAX, i64::MIN, -211_813_488_000_000_000, 9_223_371_331_199_999_999, 0, -1];
    let events: Vec<_> = ages
        .iter()
        .map(|at| {
            let mut fields = UsageEvent::default().fields();
            fields[1] = Field::Raw(at.to_be_bytes().to_vec());
            fields[3] = Field::Raw(i64::MAX.to_be_bytes().to_vec());
            fields
        })
        .collect();
    let batch = rows::batch(Dataset::UsageEvents, &events);
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let mut transaction = writer.begin().unwrap();
    assert_eq!(transaction.upsert(&batch).unwrap().inserted, 6);
    assert_eq!(transaction.upsert(&batch).unwrap().unchanged, 6, "read back as written");
    transaction.commit().unwrap();
    let reader = scratch.cache.reader().unwrap();
    let verifier = steward_store::cache::verify::Verifier::new(&reader);
    let mut range = verifier.range(Dataset::UsageEvents, &KeyRange::All).unwrap();
    range.rows(&batch).unwrap();
    assert!(range.finish().unwrap().is_clean());
    assert_eq!(verifier.rollups_from_rows().unwrap().different, 0);
}
