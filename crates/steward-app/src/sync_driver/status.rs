//! The state in words.

use std::time::Duration;

use chrono::{DateTime, Utc};
use steward_core::sync::{Edge, Machine, Position, RowWindow, Stage};
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::KeyRange;
use steward_store::cache::verify::local::LocalCheck;
use steward_store::postgres::connect::{Address, Host};

use super::engine::{Gauges, progress};
use crate::command::sync::{
    DatasetState, DatasetStatus, DriftRow, KeptRow, SyncPhase, VerifyLevel, VerifyRes, VerifyRow,
};
use crate::wire::WireError;

/// `host:port`, or the folder of a socket.
pub(super) fn place(address: &Address) -> String {
    match address.host() {
        Host::Tcp(host) => format!("{host}:{}", address.port()),
        Host::Socket(folder) => folder.display().to_string(),
    }
}

/// `is_due`: the server is about to be asked for the first time; it was not asked in vain.
pub(super) fn phase(machine: &Machine, is_due: bool) -> SyncPhase {
    let is_loading = !machine.position().loads.is_empty();
    match machine.stage() {
        Stage::Idle if is_due => SyncPhase::Connecting,
        Stage::Idle => SyncPhase::Idle,
        Stage::Connecting => SyncPhase::Connecting,
        Stage::Cutting if is_loading => SyncPhase::Loading,
        Stage::Cutting => SyncPhase::Pulling,
        Stage::Loading => SyncPhase::Loading,
        Stage::CatchingUp => SyncPhase::Pulling,
        Stage::Comparing => SyncPhase::Verifying,
        Stage::Retrying => SyncPhase::Retrying,
        Stage::Paused => SyncPhase::Paused,
        Stage::Stopped => SyncPhase::Stopped,
    }
}

pub(super) fn dataset(
    dataset: Dataset,
    machine: &Machine,
    gauges: &Gauges,
    last_error: Option<(&WireError, ErrorKind)>,
) -> DatasetStatus {
    let state = state(dataset, machine, gauges, last_error);
    DatasetStatus {
        dataset,
        label: dataset.spec().label.to_owned(),
        words: words(&state),
        state,
        rows: gauges.row_counts.get(&dataset).copied().unwrap_or(0),
        server_rows_estimate: gauges.estimates.get(&dataset).copied(),
        rows_per_second: machine
            .position()
            .loads
            .contains_key(&dataset)
            .then(|| gauges.rates.get(&dataset).copied())
            .flatten(),
        verified_at: gauges.journal.as_ref().and_then(|journal| journal.verified_at.get(&dataset)).copied(),
        checked_since: gauges.progress.checked_since(dataset),
        chunks: gauges.progress.chunks(dataset),
    }
}

fn state(
    dataset: Dataset,
    machine: &Machine,
    gauges: &Gauges,
    last_error: Option<(&WireError, ErrorKind)>,
) -> DatasetState {
    let position: &Position = machine.position();
    // A login that may not read, or may read only some rows, must never look like an empty table.
    if let Some((error, ErrorKind::Permission | ErrorKind::RowSecurity)) = last_error
        && machine.stage() == Stage::Stopped
    {
        return DatasetState::Blocked { reason: error.message.clone() };
    }
    let Some(cursor) = &position.cursor else { return DatasetState::Waiting };
    if let Some(load) = position.loads.get(&dataset) {
        return match &load.reason {
            Some(reason) => DatasetState::Repairing { reason: reason.clone() },
            None if load.row_count == 0 => DatasetState::Waiting,
            None => {
                DatasetState::Loading { progress: progress(load, gauges.estimates.get(&dataset).copied()) }
            }
        };
    }
    if machine.stage() == Stage::Comparing {
        return DatasetState::Verifying { progress: None };
    }
    if position.settled.contains(&dataset) {
        DatasetState::Consistent { as_of: cursor.as_of }
    } else {
        DatasetState::CatchingUp
    }
}

fn words(state: &DatasetState) -> String {
    match state {
        DatasetState::Waiting => "Waiting".to_owned(),
        DatasetState::Loading { progress } => with_share("Loading", *progress),
        DatasetState::CatchingUp => "Catching up".to_owned(),
        DatasetState::Consistent { as_of } => format!("Consistent as of {} UTC", as_of.format("%H:%M:%S")),
        DatasetState::Verifying { progress } => with_share("Verifying", *progress),
        DatasetState::Repairing { reason } => format!("Reading again. {reason}"),
        DatasetState::Blocked { reason } => format!("Blocked. {reason}"),
    }
}

fn with_share(word: &str, progress: Option<f64>) -> String {
    match progress {
        Some(share) => format!("{word}, {:.0} %", share * 100.0),
        None => word.to_owned(),
    }
}

/// What is kept on this computer, and why.
pub(super) fn kept(gauges: &Gauges, keep: RowWindow, edge: Edge) -> Vec<KeptRow> {
    let rows = |dataset: Dataset| gauges.row_counts.get(&dataset).copied().unwrap_or(0);
    let events = rows(Dataset::UsageEvents);
    let others: u64 = gauges.row_counts.values().sum::<u64>().saturating_sub(events);
    let days = gauges.span.map(|(first, last)| (first.date_naive(), last.date_naive()));
    let rows_since = edge.from_us.and_then(DateTime::from_timestamp_micros).map(|at| at.date_naive());
    let kept = |what: &str, rows: Option<u64>, has_days: bool, why: &str| KeptRow {
        what: what.to_owned(),
        rows,
        first_day: days.filter(|_| has_days).map(|(first, _)| first),
        last_day: days.filter(|_| has_days).map(|(_, last)| last),
        why: why.to_owned(),
    };
    let mut usage = kept("Usage events", Some(events), true, &why_rows(keep, edge));
    usage.first_day = usage.first_day.max(rows_since.filter(|_| days.is_some()));
    vec![
        usage,
        kept(
            "Sums of events",
            None,
            true,
            &match rows_since {
                None => "By quarter-hour and by day: every number of the overview comes from them, exactly, in any \
                         zone."
                    .to_owned(),
                Some(day) => format!(
                    "By quarter-hour and by day: every number of the overview comes from them, exactly, in any zone. \
                     Before {day} (UTC) the server makes them, and makes them anew where it changes or deletes an \
                     event."
                ),
            },
        ),
        kept(
            "All other tables",
            Some(others),
            false,
            "People, plans, subscriptions and the audit log in full, so that they can be searched offline.",
        ),
        kept(
            "Position",
            None,
            false,
            "One snapshot of the server: with it the next look reads what changed since, and nothing else.",
        ),
    ]
}

/// Why these events are kept as rows.
fn why_rows(keep: RowWindow, edge: Edge) -> String {
    let limits: Vec<String> = [
        keep.days.map(|days| format!("those of the last {}", counted(u64::from(days), "day"))),
        keep.rows.map(|rows| format!("about {} of the newest", counted(rows, "row"))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if edge.is_widening() {
        return format!("More days are being read: {}.", limits.join(" and at most "));
    }
    if edge.from_us.is_none() {
        return "Every event the server keeps. What the server deletes goes here, too.".to_owned();
    }
    format!(
        "As set for this workspace: {}. Older events are kept as sums; what the server deletes goes here, too.",
        limits.join(", and at most ")
    )
}

/// A number of things.
fn counted(number: u64, thing: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {thing}{}", if number == 1 { "" } else { "s" })
}

/// What a check without the server found.
pub(super) fn check_res(found: &LocalCheck, began_at: DateTime<Utc>, took: Duration) -> VerifyRes {
    VerifyRes {
        level: VerifyLevel::Daily,
        is_clean: found.is_clean(),
        as_of: began_at,
        datasets: Dataset::ALL
            .into_iter()
            .map(|dataset| VerifyRow {
                different: u64::from(found.miscounted.contains(&dataset)),
                ..same_rows(dataset, found.rows.get(&dataset).copied().unwrap_or(0))
            })
            .collect(),
        rollup_buckets: found.rollups.buckets,
        rollup_differences: found.rollups.different,
        damage: found.damage.clone(),
        elapsed_ms: took.as_secs_f64() * 1_000.0,
    }
}

/// What the last round of the scrub found.
pub(super) fn scrub_res(gauges: &Gauges, as_of: DateTime<Utc>) -> VerifyRes {
    let journal = gauges.journal.as_ref();
    let run = journal.and_then(|journal| journal.levels.iter().find(|run| run.level == VerifyLevel::Scrub));
    let (began_at, ended_at) = run.map_or((as_of, as_of), |run| (run.began_at, run.ended_at));
    let found: Vec<&DriftRow> = journal
        .map(|journal| journal.drift.iter())
        .into_iter()
        .flatten()
        .filter(|row| row.found_by == VerifyLevel::Scrub && row.found_at >= began_at)
        .collect();
    let datasets: Vec<VerifyRow> = Dataset::ALL
        .into_iter()
        .map(|dataset| {
            let mut row = same_rows(dataset, gauges.row_counts.get(&dataset).copied().unwrap_or(0));
            for drift in found.iter().filter(|drift| drift.dataset == dataset) {
                row.missing += drift.missing;
                row.extra += drift.extra;
                row.different += drift.different;
            }
            row.local_rows = row.server_rows + row.extra - row.missing.min(row.server_rows);
            row
        })
        .collect();
    VerifyRes {
        level: VerifyLevel::Scrub,
        is_clean: found.is_empty(),
        as_of,
        datasets,
        rollup_buckets: 0,
        rollup_differences: found.iter().map(|drift| drift.sums).sum(),
        damage: Vec::new(),
        elapsed_ms: (ended_at - began_at).as_seconds_f64() * 1_000.0,
    }
}

fn same_rows(dataset: Dataset, rows: u64) -> VerifyRow {
    VerifyRow {
        dataset,
        label: dataset.spec().label.to_owned(),
        server_rows: rows,
        local_rows: rows,
        missing: 0,
        extra: 0,
        different: 0,
    }
}

/// A key as people would name it: its parts, one after another.
fn key_words(key: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match key {
        serde_json::Value::Object(parts) => parts.values().map(part).collect::<Vec<_>>().join(" · "),
        other => part(other),
    }
}

/// A range of rows as people would name it.
pub(super) fn range_words(range: &KeyRange) -> String {
    match range {
        KeyRange::All => "All rows".to_owned(),
        KeyRange::KeysAfter { after, upto } => match (after, upto) {
            (None, None) => "All rows".to_owned(),
            (None, Some(upto)) => format!("Up to {}", key_words(upto)),
            (Some(after), None) => format!("After {}", key_words(after)),
            (Some(after), Some(upto)) => format!("After {}, up to {}", key_words(after), key_words(upto)),
        },
        KeyRange::TimeBetween { start_us, end_us } => {
            let day = |us: i64| {
                chrono::DateTime::from_timestamp_micros(us).map(|at| {
                    let is_midnight = us.rem_euclid(86_400_000_000) == 0;
                    at.format(if is_midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
                })
            };
            match (day(*start_us), day(*end_us)) {
                (Some(start), Some(end)) => format!("From {start} to before {end} (UTC)"),
                (None, Some(end)) => format!("Before {end} (UTC)"),
                (Some(start), None) => format!("From {start} on (UTC)"),
                (None, None) => "All rows".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s40_what_is_kept_is_said_in_words() {
        let edge = Edge { from_us: Some(0), goal_us: Some(0) };
        let both = RowWindow { days: Some(90), rows: Some(2_500_000) };
        assert_eq!(
            why_rows(both, edge),
            "As set for this workspace: those of the last 90 days, and at most about 2,500,000 rows of the newest. \
             Older events are kept as sums; what the server deletes goes here, too."
        );
        assert!(why_rows(both, Edge::default()).starts_with("Every event"));
        assert!(why_rows(both, Edge { goal_us: None, ..edge }).starts_with("More days"));
        assert_eq!(counted(1, "day"), "1 day");
    }

    #[test]
    fn states_read_as_words() {
        let as_of = "2026-11-21T14:02:11Z".parse().unwrap();
        assert_eq!(words(&DatasetState::Consistent { as_of }), "Consistent as of 14:02:11 UTC");
        assert_eq!(words(&DatasetState::Loading { progress: Some(0.434) }), "Loading, 43 %");
        assert_eq!(words(&DatasetState::Loading { progress: None }), "Loading");
        let march = KeyRange::TimeBetween { start_us: 1_772_323_200_000_000, end_us: i64::MAX };
        assert_eq!(range_words(&march), "From 2026-03-01 on (UTC)");
    }
}
