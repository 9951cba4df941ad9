//! How long the Overview takes over different ranges and zones, from a synchronised copy.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use steward_core::overview::OverviewReq;
use steward_store::cache::query;

use super::database::{Database, Replica, plain};
use super::{Options, Report, median};

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
        format!("The whole Overview with its comparison, {} rounds, medians.", options.rounds.max(5)),
        &["range", "zone", "milliseconds", "events"],
    );
    let mut figures = Vec::new();
    let reader = copy.cache.reader().map_err(plain)?;
    for range in RANGES {
        for zone in ZONES {
            let request: OverviewReq =
                serde_json::from_value(json!({ "range": range, "zone": zone, "compare": "previous" }))?;
            let (mut times, mut events) = (Vec::new(), 0);
            for _ in 0..options.rounds.max(5) {
                let start = Instant::now();
                let answer = query::overview::show(&reader, &request).map_err(plain)?;
                times.push(start.elapsed().as_secs_f64() * 1e3);
                events = answer.totals.events;
            }
            let ms = median(times);
            figures.push(json!({ "range": range, "zone": zone, "ms": ms, "events": events }));
            report.rows.push(vec![range.to_owned(), zone.to_owned(), format!("{ms:.2}"), events.to_string()]);
        }
    }
    report.figures = figures.into();
    Ok(report)
}
