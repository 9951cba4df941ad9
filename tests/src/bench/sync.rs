//! The initial sync against the server's own `COPY` of the events, in turns.

use std::time::Instant;

use anyhow::Result;
use futures::StreamExt as _;
use serde_json::json;
use sqlx::PgConnection;
use steward_core::Dataset;

use super::database::{Database, Replica, plain};
use super::{Options, Report, cpu_time, median, peak_memory, reset_peak_memory};

/// One whole initial sync.
struct Run {
    seconds: f64,
    cpu: f64,
    peak: u64,
    disk: u64,
}

/// Measures, in turns.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let mut connection = database.connect().await?;
    let (mut copies, mut runs, mut copied) = (Vec::new(), Vec::new(), 0);
    for _ in 0..options.rounds {
        let start = Instant::now();
        copied = copy_events(&mut connection).await?;
        copies.push(start.elapsed().as_secs_f64());
        runs.push(initial_sync(&database).await?);
    }
    let events = options.size.events() as f64;
    let middle = |pick: fn(&Run) -> f64| median(runs.iter().map(pick).collect());
    let (copy, sync) = (median(copies), middle(|run| run.seconds));
    let (cpu, disk) = (middle(|run| run.cpu), middle(|run| run.disk as f64));
    let peak = runs.iter().map(|run| run.peak).max().unwrap_or(0);
    let mut report = Report::new(
        format!("sync-{}", options.size.name()),
        format!(
            "Initial sync of every dataset into the encrypted copy, rollups and indexes included, against \
             reading the events alone by COPY; {} rounds in turns, medians.",
            options.rounds
        ),
        &["what", "seconds", "events/s", "of COPY"],
    );
    let row = |what: &str, seconds: f64| {
        vec![
            what.to_owned(),
            format!("{seconds:.2}"),
            format!("{:.0}", events / seconds),
            format!("{:.2}", copy / seconds),
        ]
    };
    report.rows = vec![row("COPY of the events to nowhere", copy), row("initial sync", sync)];
    report.figures = json!({
        "copy_seconds": copy, "copy_bytes": copied, "sync_seconds": sync, "ratio": copy / sync,
        "sync_cpu_seconds": cpu, "peak_memory_bytes": peak, "file_bytes": disk,
    });
    report.rows.push(vec![
        format!("processor time {cpu:.2} s, peak memory {} MB, file {:.0} MB", peak >> 20, disk / 1e6),
        String::new(),
        String::new(),
        String::new(),
    ]);
    Ok(report)
}

/// Reads all synchronised columns of the events and throws them away.
async fn copy_events(connection: &mut PgConnection) -> Result<u64> {
    let spec = Dataset::UsageEvents.spec();
    let columns: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
    let statement =
        format!("copy (select {} from steward.{}) to stdout (format binary)", columns.join(", "), spec.table);
    let mut stream = connection.copy_out_raw(&statement).await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        bytes += chunk?.len() as u64;
    }
    Ok(bytes)
}

async fn initial_sync(database: &Database) -> Result<Run> {
    let copy = Replica::new()?;
    reset_peak_memory()?;
    let (start, cpu) = (Instant::now(), cpu_time());
    let engine = copy.engine(database)?;
    engine.run_once().await.map_err(plain)?;
    engine.shutdown().await;
    Ok(Run {
        seconds: start.elapsed().as_secs_f64(),
        cpu: (cpu_time() - cpu).as_secs_f64(),
        peak: peak_memory(),
        disk: copy.cache.disk_bytes(),
    })
}
