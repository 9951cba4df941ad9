//! What an account may do, by the copy and by the server: for every user of the sample company, every metric
//! and every feature, with raises, suspensions, admins and teams among them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use steward_app::secrets::SecretsMode;
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_tests::cluster::{TestDatabase, execute};

/// Raises for users, teams and members, running, over and not begun; suspensions; a limit of its own per
/// minute, day and life; counters at, under and above limits.
const STIR: &str = "
    update steward.users set status = 'suspended' where id in (select id from steward.users where role = 'user' and status = 'active' order by id limit 7);
    insert into steward.plan_limits (plan_code, metric, period, limit_value, kind)
        select code, 'drafts_of_the_day', 'day', 40, 'hard' from steward.plans where custom_for_team is null
        union all select code, 'drafts_of_the_day', 'lifetime', 999999, 'soft' from steward.plans where custom_for_team is null
        union all select code, 'drafts_of_the_day', 'minute', 5, 'hard' from steward.plans where custom_for_team is null;
    insert into steward.plan_features (plan_code, key, value)
        select code, 'quiet_hours', case when rank % 2 = 0 then 'false' else '{\"from\": 22}' end::jsonb from steward.plans;
    insert into steward.usage_counters (user_id, period, metric, used)
        select u.id, steward.period_key(p.period, now()), 'drafts_of_the_day', (row_number() over (order by u.id, p.period)) % 60
        from steward.users u cross join (values ('day'), ('lifetime')) p (period)
        on conflict on constraint usage_counters_pkey do nothing;
    insert into steward.quota_overrides (user_id, team_id, metric, period, limit_value, starts_at, until, reason)
        select u.id, null, l.metric, l.period, case when n.n % 5 > 0 then l.limit_value * 2 end,
            now() + (n.n % 3 - 2) * interval '1 day', now() + (n.n % 7 - 2) * interval '1 day' + interval '1 hour', 'Asked'
        from (select id, plan_code, row_number() over (order by id) as n from steward.users) n (id, plan_code, n)
        join steward.users u on u.id = n.id and n.n % 4 = 0
        join steward.plan_limits l on l.plan_code = n.plan_code and l.limit_value > 0
        where (n.n % 3 - 2) * interval '1 day' < (n.n % 7 - 2) * interval '1 day' + interval '1 hour';
    insert into steward.quota_overrides (user_id, team_id, metric, period, limit_value, until, reason)
        select null, t.id, 'drafts_of_the_day', 'day', 55, now() + interval '2 days', 'Team' from steward.teams t;
    insert into steward.quota_overrides (user_id, team_id, metric, period, limit_value, until, reason)
        select m.user_id, m.team_id, 'drafts_of_the_day', 'day', 57, now() + interval '3 days', 'Member'
        from steward.team_members m where m.role = 'owner';";

async fn run(steward: &Steward, command: &str, request: Value) -> Value {
    dispatch(steward, command, request, Mode::Run)
        .await
        .unwrap_or_else(|error| panic!("{command} succeeds: {error:?}"))
}

#[tokio::test]
async fn the_copy_says_of_every_account_what_the_server_says() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = Steward::open(OpenOptions {
        home: Some(home.path().to_owned()),
        secrets: SecretsMode::Memory,
        engine: Engine::OnDemand,
        ..OpenOptions::default()
    })
    .await
    .expect("an empty folder opens");
    run(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, STIR).await;
    run(&steward, "sync_run", Value::Null).await;
    let status = run(&steward, "sync_status", Value::Null).await;
    let as_of = status["as_of"].as_str().expect("a cut was made");

    // The server's answers for everybody at the instant of the copy, in one question each.
    let limits: Value = sqlx::query_scalar(AssertSqlSafe(format!(
        "select jsonb_object_agg(u.id, (
             select jsonb_object_agg(m.metric, steward.usage_at(u.id, m.metric, 1, '{as_of}', null, null))
             from (select distinct metric from steward.plan_limits) m))
         from steward.users u"
    )))
    .fetch_one(&mut owner)
    .await
    .expect("limits");
    let mut viewer = database.connect("viewer").await;
    let features: Value = sqlx::query_scalar(
        "select jsonb_object_agg(u.id, (
             select jsonb_object_agg(f.key, steward.check_feature(u.id, f.key))
             from (select distinct key from steward.plan_features) f))
         from steward.users u",
    )
    .fetch_one(&mut viewer)
    .await
    .expect("features");
    let users = limits.as_object().expect("users");
    assert!(users.len() >= 500, "the whole company: {}", users.len());

    let (mut raised, mut reasons) = (0, BTreeSet::new());
    for (id, by_metric) in users {
        let view = run(&steward, "user_show", json!({ "user": id })).await;
        let lines = view["limits"].as_array().expect("limits");
        for (metric, theirs) in by_metric.as_object().expect("metrics") {
            let ours = run(&steward, "limit_check", json!({ "user": id, "metric": metric })).await;
            assert_eq!(
                json!([ours["is_allowed"], ours["reason"], ours["plan_code"], ours["is_admin"]]),
                json!([theirs["allowed"], theirs["reason"], theirs["plan"], theirs["is_admin"]]),
                "{id} {metric}"
            );
            reasons.insert(ours["reason"].to_string());
            let told = |line: &Value, is_ours: bool| {
                let until = if is_ours { &line["raised_until"] } else { &line["until"] };
                // A minute is counted on the server only, where nobody has asked for anything yet.
                let used = line["used"].as_i64().unwrap_or(0);
                let instant = |at: &Value| {
                    at.as_str().map(|at| at.parse::<chrono::DateTime<chrono::Utc>>().expect("an instant"))
                };
                (
                    line["period"].clone(),
                    line["kind"].clone(),
                    line["limit"].clone(),
                    used,
                    line["remaining"].clone(),
                    line["is_over"].clone(),
                    instant(until),
                    instant(&line["resets_at"]),
                )
            };
            let all = |lines: &Value, is_ours| {
                lines.as_array().expect("lines").iter().map(|line| told(line, is_ours)).collect::<Vec<_>>()
            };
            let mine = all(&ours["limits"], true);
            assert_eq!(
                mine,
                all(&theirs["limits"], false),
                "{id} {metric}, in the order in which they decide"
            );
            raised += mine.iter().filter(|line| line.6.is_some()).count();
            // The account's page shows the same lines.
            let mut shown: Vec<_> =
                lines.iter().filter(|line| line["metric"] == *metric).map(|line| told(line, true)).collect();
            let mut mine = mine;
            shown.sort_by_key(|line| line.0.to_string());
            mine.sort_by_key(|line| line.0.to_string());
            assert_eq!(shown, mine, "{id} {metric} on the page");
        }
        let ours: Value = view["features"]
            .as_array()
            .expect("features")
            .iter()
            .map(|feature| {
                (
                    feature["key"].as_str().expect("a key").to_owned(),
                    json!([
                        feature["is_allowed"],
                        feature["reason"],
                        feature["value"],
                        feature["plan_required"]
                    ]),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        let theirs: Value = features[id]
            .as_object()
            .expect("features")
            .iter()
            .map(|(key, theirs)| {
                (
                    key.clone(),
                    json!([theirs["allowed"], theirs["reason"], theirs["value"], theirs["plan_required"]]),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(ours, theirs, "{id}");
    }
    assert!(raised > 100, "raises decide for many: {raised}");
    assert_eq!(
        reasons.iter().map(String::as_str).collect::<Vec<_>>(),
        ["\"erased\"", "\"limit\"", "\"suspended\"", "null"],
        "every answer occurs"
    );
    steward.close().await;
}
