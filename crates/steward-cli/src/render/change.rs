//! What a change does, row by row.

use std::fmt::Write as _;

use serde_json::Value;
use steward_core::operation::Outcome;

use super::number::grouped;
use super::style::Tone;
use super::table::{Column, Field, table, toned};

/// The rows of a preview or of a change that was applied.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let mut text = String::new();
    if !outcome.rows.is_empty() {
        let columns = [Column::Left("Table"), Column::Left("Row"), Column::Left("Change")];
        let rows = outcome.rows.iter().map(|row| {
            let kind = match (&row.before, &row.after) {
                (None, Some(_)) => "new: ",
                (Some(_), None) => "removed: ",
                (Some(_) | None, _) => "",
            };
            vec![
                toned(&*row.table, Tone::Muted),
                Field::from(&*row.label),
                Field::from(format!("{kind}{}", columns_in_words(row.before.as_ref(), row.after.as_ref()))),
            ]
        });
        let _ = writeln!(text, "{}", table(&columns, rows));
    }
    if !outcome.skipped.is_empty() {
        let columns = [Column::Left("Left alone"), Column::Left("Why")];
        let rows = outcome
            .skipped
            .iter()
            .map(|row| vec![Field::from(&*row.label), toned(&*row.reason, Tone::Warning)]);
        let _ = writeln!(text, "\n{}", table(&columns, rows));
    }
    if outcome.rows.is_empty() && outcome.skipped.is_empty() {
        text.push_str("No row would change.\n");
    }
    text
}

/// `3 rows changed, 1 left alone`.
pub(crate) fn count_in_words(outcome: &Outcome) -> String {
    let rows = |count: usize| {
        let noun = if count == 1 { "row" } else { "rows" };
        format!("{} {noun}", grouped(count as i128))
    };
    let verb = if outcome.is_applied { "changed" } else { "would change" };
    let mut text = format!("{} {verb}", rows(outcome.rows.len()));
    if !outcome.skipped.is_empty() {
        let _ = write!(text, ", {} left alone", rows(outcome.skipped.len()));
    }
    text
}

/// `plan_code starter → pro, revision 3 → 4`; only what differs.
pub(crate) fn columns_in_words(before: Option<&Value>, after: Option<&Value>) -> String {
    let empty = serde_json::Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&empty);
    let after = after.and_then(Value::as_object).unwrap_or(&empty);
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let parts: Vec<String> = names
        .filter_map(|name| match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) if old == new => None,
            (Some(old), Some(new)) => Some(format!("{name} {} → {}", word(old), word(new))),
            (Some(only), None) | (None, Some(only)) => Some(format!("{name} {}", word(only))),
            (None, None) => None,
        })
        .collect();
    parts.join(", ")
}

/// The most letters of a value that is a document of its own.
const CELL: usize = 200;

fn word(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => {
            let text = other.to_string();
            let short: String = text.chars().take(CELL).collect();
            if short.len() < text.len() { format!("{short}…") } else { short }
        }
    }
}
