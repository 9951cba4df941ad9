//! How long reports take, from the copy to the bytes of the file.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use steward_core::overview::OverviewReq;
use steward_core::report::ReportRevenueReq;
use steward_core::revenue::kept::KeptCloses;
use steward_report::{document, workbook};
use steward_store::cache::query;

use super::database::{Database, Replica, plain};
use super::{Options, Report, median};

/// Synchronises once, then asks, draws and sets.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let driver = copy.engine(&database)?;
    driver.run_once().await.map_err(plain)?;
    driver.shutdown().await;

    let rounds = options.rounds.max(3);
    let mut report = Report::new(
        format!("report-{}", options.size.name()),
        format!(
            "A whole report each: asked of the copy, every currency, charts drawn, document set. {rounds} rounds, \
             medians; nothing is kept between two documents."
        ),
        &["report", "file", "milliseconds", "pages or sheets", "bytes"],
    );
    let mut figures = Vec::new();
    let reader = copy.cache.reader().map_err(plain)?;
    let revenue: ReportRevenueReq =
        serde_json::from_value(json!({ "month": "2026-10", "zone": "Europe/Berlin" }))?;
    let overview: OverviewReq = serde_json::from_value(
        json!({ "range": "2026-10-22..2026-11-20", "zone": "Europe/Berlin", "compare": "previous" }),
    )?;
    for (name, file) in [("revenue", "pdf"), ("revenue", "xlsx"), ("overview", "pdf")] {
        let (mut times, mut size, mut parts) = (Vec::new(), 0, 0);
        for _ in 0..rounds {
            let start = Instant::now();
            let (bytes, count) = match (name, file) {
                ("revenue", "pdf") => {
                    let answer =
                        query::report::revenue(&reader, &revenue, &KeptCloses::default()).map_err(plain)?;
                    let pdf =
                        document::revenue(&answer, "Benchmark").and_then(|page| page.set()).map_err(plain)?;
                    (pdf.bytes.len(), pdf.pages)
                }
                ("revenue", _) => {
                    let answer =
                        query::report::revenue(&reader, &revenue, &KeptCloses::default()).map_err(plain)?;
                    let xlsx = workbook::revenue(&answer, "Benchmark").map_err(plain)?;
                    (xlsx.bytes.len(), xlsx.sheets)
                }
                _ => {
                    let answer = query::overview::show(&reader, &overview).map_err(plain)?;
                    let pdf = document::overview(&answer, "Benchmark")
                        .and_then(|page| page.set())
                        .map_err(plain)?;
                    (pdf.bytes.len(), pdf.pages)
                }
            };
            times.push(start.elapsed().as_secs_f64() * 1e3);
            (size, parts) = (bytes, count);
        }
        let ms = median(times);
        figures.push(json!({ "report": name, "file": file, "ms": ms, "parts": parts, "bytes": size }));
        report.rows.push(vec![
            name.to_owned(),
            file.to_owned(),
            format!("{ms:.1}"),
            parts.to_string(),
            size.to_string(),
        ]);
    }
    report.figures = figures.into();
    Ok(report)
}
