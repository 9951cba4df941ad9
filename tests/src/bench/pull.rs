//! One pull of 1,000 inserts, 100 updates and 100 deletes, and pulls that find nothing.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use super::database::{Database, Replica, plain};
use super::{Options, Report, median};

/// Writes a batch, pulls it, and again. The connection stays open throughout, as it does between the looks of
/// a running console.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let engine = copy.engine(&database)?;
    engine.run_once().await.map_err(plain)?;
    let mut owner = database.connect().await?;
    // What autovacuum does once a minute on a server that runs: until then a search by transaction reads every
    // row that came since.
    owner.execute("vacuum steward.usage_events").await?;
    let began: String = sqlx::query_scalar("select now()::text").fetch_one(&mut owner).await?;
    owner.execute("create table if not exists public.elsewhere (n bigint)").await?;
    let (mut changed, mut idle, mut beside, mut round_trip) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(15) {
        for statement in BATCH {
            owner.execute(statement).await?;
        }
        pull(&engine, &mut changed).await?;
        pull(&engine, &mut idle).await?;
        owner.execute("insert into public.elsewhere values (1)").await?;
        pull(&engine, &mut beside).await?;
        let start = Instant::now();
        owner.ping().await?;
        round_trip.push(start.elapsed().as_secs_f64() * 1e3);
    }
    engine.shutdown().await;
    owner.execute("drop table public.elsewhere").await?;
    // The next run finds what this one has found.
    sqlx::query("delete from steward.usage_events where occurred_at >= $1::timestamptz")
        .bind(&began)
        .execute(&mut owner)
        .await?;
    owner.execute("vacuum steward.usage_events").await?;
    let [changed, idle, beside, round_trip] = [changed, idle, beside, round_trip].map(median);
    let mut report = Report::new(
        format!("pull-{}", options.size.name()),
        "One pull after a batch of 1,000 inserted events, 100 updated users and 100 deleted counters, and two \
         that find nothing: on a server where nothing happened, and after a transaction elsewhere in the \
         database, which makes the pull look at the log and at every partition. Medians, over a connection \
         that stays open on this machine, to a server whose autovacuum has kept up; one round trip of it is \
         the last row.",
        &["what", "milliseconds"],
    );
    let row = |what: &str, figure: f64| vec![what.to_owned(), format!("{figure:.1}")];
    report.rows = vec![
        row("1,200 changes", changed),
        row("nothing new", idle),
        row("nothing new, writes elsewhere", beside),
        row("a round trip", round_trip),
    ];
    report.figures = json!({
        "changed_ms": changed, "idle_ms": idle, "elsewhere_ms": beside, "round_trip_ms": round_trip,
    });
    Ok(report)
}

async fn pull(engine: &steward_app::sync_driver::SyncHandle, times: &mut Vec<f64>) -> Result<()> {
    let start = Instant::now();
    engine.run_once().await.map_err(plain)?;
    times.push(start.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

const BATCH: [&str; 3] = [
    "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, latency_ms)
     select id, now(), gen_random_uuid(), 'prompt', 'draft', 500 from steward.users order by random() limit 1000",
    "update steward.users set last_seen_at = now()
     where id in (select id from steward.users order by random() limit 100)",
    "delete from steward.usage_counters
     where (user_id, period, metric) in
         (select user_id, period, metric from steward.usage_counters order by random() limit 100)",
];
