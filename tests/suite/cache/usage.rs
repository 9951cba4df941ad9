//! The usage view's numbers against the rows themselves, in every zone and across both clock changes.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use steward_core::event::{EventField, EventFilter, EventListReq, HourOfWeek};
use steward_core::period::{Compare, RangeSpec};
use steward_core::usage::{BucketSize, Depth, Measure, Preset, Usage, UsageReq, UsageSums};
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::query::{event, usage};
use steward_store::cache::{KeyRange, Reader};
use steward_tests::rows::{self, UsageEvent};
use uuid::Uuid;

use super::Scratch;

/// UTC−8, UTC, +5:30, +5:45, +14, and one with a clock change of half an hour.
const ZONES: [Tz; 6] = [
    Tz::America__Los_Angeles,
    Tz::UTC,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Kiritimati,
    Tz::Australia__Lord_Howe,
];

/// Spans of 31 days in which clocks change: forward in March, back in October and November 2025.
const SPANS: [(&str, i64); 2] =
    [("2025-03-05..2025-04-08", 1_740_960_000), ("2025-10-07..2025-11-08", 1_759_536_000)];

fn made_up(start: i64) -> impl Strategy<Value = Vec<UsageEvent>> {
    let text = |values: &'static [&'static str]| {
        prop::sample::select(values).prop_map(|value| (!value.is_empty()).then(|| value.to_owned()))
    };
    let one = (
        (0_u128..9, 0_i64..42 * 1_440, 0_i64..60_000_000),
        text(&["chat", "search", "export", ""]),
        text(&["free", "pro", ""]),
        prop::sample::select(&["success", "success", "error", "rate_limited"][..]),
        (any::<bool>(), 0_i64..1_000_000, prop::option::of(0_u32..2_000_000_000)),
        (prop::option::of(0_i32..100_000), 0_u128..3),
    );
    let one = one.prop_map(
        move |(
            (user, minute, us),
            feature,
            plan_code,
            status,
            (is_admin, amount, cost),
            (latency_ms, team),
        )| {
            UsageEvent {
                user_id: Uuid::from_u128(user + 1),
                occurred_at: (start + minute * 60) * 1_000_000 + us,
                feature,
                plan_code,
                status: status.to_owned(),
                is_admin,
                quantity: amount % 7,
                input_tokens: amount,
                bytes_out: amount * 3,
                cost: cost.map(|nano| format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000)),
                latency_ms,
                team_id: (team > 0).then(|| Uuid::from_u128(1_000 + team)),
                ..UsageEvent::default()
            }
        },
    );
    prop::collection::vec(one, 1..300).prop_map(|mut events| {
        for (key, event) in (0..).zip(&mut events) {
            event.event_key = Uuid::from_u128(key);
        }
        events
    })
}

fn filters() -> impl Strategy<Value = Vec<EventFilter>> {
    let one = prop::sample::select(vec![
        (EventField::Feature, Some("chat".to_owned())),
        (EventField::Feature, None),
        (EventField::Status, Some("error".to_owned())),
        (EventField::PlanCode, Some("pro".to_owned())),
        (EventField::IsAdmin, Some("true".to_owned())),
        (EventField::TeamId, Some(Uuid::from_u128(1_001).to_string())),
        (EventField::UserId, Some(Uuid::from_u128(2).to_string())),
    ]);
    let one = (one, any::<bool>()).prop_map(|((field, value), is_excluded)| {
        let value = value.as_deref();
        if is_excluded { EventFilter::is_not(field, value) } else { EventFilter::is(field, value) }
    });
    prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::vec(one, 1..4)]
}

fn value(event: &UsageEvent, field: EventField) -> Option<String> {
    match field {
        EventField::UserId => Some(event.user_id.to_string()),
        EventField::TeamId => event.team_id.map(|team| team.to_string()),
        EventField::Feature => event.feature.clone(),
        EventField::PlanCode => event.plan_code.clone(),
        EventField::Status => Some(event.status.clone()),
        EventField::IsAdmin => Some(event.is_admin.to_string()),
        other => panic!("{other:?} is not filtered by here"),
    }
}

fn holds(event: &UsageEvent, filters: &[EventFilter]) -> bool {
    let has = |filter: &EventFilter| value(event, filter.field) == filter.value;
    filters.iter().all(|filter| {
        if filter.is_excluded() {
            return !has(filter);
        }
        filters.iter().any(|other| !other.is_excluded() && other.field == filter.field && has(other))
    })
}

/// The sums of rows, added up one by one.
fn sums_of<'a>(events: impl Iterator<Item = &'a UsageEvent>) -> (UsageSums, Vec<i32>) {
    let mut sums = UsageSums::default();
    let mut users = HashSet::new();
    let mut nano: i128 = 0;
    let mut latencies = Vec::new();
    for event in events {
        sums.events += 1;
        sums.errors += u64::from(event.status == "error");
        sums.limit_hits += u64::from(event.status == "rate_limited");
        sums.quantity += event.quantity;
        sums.tokens += event.input_tokens + event.output_tokens;
        sums.bytes_out += event.bytes_out;
        sums.credits += event.credits;
        match &event.cost {
            Some(cost) => nano += cost.replace('.', "").parse::<i128>().expect("digits"),
            None => sums.unpriced_events += 1,
        }
        if let Some(latency) = event.latency_ms {
            sums.latency_ms_sum += i64::from(latency);
            sums.latency_count += 1;
            latencies.push(latency);
        }
        users.insert(event.user_id);
    }
    sums.cost = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    sums.active_users = Some(users.len() as u64);
    latencies.sort_unstable();
    (sums, latencies)
}

/// The exact part of sums, without what is estimated or not always counted.
fn exact(sums: &UsageSums) -> UsageSums {
    UsageSums { active_users: None, latency_p50: None, latency_p95: None, ..sums.clone() }
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

fn request(range: &str, zone: Tz, filters: &[EventFilter]) -> UsageReq {
    UsageReq {
        range: range.parse().expect("a range"),
        zone,
        compare: Compare::Off,
        bucket: Some(BucketSize::Day),
        by: EventField::Feature,
        measure: Measure::Events,
        filters: filters.to_vec(),
        preset: Preset::Activity,
        depth: Depth::Rows,
        groups: 0,
    }
}

fn shown(reader: &Reader, req: &UsageReq) -> Usage {
    usage::show(reader, req).expect("an answer")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn card_chart_table_map_rows_and_single_days_agree(
        (range, events) in prop::sample::select(&SPANS[..])
            .prop_flat_map(|(range, start)| (Just(range), made_up(start))),
        zone in prop::sample::select(&ZONES[..]),
        filters in filters(),
        bucket in prop::sample::select(vec![BucketSize::Day, BucketSize::Week, BucketSize::Month]),
        by in prop::sample::select(vec![
            EventField::Feature, EventField::PlanCode, EventField::Status, EventField::IsAdmin,
            EventField::TeamId, EventField::UserId,
        ]),
    ) {
        let scratch = loaded(&events);
        let reader = scratch.cache.reader().unwrap();
        let req = UsageReq { bucket: Some(bucket), by, ..request(range, zone, &filters) };
        let answer = shown(&reader, &req);
        let (start, end) = (answer.period.start.timestamp_micros(), answer.period.end.timestamp_micros());
        let inside = |event: &&UsageEvent| {
            start <= event.occurred_at && event.occurred_at < end && holds(event, &filters)
        };
        let expected: Vec<&UsageEvent> = events.iter().filter(inside).collect();
        let (sums, latencies) = sums_of(expected.iter().copied());

        // The card.
        prop_assert!(answer.is_complete);
        prop_assert_eq!(exact(&answer.totals), exact(&sums));
        prop_assert_eq!(answer.totals.active_users, sums.active_users);
        if let (Some(p95), false) = (answer.totals.latency_p95, latencies.is_empty()) {
            let rank = (latencies.len() as f64 * 0.95).ceil() as usize;
            let row = f64::from(latencies[rank.max(1) - 1]);
            prop_assert!((p95 - row).abs() <= row * 0.025 + 0.5, "{} for {}", p95, row);
        }
        // The chart.
        for step in &answer.steps {
            let (from, to) = (step.period.start.timestamp_micros(), step.period.end.timestamp_micros());
            let own = expected.iter().filter(|event| from <= event.occurred_at && event.occurred_at < to);
            prop_assert_eq!(exact(&step.sums), exact(&sums_of(own.copied()).0), "{}", step.day);
        }
        // The table.
        let mut by_value: BTreeMap<Option<String>, u64> = BTreeMap::new();
        for event in &expected {
            *by_value.entry(value(event, by)).or_default() += 1;
        }
        let groups: BTreeMap<_, _> =
            answer.breakdown.iter().map(|group| (group.value.clone(), group.events)).collect();
        prop_assert_eq!(groups, by_value);
        // The map.
        let mut by_hour = [0_u64; 168];
        for event in &expected {
            let local = DateTime::from_timestamp_micros(event.occurred_at).unwrap().with_timezone(&zone);
            by_hour[(local.weekday().num_days_from_monday() * 24 + local.hour()) as usize] += 1;
        }
        let cells: Vec<u64> = answer.heat.iter().map(|cell| cell.events).collect();
        prop_assert_eq!(&cells[..], &by_hour[..]);
        // The rows behind the card, and behind the fullest cell of the map.
        let list = |hour| {
            let req = EventListReq { period: answer.period, filters: filters.clone(), hour, after: None, limit: 1 };
            event::list(&reader, &req).unwrap().total
        };
        prop_assert_eq!(list(None), sums.events);
        let cell = answer.heat.iter().max_by_key(|cell| cell.events).unwrap();
        let hour = HourOfWeek { zone, weekday: cell.weekday, hour: cell.hour };
        prop_assert_eq!(list(Some(hour)), cell.events);
        // The sums alone say the same, as far as they go.
        let quick = shown(&reader, &UsageReq { depth: Depth::Sums, ..req });
        prop_assert_eq!(exact(&quick.totals), exact(&sums));
        prop_assert_eq!(quick.heat, answer.heat);
        for (quick, step) in quick.steps.iter().zip(&answer.steps) {
            prop_assert_eq!(exact(&quick.sums), exact(&step.sums));
        }
        // The single days add up to the range, each asked for on its own.
        if bucket == BucketSize::Day {
            let (mut total, mut tokens) = (0, 0);
            for step in &answer.steps {
                let day = request(&format!("{0}..{0}", step.day), zone, &filters);
                let totals = shown(&reader, &UsageReq { depth: Depth::Sums, ..day }).totals;
                total += totals.events;
                tokens += totals.tokens;
            }
            prop_assert_eq!((total, tokens), (sums.events, sums.tokens));
        }
    }
}

#[test]
fn hours_that_clocks_show_twice_are_two_steps_and_one_cell() {
    // In Berlin 2025-10-26 has 25 hours: 02:00 to 03:00 comes twice.
    let at = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_micros();
    let event = |key: u128, text: &str| UsageEvent {
        event_key: Uuid::from_u128(key),
        occurred_at: at(text),
        ..UsageEvent::default()
    };
    let after = event(3, "2025-10-27T12:00:00Z");
    let scratch = loaded(&[event(1, "2025-10-26T00:30:00Z"), event(2, "2025-10-26T01:30:00Z"), after]);
    let reader = scratch.cache.reader().unwrap();
    let req = request("2025-10-26..2025-10-26", Tz::Europe__Berlin, &[]);
    let answer = shown(&reader, &UsageReq { bucket: Some(BucketSize::Hour), ..req });
    assert_eq!(answer.steps.len(), 25);
    let busy: Vec<&str> = answer
        .chart
        .steps
        .iter()
        .zip(&answer.steps)
        .filter(|(_, step)| step.sums.events > 0)
        .map(|(shown, _)| shown.title.as_str())
        .collect();
    assert_eq!(busy, ["Sun 26 Oct 2025, 02:00 +02:00", "Sun 26 Oct 2025, 02:00 +01:00"]);
    let cell = answer.heat.iter().find(|cell| (cell.weekday, cell.hour) == (7, 2)).unwrap();
    assert_eq!((cell.events, cell.quarters), (2, 8));
}

#[test]
fn the_presets_of_an_assistant_and_of_quotas_count_what_they_say() {
    let event = |key: u128, kind: &str, feature: &str, quantity: i64, latency_ms: i32| UsageEvent {
        event_key: Uuid::from_u128(key),
        occurred_at: 1_762_000_000_000_000 + i64::try_from(key).unwrap() * 60_000_000,
        event_type: kind.to_owned(),
        feature: Some(feature.to_owned()),
        quantity,
        latency_ms: Some(latency_ms),
        ..UsageEvent::default()
    };
    let scratch = loaded(&[
        event(1, "chat", "web_search", 1, 100),
        event(2, "chat", "web_search", 1, 200),
        event(3, "prompt", "code", 5, 600),
        event(4, "upload", "files", 1, 9_000),
        event(5, "e2e_run", "runner", 3, 9_000),
    ]);
    let reader = scratch.cache.reader().unwrap();
    let of = |preset: Preset| {
        let opening = preset.opening();
        let req = UsageReq {
            preset,
            by: opening.by,
            measure: opening.measure,
            filters: opening.filters,
            ..request("2025-11-01..2025-11-02", Tz::UTC, &[])
        };
        shown(&reader, &req)
    };
    let assistant = of(Preset::Assistant);
    let tiles: Vec<_> =
        assistant.tiles.iter().map(|tile| (tile.label.as_str(), tile.value, tile.text.as_deref())).collect();
    assert_eq!(
        tiles,
        [
            ("Chats", Some(3.0), None),
            ("File uploads", Some(1.0), None),
            ("Most used tool", Some(2.0), Some("Web search")),
            ("Average response time", Some(300.0), None),
        ]
    );
    assert_eq!(assistant.totals.events, 4, "runs are no use of an assistant");
    let quotas = of(Preset::Quotas);
    let values: Vec<_> = quotas.tiles.iter().map(|tile| tile.value).collect();
    assert_eq!(values, [Some(5.0), Some(3.0), Some(5_000.0), Some(1.0)]);
    // A filter on what a tile is about narrows the tile, and never widens it.
    let chats = UsageReq {
        preset: Preset::Quotas,
        ..request(
            "2025-11-01..2025-11-02",
            Tz::UTC,
            &[EventFilter::is(EventField::EventType, Some("e2e_run"))],
        )
    };
    let narrowed = shown(&reader, &chats);
    assert_eq!(narrowed.tiles[0].value, Some(0.0), "no run is a prompt");
    let none = EventListReq {
        period: narrowed.period,
        filters: narrowed.tiles[0].filters.clone(),
        hour: None,
        after: None,
        limit: 10,
    };
    assert_eq!(event::list(&reader, &none).unwrap().total, 0, "and no row is behind it");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let scratch = loaded(&[UsageEvent::default()]);
    let reader = scratch.cache.reader().unwrap();
    let year = UsageReq { bucket: Some(BucketSize::Hour), ..request("2025-01-01..2025-12-31", Tz::UTC, &[]) };
    let nobody = request("7d", Tz::UTC, &[EventFilter::is(EventField::TeamId, Some("the blue ones"))]);
    for (req, field) in [(year, "bucket"), (nobody, "filters")] {
        let error = usage::show(&reader, &req).unwrap_err();
        assert_eq!((error.kind(), error.fields()[0].field.as_str()), (ErrorKind::Invalid, field));
    }
    let stranger = EventFilter::is(EventField::UserId, Some(&Uuid::from_u128(404).to_string()));
    let answer = shown(&reader, &request("7d", Tz::UTC, &[stranger]));
    assert_eq!((answer.totals.events, answer.breakdown.len()), (0, 0), "nobody has this id here");
    let hour = HourOfWeek { zone: Tz::UTC, weekday: 8, hour: 0 };
    let list =
        EventListReq { period: answer.period, filters: Vec::new(), hour: Some(hour), after: None, limit: 1 };
    assert_eq!(event::list(&reader, &list).unwrap_err().kind(), ErrorKind::Invalid);
    assert!("2025-02-30..2025-03-01".parse::<RangeSpec>().is_err());
}
