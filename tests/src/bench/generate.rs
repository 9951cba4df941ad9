//! How fast the sample company is drawn, on one thread.

use std::time::Instant;

use anyhow::Result;
use chrono::DateTime;
use serde_json::json;
use steward_core::sample::{Company, SampleSpec};

use super::{Options, Report, median, peak_memory};

/// Draws people and events without keeping them.
pub fn run(options: &Options) -> Result<Report> {
    let end = DateTime::parse_from_rfc3339("2026-11-21T14:02:11Z")?.to_utc();
    let spec = SampleSpec::new(options.size, end);
    let (mut settle, mut people, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let start = Instant::now();
        let company = Company::new(spec);
        settle.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let users = company.users().count() + company.subscription_changes().count();
        people.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let tokens: i64 = company.events().map(|event| event.input_tokens).sum();
        events.push(start.elapsed().as_secs_f64());
        anyhow::ensure!(users > 0 && tokens > 0, "a company has people who do something");
    }
    let (settle, people, events) = (median(settle), median(people), median(events));
    let rate = spec.events as f64 / events;
    let mut report = Report::new(
        format!("generate-{}", options.size.name()),
        format!("The sample company, {} users and {} events, drawn on one thread.", spec.users, spec.events),
        &["what", "seconds", "rows/s"],
    );
    report.rows = vec![
        vec!["settle".to_owned(), format!("{settle:.2}"), String::new()],
        vec!["users and subscription changes".to_owned(), format!("{people:.2}"), String::new()],
        vec!["events".to_owned(), format!("{events:.2}"), format!("{rate:.0}")],
    ];
    report.figures = json!({
        "settle_seconds": settle, "people_seconds": people, "event_seconds": events,
        "event_rows_per_second": rate, "peak_memory_bytes": peak_memory(),
    });
    Ok(report)
}
