//! Cleanups and the data-quality report.

use std::fmt::Write as _;

use chrono_tz::Tz;
use serde_json::Value;
use steward_core::upkeep::{CleanupPlan, CleanupProgress, Quality};

use super::number::{bytes, dash, grouped, instant};
use super::style::Tone;
use super::table::{Column, Field, table, toned};

/// What a cleanup removes.
pub(crate) fn plan(plan: &CleanupPlan, zone: Tz) -> String {
    let at = |when: Option<chrono::DateTime<chrono::Utc>>| when.map_or_else(dash, |when| instant(when, zone));
    let partitions = match plan.partitions.as_slice() {
        [] => "none".to_owned(),
        all => format!("{} ({})", all.len(), all.join(", ")),
    };
    let facts = [
        ("Everything before", instant(plan.cutoff, zone)),
        ("Events removed", grouped(i128::from(plan.events))),
        ("Counters removed", grouped(i128::from(plan.counters))),
        ("Partitions dropped", partitions),
        ("Freed at once", bytes(plan.bytes)),
        ("Oldest now", at(plan.oldest)),
        ("Oldest kept", at(plan.oldest_kept)),
    ];
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "{} {value}", Tone::Muted.paint(format!("{name:<20}")));
    }
    if plan.unfinished.is_some() {
        let warning = "A cleanup was left unfinished; finish it first: steward cleanup --resume";
        let _ = writeln!(text, "{}", Tone::Warning.paint(warning));
    }
    text.trim_end().to_owned()
}

/// How far a cleanup is.
pub(crate) fn progress(progress: &CleanupProgress) -> String {
    let counted = format!(
        "{} of {} events, {} counters, {} partitions removed",
        grouped(i128::from(progress.events_removed)),
        grouped(i128::from(progress.events_planned)),
        grouped(i128::from(progress.counters_removed)),
        progress.partitions_dropped.len()
    );
    if progress.is_done {
        Tone::Success.paint(counted)
    } else {
        format!("{}\ngo on with: steward cleanup --resume", Tone::Warning.paint(counted))
    }
}

/// An example as a line; who it is about comes first, by the address where there is one.
fn example(example: &Value) -> String {
    let Some(fields) = example.as_object() else {
        return example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let who = fields.get("email").or_else(|| fields.get("user_id")).map(text);
    let rest = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "email" | "user_id"));
    let rest = rest.map(|(name, value)| format!("{} {}", name.replace('_', " "), text(value)));
    who.into_iter().chain(rest).collect::<Vec<_>>().join(", ")
}

/// The data-quality report.
pub(crate) fn quality(report: &Quality) -> String {
    let columns =
        [Column::Left("Check"), Column::Right("Found"), Column::Left("What"), Column::Left("For example")];
    let rows = report.checks.iter().map(|check| {
        let count = grouped(i128::from(check.count));
        let first = check.examples.first().map(example);
        vec![
            Field::from(&*check.check),
            toned(count, if check.count == 0 { Tone::Success } else { Tone::Warning }),
            Field::from(&*check.label),
            Field::from(first.unwrap_or_default()),
        ]
    });
    format!(
        "{}\n\n{}",
        table(&columns, rows),
        Tone::Muted.paint(format!("since {} (UTC)", report.since.format("%Y-%m-%d")))
    )
}
