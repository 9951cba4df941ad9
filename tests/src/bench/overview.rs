//! How long the Overview takes over different ranges and zones, from a synchronised copy.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use steward_core::overview::OverviewReq;
use steward_store::cache::query;

use super::database::{Database, Replica, plain};
use super::{Options, Report, median, thread_time};

/// Ranges by dates: the benchmark's company has a fixed end.
const RANGES: [&str; 5] = [
    "2026-11-20..2026-11-20",
    "2026-11-14..2026-11-20",
    "2026-10-22..2026-11-20",
    "2026-08-23..2026-11-20",
    "2025-11-21..2026-11-20",
];
const ZONES: [&str; 3] = ["UTC", "Asia/Kathmandu", "America/St_Johns"];

/// Synchronises once, then asks.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let driver = copy.engine(&database)?;
    driver.run_once().await.map_err(plain)?;
    driver.shutdown().await;

    let mut report = Report::new(
        format!("overview-{}", options.size.name()),
        format!(
            "The whole Overview with its comparison, {} rounds, medians: asked again on the same connection, and \
             first on a new one, which has to decrypt every page. Processor time is that of the thread that asks, \
             on average, which is all there is to it on an idle machine.",
            options.rounds.max(5)
        ),
        &["range", "zone", "milliseconds", "processor ms", "first ask", "its processor ms", "events"],
    );
    let mut figures = Vec::new();
    let reader = copy.cache.reader().map_err(plain)?;
    for range in RANGES {
        for zone in ZONES {
            let request: OverviewReq =
                serde_json::from_value(json!({ "range": range, "zone": zone, "compare": "previous" }))?;
            let (mut times, mut cpu_times, mut events) = (Vec::new(), Vec::new(), 0);
            for _ in 0..options.rounds.max(5) {
                let (start, cpu) = (Instant::now(), thread_time());
                let answer = query::overview::show(&reader, &request).map_err(plain)?;
                times.push(start.elapsed().as_secs_f64() * 1e3);
                cpu_times.push((thread_time() - cpu).as_secs_f64() * 1e3);
                events = answer.totals.events;
            }
            let (mut first_times, mut first_cpu_times) = (Vec::new(), Vec::new());
            for _ in 0..options.rounds.max(5) {
                let cache = copy.opened_anew()?;
                let reader = cache.reader().map_err(plain)?;
                let (start, cpu) = (Instant::now(), thread_time());
                query::overview::show(&reader, &request).map_err(plain)?;
                first_times.push(start.elapsed().as_secs_f64() * 1e3);
                first_cpu_times.push((thread_time() - cpu).as_secs_f64() * 1e3);
            }
            // The kernel counts in ticks of milliseconds: right on average, not one by one.
            let mean = |times: Vec<f64>| times.iter().sum::<f64>() / times.len().max(1) as f64;
            let (ms, first) = (median(times), median(first_times));
            let (cpu, first_cpu) = (mean(cpu_times), mean(first_cpu_times));
            figures.push(json!({
                "range": range, "zone": zone, "ms": ms, "cpu_ms": cpu, "first_ms": first,
                "first_cpu_ms": first_cpu, "events": events,
            }));
            let mut row = vec![range.to_owned(), zone.to_owned()];
            row.extend([ms, cpu, first, first_cpu].map(|ms| format!("{ms:.2}")));
            row.push(events.to_string());
            report.rows.push(row);
        }
    }
    report.figures = figures.into();
    Ok(report)
}
