//! Limits and features as the platform asks for them. Named after the scenarios of the plans-and-quotas
//! description: rollover, hard and soft limits, feature gates, admin bypass, rates, authorisation, errors.

use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::{json as value, sqlstate};

/// The users of the quota catalogue: one per plan, then an admin of the product on trial.
pub(super) const TRIAL: &str = "01900000-0000-7000-8000-000000000001";
/// On `solo`.
pub(super) const SOLO: &str = "01900000-0000-7000-8000-000000000002";
/// On `teams`.
pub(super) const TEAMS: &str = "01900000-0000-7000-8000-000000000003";
/// An admin of the product, on `trial`.
pub(super) const BOSS: &str = "01900000-0000-7000-8000-000000000004";

/// A database with the catalogue of trial, solo and teams.
pub(super) async fn quotas() -> (TestDatabase, PgConnection, PgConnection) {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(
        &mut owner,
        &format!(
            "select steward.install_preset('quotas');
             insert into steward.users (id, email, plan_code, role) values
                 ('{TRIAL}', 'trial@example.com', 'trial', 'user'), ('{SOLO}', 'solo@example.com', 'solo', 'user'),
                 ('{TEAMS}', 'teams@example.com', 'teams', 'user'), ('{BOSS}', 'boss@example.com', 'trial', 'admin')"
        ),
    )
    .await;
    let app = database.connect("app").await;
    (database, owner, app)
}

/// What `consume_usage` answers, or the SQLSTATE it raises with its detail.
pub(super) async fn consume(
    app: &mut PgConnection,
    user: &str,
    metric: &str,
    quantity: i64,
) -> Result<Value, (String, Value)> {
    sqlx::query_scalar::<_, Value>("select steward.consume_usage($1::uuid, $2, $3)")
        .bind(user)
        .bind(metric)
        .bind(quantity)
        .fetch_one(app)
        .await
        .map_err(|failure| {
            let error = failure.as_database_error().expect("the server answers");
            let detail = error
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .and_then(sqlx::postgres::PgDatabaseError::detail)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            (error.code().unwrap_or_default().into_owned(), detail)
        })
}

async fn check(app: &mut PgConnection, user: &str, metric: &str, quantity: i64) -> Value {
    value(app, &format!("select steward.check_usage('{user}', '{metric}', {quantity})")).await
}

/// `[allowed, kind, limit, used, remaining]`.
fn gist(answer: &Value) -> Value {
    json!([answer["allowed"], answer["kind"], answer["limit"], answer["used"], answer["remaining"]])
}

#[tokio::test]
async fn monthly_usage_rollover() {
    let (_database, mut owner, mut app) = quotas().await;
    // The last microsecond of a month and the first of the next, in UTC whatever the session's zone.
    execute(
        &mut app,
        &format!(
            "set timezone = 'Pacific/Kiritimati';
             select steward.track_usage_batch(jsonb_build_array(
                 jsonb_build_object('user_id', '{TRIAL}', 'event_key', gen_random_uuid(), 'event_type', 'prompt', 'quantity', 30, 'occurred_at', '2026-01-31T23:59:59.999999Z'),
                 jsonb_build_object('user_id', '{TRIAL}', 'event_key', gen_random_uuid(), 'event_type', 'prompt', 'quantity', 2, 'occurred_at', '2026-02-01T00:00:00Z')))"
        ),
    )
    .await;
    let counters =
        value(&mut owner, "select jsonb_object_agg(period, used) from steward.usage_counters").await;
    assert_eq!(counters, json!({"2026-01": 30, "2026-02": 2}));
    let at = |at: &str| format!("select steward.usage_at('{TRIAL}', 'prompts', 1, '{at}', null, null)");
    let january = value(&mut owner, &at("2026-01-31 23:59:59.999999+00")).await;
    assert_eq!(gist(&january), json!([false, "hard", 30, 30, 0]));
    assert_eq!(january["resets_at"], "2026-02-01T00:00:00+00:00");
    let february = value(&mut owner, &at("2026-02-01 00:00:00+00")).await;
    assert_eq!(gist(&february), json!([true, "hard", 30, 2, 28]), "a new month starts with what it used");
    assert_eq!(february["resets_at"], "2026-03-01T00:00:00+00:00");
    let march = value(&mut owner, &at("2026-03-01 00:00:00+00")).await;
    assert_eq!(gist(&march), json!([true, "hard", 30, 0, 30]));
}

#[tokio::test]
async fn plan_limit_enforcement_hard() {
    let (_database, mut owner, mut app) = quotas().await;
    let done = consume(&mut app, TRIAL, "prompts", 29).await.expect("29 of 30 are free");
    assert_eq!(gist(&done), json!([true, "hard", 30, 29, 1]));
    assert_eq!(
        gist(&check(&mut app, TRIAL, "prompts", 2).await),
        json!([false, "hard", 30, 29, 1]),
        "asked for beyond the limit, not only at it"
    );
    let (code, detail) = consume(&mut app, TRIAL, "prompts", 2).await.expect_err("two are one too many");
    assert_eq!(code, "PT429");
    assert_eq!(
        (&detail["limit"], &detail["used"], &detail["remaining"], &detail["period"]),
        (&json!(30), &json!(29), &json!(1), &json!("month"))
    );
    consume(&mut app, TRIAL, "prompts", 1).await.expect("the last one");
    assert_eq!(check(&mut app, TRIAL, "prompts", 1).await["reason"], "limit");
    let used = value(&mut owner, "select to_jsonb(used) from steward.usage_counters").await;
    assert_eq!(used, 30, "a refusal counts nothing");
}

#[tokio::test]
async fn plan_limit_enforcement_soft_and_unlimited() {
    let (_database, _owner, mut app) = quotas().await;
    consume(&mut app, SOLO, "prompts", 9_999).await.expect("below");
    let over = consume(&mut app, SOLO, "prompts", 2).await.expect("a soft limit refuses nothing");
    assert_eq!(gist(&over), json!([true, "soft", 10_000, 10_001, 0]));
    assert_eq!(over["is_over"], true, "it warns");
    let shown = check(&mut app, SOLO, "prompts", 1).await;
    assert_eq!(
        (&shown["allowed"], &shown["is_over"], &shown["reason"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    consume(&mut app, TEAMS, "prompts", 1_000_000).await.expect("unlimited");
    assert_eq!(
        gist(&check(&mut app, TEAMS, "prompts", 1).await),
        json!([true, "soft", null, 1_000_000, null])
    );
    // Nothing is said of e2e_runs but that it is unlimited on every plan.
    consume(&mut app, TRIAL, "e2e_runs", 500).await.expect("unlimited");
}

#[tokio::test]
async fn feature_gating_by_plan_level() {
    let (_database, mut owner, mut app) = quotas().await;
    let mut gate = async |user: &str, feature: &str| {
        let found = value(&mut app, &format!("select steward.check_feature('{user}', '{feature}')")).await;
        json!([found["allowed"], found["plan_required"]])
    };
    assert_eq!(gate(TRIAL, "gitExport").await, json!([false, "solo"]));
    assert_eq!(gate(SOLO, "gitExport").await, json!([true, null]));
    assert_eq!(gate(TEAMS, "gitExport").await, json!([true, null]));
    assert_eq!(gate(TRIAL, "multiUser").await, json!([false, "teams"]));
    assert_eq!(gate(SOLO, "multiUser").await, json!([false, "teams"]));
    assert_eq!(gate(TEAMS, "multiUser").await, json!([true, null]));
    assert_eq!(gate(TRIAL, "snapshots").await, json!([false, "solo"]));
    assert_eq!(gate(BOSS, "multiUser").await, json!([true, null]), "an admin has every feature");
    execute(&mut owner, "update steward.plans set archived_at = now() where code = 'solo'").await;
    assert_eq!(
        gate(TRIAL, "gitExport").await,
        json!([false, "teams"]),
        "what is no longer offered is no way up"
    );
    assert_eq!(gate(SOLO, "gitExport").await, json!([true, null]), "who has it keeps it");
    execute(&mut owner, &format!("update steward.users set status = 'suspended' where id = '{TEAMS}'")).await;
    assert_eq!(gate(TEAMS, "gitExport").await, json!([false, null]));
}

#[tokio::test]
async fn admin_bypass_is_counted() {
    let (_database, mut owner, mut app) = quotas().await;
    for _ in 0..2 {
        let done = consume(&mut app, BOSS, "prompts", 20).await.expect("an admin passes");
        assert_eq!(done["is_admin"], true);
    }
    consume(&mut app, BOSS, "snapshots", 5).await.expect("rates, too");
    execute(
        &mut app,
        &format!("select steward.track_usage(jsonb_build_object('user_id', '{BOSS}', 'event_key', gen_random_uuid(), 'occurred_at', now(), 'event_type', 'prompt'))"),
    )
    .await;
    let shown = check(&mut app, BOSS, "prompts", 1).await;
    assert_eq!(gist(&shown), json!([true, "hard", 30, 41, 0]), "allowed, and everything counted");
    let flagged = value(&mut owner, "select to_jsonb(is_admin) from steward.usage_events").await;
    assert_eq!(flagged, true, "averages can leave it out");
}

#[tokio::test]
async fn rate_limiting_for_snapshots() {
    let (_database, mut owner, mut app) = quotas().await;
    assert_eq!(consume(&mut app, TRIAL, "snapshots", 1).await.expect_err("none a minute").0, "PT429");
    // Windows are minutes of the clock, so each check names its instant.
    let at = |user: &str, second: u32| {
        format!(
            "select steward.usage_at('{user}', 'snapshots', 1, '2026-03-01 10:00:{second:02}+00', null, null)"
        )
    };
    let window = |user: &str, used: u32| {
        format!(
            "insert into steward.rate_windows values ('user', '{user}', 'snapshots', 60, '2026-03-01 10:00:00+00', {used})"
        )
    };
    execute(&mut owner, &window(SOLO, 1)).await;
    execute(&mut owner, &window(TEAMS, 9)).await;
    let solo = value(&mut owner, &at(SOLO, 59)).await;
    assert_eq!(gist(&solo), json!([false, "hard", 1, 1, 0]), "one a minute");
    assert_eq!(solo["resets_at"], "2026-03-01T10:01:00+00:00");
    assert_eq!(
        gist(&value(&mut owner, &at(TEAMS, 0)).await),
        json!([true, "hard", 10, 9, 1]),
        "ten a minute"
    );
    let next = value(&mut owner, &at(SOLO, 60 - 1).replace("10:00:59", "10:01:00")).await;
    assert_eq!(gist(&next), json!([true, "hard", 1, 0, 1]), "a new minute starts at 0");
    // A window of the past moves on instead of adding up.
    let done = consume(&mut app, TEAMS, "snapshots", 10).await.expect("a whole new minute");
    assert_eq!((&done["used"], &done["limit"]), (&json!(10), &json!(10)));
    let kept =
        value(&mut owner, "select to_jsonb(count(*)) from steward.rate_windows where metric = 'snapshots'")
            .await;
    assert_eq!(kept, 2, "one row per user and rate");
}

#[tokio::test]
async fn snapshots_a_minute_at_once() {
    let (database, mut owner, _app) = quotas().await;
    // Sixteen backends ask for thirty snapshots each on a plan that allows ten a minute.
    let asked = (0..16).map(|_| async {
        let mut app = database.connect("app").await;
        let (mut allowed, mut refused) = (0_u32, 0_u32);
        for _ in 0..30 {
            match consume(&mut app, TEAMS, "snapshots", 1).await {
                Ok(_) => allowed += 1,
                Err((code, detail)) => {
                    assert_eq!((code.as_str(), &detail["period"]), ("PT429", &json!("minute")));
                    refused += 1;
                }
            }
        }
        (allowed, refused)
    });
    let minute = "extract(epoch from date_bin('1 minute', clock_timestamp(), timestamptz '1970-01-01 00:00:00+00')) / 60";
    let clock = format!("select to_jsonb(({minute})::bigint)");
    let first = value(&mut owner, &clock).await.as_u64().expect("a minute");
    let done = futures::future::join_all(asked).await;
    let minutes = value(&mut owner, &clock).await.as_u64().expect("a minute") - first + 1;
    let allowed: u32 = done.iter().map(|(allowed, _)| allowed).sum();
    let refused: u32 = done.iter().map(|(_, refused)| refused).sum();
    assert_eq!(allowed + refused, 480);
    // Exactly ten in each minute of the clock that was touched; which part of the first and the last was is the clock's.
    assert!(allowed >= 10 && u64::from(allowed) <= 10 * minutes, "{allowed} in {minutes} minutes");
    // Raised for a day, as support does it.
    execute(
        &mut owner,
        &format!(
            "insert into steward.quota_overrides (user_id, metric, period, limit_value, until) values ('{SOLO}', 'snapshots', 'minute', 5, now() + interval '1 day')"
        ),
    )
    .await;
    let mut app = database.connect("app").await;
    let raised = check(&mut app, SOLO, "snapshots", 5).await;
    assert_eq!((&raised["allowed"], &raised["limit"]), (&json!(true), &json!(5)), "a raise of the rate");
    assert_eq!(check(&mut app, SOLO, "snapshots", 6).await["allowed"], false);
}

#[tokio::test]
async fn rates_of_everyone_a_team_and_a_key() {
    let (_database, mut owner, mut app) = quotas().await;
    let (team, key) = (Uuid::from_u128(21), Uuid::from_u128(22));
    execute(
        &mut owner,
        &format!(
            "insert into steward.teams (id, name) values ('{team}', 'Crew');
             insert into steward.rate_limits (scope, subject_id, metric, seconds, limit_value) values
                 ('everyone', null, 'api_calls', 86400, 3), ('team', '{team}', 'api_calls', 86400, 4), ('key', '{key}', 'api_calls', 86400, 1)"
        ),
    )
    .await;
    let call = |user: &str, more: &str| format!("select steward.consume_usage('{user}', 'api_calls'{more})");
    let in_team = format!(", team_id => '{team}'");
    for user in [SOLO, SOLO, SOLO, TEAMS] {
        execute(&mut app, &call(user, &in_team)).await;
    }
    assert_eq!(sqlstate(&mut app, &call(SOLO, "")).await, "PT429", "three for each user");
    assert_eq!(sqlstate(&mut app, &call(TEAMS, &in_team)).await, "PT429", "four for the team together");
    execute(&mut app, &call(TEAMS, &format!(", api_key_id => '{key}'"))).await;
    assert_eq!(
        sqlstate(&mut app, &call(TRIAL, &format!(", api_key_id => '{key}'"))).await,
        "PT429",
        "one for the key"
    );
    let shown = value(
        &mut app,
        &format!("select steward.check_usage('{TRIAL}', 'api_calls', 1, api_key_id => '{key}')"),
    )
    .await;
    assert_eq!(
        (&shown["allowed"], &shown["source"], &shown["period"]),
        (&json!(false), &json!("rate"), &json!("86400 s"))
    );
    let counted = value(
        &mut owner,
        "select to_jsonb(sum(used)) from steward.usage_counters where metric = 'api_calls'",
    )
    .await;
    assert_eq!(counted, 5, "refused calls are in no counter");
}

#[tokio::test]
async fn a_raise_holds_for_its_time_and_only_raises() {
    let (_database, mut owner, _app) = quotas().await;
    let team = Uuid::from_u128(31);
    execute(
        &mut owner,
        &format!(
            "insert into steward.teams (id, name) values ('{team}', 'Crew');
             insert into steward.team_members (team_id, user_id, role) values ('{team}', '{TRIAL}', 'owner'), ('{team}', '{BOSS}', 'member');
             insert into steward.quota_overrides (user_id, metric, period, limit_value, starts_at, until) values
                 ('{TRIAL}', 'prompts', 'month', 100, '2026-03-01', '2026-03-08'),
                 ('{TRIAL}', 'prompts', 'month', 10, '2026-04-01', '2026-04-08'),
                 ('{SOLO}', 'prompts', 'month', null, '2026-03-01', '2026-03-08');
             insert into steward.quota_overrides (team_id, metric, period, limit_value, starts_at, until) values ('{team}', 'prompts', 'month', 60, '2026-03-05', '2026-03-12');
             insert into steward.quota_overrides (team_id, user_id, metric, period, limit_value, starts_at, until) values ('{team}', '{BOSS}', 'prompts', 'month', 70, '2026-03-05', '2026-03-12');
             insert into steward.quota_overrides (api_key_id, metric, period, limit_value, starts_at, until) values ('{team}', 'prompts', 'month', 500, '2026-03-01', '2026-03-08')"
        ),
    )
    .await;
    let mut limit = async |user: &str, at: &str, key: &str| {
        value(&mut owner, &format!("select jsonb_build_array(limit_value, plan_limit, until) from steward.effective_limits('{user}', '{at}+00', {key}) where metric = 'prompts'")).await
    };
    assert_eq!(limit(TRIAL, "2026-02-28 23:59:59", "null").await, json!([30, 30, null]), "not yet");
    assert_eq!(
        limit(TRIAL, "2026-03-01 00:00:00", "null").await,
        json!([100, 30, "2026-03-08T00:00:00+00:00"])
    );
    assert_eq!(limit(TRIAL, "2026-03-07 23:59:59.999999", "null").await[0], 100, "the best of user and team");
    assert_eq!(
        limit(TRIAL, "2026-03-08 00:00:00", "null").await,
        json!([60, 30, "2026-03-12T00:00:00+00:00"]),
        "then the team's"
    );
    assert_eq!(
        limit(TRIAL, "2026-03-12 00:00:00", "null").await,
        json!([30, 30, null]),
        "by itself back to the plan's"
    );
    assert_eq!(limit(TRIAL, "2026-04-02 00:00:00", "null").await[0], 30, "a raise never lowers");
    assert_eq!(limit(BOSS, "2026-03-06 00:00:00", "null").await[0], 70, "a member's own");
    assert_eq!(limit(SOLO, "2026-03-02 00:00:00", "null").await[0], Value::Null, "unlimited is the best");
    assert_eq!(
        limit(TRIAL, "2026-03-02 00:00:00", &format!("'{team}'")).await[0],
        500,
        "what is done with a key"
    );
}

#[tokio::test]
async fn several_periods_are_all_kept() {
    let (_database, mut owner, mut app) = quotas().await;
    execute(
        &mut owner,
        "insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values
             ('solo', 'prompts', 'day', 5, 'hard'), ('solo', 'prompts', 'lifetime', 12000, 'hard')",
    )
    .await;
    consume(&mut app, SOLO, "prompts", 4).await.expect("4 of 5 a day");
    let (_, detail) = consume(&mut app, SOLO, "prompts", 2).await.expect_err("the day is the tightest");
    assert_eq!((&detail["period"], &detail["used"]), (&json!("day"), &json!(4)));
    let shown = check(&mut app, SOLO, "prompts", 1).await;
    assert_eq!(
        (&shown["period"], &shown["remaining"]),
        (&json!("day"), &json!(1)),
        "where least is left decides"
    );
    let periods: Vec<&Value> =
        shown["limits"].as_array().expect("a list").iter().map(|line| &line["period"]).collect();
    assert_eq!(periods, ["day", "month", "lifetime"]);
    let counters =
        value(&mut owner, "select jsonb_agg(used order by period) from steward.usage_counters").await;
    assert_eq!(counters, json!([4, 4, 4]), "what one period refused no other counted");
}

#[tokio::test]
async fn api_authorisation() {
    let (database, mut owner, mut app) = quotas().await;
    for role in ["viewer", "finance", "support", "admin", "authenticated"] {
        let mut person = database.connect(role).await;
        for call in
            ["track_usage('{}')", "track_usage_batch('[]')", &format!("consume_usage('{TRIAL}', 'prompts')")]
        {
            assert_eq!(
                sqlstate(&mut person, &format!("select steward.{call}")).await,
                "42501",
                "{role}: {call}"
            );
        }
    }
    for table in ["usage_counters", "usage_events", "users", "rate_windows", "quota_overrides"] {
        assert_eq!(
            sqlstate(&mut app, &format!("select from steward.{table}")).await,
            "42501",
            "the platform reads no {table}"
        );
    }
    execute(&mut owner, &format!("update steward.users set status = 'suspended' where id = '{SOLO}'")).await;
    let (code, detail) = consume(&mut app, SOLO, "prompts", 1).await.expect_err("suspended");
    assert_eq!((code.as_str(), &detail["reason"]), ("PT403", &json!("suspended")));
    let shown = check(&mut app, SOLO, "prompts", 1).await;
    assert_eq!((&shown["allowed"], &shown["reason"]), (&json!(false), &json!("suspended")));
}

#[tokio::test]
async fn error_handling_and_resilience() {
    let (_database, mut owner, mut app) = quotas().await;
    let nobody = Uuid::from_u128(7);
    for (call, code) in [
        (format!("check_usage('{nobody}', 'prompts')"), "ST404"),
        (format!("consume_usage('{nobody}', 'prompts')"), "ST404"),
        (format!("check_feature('{nobody}', 'gitExport')"), "ST404"),
        ("check_usage(null, 'prompts')".to_owned(), "ST404"),
        (format!("check_usage('{TRIAL}', 'promts')"), "ST400"),
        (format!("consume_usage('{TRIAL}', '')"), "ST400"),
        (format!("consume_usage('{TRIAL}', null)"), "ST400"),
        (format!("check_feature('{TRIAL}', 'gitexport')"), "ST400"),
        (format!("consume_usage('{TRIAL}', 'prompts', -1)"), "ST400"),
        (format!("consume_usage('{TRIAL}', 'prompts', null)"), "ST400"),
        (format!("consume_usage('{TEAMS}', 'prompts', 1000000000001)"), "ST400"),
        (format!("consume_usage('{TEAMS}', 'prompts', 9223372036854775807)"), "ST400"),
        (format!("consume_usage('{TRIAL}', 'prompts', 1, '{{\"user_id\": \"{SOLO}\"}}')"), "ST400"),
    ] {
        assert_eq!(sqlstate(&mut app, &format!("select steward.{call}")).await, code, "{call}");
    }
    consume(&mut app, TRIAL, "prompts", 0).await.expect("nothing is always allowed");
    // A user without a plan has the first one on offer; without a catalogue nothing is limited.
    execute(&mut owner, &format!("update steward.users set plan_code = null where id = '{SOLO}'")).await;
    assert_eq!(check(&mut app, SOLO, "prompts", 1).await["plan"], "trial");
    // 999,999 of a soft limit was once the way to write unlimited.
    execute(&mut owner, "update steward.plan_limits set limit_value = 999999 where plan_code = 'teams' and metric = 'prompts'").await;
    assert_eq!(check(&mut app, TEAMS, "prompts", 1).await["limit"], Value::Null);
}
