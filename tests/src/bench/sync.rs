//! The initial sync against the server's own `COPY` of the events, in turns and in stages.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::StreamExt as _;
use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_core::Dataset;
use steward_core::overview::OverviewReq;
use steward_core::sync::{Chunk, Guards, Occupied};
use steward_store::cache::{Cache, KeyRange, Writer, query};
use steward_store::postgres::cut::{self, Purpose};
use steward_store::postgres::load;
use steward_store::row::{self, RowReceiver};
use tokio::sync::mpsc;

use super::database::{Database, Replica, plain};
use super::{Options, Report, cpu_time, median, peak_memory, reset_peak_memory};

/// Bytes between socket and file, as the engine has them.
const ROOM_BYTES: usize = 12 << 20;

/// Events per transaction of the stage without sums, about as many as the engine aims at.
const CHUNK_ROWS: u64 = 65_536;

/// One stage of one run.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    /// From its beginning to its end.
    pub seconds: f64,
    /// Processor time of this process.
    pub cpu: f64,
    /// Highest resident memory, in bytes.
    pub peak: u64,
    /// Size of the file with its log, in bytes.
    pub disk: u64,
}

/// One whole initial sync.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Seconds until the overview of the last day has its first numbers.
    pub first_chart: f64,
    /// Until rows, sums and cursor of every dataset are there and every view answers.
    pub answering: Stage,
    /// Until indexes and derived sums are there, too.
    pub whole: Stage,
}

/// Measures, in turns.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let mut connection = database.connect().await?;
    let (mut copies, mut copies_of_all, mut rows_only, mut runs) = (vec![], vec![], vec![], vec![]);
    let mut copied = 0;
    for round in 0..options.rounds {
        let start = Instant::now();
        copied = copy_out(&mut connection, Dataset::UsageEvents).await?;
        copies.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for dataset in Dataset::ALL {
            copy_out(&mut connection, dataset).await?;
        }
        copies_of_all.push(start.elapsed().as_secs_f64());
        settle().await?;
        rows_only.push(load_events(&database, Beside::Nothing).await?);
        settle().await?;
        runs.push(initial_sync(&database, round == 0).await?);
    }
    let events = options.size.events() as f64;
    let (copy, copy_of_all) = (median(copies), median(copies_of_all));
    let first_chart = median(runs.iter().map(|run| run.first_chart).collect());
    let mut report = Report::new(
        format!("sync-{}", options.size.name()),
        format!(
            "Initial sync into the encrypted copy against COPY to nowhere, of the events alone and of every \
             dataset; {} rounds in turns, medians; events per second, where the last two stages read every \
             other dataset, too. The overview of the last day had its first numbers after {first_chart:.2} s.",
            options.rounds
        ),
        &["what", "seconds", "events/s", "of COPY", "of COPY of all", "processor s", "peak MB", "file MB"],
    );
    let row = |what: &str, seconds: f64, rest: [String; 3]| {
        let [cpu, peak, disk] = rest;
        let rate = format!("{:.0}", events / seconds);
        let ratio = |of: f64| format!("{:.2}", of / seconds);
        vec![what.to_owned(), format!("{seconds:.2}"), rate, ratio(copy), ratio(copy_of_all), cpu, peak, disk]
    };
    report.rows.push(row("COPY of the events to nowhere", copy, Default::default()));
    report.rows.push(row("COPY of every dataset to nowhere", copy_of_all, Default::default()));
    let mut figures = json!({
        "copy_seconds": copy, "copy_of_all_seconds": copy_of_all, "copy_bytes": copied,
        "first_chart_seconds": first_chart,
    });
    for (name, what, stages) in [
        ("rows", "events only: rows, no sums", rows_only),
        (
            "answering",
            "every dataset, sums and cursor: every view answers",
            runs.iter().map(|run| run.answering).collect(),
        ),
        ("whole", "the same with indexes and derived sums", runs.iter().map(|run| run.whole).collect()),
    ] {
        let stage = middle(&stages);
        let rest = [
            format!("{:.1}", stage.cpu),
            (stage.peak >> 20).to_string(),
            format!("{:.0}", stage.disk as f64 / 1e6),
        ];
        report.rows.push(row(what, stage.seconds, rest));
        figures[name] = figure(&stage, copy, copy_of_all);
    }
    report.figures = figures;
    Ok(report)
}

/// Has everything written that waits for the disk: a stage does not wait for what the one before has left.
async fn settle() -> Result<()> {
    let status = tokio::process::Command::new("sync").status().await?;
    ensure!(status.success(), "sync(1) ends well");
    Ok(())
}

/// The median of each figure; of the peak the highest.
#[must_use]
pub fn middle(stages: &[Stage]) -> Stage {
    let of = |pick: fn(&Stage) -> f64| median(stages.iter().map(pick).collect());
    Stage {
        seconds: of(|stage| stage.seconds),
        cpu: of(|stage| stage.cpu),
        peak: stages.iter().map(|stage| stage.peak).max().unwrap_or(0),
        disk: of(|stage| stage.disk as f64) as u64,
    }
}

fn figure(stage: &Stage, copy: f64, copy_of_all: f64) -> Value {
    json!({
        "seconds": stage.seconds, "ratio": copy / stage.seconds, "ratio_of_all": copy_of_all / stage.seconds,
        "cpu_seconds": stage.cpu,
        "peak_memory_bytes": stage.peak, "file_bytes": stage.disk,
    })
}

/// Reads all synchronised columns of a dataset and throws them away; answers how many bytes they were.
pub async fn copy_out(connection: &mut PgConnection, dataset: Dataset) -> Result<u64> {
    let spec = dataset.spec();
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

/// What [`load_events`] keeps beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing: what reading and writing rows costs.
    Nothing,
    /// The sums every number is answered from.
    Sums,
}

/// Loads the events alone as the engine does, chunk by chunk and newest first.
pub async fn load_events(database: &Database, beside: Beside) -> Result<Stage> {
    const DATASET: Dataset = Dataset::UsageEvents;
    let copy = Replica::new()?;
    let mut connection = database.connect().await?;
    reset_peak_memory()?;
    let (start, cpu) = (Instant::now(), cpu_time());
    cut::open(&mut connection, Purpose::Chunk(DATASET), Guards::ALL, None).await.map_err(plain)?;
    let occupied = load::measure(&mut connection, DATASET, i64::MIN, i64::MAX, None).await.map_err(plain)?;
    let total = load::estimates(&mut connection).await.map_err(plain)?.get(&DATASET).copied().unwrap_or(0);
    cut::close(&mut connection).await.map_err(plain)?;
    let Occupied::Between { first_us, last_us } = occupied else { anyhow::bail!("the company has events") };
    let mut end_us = last_us + 1;
    // The company grows: its newest days hold several times the average.
    let mut width = (end_us - first_us) / i64::try_from(total / CHUNK_ROWS).unwrap_or(1).max(1) / 4;
    let mut writer = copy.cache.writer().map_err(plain)?;
    if beside == Beside::Nothing {
        writer = writer.without_sums().map_err(plain)?;
    }
    let (work, inbox) = mpsc::channel(1);
    let storing = tokio::task::spawn_blocking(move || store_rows(writer, inbox));
    while end_us > first_us {
        let start_us = (end_us - width).max(first_us);
        let (out, rows) = row::channel(ROOM_BYTES);
        if work.send((start_us, end_us, rows)).await.is_err() {
            break;
        }
        cut::open(&mut connection, Purpose::Chunk(DATASET), Guards::ALL, None).await.map_err(plain)?;
        let chunk = Chunk::Time { start_us, end_us };
        let end = load::read_chunk(&mut connection, DATASET, &chunk, &out).await.map_err(plain)?;
        cut::close(&mut connection).await.map_err(plain)?;
        let rows = i64::try_from(end.row_count.max(1))?;
        width = (width.saturating_mul(i64::try_from(CHUNK_ROWS)?) / rows).clamp(width / 2, width * 2);
        end_us = start_us;
    }
    drop(work);
    storing.await?.map_err(plain)?;
    Ok(stage(start, cpu, &copy.cache))
}

/// Stores windows of events, each in a transaction of its own.
fn store_rows(
    mut writer: Writer,
    mut inbox: mpsc::Receiver<(i64, i64, RowReceiver)>,
) -> steward_core::Result<()> {
    while let Some((start_us, end_us, mut rows)) = inbox.blocking_recv() {
        let mut batch = writer.begin()?;
        let mut reconcile =
            batch.reconcile(Dataset::UsageEvents, &KeyRange::TimeBetween { start_us, end_us })?;
        while let Some(rows) = rows.blocking_recv() {
            reconcile.rows(&rows)?;
        }
        reconcile.finish()?;
        batch.commit()?;
    }
    Ok(())
}

/// One sync from nothing, by the engine; afterwards compared with the server where that is asked for.
pub async fn initial_sync(database: &Database, proves: bool) -> Result<Run> {
    let copy = Replica::new()?;
    reset_peak_memory()?;
    let (start, cpu) = (Instant::now(), cpu_time());
    let first_chart = tokio::spawn(first_chart(copy.cache.clone(), start));
    let engine = copy.engine(database)?;
    engine.run_once().await.map_err(plain)?;
    let answering = stage(start, cpu, &copy.cache);
    engine.shutdown().await;
    let whole = stage(start, cpu, &copy.cache);
    let first_chart = first_chart.await??.as_secs_f64();
    if proves {
        let engine = copy.engine(database)?;
        let found = engine.verify().await.map_err(plain)?;
        engine.shutdown().await;
        ensure!(found.is_clean, "the copy differs from the server: {found:?}");
    }
    Ok(Run { first_chart, answering, whole })
}

/// Waits until the overview of the company's last day has a number.
async fn first_chart(cache: Cache, start: Instant) -> Result<Duration> {
    let mut changes = cache.subscribe();
    let request: OverviewReq = serde_json::from_value(
        json!({ "range": "2026-11-21..2026-11-21", "zone": "UTC", "compare": "weekday" }),
    )?;
    loop {
        let change = changes.recv().await.context("the sync commits")?;
        if change.datasets.contains(&Dataset::UsageEvents) {
            let request = request.clone();
            let shown =
                cache.read(move |reader| query::overview::show(reader, &request)).await.map_err(plain)?;
            if shown.totals.events > 0 {
                return Ok(start.elapsed());
            }
        }
    }
}

fn stage(start: Instant, cpu: Duration, cache: &Cache) -> Stage {
    Stage {
        seconds: start.elapsed().as_secs_f64(),
        cpu: (cpu_time() - cpu).as_secs_f64(),
        peak: peak_memory(),
        disk: cache.disk_bytes(),
    }
}
