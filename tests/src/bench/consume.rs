//! `consume_usage` by sixteen clients on one user, against a bare `update … returning` of one row in the same run.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::database::Database;
use super::{Options, Report, median};

const CLIENTS: usize = 16;

/// How long one contender runs in one round.
const SPAN: Duration = Duration::from_secs(3);

/// Leaves the company as it was.
const CLEAR: &str = "drop schema if exists bench cascade;
    delete from steward.usage_events where user_id in (select id from steward.users where plan_code = 'bench');
    delete from steward.users where plan_code = 'bench';
    delete from steward.plans where code = 'bench'";

/// Takes turns: bare update, consume, consume with its event, all on one row; then consume by users apart.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let mut owner = database.connect().await?;
    owner.execute(CLEAR).await?;
    owner
        .execute(
            "create schema bench; create table bench.bare (id int primary key, used bigint not null); insert into bench.bare values (1, 0);
             insert into steward.plans (code, name, rank) values ('bench', 'Bench', 99);
             insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values ('bench', 'e2e_runs', 'month', 1000000000000, 'hard');
             insert into steward.users (email, plan_code) select 'bench' || n || '@bench.invalid', 'bench' from generate_series(1, 16) n",
        )
        .await?;
    let users: Vec<Uuid> =
        sqlx::query_scalar("select id from steward.users where plan_code = 'bench' order by id")
            .fetch_all(&mut owner)
            .await?;
    let first = users[0];
    let contenders: [(&str, Vec<String>); 4] = [
        (
            "update … returning, one row",
            vec!["update bench.bare set used = used + 1 where id = 1 returning used".to_owned()],
        ),
        ("consume_usage, one user", vec![format!("select steward.consume_usage('{first}', 'e2e_runs')")]),
        (
            "consume_usage with its event, one user",
            vec![format!(
                "select steward.consume_usage('{first}', 'e2e_runs', 1, jsonb_build_object('event_key', gen_random_uuid(), 'occurred_at', clock_timestamp()))"
            )],
        ),
        (
            "consume_usage, sixteen users",
            users.iter().map(|user| format!("select steward.consume_usage('{user}', 'e2e_runs')")).collect(),
        ),
    ];
    let mut rates = vec![Vec::new(); contenders.len()];
    for _ in 0..options.rounds {
        for (rate, (_, statements)) in rates.iter_mut().zip(&contenders) {
            let before = used(&mut owner).await?;
            let done = contend(&database, statements).await?;
            let counted = used(&mut owner).await? - before;
            ensure!(counted == done.0, "every call is counted once: {} calls, {counted} counted", done.0);
            rate.push(done.0 as f64 / done.1.as_secs_f64());
        }
    }
    owner.execute(CLEAR).await?;
    let rates: Vec<f64> = rates.into_iter().map(median).collect();
    let mut report = Report::new(
        "consume",
        "Calls a second by sixteen clients at once, medians of rounds that take turns; each call is a transaction \
         of its own. After every round the counters have grown by exactly the number of calls.",
        &["what", "calls/s", "of a bare update"],
    );
    report.rows = contenders
        .iter()
        .zip(&rates)
        .map(|((name, _), rate)| {
            vec![(*name).to_owned(), format!("{rate:.0}"), format!("{:.2}", rate / rates[0])]
        })
        .collect();
    report.figures = json!({ "clients": CLIENTS, "calls_per_second": rates });
    Ok(report)
}

/// Everything counted so far, whoever it was for.
async fn used(owner: &mut PgConnection) -> Result<u64> {
    let row = owner
        .fetch_one(
            "select ((select coalesce(sum(used), 0) from steward.usage_counters where metric = 'e2e_runs' and period ~ '^[0-9]{4}-[0-9]{2}$')
                + (select sum(used) from bench.bare))::bigint",
        )
        .await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
}

/// Calls made by all clients together, and how long they took.
async fn contend(database: &Database, statements: &[String]) -> Result<(u64, Duration)> {
    let mut clients = JoinSet::new();
    let mut connections = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        connections.push(database.connect().await?);
    }
    let start = Instant::now();
    for (client, mut connection) in connections.into_iter().enumerate() {
        let statement = statements[client % statements.len()].clone();
        clients.spawn(async move {
            let mut calls = 0_u64;
            while start.elapsed() < SPAN {
                connection.execute(AssertSqlSafe(statement.as_str())).await?;
                calls += 1;
            }
            anyhow::Ok(calls)
        });
    }
    let mut calls = 0;
    while let Some(client) = clients.join_next().await {
        calls += client??;
    }
    Ok((calls, start.elapsed()))
}
