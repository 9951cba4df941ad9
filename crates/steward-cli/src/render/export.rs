//! Exports.

use std::fmt::Write as _;

use chrono_tz::Tz;
use steward_core::export::{ExportJob, ExportPlan, ExportState};

use super::number::{bytes, grouped, instant};
use super::style::Tone;
use super::table::{Column, or_dash, table, toned};

/// What an export will hold.
pub(crate) fn plan(plan: &ExportPlan, path: &str, zone: Tz) -> String {
    let mut text = Tone::Strong.paint(format!("{} rows", grouped(i128::from(plan.rows))));
    let _ = write!(text, ", {} columns", plan.columns.len());
    if plan.sheets > 1 {
        let _ = write!(text, ", {} worksheets", plan.sheets);
    }
    if let Some(as_of) = plan.freshness.as_of {
        let _ = write!(text, ", as of {}", instant(as_of, zone));
    }
    if !plan.freshness.is_consistent {
        let _ = write!(text, "\n{}", Tone::Warning.paint("the copy does not equal the server yet"));
    }
    for sentence in &plan.filter {
        let _ = write!(text, "\n{}", Tone::Muted.paint(sentence));
    }
    let _ = write!(text, "\n{}", Tone::Muted.paint(format!("into {path}")));
    text
}

/// A file that was written.
pub(crate) fn done(job: &ExportJob) -> String {
    let size = job.bytes.map(bytes).unwrap_or_default();
    format!(
        "{}\n{}\n{}",
        Tone::Success.paint(format!("wrote {} rows, {size}", grouped(i128::from(job.rows)))),
        job.path,
        Tone::Muted.paint(format!("{}\nsha256 {}", job.manifest_path, job.sha256.as_deref().unwrap_or("–")))
    )
}

/// A document or a workbook that was written.
pub(crate) fn report_done(job: &ExportJob) -> String {
    let size = job.bytes.map(bytes).unwrap_or_default();
    let wrote = format!("wrote {}, {}, {size}", job.name, job.format.extension());
    format!(
        "{}\n{}\n{}",
        Tone::Success.paint(wrote),
        job.path,
        Tone::Muted.paint(format!("{}\nsha256 {}", job.manifest_path, job.sha256.as_deref().unwrap_or("–")))
    )
}

/// Exports of this computer.
pub(crate) fn jobs(jobs: &[ExportJob], zone: Tz) -> String {
    if jobs.is_empty() {
        return Tone::Muted.paint("Nothing was exported from this workspace.");
    }
    let columns = [
        Column::Left("Started"),
        Column::Left("What"),
        Column::Left("State"),
        Column::Right("Rows"),
        Column::Right("Size"),
        Column::Left("In the audit log"),
        Column::Left("File"),
        Column::Left("Id"),
    ];
    table(
        &columns,
        jobs.iter().map(|job| {
            let state = match job.state {
                ExportState::Running => toned("running", Tone::Accent),
                ExportState::Done => toned("done", Tone::Success),
                ExportState::Cancelled => toned("stopped", Tone::Muted),
                ExportState::Failed => toned("failed", Tone::Danger),
            };
            let logged = match (job.state, job.is_logged) {
                (ExportState::Done, true) => "yes",
                (ExportState::Done, false) => "at the next connection",
                _ => "–",
            };
            vec![
                instant(job.started_at, zone).into(),
                job.name.clone().into(),
                state,
                grouped(i128::from(job.rows)).into(),
                or_dash(job.bytes.map(bytes)),
                logged.into(),
                job.path.clone().into(),
                toned(job.id.to_string(), Tone::Muted),
            ]
        }),
    )
}
