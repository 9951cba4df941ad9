//! Checks of a connection or of this computer, and the schema of a server.

use std::fmt::Write as _;

use steward_app::command::database::DatabaseStatus;
use steward_app::command::workspace::{CheckList, CheckState};

use super::number::milliseconds;
use super::style::Tone;

/// Checks in order, a failure with its next step below it.
pub(crate) fn checks(list: &CheckList) -> String {
    let width = list.checks.iter().map(|check| check.label.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for check in &list.checks {
        let mark = match check.state {
            CheckState::Ok => Tone::Success.paint("✓"),
            CheckState::Warning => Tone::Warning.paint("!"),
            CheckState::Failed => Tone::Danger.paint("✗"),
            CheckState::Waiting => Tone::Muted.paint("·"),
        };
        let time = if check.state == CheckState::Waiting {
            String::new()
        } else {
            Tone::Muted.paint(format!("  {}", milliseconds(check.ms)))
        };
        let _ = writeln!(text, "{mark} {:<width$}  {}{time}", check.label, check.finding);
        if let Some(error) = &check.error {
            let _ = writeln!(text, "  {:<width$}  {}", "", Tone::Muted.paint(&error.hint));
        }
    }
    text
}

/// What of Steward's schema a database has, and what installing would do.
pub(crate) fn database(status: &DatabaseStatus) -> String {
    let kind = if status.is_supabase { " (Supabase)" } else { "" };
    let state = if !status.unknown_versions.is_empty() {
        Tone::Warning.paint("newer than this Steward")
    } else if !status.is_installed {
        "not installed".to_owned()
    } else if status.plan.is_empty() {
        Tone::Success.paint("up to date")
    } else {
        Tone::Warning.paint("older than this Steward")
    };
    let mut text = format!("{}{kind}\nSteward's schema: {state}\n", status.server_version);
    for migration in &status.migrations {
        let mark = if migration.is_applied { Tone::Success.paint("✓") } else { Tone::Muted.paint("·") };
        let _ = writeln!(text, "{mark} {} {}", migration.version, migration.name);
    }
    if !status.plan.is_empty() {
        text.push_str("\nTo do:\n");
        for step in &status.plan {
            let _ = writeln!(text, "  {step}");
        }
    }
    text
}
