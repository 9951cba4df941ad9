//! Keeping usage in order: cleanup by months, counting again, the data-quality report.

use chrono::{DateTime, Months, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_core::id::IntentId;
use steward_core::upkeep::Quality;
use steward_core::{Clock, ErrorCode, SystemClock};
use steward_store::postgres::actions::{Action, apply, preview};
use steward_store::postgres::upkeep::{cleanup_step, plan_cleanup, quality, unfinished_cleanup};
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::limits::{SOLO, TRIAL, quotas};
use super::{json as value, sqlstate};

fn cleanup(keep_months: i32, expect: Value) -> Action {
    Action::CleanupUsage {
        intent: IntentId(Uuid::now_v7()),
        keep_months,
        expect,
        reason: "Retention".to_owned(),
    }
}

fn recount(period: &str) -> Action {
    Action::RecomputeCounters {
        intent: IntentId(Uuid::now_v7()),
        period: period.to_owned(),
        users: None,
        reason: "Counted wrong".to_owned(),
    }
}

/// One event in each of the last 24 months, with partitions for the newer half, and the current one.
async fn two_years(owner: &mut PgConnection, app: &mut PgConnection) {
    execute(
        owner,
        "select steward.ensure_usage_partitions((now() - interval '18 months')::date, now()::date)",
    )
    .await;
    execute(
        app,
        &format!(
            "set timezone = 'UTC';
             select steward.track_usage_batch((select jsonb_agg(jsonb_build_object('user_id', '{SOLO}', 'event_key', gen_random_uuid(), 'event_type', 'prompt',
                 'occurred_at', date_trunc('month', now()) - n * interval '1 month')) from generate_series(0, 24) n))"
        ),
    )
    .await;
}

/// The first instant of the month so many before the current one.
fn month_start(back: u32) -> DateTime<Utc> {
    let today = SystemClock.now().date_naive();
    let first =
        chrono::Datelike::with_day(&today, 1).and_then(|day| day.checked_sub_months(Months::new(back)));
    first.expect("a day").and_time(chrono::NaiveTime::MIN).and_utc()
}

#[tokio::test]
async fn data_cleanup_and_maintenance() {
    let (database, mut owner, mut app) = quotas().await;
    two_years(&mut owner, &mut app).await;
    let mut admin = database.connect("admin").await;
    let plan = plan_cleanup(&mut admin, 13).await.expect("planned");
    assert_eq!(plan.cutoff, month_start(13));
    assert_eq!((plan.events, plan.counters, plan.partitions.len()), (11, 11, 5));
    assert_eq!((plan.oldest, plan.oldest_kept), (Some(month_start(24)), Some(month_start(13))));
    assert!(plan.bytes > 0 && plan.unfinished.is_none());

    let action = cleanup(13, json!({"events": plan.events}));
    let shown = preview(&mut admin, &action).await.expect("it can be previewed");
    assert_eq!(shown.confirm.as_deref(), Some("remove 11 events"));
    assert_eq!(
        value(&mut owner, "select to_jsonb(count(*)) from steward.usage_events").await,
        25,
        "a preview removes nothing"
    );
    let done = apply(&mut admin, &action, &shown.plan_token).await.expect("decided");

    // Interrupted after each step: another session goes on where it stopped.
    let mut steps = 0;
    let last = loop {
        let mut another = database.connect("admin").await;
        let open = unfinished_cleanup(&mut another).await.expect("asked").expect("it is unfinished");
        assert_eq!(open.intent, done.intent);
        let progress = cleanup_step(&mut another, done.intent).await.expect("a step");
        steps += 1;
        if progress.is_done {
            break progress;
        }
        assert!(steps < 20, "it comes to an end");
    };
    assert_eq!((last.events_removed, last.counters_removed, last.partitions_dropped.len()), (11, 11, 5));
    let left = value(&mut owner, "select jsonb_build_array(count(*), min(occurred_at) = (date_trunc('month', now() at time zone 'UTC') - interval '13 months') at time zone 'UTC') from steward.usage_events").await;
    assert_eq!(left, json!([14, true]), "the current month and thirteen whole ones");
    let counters = value(&mut owner, "select to_jsonb(count(*)) from steward.usage_counters").await;
    assert_eq!(counters, 14);
    assert_eq!(
        cleanup_step(&mut admin, done.intent).await.expect("again").events_removed,
        11,
        "done is done"
    );
    assert_eq!(unfinished_cleanup(&mut admin).await.expect("asked"), None);

    let revert = Action::Revert {
        intent: IntentId(Uuid::now_v7()),
        operation: done.intent,
        reason: "Oh no".to_owned(),
    };
    let error = preview(&mut admin, &revert).await.expect_err("history that went is gone");
    assert_eq!(error.message(), "What cleanup_usage did cannot be taken back.");
    let gone = preview(&mut admin, &recount(&month_start(14).format("%Y-%m").to_string()))
        .await
        .expect_err("no events to count");
    assert!(gone.message().contains("cleaned up"), "{gone}");
    let logged = value(&mut owner, "select jsonb_build_array(count(*), bool_and(intent is not null), bool_and(action = 'cleanup_usage')) from steward.audit_log where table_name = 'usage_cleanups'").await;
    assert_eq!(logged, json!([steps + 1, true, true]), "the decision and every step");
}

#[tokio::test]
async fn a_cleanup_in_small_steps_removes_the_same() {
    let (database, mut owner, mut app) = quotas().await;
    two_years(&mut owner, &mut app).await;
    let mut admin = database.connect("admin").await;
    let action = cleanup(1, json!({}));
    let shown = preview(&mut admin, &action).await.expect("it can be previewed");
    let done = apply(&mut admin, &action, &shown.plan_token).await.expect("decided");
    let second = preview(&mut admin, &cleanup(1, json!({}))).await.expect_err("one at a time");
    assert_eq!(second.code(), ErrorCode::Conflict);
    // A step that fails half way leaves nothing behind.
    execute(&mut admin, "begin").await;
    execute(&mut admin, &format!("select steward.cleanup_step('{}', 2)", done.intent)).await;
    execute(&mut admin, "rollback").await;
    loop {
        let answer = value(&mut admin, &format!("select steward.cleanup_step('{}', 2)", done.intent)).await;
        if answer["is_done"] == true {
            assert_eq!((&answer["events_removed"], &answer["counters_removed"]), (&json!(23), &json!(23)));
            break;
        }
    }
    assert_eq!(value(&mut owner, "select to_jsonb(count(*)) from steward.usage_events").await, 2);
}

#[tokio::test]
async fn a_cleanup_nobody_means_is_refused() {
    let (database, _owner, _app) = quotas().await;
    let mut admin = database.connect("admin").await;
    for keep in [0, -1, 1201] {
        let error = preview(&mut admin, &cleanup(keep, json!({}))).await.expect_err("refused");
        assert_eq!(
            (error.code(), error.fields()[0].field.as_str()),
            (ErrorCode::Invalid, "keep_months"),
            "{keep}"
        );
        assert_eq!(sqlstate(&mut admin, &format!("select steward.plan_cleanup({keep})")).await, "ST400");
    }
    let moved = preview(&mut admin, &cleanup(13, json!({"events": 5}))).await.expect_err("another number");
    assert_eq!(moved.code(), ErrorCode::Conflict);
    assert_eq!(sqlstate(&mut admin, "select steward.cleanup_step(gen_random_uuid())").await, "ST404");
}

#[tokio::test]
async fn counters_are_counted_again_from_the_events() {
    let (database, mut owner, mut app) = quotas().await;
    execute(&mut owner, "insert into steward.plan_limits (plan_code, metric, period, limit_value) values ('solo', 'prompts', 'day', 500)").await;
    execute(
        &mut app,
        &format!(
            "select steward.track_usage_batch((select jsonb_agg(jsonb_build_object('user_id', case when n % 2 = 0 then '{SOLO}' else '{TRIAL}' end, 'event_key', gen_random_uuid(), 'event_type', 'prompt',
                 'quantity', n, 'bytes_out', n, 'status', case when n % 5 = 0 then 'rate_limited' else 'success' end, 'occurred_at', timestamptz '2026-03-01 00:00:00+00' + n * interval '11 hours')) from generate_series(1, 60) n))"
        ),
    )
    .await;
    let state = "select jsonb_object_agg(user_id || period || metric, used) from steward.usage_counters";
    let truth = value(&mut owner, state).await;
    let mut admin = database.connect("admin").await;
    let right = preview(&mut admin, &recount("2026-03")).await.expect("counted");
    assert_eq!(right.rows, [], "what was tracked is counted right");
    // Wrong, missing, too many, and one that nothing measures.
    execute(
        &mut owner,
        &format!(
            "update steward.usage_counters set used = used + 7 where period = '2026-03' and metric = 'prompts' and user_id = '{SOLO}';
             delete from steward.usage_counters where period = '2026-03' and metric = 'prompts' and user_id = '{TRIAL}';
             insert into steward.usage_counters (user_id, period, metric, used) values ('{TRIAL}', '2026-03', 'e2e_runs', 4), ('{TRIAL}', '2026-03', 'magic', 4), ('{TRIAL}', '2026-04', 'e2e_runs', 4)"
        ),
    )
    .await;
    let action = recount("2026-03");
    let shown = preview(&mut admin, &action).await.expect("counted");
    assert_eq!(shown.confirm.as_deref(), Some("recount 3 counters"));
    assert_eq!(shown.skipped[0].label, "magic");
    let done = apply(&mut admin, &action, &shown.plan_token).await.expect("applied");
    assert_eq!(done.rows, shown.rows);
    execute(&mut owner, "delete from steward.usage_counters where metric in ('e2e_runs', 'magic')").await;
    assert_eq!(value(&mut owner, state).await, truth);
    for wrong in ["2026-13", "2026", "march", ""] {
        let error = preview(&mut admin, &recount(wrong)).await.expect_err("no month");
        assert_eq!(error.fields()[0].field, "period", "{wrong}");
    }
    let mut support = database.connect("support").await;
    let back =
        Action::Revert { intent: IntentId(Uuid::now_v7()), operation: done.intent, reason: String::new() };
    assert_eq!(
        preview(&mut support, &back).await.expect_err("support did not do it").code(),
        ErrorCode::Permission
    );
}

#[tokio::test]
async fn a_use_counted_meanwhile_is_not_lost() {
    let (database, mut owner, mut app) = quotas().await;
    let month = SystemClock.now().format("%Y-%m").to_string();
    let event = format!(
        "jsonb_build_object('user_id', '{SOLO}', 'event_key', gen_random_uuid(), 'occurred_at', now(), 'event_type', 'prompt', 'quantity', 3)"
    );
    execute(&mut app, &format!("select steward.track_usage({event})")).await;
    execute(&mut owner, "update steward.usage_counters set used = 100").await;
    // A tracker that has kept its event and not committed; the recount has to wait for its counter.
    execute(&mut app, &format!("begin; select steward.track_usage({event})")).await;
    let mut admin = database.connect("admin").await;
    let call =
        format!("select steward.recompute_counters(gen_random_uuid(), '{month}', null, '{{}}', 'test')");
    let recounting = tokio::spawn(async move {
        execute(&mut admin, &call).await;
    });
    let waiting = "select to_jsonb(exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'))";
    while value(&mut owner, waiting).await != true {
        tokio::task::yield_now().await;
    }
    execute(&mut app, "commit").await;
    recounting.await.expect("the recount ends");
    assert_eq!(
        value(&mut owner, "select to_jsonb(used) from steward.usage_counters where metric = 'prompts'").await,
        6
    );
}

async fn counts(connection: &mut PgConnection, days: i32) -> (Quality, Value) {
    let report = quality(connection, days).await.expect("the report");
    let found = report
        .checks
        .iter()
        .map(|check| (check.check.clone(), json!(check.count)))
        .collect::<serde_json::Map<_, _>>();
    (report, found.into())
}

#[tokio::test]
async fn the_report_names_what_is_wrong() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let mut viewer = database.connect("viewer").await;
    let clean = json!({
        "gaps": 0, "future": 0, "orphans": 0, "duplicates": 0, "negative": 0, "late": 0, "unpriced": 0, "unmetered": 0, "counters": 0,
        "unpartitioned": 0,
    });
    assert_eq!(counts(&mut viewer, 90).await.1, clean, "nothing is wrong with nothing");
    execute(
        &mut owner,
        &format!(
            "set timezone = 'UTC';
             insert into steward.users (id, email) values ('{SOLO}', 'solo@example.com');
             select steward.ensure_usage_partitions((now() - interval '60 days')::date, now()::date);
             insert into steward.usage_events (user_id, occurred_at, recorded_at, event_key, event_type, model, input_tokens) values
                 ('{SOLO}', now() - interval '10 days', now() - interval '10 days', '{SOLO}', 'prompt', null, 0),
                 ('{SOLO}', now() - interval '6 days', now() - interval '4 days', '{SOLO}', 'prompt', null, 0),
                 ('{SOLO}', now() - interval '6 days', now() - interval '6 days', gen_random_uuid(), 'prompt', 'tern-mini', 5),
                 ('{TRIAL}', now() - interval '6 days', now() - interval '6 days', gen_random_uuid(), 'reticulate', null, 0),
                 ('{SOLO}', now() + interval '400 days', now(), gen_random_uuid(), 'prompt', null, 0);
             insert into steward.usage_counters (user_id, period, metric, used) values ('{SOLO}', to_char(now(), 'YYYY-MM'), 'exports', 2)"
        ),
    )
    .await;
    // Rules that were loosened once let in what they refuse now.
    execute(
        &mut owner,
        &format!(
            "alter table steward.usage_events drop constraint usage_events_cost_not_negative;
             insert into steward.usage_events (user_id, occurred_at, event_key, event_type, cost) values ('{SOLO}', now() - interval '6 days', gen_random_uuid(), 'prompt', -1)"
        ),
    )
    .await;
    let (report, found) = counts(&mut viewer, 30).await;
    let examples = |name: &str| {
        report
            .checks
            .iter()
            .find(|check| check.check == name)
            .map(|check| check.examples.clone())
            .unwrap_or_default()
    };
    for (check, count) in [
        ("gaps", 3),
        ("future", 1),
        ("orphans", 1),
        ("duplicates", 1),
        ("negative", 1),
        ("late", 2),
        ("unpriced", 1),
        ("unmetered", 1),
        ("unpartitioned", 1),
    ] {
        assert_eq!(found[check], count, "{check}: {:?}", examples(check));
    }
    assert!(
        found["counters"].as_u64() >= Some(1),
        "the counter without events, and events without counter this month"
    );
    assert_eq!(
        (examples("orphans"), examples("unmetered"), examples("unpriced")),
        (vec![json!(TRIAL)], vec![json!("reticulate")], vec![json!("tern-mini")])
    );
    assert_eq!(examples("duplicates")[0]["email"], "solo@example.com", "who is there is named");
    assert_eq!(examples("future")[0]["user_id"], SOLO);
    assert_eq!(counts(&mut viewer, 5).await.1["orphans"], 0, "only the days asked for");
    for days in [0, -1, 3661] {
        assert_eq!(quality(&mut viewer, days).await.expect_err("refused").fields()[0].field, "days");
    }
}
