//! Rows of the newest days, the server's sums before them: the same answers as a copy that keeps every row.

use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::{Value, json};
use steward_app::command::sync::{SyncStatus, VerifyRes};
use steward_app::sync_driver::{ScrubBudget, SyncConfig, SyncDriver, SyncHandle};
use steward_core::export::ExportSource;
use steward_core::offender::{OffenderKind, OffenderListReq};
use steward_core::overview::OverviewReq;
use steward_core::period::Compare;
use steward_core::sync::{Position, RowWindow};
use steward_core::timeline::TimelineKind;
use steward_core::{Clock, Dataset, ErrorKind, SystemClock};
use steward_store::cache::Cache;
use steward_store::cache::query::{export, offender, overview, timeline};

use super::bench::{Bench, differences, open_cache, tamper};
use super::invariants;

const TWENTY_DAYS: RowWindow = RowWindow { days: Some(20), rows: None };

/// Half hours, quarter-hours, half hours in summer, the date line, and plain ones.
const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Asia__Kathmandu,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Kiritimati,
    Tz::America__Los_Angeles,
];

/// One server, a copy that keeps every row, and one that keeps a window.
struct Twins {
    bench: Bench,
    keep: RowWindow,
}

impl Twins {
    async fn new(users: u32, events: u32, keep: RowWindow) -> Self {
        let mut bench = Bench::new().await;
        bench.fill(users, events).await;
        Self { bench, keep }
    }

    fn path(&self) -> PathBuf {
        self.bench.path().with_file_name("windowed.db")
    }

    fn windowed(&self) -> Cache {
        open_cache(&self.path())
    }

    fn engine(&self) -> SyncHandle {
        let config = SyncConfig {
            is_automatic: false,
            keep: self.keep,
            scrub: ScrubBudget::eager(),
            ..SyncConfig::default()
        };
        let address = self.bench.database.login("viewer");
        SyncDriver::start(self.windowed(), address, Arc::new(|| Ok(None)), Arc::new(SystemClock), config)
            .expect("the engine starts")
    }

    /// One look of both, and everything the windowed copy says about itself.
    async fn sync(&self) -> SyncStatus {
        self.bench.sync().await;
        let engine = self.engine();
        engine.run_once().await.expect("the look succeeds");
        let status = engine.status();
        assert!(status.is_consistent, "{status:?}");
        engine.shutdown().await;
        status
    }

    async fn verify(&self) -> VerifyRes {
        let engine = self.engine();
        let found = engine.verify().await.expect("the comparison runs");
        engine.shutdown().await;
        found
    }

    /// Both copies answer alike, and the windowed one equals the server.
    async fn agree(&self, after: &str) {
        self.sync().await;
        let found = self.verify().await;
        assert!(found.is_clean, "{after}: {:?}", differences(&found));
        same_answers(&self.bench.cache(), &self.windowed(), after);
    }

    fn position(&self) -> Position {
        let cache = self.windowed();
        let reader = cache.reader().expect("a reader");
        reader.state(Position::KEY).expect("readable").expect("stored")
    }

    fn rows(&self) -> u64 {
        invariants::rows(&self.windowed(), Dataset::UsageEvents)
    }
}

/// An answer without what names the moment or leaves ties open.
fn answer(cache: &Cache, range: &str, zone: Tz, compare: Compare) -> Value {
    let request = OverviewReq { range: range.parse().expect("a range"), zone, compare };
    let reader = cache.reader().expect("a reader");
    let overview = overview::show(&reader, &request).expect("an answer");
    let mut answer = serde_json::to_value(&overview).expect("JSON");
    answer["freshness"] = Value::Null;
    // Users with as many events as the last one shown are as many as there are.
    let least = overview.top_users.last().map_or(0, |user| user.events);
    let top: Vec<_> = overview.top_users.iter().filter(|user| user.events > least).collect();
    let mut ids: Vec<String> = top.iter().map(|user| format!("{} {}", user.events, user.id)).collect();
    ids.sort_unstable();
    answer["top_users"] = serde_json::json!({ "least": least, "above": ids });
    answer
}

fn same_answers(raw: &Cache, windowed: &Cache, after: &str) {
    let this_month = SystemClock.now().format("%Y-%m").to_string();
    let last_month = (SystemClock.now() - chrono::Duration::days(31)).format("%Y-%m").to_string();
    for zone in ZONES {
        for range in ["24h", "30d", "90d", "550d", "now-44d/d..now", &this_month, &last_month] {
            for compare in [Compare::Previous, Compare::Off] {
                let (one, two) = (answer(raw, range, zone, compare), answer(windowed, range, zone, compare));
                assert_eq!(one, two, "{after}: {range} in {zone}");
            }
        }
    }
}

#[tokio::test]
async fn s40_a_windowed_copy_answers_like_one_that_keeps_every_row() {
    let twins = Twins::new(40, 6_000, TWENTY_DAYS).await;
    let status = twins.sync().await;
    let since = status.rows_since.expect("there is an edge");
    assert_eq!(since.timestamp_micros() % 86_400_000_000, 0, "rows begin with a day");
    let all = invariants::rows(&twins.bench.cache(), Dataset::UsageEvents);
    let kept: i64 = sqlx::query_scalar("select count(*) from steward.usage_events where occurred_at >= $1")
        .bind(since)
        .fetch_one(&mut twins.bench.database.connect_owner().await)
        .await
        .expect("counted");
    assert_eq!((all, twins.rows()), (6_000, kept.unsigned_abs()), "rows from the edge on, and no others");
    assert!(twins.rows() > 1_000 && twins.rows() < 2_000);
    twins.agree("the first read").await;
}

/// What happens to old events on a server: written late, changed, moved over the edge both ways, deleted, many
/// at once, and a partition gone, back and emptied.
const PAST: [(&str, &str); 9] = [
    (
        "late events",
        "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, cost, latency_ms, status)
         select ('00000000-0000-4000-8000-' || lpad((1 + n % 40)::text, 12, '0'))::uuid,
                now() - interval '50 days' - n * interval '13 minutes', gen_random_uuid(), 'prompt', 'late',
                n::numeric / 7, n * 31, 'error' from generate_series(1, 30) n",
    ),
    (
        "an event of a user nobody has heard of, from long ago",
        "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, plan_code)
         values (gen_random_uuid(), '2019-02-03 04:05:06+05:45', gen_random_uuid(), 'import', 'ancient')",
    ),
    (
        "changed events",
        "update steward.usage_events set cost = 3.000000007, status = 'rate_limited', latency_ms = null
         where event_key::text like '%77'",
    ),
    (
        "events moved into the past",
        "update steward.usage_events set occurred_at = occurred_at - interval '40 days'
         where event_key::text like '%00013_'",
    ),
    (
        "events moved out of the past",
        "update steward.usage_events set occurred_at = occurred_at + interval '40 days'
         where event_key::text like '%00500_'",
    ),
    ("deleted events", "delete from steward.usage_events where event_key::text like '%5' and occurred_at < now() - interval '15 days'"),
    (
        "a partition that is gone",
        "do $$ begin execute format('alter table steward.usage_events detach partition steward.%I',
            'usage_events_' || to_char(now() - interval '2 months', 'YYYYMM')); end $$",
    ),
    (
        "a partition that is back",
        "do $$ declare month timestamptz := date_trunc('month', now() - interval '2 months') at time zone 'UTC'; begin
            execute format('alter table steward.usage_events attach partition steward.%I for values from (%L) to (%L)',
                'usage_events_' || to_char(month, 'YYYYMM'), month, month + interval '1 month'); end $$",
    ),
    (
        "a partition that was emptied",
        "do $$ begin execute format('truncate steward.%I',
            'usage_events_' || to_char(now() - interval '1 month', 'YYYYMM')); end $$",
    ),
];

#[tokio::test]
async fn s41_sums_follow_whatever_happens_to_old_events() {
    let mut twins = Twins::new(40, 4_000, TWENTY_DAYS).await;
    twins.agree("the first read").await;
    for (what, statements) in PAST {
        twins.bench.sql(&format!("set timezone = 'UTC'; {statements}")).await;
        twins.agree(what).await;
    }
    let drift = twins.sync().await.drift;
    assert!(drift.is_empty(), "none of it had to be found by a comparison: {drift:?}");
}

#[tokio::test]
async fn s42_what_the_server_drops_has_no_sums_either() {
    let mut twins = Twins::new(40, 3_000, TWENTY_DAYS).await;
    twins.agree("the first read").await;
    twins
        .bench
        .sql(
            "do $$ begin execute format('drop table steward.%I',
                'usage_events_' || to_char(now() - interval '2 months', 'YYYYMM')); end $$",
        )
        .await;
    let before = twins.windowed().reader().expect("a reader").event_span().expect("days").expect("some");
    twins.agree("a partition that was dropped").await;
    let oldest: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select date_trunc('day', min(occurred_at), 'UTC') from steward.usage_events")
            .fetch_one(&mut twins.bench.owner)
            .await
            .expect("an event");
    let after = twins.windowed().reader().expect("a reader").event_span().expect("days").expect("some");
    assert!(
        after.0 >= before.0 && after.0 == oldest,
        "the copy reaches back as far as the server: {after:?}"
    );
}

#[tokio::test]
async fn s40_the_window_moves_forward_and_back_without_a_change_of_any_number() {
    let mut twins = Twins::new(40, 4_000, RowWindow::EVERYTHING).await;
    twins.agree("every row").await;
    assert_eq!(twins.rows(), 4_000);
    let mut seen = Vec::new();
    for days in [Some(60), Some(7), Some(45), Some(1), None] {
        twins.keep = RowWindow { days, rows: None };
        twins.agree(&format!("{days:?} days")).await;
        let edge = twins.position().edge;
        assert_eq!(edge.from_us, edge.goal_us, "it has arrived");
        seen.push(twins.rows());
    }
    assert!(seen[0] > seen[1] && seen[1] < seen[2] && seen[2] > seen[3], "{seen:?}");
    assert_eq!(seen[4], 4_000, "all rows are back");
}

#[tokio::test]
async fn s40_a_number_of_rows_is_a_number_of_whole_days() {
    let mut twins = Twins::new(40, 6_000, RowWindow { days: None, rows: Some(1_500) }).await;
    twins.agree("the first read").await;
    let rows = twins.rows();
    assert!((1_300..=1_575).contains(&rows), "the most days that fit: {rows}");
    let edge = twins.position().edge.from_us.expect("an edge");
    twins.bench.sql("delete from steward.usage_events where event_key::text like '%0'").await;
    twins.agree("room for more").await;
    assert!(twins.position().edge.from_us < Some(edge), "older days are rows again");
}

#[tokio::test]
async fn s18_old_events_of_weeks_arrive_in_pages() {
    let mut twins = Twins::new(60, 3_000, TWENTY_DAYS).await;
    twins.agree("the first read").await;
    twins
        .bench
        .sql(
            "do $$ begin
                for n in 1..400 loop
                    insert into steward.usage_counters (user_id, period, metric, used) select id, '2026-10', 'm' || n, n from steward.users;
                end loop;
            end $$;
            update steward.usage_events set status = 'error' where event_key::text like '%5';
            delete from steward.usage_events where event_key::text like '%17';
            insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
            select ('00000000-0000-4000-8000-' || lpad((1 + n % 60)::text, 12, '0'))::uuid, now() - n * interval '3 hours', gen_random_uuid(), 'prompt'
            from generate_series(1, 700) n",
        )
        .await;
    twins.agree("weeks of changes").await;
}

#[tokio::test]
async fn s43_a_wrong_sum_of_the_past_is_found_named_and_made_right() {
    let twins = Twins::new(40, 3_000, TWENTY_DAYS).await;
    twins.agree("the first read").await;
    let edge = twins.position().edge.from_us.expect("an edge");
    let quarter = (edge - 946_684_800_000_000) / 900_000_000;
    // The sums of one quarter-hour take the place of another's, in whole, so that only the server knows better.
    let plant = |path: &std::path::Path| {
        let statements = format!(
            "create temp table two as select bucket from rollup_user where level = 0 and bucket < {quarter}
                 order by bucket limit 2;
             update rollup_user set counts = (select counts from rollup_user where level = 0 and bucket = (select max(bucket) from two))
             where level = 0 and bucket = (select min(bucket) from two)"
        );
        tamper(path, &statements);
    };
    plant(&twins.path());
    let found = twins.verify().await;
    assert!(found.rollup_differences > 0, "{found:?}");
    let engine = twins.engine();
    engine.run_once().await.expect("a look");
    let status = engine.status();
    engine.shutdown().await;
    assert!(status.drift.iter().any(|row| row.sums > 0 && row.is_repaired), "{:?}", status.drift);
    twins.agree("the repair").await;

    plant(&twins.path());
    let engine = twins.engine();
    let found = engine.scrub().await.expect("a round");
    engine.shutdown().await;
    assert!(found.rollup_differences > 0, "{found:?}");
    twins.agree("the scrub").await;
}

#[tokio::test]
async fn s44_a_list_says_since_when_there_are_rows_and_how_many_events_came_before() {
    use steward_core::event::{EventField, EventFilter, EventListReq};
    let twins = Twins::new(40, 3_000, TWENTY_DAYS).await;
    twins.agree("the first read").await;
    let (raw, windowed) = (twins.bench.cache(), twins.windowed());
    let now = SystemClock.now();
    let list = |cache: &Cache, from: i64, until: i64, filters: &[EventFilter]| {
        let period = steward_core::period::Period {
            start: now - chrono::Duration::days(from),
            end: now - chrono::Duration::days(until),
        };
        let request = EventListReq { period, filters: filters.to_vec(), hour: None, after: None, limit: 5 };
        let reader = cache.reader().expect("a reader");
        steward_store::cache::query::event::list(&reader, &request).expect("a list")
    };
    let chat = EventFilter { field: EventField::Feature, value: Some("chat".to_owned()), ..filter() };
    for filters in [vec![], vec![chat.clone()]] {
        let (all, some) = (list(&raw, 90, 0, &filters), list(&windowed, 90, 0, &filters));
        assert_eq!((all.rows_since, all.older), (None, None));
        assert_eq!(some.total + some.older.expect("the sums know"), all.total);
        assert!(some.rows_since.is_some() && some.rows.len() == 5);
        let gone = list(&windowed, 60, 40, &filters);
        assert!(gone.rows.is_empty() && gone.total == 0 && gone.rows_since.is_some(), "{gone:?}");
        assert!(gone.older.expect("the sums know") > 300, "not as if nothing had happened: {gone:?}");
        assert_eq!(list(&windowed, 10, 0, &filters).rows_since, None, "every row is here");
    }
    let user = EventFilter {
        field: EventField::UserId,
        value: Some("00000000-0000-4000-8000-000000000007".to_owned()),
        ..filter()
    };
    let both = list(&windowed, 60, 40, &[user, chat]);
    assert!(both.older.is_none() && both.rows_since.is_some(), "unknown is not nothing: {both:?}");
}

#[tokio::test]
async fn s44_what_only_rows_tell_is_refused_or_says_since_when_it_counts() {
    let mut twins = Twins::new(40, 3_000, TWENTY_DAYS).await;
    twins
        .bench
        .sql(
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, status)
             select ('00000000-0000-4000-8000-' || lpad((1 + n % 7)::text, 12, '0'))::uuid,
                    now() - n * interval '11 hours', gen_random_uuid(), 'prompt', 'rate_limited'
             from generate_series(1, 120) n",
        )
        .await;
    twins.agree("the first read").await;
    let (raw, windowed) = (twins.bench.cache(), twins.windowed());
    let (raw, windowed) = (raw.reader().expect("a reader"), windowed.reader().expect("a reader"));
    let edge =
        twins.position().edge.from_us.and_then(chrono::DateTime::from_timestamp_micros).expect("an edge");
    let now = SystemClock.now();

    // A file is whole or it is not written.
    let source = |start: chrono::DateTime<chrono::Utc>, filters: Value| -> ExportSource {
        let request = json!({ "period": { "start": start, "end": now }, "filters": filters });
        serde_json::from_value(json!({ "source": "events", "request": request })).expect("a source")
    };
    for filters in
        [json!([]), json!([{ "field": "user_id", "value": "00000000-0000-4000-8000-000000000003" }])]
    {
        let old = source(edge - chrono::Duration::hours(30), filters.clone());
        let refused = export::describe(&windowed, &old).expect_err("a part of it is here as sums");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(export::each(&windowed, &old, |_| Ok(())).is_err(), "and no row is written");
        let new = source(edge, filters);
        let rows = |reader| export::describe(reader, &new).expect("every row is here").rows;
        assert_eq!(rows(&windowed), rows(&raw));
        assert!(rows(&raw) > 0);
    }
    let nobody = json!([{ "field": "feature", "value": "no event ever had it" }]);
    assert_eq!(
        export::describe(&windowed, &source(edge - chrono::Duration::days(60), nobody))
            .expect("nothing")
            .rows,
        0
    );

    // Failures and refusals are counted where there are rows, and the answer says so.
    let offenders = |reader, range: &str| {
        let request: OffenderListReq =
            serde_json::from_value(json!({ "range": range, "zone": "UTC", "compare": "off" }))
                .expect("a request");
        offender::list(reader, &request).expect("an answer")
    };
    let kept = format!("{}..{}", edge.date_naive(), now.date_naive());
    let (all, long) = (offenders(&raw, &kept), offenders(&windowed, "90d"));
    assert_eq!((offenders(&raw, "90d").rows_since, long.rows_since), (None, Some(edge)));
    for (one, other) in all.sections.iter().zip(&long.sections) {
        if matches!(one.kind, OffenderKind::RateLimited | OffenderKind::ErrorHeavy) {
            assert_eq!(one, other, "as if the range began with the rows");
        }
        let is_refused = one.kind == OffenderKind::RateLimited;
        assert!(!is_refused || one.total >= 7, "whoever was refused: {one:?}");
    }

    let history = |reader| {
        let user = "00000000-0000-4000-8000-000000000003";
        let request = serde_json::from_value(json!({ "user": user, "zone": "UTC" })).expect("a request");
        timeline::list(reader, &request).expect("a timeline")
    };
    let (all, some) = (history(&raw), history(&windowed));
    assert!(all.hits_since < edge && some.hits_since == edge, "{} {}", all.hits_since, some.hits_since);
    let kept: Vec<_> =
        all.rows.into_iter().filter(|row| row.kind != TimelineKind::LimitHit || row.at >= edge).collect();
    assert_eq!(kept, some.rows);
}

fn filter() -> steward_core::event::EventFilter {
    serde_json::from_value(serde_json::json!({ "field": "feature", "value": null })).expect("a filter")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s41_a_windowed_copy_never_diverges_under_writers() {
    let twins = Twins::new(30, 600, TWENTY_DAYS).await;
    let writers = super::writers::Writers::start(&twins.bench.database.owner(), 3, 20_261_122);
    let engine = twins.engine();
    for round in 0..40_u32 {
        if round % 8 == 7 {
            let days = Some([20, 5, 50, 33, 1][round as usize / 8 % 5]);
            engine.set_keep(RowWindow { days, rows: None }).await.expect("taken");
        }
        invariants::equals_server(&engine, &format!("round {round}")).await;
    }
    engine.shutdown().await;
    assert!(writers.stop().await > 20, "the writers were at work");
}

/// Where a process that makes or moves a window can be made to die.
const PLACES: [&str; 7] = [
    "chunk_sums",
    "before_sums_commit",
    "after_sums_commit",
    "rows_dropped",
    "before_chunk_commit",
    "delta_applied",
    "before_cut_commit",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_killed_process_leaves_each_quarter_hour_as_rows_or_as_sums() {
    let mut twins = Twins::new(30, 900, TWENTY_DAYS).await;
    let writers = super::writers::Writers::start(&twins.bench.database.owner(), 2, 20_261_123);
    let mut deaths = 0;
    for (round, place) in PLACES.iter().cycle().take(21).enumerate() {
        let days = [20, 60, 5][round % 3];
        if round % 7 == 0 {
            Cache::destroy(&twins.path()).expect("nobody works on it");
        }
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_steward-sync-worker"))
            .arg(twins.path())
            .env("STEWARD_TEST_URL", twins.bench.database.login_url("viewer"))
            .env("STEWARD_TEST_DAYS", days.to_string())
            .env("STEWARD_ABORT_AT", format!("{place}:{}", 1 + round % 3))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the worker starts");
        match tokio::time::timeout(std::time::Duration::from_secs(2), child.wait()).await {
            Ok(status) => {
                assert!(!status.expect("it ended").success(), "it died at {place}");
                deaths += 1;
            }
            // A place that is not passed: then the clock kills.
            Err(_) => child.kill().await.expect("it is killed"),
        }
        twins.keep = RowWindow { days: Some(days), rows: None };
        let engine = twins.engine();
        invariants::equals_server(&engine, &format!("a death at {place} in round {round}")).await;
        engine.shutdown().await;
    }
    assert!(writers.stop().await > 20, "the writers were at work");
    assert!(deaths > 5, "some died where they were told: {deaths}");
}
