//! What the copy says an account may use is what the server says.

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_core::id::{TeamId, UserId};
use steward_core::limit::{Account, LimitLine, Raise, Subject, effective, judge, period_key};
use steward_core::plan::PlanLimit;
use steward_tests::cluster::execute;
use uuid::Uuid;

use super::json as value;
use super::limits::{BOSS, SOLO, TEAMS, TRIAL, quotas};

const PERIODS: [&str; 4] = ["minute", "day", "month", "lifetime"];

fn sql(instant: DateTime<Utc>) -> String {
    format!("'{}'", instant.to_rfc3339())
}

fn insert(raise: &Raise) -> String {
    let (user, team, key) = match raise.subject {
        Subject::User(user) => (Some(user.0), None, None),
        Subject::Team(team) => (None, Some(team.0), None),
        Subject::Member(team, user) => (Some(user.0), Some(team.0), None),
        Subject::Key(key) => (None, None, Some(key)),
    };
    let quoted = |id: Option<Uuid>| id.map_or("null".to_owned(), |id| format!("'{id}'"));
    format!(
        "insert into steward.quota_overrides (id, user_id, team_id, api_key_id, metric, period, limit_value, starts_at, until)
         values ('{}', {}, {}, {}, '{}', '{}', {}, {}, {});",
        raise.id,
        quoted(user),
        quoted(team),
        quoted(key),
        raise.metric,
        raise.period,
        raise.limit.map_or("null".to_owned(), |limit| limit.to_string()),
        raise.starts_at.map_or("null".to_owned(), sql),
        sql(raise.until),
    )
}

async fn plan_of(owner: &mut PgConnection, user: &str) -> Vec<PlanLimit> {
    let rows = value(
        owner,
        &format!(
            "select coalesce(jsonb_agg(jsonb_build_object('metric', metric, 'period', period, 'kind', kind, 'limit', limit_value) order by metric, period), '[]')
             from steward.plan_limits where plan_code = (select plan_code from steward.users where id = '{user}')"
        ),
    )
    .await;
    serde_json::from_value(rows).expect("limits")
}

#[tokio::test]
async fn a_copy_answers_as_the_server_does() {
    let (_database, mut owner, _app) = quotas().await;
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let noon = Utc.with_ymd_and_hms(2026, 3, 31, 12, 0, 30).single().expect("an instant");
    let teams = [TeamId(Uuid::from_u128(51)), TeamId(Uuid::from_u128(52))];
    let key = Uuid::from_u128(53);
    execute(
        &mut owner,
        &format!(
            "insert into steward.teams (id, name) values ('{0}', 'One'), ('{1}', 'Two');
             insert into steward.team_members (team_id, user_id) values ('{0}', '{TRIAL}'), ('{0}', '{SOLO}'), ('{1}', '{SOLO}');
             update steward.users set status = 'suspended' where id = '{TEAMS}';
             insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values
                 ('solo', 'prompts', 'day', 40, 'hard'), ('solo', 'prompts', 'lifetime', 999999, 'soft'), ('solo', 'exports', 'day', 999999, 'hard'),
                 ('trial', 'prompts', 'day', 20, 'soft'), ('trial', 'prompts', 'lifetime', 60, 'hard'), ('trial', 'prompts', 'minute', 5, 'soft')",
            teams[0], teams[1]
        ),
    )
    .await;
    let users = [TRIAL, SOLO, TEAMS, BOSS].map(|user| user.parse::<UserId>().expect("an id"));
    let raises: Vec<Raise> = (0..150)
        .map(|n| {
            let user = users[rng.random_range(0..users.len())];
            let team = teams[rng.random_range(0..teams.len())];
            let subject = match rng.random_range(0..4) {
                0 => Subject::User(user),
                1 => Subject::Team(team),
                2 => Subject::Member(team, user),
                _ => Subject::Key(key),
            };
            let until = noon + Duration::hours(rng.random_range(-30..30));
            Raise {
                id: Uuid::from_u128(0x60 + n),
                subject,
                metric: ["prompts", "snapshots", "exports"][rng.random_range(0..3)].to_owned(),
                period: PERIODS[rng.random_range(0..4)].to_owned(),
                // Few values, so that ends and ids decide between equals.
                limit: (rng.random_range(0..8) > 0).then(|| rng.random_range(0..6) * 20),
                starts_at: rng.random_bool(0.7).then(|| until - Duration::hours(rng.random_range(1..40))),
                until,
            }
        })
        .collect();
    execute(&mut owner, &raises.iter().map(insert).collect::<String>()).await;
    let mut decided_by_raise = 0;
    for user in users {
        let plan = plan_of(&mut owner, &user.to_string()).await;
        let facts = value(&mut owner, &format!("select jsonb_build_array(status, role, (select coalesce(jsonb_agg(team_id), '[]') from steward.team_members where user_id = id)) from steward.users where id = '{user}'")).await;
        let account = Account {
            id: user,
            status: facts[0].as_str().expect("a status").to_owned(),
            is_admin: facts[1] == "admin",
            teams: serde_json::from_value(facts[2].clone()).expect("teams"),
        };
        for hours in -32..32 {
            let at = noon + Duration::hours(hours) - Duration::microseconds(rng.random_range(0..2));
            let key = rng.random_bool(0.3).then_some(key);
            let ours = effective(&account, &plan, &raises, at, key);
            let theirs = value(
                &mut owner,
                &format!(
                    "select coalesce(jsonb_agg(jsonb_build_array(metric, period, kind, plan_limit, limit_value, override_id) order by metric, period), '[]')
                     from steward.effective_limits('{user}', {}, {})",
                    sql(at),
                    key.map_or("null".to_owned(), |key| format!("'{key}'"))
                ),
            )
            .await;
            let ours_as_rows: Vec<Value> = ours
                .iter()
                .map(|line| {
                    let kind = if line.is_hard { "hard" } else { "soft" };
                    json!([
                        line.metric,
                        line.period,
                        kind,
                        line.plan_limit,
                        line.limit,
                        line.raise.map(|raise| raise.0)
                    ])
                })
                .collect();
            assert_eq!(Value::from(ours_as_rows), theirs, "{user} at {at}");
            decided_by_raise += ours.iter().filter(|line| line.raise.is_some()).count();
        }
    }
    assert!(decided_by_raise > 100, "the raises matter: {decided_by_raise}");
}

#[tokio::test]
async fn a_copy_gives_the_verdict_of_the_server() {
    let (_database, mut owner, _app) = quotas().await;
    execute(
        &mut owner,
        &format!(
            "insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values
                 ('trial', 'prompts', 'day', 20, 'soft'), ('trial', 'prompts', 'lifetime', 60, 'hard');
             update steward.users set status = 'suspended' where id = '{TEAMS}'"
        ),
    )
    .await;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let at = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).single().expect("an instant");
    let mut verdicts = std::collections::BTreeSet::new();
    for round in 0..40 {
        for user in [TRIAL, SOLO, TEAMS, BOSS] {
            let mut used = std::collections::BTreeMap::new();
            for period in ["day", "month", "lifetime"] {
                let spent: i64 =
                    if user == SOLO { rng.random_range(9_990..10_010) } else { rng.random_range(0..70) };
                used.insert(period, spent);
                let key = period_key(period, at).expect("a key");
                execute(&mut owner, &format!("insert into steward.usage_counters (user_id, period, metric, used) values ('{user}', '{key}', 'prompts', {spent}) on conflict on constraint usage_counters_pkey do update set used = {spent}")).await;
            }
            let quantity = rng.random_range(0..12);
            let theirs = value(
                &mut owner,
                &format!("select steward.usage_at('{user}', 'prompts', {quantity}, {}, null, null)", sql(at)),
            )
            .await;
            let account = Account {
                id: user.parse().expect("an id"),
                status: if user == TEAMS { "suspended" } else { "active" }.to_owned(),
                is_admin: user == BOSS,
                teams: Vec::new(),
            };
            let lines = effective(&account, &plan_of(&mut owner, user).await, &[], at, None)
                .iter()
                .filter(|line| line.metric == "prompts")
                .map(|line| LimitLine::new(line, used.get(line.period.as_str()).copied(), quantity, at))
                .collect();
            let ours = judge(&account, lines, quantity).expect("judged");
            assert_eq!(
                (json!(ours.is_allowed), json!(ours.reason)),
                (theirs["allowed"].clone(), theirs["reason"].clone()),
                "{round}: {theirs}"
            );
            let order = |line: &Value| {
                json!([line["period"], line["limit"], line["used"], line["remaining"], line["is_over"]])
            };
            let mine: Vec<Value> = ours
                .lines
                .iter()
                .map(|line| json!([line.period, line.limit, line.used, line.remaining, line.is_over]))
                .collect();
            let other: Vec<Value> = theirs["limits"].as_array().expect("limits").iter().map(order).collect();
            assert_eq!(mine, other, "{round}: the same one decides");
            let resets = ours
                .lines
                .first()
                .and_then(|line| line.resets_at)
                .map(|end| end.format("%Y-%m-%dT%H:%M:%S+00:00").to_string());
            assert_eq!(json!(resets), theirs["resets_at"]);
            verdicts.insert((ours.is_allowed, ours.reason));
        }
    }
    assert_eq!(verdicts.len(), 3, "allowed, refused by a limit, suspended: {verdicts:?}");
}
