//! The state of the copy, a run, a comparison.

use std::fmt::Write as _;

use chrono_tz::Tz;
use steward_app::command::sync::{DatasetState, SyncRunRes, SyncStatus, VerifyRes};
use steward_app::command::workspace::Session;

use super::number::{bytes, grouped, instant, milliseconds, precise};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Every dataset in words.
pub(crate) fn sync(status: &SyncStatus, zone: Tz) -> String {
    let columns = [
        Column::Left("Dataset"),
        Column::Right("Rows"),
        Column::Left("State"),
        Column::Left("Compared since"),
    ];
    let rows = status.datasets.iter().map(|dataset| {
        let tone = match &dataset.state {
            DatasetState::Consistent { .. } => None,
            DatasetState::Waiting => Some(Tone::Muted),
            DatasetState::Loading { .. } | DatasetState::CatchingUp | DatasetState::Verifying { .. } => {
                Some(Tone::Accent)
            }
            DatasetState::Repairing { .. } => Some(Tone::Warning),
            DatasetState::Blocked { .. } => Some(Tone::Danger),
        };
        let words = match tone {
            Some(tone) => toned(&*dataset.words, tone),
            None => Field::from(&*dataset.words),
        };
        vec![
            Field::from(&*dataset.label),
            Field::from(grouped(i128::from(dataset.rows))),
            words,
            or_dash(dataset.verified_at.max(dataset.checked_since).map(|at| instant(at, zone))),
        ]
    });
    let mut text = table(&columns, rows);
    let _ = write!(
        text,
        "\n\n{}",
        Tone::Muted.paint(format!(
            "{} as {} · copy {}",
            status.server,
            status.login,
            bytes(status.disk_bytes)
        ))
    );
    if let Some(error) = &status.last_error {
        let _ = write!(text, "\n{} {}\n  {}", Tone::Danger.paint("last failure:"), error.message, error.hint);
    }
    text.push_str(&comparisons(status, zone));
    for drift in &status.drift {
        let _ = write!(
            text,
            "\n{} {} {} {}: {} missing, {} extra, {} different, {} sums; by {}{}",
            Tone::Warning.paint("difference"),
            precise(drift.found_at, zone),
            drift.dataset.spec().label,
            drift.range,
            drift.missing,
            drift.extra,
            drift.different,
            drift.sums,
            drift.found_by.name(),
            if drift.is_repaired { ", repaired" } else { ", being repaired" }
        );
    }
    for kept in &status.kept {
        let rows = kept.rows.map(|rows| format!("{} rows", grouped(i128::from(rows))));
        let days = kept.first_day.zip(kept.last_day).map(|(first, last)| format!("{first} to {last}"));
        let amount = [rows, days].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let amount = if amount.is_empty() { String::new() } else { format!("{amount}. ") };
        let _ = write!(text, "\n{} {amount}{}", Tone::Muted.paint(format!("kept: {}:", kept.what)), kept.why);
    }
    text
}

/// What was compared when; that nothing differs is said, too.
fn comparisons(status: &SyncStatus, zone: Tz) -> String {
    let mut text = String::new();
    for run in &status.levels {
        let result = match (run.damage.first(), run.differences) {
            (Some(damage), _) => Tone::Danger.paint(format!("file damaged: {damage}")),
            (None, 0) => Tone::Success.paint("no difference"),
            (None, count) => Tone::Warning.paint(format!("{} differences", grouped(i128::from(count)))),
        };
        let _ = write!(
            text,
            "\n{} {}, {} rows, {result}",
            Tone::Muted.paint(format!("{}:", run.level.name())),
            instant(run.ended_at, zone),
            grouped(i128::from(run.rows))
        );
    }
    if status.scrub.began_at.is_some() {
        let _ = write!(
            text,
            "\n{} {:.0} % of all rows compared since {}",
            Tone::Muted.paint("this round:"),
            status.scrub.share * 100.0,
            instant(status.scrub.began_at.unwrap_or_default(), zone)
        );
    }
    text
}

/// One line about a run.
pub(crate) fn run(run: &SyncRunRes, zone: Tz) -> String {
    format!(
        "{} {} rows read, {} changed here, {}",
        Tone::Success.paint(format!("in step with the server as of {}:", precise(run.as_of, zone))),
        grouped(i128::from(run.rows_read)),
        grouped(i128::from(run.rows_changed)),
        milliseconds(run.elapsed_ms)
    )
}

/// A comparison of every row.
pub(crate) fn verify(result: &VerifyRes) -> String {
    let columns = [
        Column::Left("Dataset"),
        Column::Right("On the server"),
        Column::Right("Here"),
        Column::Right("Missing"),
        Column::Right("Extra"),
        Column::Right("Different"),
    ];
    let count = |value: u64| {
        let text = grouped(i128::from(value));
        if value == 0 { toned(text, Tone::Muted) } else { toned(text, Tone::Danger) }
    };
    let rows = result.datasets.iter().map(|row| {
        vec![
            Field::from(&*row.label),
            Field::from(grouped(i128::from(row.server_rows))),
            Field::from(grouped(i128::from(row.local_rows))),
            count(row.missing),
            count(row.extra),
            count(row.different),
        ]
    });
    let verdict = if let Some(damage) = result.damage.first() {
        Tone::Danger.paint(format!("The file is damaged: {damage}. `steward sync rebuild` reads it anew."))
    } else if result.is_clean {
        Tone::Success.paint("Nothing differs.")
    } else {
        Tone::Danger.paint("What differs was read again; `steward sync status` lists it.")
    };
    format!(
        "{}\n\n{verdict} {} rollup buckets compared, {} differ; {}",
        table(&columns, rows),
        grouped(i128::from(result.rollup_buckets)),
        grouped(i128::from(result.rollup_differences)),
        milliseconds(result.elapsed_ms)
    )
}

/// Who sits in front of it.
pub(crate) fn session(session: &Session) -> String {
    let workspace = session.workspace.as_ref();
    let facts = [
        ("Workspace", workspace.map_or_else(|| "none yet".to_owned(), |workspace| workspace.name.clone())),
        ("Server", workspace.map_or_else(|| "–".to_owned(), |workspace| workspace.server.clone())),
        ("Login", workspace.map_or_else(|| "–".to_owned(), |workspace| workspace.login.clone())),
        ("Role", session.role.map_or_else(|| "not known yet".to_owned(), |role| role.name().to_owned())),
        ("Secrets", session.secrets.clone()),
        ("Zone", session.zone.clone()),
        ("Language", session.locale.clone()),
        ("Version", session.version.clone()),
    ];
    let mut text = String::new();
    for (name, value) in facts {
        let _ = writeln!(text, "{} {value}", Tone::Muted.paint(format!("{name:<10}")));
    }
    text
}
