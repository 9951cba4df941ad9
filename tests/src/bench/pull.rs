//! One pull of 1,000 inserts, 100 updates and 100 deletes.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use sqlx::Executor as _;

use super::database::{Database, Replica, plain};
use super::{Options, Report, median};

/// Writes a batch, pulls it, and again.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let engine = copy.engine(&database)?;
    engine.run_once().await.map_err(plain)?;
    let mut owner = database.connect().await?;
    let (mut changed, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(5) {
        for statement in BATCH {
            owner.execute(statement).await?;
        }
        for times in [&mut changed, &mut idle] {
            let start = Instant::now();
            engine.run_once().await.map_err(plain)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    engine.shutdown().await;
    let (changed, idle) = (median(changed), median(idle));
    let mut report = Report::new(
        format!("pull-{}", options.size.name()),
        "One pull after a batch of 1,000 inserted events, 100 updated users and 100 deleted counters, and one \
         with nothing new; medians.",
        &["what", "milliseconds"],
    );
    report.rows = vec![
        vec!["1,200 changes".to_owned(), format!("{changed:.1}")],
        vec!["nothing new".to_owned(), format!("{idle:.1}")],
    ];
    report.figures = json!({ "changed_ms": changed, "idle_ms": idle });
    Ok(report)
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
