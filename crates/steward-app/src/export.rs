//! Tables and charts as files.
//!
//! Rows come out of one look at the copy and go through one writer into a file beside the target, which is
//! renamed when it is whole; nothing is left of an export that was stopped, failed or ran out of room. How far
//! it is lies in `local.db`, so that every process of this computer sees it and can stop it. Map: [`answer`]
//! rows inside the answer of a command · [`mod@file`] the file and its manifest · [`pulse`] progress and stopping ·
//! [`mod@report`] documents and pictures ·
//! [`told`] what the server's audit log is told.

pub(crate) mod answer;
pub(crate) mod file;
pub(crate) mod pulse;
pub(crate) mod report;
mod told;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use steward_core::export::{ExportFormat, ExportSource};
use steward_core::report::{ReportReq, ReportRevenueReq};
use steward_core::{Error, Result};

/// What an export is called.
pub(crate) fn name_of(source: &ExportSource) -> String {
    match source {
        ExportSource::Users { .. } => "Users".to_owned(),
        ExportSource::Events { .. } => "Events".to_owned(),
        ExportSource::Audit { .. } => "Audit log".to_owned(),
        ExportSource::Answer { name, command, .. } => {
            let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(80).collect();
            if name.is_empty() { command.clone() } else { name }
        }
        ExportSource::Report { request } => match request {
            ReportReq::Revenue(ReportRevenueReq { month: Some(month), .. }) => format!("Revenue {month}"),
            ReportReq::Revenue(_) => "Revenue".to_owned(),
            ReportReq::Close(request) => format!("Month close {}", request.month),
            ReportReq::Overview(request) => format!("Overview {}", request.range),
        },
    }
}

/// A file in the downloads folder that is not there yet.
///
/// # Errors
/// `File` for an account without a folder of its own.
pub(crate) fn usual_path(
    workspace: &str,
    name: &str,
    as_of: Option<DateTime<Utc>>,
    format: ExportFormat,
) -> Result<PathBuf> {
    let folder = directories::UserDirs::new()
        .map(|dirs| dirs.download_dir().filter(|path| path.is_dir()).unwrap_or(dirs.home_dir()).to_owned())
        .ok_or_else(|| {
            Error::new(steward_core::ErrorKind::File, "This account has no folder to keep a file in.")
        })?;
    let at = as_of.map_or_else(String::new, |at| at.format("-%Y%m%d-%H%MZ").to_string());
    let stem = format!("{}-{}{at}", slug(workspace), slug(name));
    Ok(free_path(&folder, &stem, format.extension()))
}

fn free_path(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    let mut path = folder.join(format!("{stem}.{extension}"));
    for number in 2..1_000 {
        if !path.exists() {
            break;
        }
        path = folder.join(format!("{stem}-{number}.{extension}"));
    }
    path
}

/// Small letters, digits and single dashes.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase).take(60) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "export".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_name_is_found_beside_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_path(folder.path(), "acme-events", "csv"), folder.path().join("acme-events.csv"));
        std::fs::write(folder.path().join("acme-events.csv"), "").unwrap();
        assert_eq!(free_path(folder.path(), "acme-events", "csv"), folder.path().join("acme-events-2.csv"));
    }

    #[test]
    fn a_name_becomes_a_part_of_a_file_name() {
        for (text, expected) in [
            ("Acme Ltd.", "acme-ltd"),
            ("../../etc/passwd", "etc-passwd"),
            ("Ünïted / Ärzte", "ünïted-ärzte"),
            ("::", "export"),
        ] {
            assert_eq!(slug(text), expected);
        }
    }
}
