//! Keeping usage: once, whole, by many at a time.

use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_tests::cluster::{TestDatabase, execute};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::limits::{SOLO, TEAMS, TRIAL, consume, quotas};
use super::{json as value, sqlstate};

async fn track(app: &mut PgConnection, events: &Value) -> Value {
    sqlx::query_scalar("select steward.track_usage_batch($1)")
        .bind(events)
        .fetch_one(app)
        .await
        .expect("the events are kept")
}

/// What a refused batch says: its fields, and whether anything was kept.
async fn refused(app: &mut PgConnection, events: &Value) -> (String, Value) {
    let failure = sqlx::query_scalar::<_, Value>("select steward.track_usage_batch($1)")
        .bind(events)
        .fetch_one(app)
        .await
        .expect_err("the batch is refused");
    let error = failure.as_database_error().expect("the server answers");
    assert_eq!(error.code().as_deref(), Some("ST400"), "{error}");
    let detail = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .and_then(sqlx::postgres::PgDatabaseError::detail)
        .expect("each line is named");
    (error.message().to_owned(), serde_json::from_str(detail).expect("as JSON"))
}

async fn counters(owner: &mut PgConnection) -> Value {
    value(
        owner,
        "select coalesce(jsonb_object_agg(metric || ' ' || period, used), '{}') from steward.usage_counters",
    )
    .await
}

#[tokio::test]
async fn trap_14_a_cost_that_comes_as_a_float_is_quantised_once_and_sums_exactly() {
    let (_database, mut owner, mut app) = quotas().await;
    // What a platform that computes in floats sends: 0.30000000000000004, and a third with seventeen digits.
    let float = |cost: f64| json!({ "user_id": SOLO, "event_key": Uuid::now_v7(), "event_type": "prompt", "cost": cost });
    let events: Vec<Value> = (0..1_000).map(|_| float(0.1 + 0.2)).chain([float(1.0 / 3.0)]).collect();
    assert!(events[0].to_string().contains("0.30000000000000004"), "{}", events[0]);
    assert_eq!(track(&mut app, &json!(events)).await, json!({"recorded": 1001, "repeated": 0}));
    // The same from a column of type double precision.
    execute(
        &mut owner,
        &format!(
            "insert into steward.usage_events (user_id, event_key, event_type, occurred_at, cost)
             select '{SOLO}', gen_random_uuid(), 'prompt', now(), (0.1::float8 + 0.2::float8) from generate_series(1, 1000)"
        ),
    )
    .await;
    let sum = value(&mut owner, "select to_jsonb(sum(cost)::text) from steward.usage_events").await;
    assert_eq!(sum, "600.333333333", "each to the nano-dollar, once; a sum of floats is 600.3333333333…");
}

#[tokio::test]
async fn an_event_is_kept_and_counted_once() {
    let (_database, mut owner, mut app) = quotas().await;
    let event = json!({
        "user_id": SOLO, "event_key": "019c0000-0000-7000-8000-000000000001", "event_type": "prompt", "feature": "draft",
        "provider": "lumen", "model": "lumen-large", "endpoint": "/v1/drafts", "quantity": 2, "input_tokens": 900, "output_tokens": 150,
        "bytes_out": 5200, "cost": "0.004950000", "credits": 8, "latency_ms": 950, "ip": "203.0.113.9", "metadata": {"job": 7},
    });
    assert_eq!(track(&mut app, &json!([event])).await, json!({"recorded": 1, "repeated": 0}));
    assert_eq!(
        track(&mut app, &json!([event])).await,
        json!({"recorded": 0, "repeated": 1}),
        "a retry is the same event"
    );
    assert_eq!(
        track(&mut app, &json!([event, event])).await,
        json!({"recorded": 0, "repeated": 2}),
        "also twice in one call"
    );
    assert_eq!(
        counters(&mut owner).await,
        json!({"prompts 2026-01": 2, "bytes_out 2026-01": 5200, "credits 2026-01": 8})
    );
    let kept = value(
        &mut owner,
        "select jsonb_build_array(occurred_at, plan_code, status, is_admin, cost, ip, metadata, tx = xmin::text::bigint) from steward.usage_events",
    )
    .await;
    assert_eq!(
        kept,
        json!(["2026-01-27T15:08:45.952+00:00", "solo", "success", false, 0.00495, "203.0.113.9", {"job": 7}, true]),
        "the key's first 48 bits are milliseconds since 1970"
    );
    assert_eq!(value(&mut owner, "select to_jsonb(count(*)) from steward.usage_events").await, 1);
    let seen = value(&mut owner, &format!("select to_jsonb(u.last_seen_at = e.occurred_at) from steward.users u join steward.usage_events e on e.user_id = u.id where u.id = '{SOLO}'")).await;
    assert_eq!(seen, true, "who used was seen");
}

#[tokio::test]
async fn what_counts_is_what_the_meters_say() {
    let (_database, mut owner, mut app) = quotas().await;
    execute(
        &mut owner,
        "insert into steward.usage_meters (metric, event_types, features, measure) values
             ('drafts', '{prompt}', '{draft}', 'events'), ('tokens', null, null, 'tokens');
         insert into steward.plan_limits (plan_code, metric, period, limit_value) values ('trial', 'drafts', 'day', 3), ('trial', 'drafts', 'minute', 2)",
    )
    .await;
    let event = |key: u128, more: Value| {
        let mut event = json!({"user_id": SOLO, "event_key": Uuid::from_u128(key), "event_type": "prompt", "occurred_at": "2026-05-01T12:00:30Z"});
        event.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        event
    };
    track(
        &mut app,
        &json!([
            event(1, json!({"feature": "draft", "quantity": 5, "input_tokens": 10, "output_tokens": 1})),
            event(2, json!({"feature": "draft", "status": "error"})),
            event(3, json!({"feature": "draft", "status": "rate_limited", "quantity": 9})),
            event(4, json!({"event_type": "unheard_of", "bytes_out": 3})),
            event(5, json!({"quantity": 4, "consumed": ["prompts"]})),
            event(6, json!({"feature": "draft", "occurred_at": "2026-05-01T12:01:00Z"})),
        ]),
    )
    .await;
    assert_eq!(
        counters(&mut owner).await,
        json!({
            "prompts 2026-05": 7, "drafts 2026-05": 3, "drafts 2026-05-01": 3, "tokens 2026-05": 11, "bytes_out 2026-05": 3,
        }),
        "what was turned away or consumed before counts nothing; days only where a plan limits them"
    );
    let window = value(
        &mut owner,
        "select jsonb_build_array(window_start, used) from steward.rate_windows where metric = 'drafts'",
    )
    .await;
    assert_eq!(window, json!(["2026-05-01T12:01:00+00:00", 1]), "the latest minute");
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_is_kept() {
    let (_database, mut owner, mut app) = quotas().await;
    let good = json!({"user_id": SOLO, "event_key": Uuid::now_v7(), "event_type": "prompt"});
    let with = |field: &str, wrong: Value| {
        let mut event = good.clone();
        event[field] = wrong;
        event
    };
    let day_after_tomorrow =
        (steward_core::Clock::now(&steward_core::SystemClock) + chrono::Duration::days(2)).to_rfc3339();
    for (field, wrong) in [
        ("user_id", json!(Uuid::from_u128(7))),
        ("user_id", Value::Null),
        ("event_key", Value::Null),
        ("event_key", json!(Uuid::from_u128(7))),
        ("occurred_at", json!(day_after_tomorrow)),
        ("occurred_at", json!("-infinity")),
        ("event_type", json!(" ")),
        ("status", json!("fine")),
        ("quantity", json!(-1)),
        ("quantity", json!(1_000_000_000_001_i64)),
        ("bytes_out", json!(-1)),
        ("output_tokens", json!(-1)),
        ("cost", json!(-0.1)),
        ("cost", json!("NaN")),
        ("latency_ms", json!(-1)),
        ("quanity", json!(1)),
        ("quantity", json!("many")),
        ("occurred_at", json!("yesterday-ish")),
        ("ip", json!("nowhere")),
        ("is_admin", json!(true)),
    ] {
        let (message, detail) = refused(&mut app, &json!([good, with(field, wrong.clone())])).await;
        assert_eq!(detail[0]["line"], 2, "{field} = {wrong}: {message}");
        assert!(message.starts_with("Event 2: "), "{message}");
    }
    for nonsense in [json!({}), json!("x"), json!([1]), json!([null])] {
        let failure =
            sqlx::query("select steward.track_usage_batch($1)").bind(&nonsense).execute(&mut app).await;
        assert!(failure.is_err(), "{nonsense}");
    }
    assert_eq!(sqlstate(&mut app, "select steward.track_usage_batch(null)").await, "ST400");
    assert_eq!(sqlstate(&mut app, "select steward.track_usage(null)").await, "ST400");
    assert_eq!(track(&mut app, &json!([])).await, json!({"recorded": 0, "repeated": 0}));
    assert_eq!(value(&mut owner, "select to_jsonb(count(*)) from steward.usage_events").await, 0);
    assert_eq!(counters(&mut owner).await, json!({}));
}

#[tokio::test]
async fn consuming_with_an_event_is_one_step_and_a_retry_counts_once() {
    let (_database, mut owner, mut app) = quotas().await;
    let call = |key: &Uuid, quantity: u32| {
        format!(
            r#"select steward.consume_usage('{TRIAL}', 'prompts', {quantity}, '{{"event_key": "{key}", "feature": "draft", "bytes_out": 10}}')"#
        )
    };
    let key = Uuid::now_v7();
    assert_eq!(value(&mut app, &call(&key, 20)).await["repeated"], false);
    let again = value(&mut app, &call(&key, 20)).await;
    assert_eq!(
        (&again["repeated"], &again["used"], &again["allowed"]),
        (&json!(true), &json!(20), &json!(true))
    );
    assert_eq!(sqlstate(&mut app, &call(&Uuid::now_v7(), 11)).await, "PT429");
    let kept = value(
        &mut owner,
        "select jsonb_build_array(jsonb_agg(jsonb_build_array(event_type, quantity, bytes_out)), (select jsonb_object_agg(metric, used) from steward.usage_counters)) from steward.usage_events",
    )
    .await;
    assert_eq!(
        kept,
        json!([[["prompt", 20, 10]], {"prompts": 20, "bytes_out": 10}]),
        "a refusal keeps no event and counts none of its bytes"
    );
}

const CLIENTS: usize = 16;
const CALLS: usize = 25;

/// Runs the same work in sixteen sessions at once.
async fn together<F, Fut>(database: &TestDatabase, work: F) -> Vec<usize>
where
    F: Fn(PgConnection, usize) -> Fut,
    Fut: Future<Output = usize> + Send + 'static,
{
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(work(database.connect("app").await, client));
    }
    clients.join_all().await
}

#[tokio::test]
async fn concurrent_usage_tracking_loses_and_adds_nothing() {
    let (database, mut owner, _app) = quotas().await;
    // Two users in each batch, in opposite orders, and one key that all sixteen send.
    let shared = Uuid::now_v7();
    let recorded = together(&database, move |mut app, client| async move {
        let mut recorded = 0;
        for call in 0..CALLS {
            let event = |user: &str, key: Uuid| json!({"user_id": user, "event_key": key, "event_type": "prompt", "bytes_out": 1});
            let mut events = vec![event(SOLO, Uuid::now_v7()), event(TEAMS, Uuid::now_v7()), event(TEAMS, shared)];
            if (client + call) % 2 == 0 {
                events.reverse();
            }
            let kept = track(&mut app, &json!(events)).await;
            recorded += kept["recorded"].as_u64().expect("a number") as usize;
        }
        recorded
    })
    .await;
    let total = 2 * CLIENTS * CALLS + 1;
    assert_eq!(recorded.iter().sum::<usize>(), total);
    let found = value(
        &mut owner,
        "select jsonb_build_array((select count(*) from steward.usage_events), (select sum(used) from steward.usage_counters where metric = 'prompts'), (select sum(used) from steward.usage_counters where metric = 'bytes_out'))",
    )
    .await;
    assert_eq!(found, json!([total, total, total]));
}

#[tokio::test]
async fn concurrent_consumers_share_a_hard_limit_exactly() {
    let (database, mut owner, _app) = quotas().await;
    execute(
        &mut owner,
        "update steward.plan_limits set limit_value = 150 where plan_code = 'trial' and metric = 'prompts'",
    )
    .await;
    let granted = together(&database, |mut app, client| async move {
        let mut granted = 0;
        for call in 0..CALLS {
            // Some with an event that counts more than is asked for, some tracked beside it: nobody waits in a circle.
            if (client + call) % 3 == 0 {
                let event = json!({"user_id": TRIAL, "event_key": Uuid::now_v7(), "event_type": "e2e_run", "bytes_out": 5});
                track(&mut app, &json!([event])).await;
            }
            let outcome = if call % 2 == 0 {
                consume(&mut app, TRIAL, "prompts", 1).await.map(|_| ()).map_err(|(code, _)| code)
            } else {
                sqlx::query("select steward.consume_usage($1::uuid, 'prompts', 1, $2)")
                    .bind(TRIAL)
                    .bind(json!({"event_key": Uuid::now_v7(), "bytes_out": 1}))
                    .execute(&mut app)
                    .await
                    .map(|_| ())
                    .map_err(|failure| failure.as_database_error().and_then(|error| error.code().map(String::from)).unwrap_or_default())
            };
            match outcome {
                Ok(()) => granted += 1,
                Err(code) => assert_eq!(code, "PT429", "no deadlock, no other failure"),
            }
        }
        granted
    })
    .await;
    assert_eq!(granted.iter().sum::<usize>(), 150, "400 asked for, 150 granted");
    let found = value(&mut owner, "select jsonb_object_agg(metric, used) from steward.usage_counters where metric in ('prompts', 'e2e_runs')").await;
    assert_eq!(found["prompts"], 150, "counted is what was granted");
    let bytes = value(
        &mut owner,
        "select to_jsonb((select sum(bytes_out) from steward.usage_events) = (select used from steward.usage_counters where metric = 'bytes_out'))",
    )
    .await;
    assert_eq!(bytes, true, "and refused consumers left no event behind");
}

#[tokio::test]
async fn tracking_waits_for_nobody_elses_account() {
    let (database, mut owner, mut app) = quotas().await;
    // Somebody changes the account of one user and takes his time.
    execute(&mut owner, &format!("begin; select from steward.users where id = '{SOLO}' for no key update"))
        .await;
    execute(&mut app, "set lock_timeout = '1s'").await;
    let event = |user: &str| json!({"user_id": user, "event_key": Uuid::now_v7(), "event_type": "prompt"});
    assert_eq!(track(&mut app, &json!([event(TEAMS)])).await["recorded"], 1);
    assert_eq!(track(&mut app, &json!([event(SOLO)])).await["recorded"], 1, "not even for that of the same");
    execute(&mut owner, "commit").await;
    // Another session's open transaction holds one user's counter: others go on.
    let mut slow = database.connect("app").await;
    execute(&mut slow, "begin").await;
    consume(&mut slow, SOLO, "prompts", 1).await.expect("counted, not committed");
    consume(&mut app, TEAMS, "prompts", 1).await.expect("another user's counter is another row");
    execute(&mut slow, "rollback").await;
}
