//! Audited changes in words, one entry an operation.

use chrono::{DateTime, Utc};
use serde_json::Value;
use steward_core::audit::AuditRow;
use steward_core::timeline::{TimelineEntry, TimelineKind};
use uuid::Uuid;

use super::super::naming::in_words;
use super::Writing;

/// Columns whose change says nothing to people.
const QUIET: [&str; 3] = ["id", "user_id", "created_at"];

pub(super) fn entries(writing: &Writing<'_>, changes: &[AuditRow], entries: &mut Vec<TimelineEntry>) {
    let mut told: Vec<Uuid> = Vec::new();
    for change in changes {
        let rows: Vec<&AuditRow> = match change.intent {
            Some(intent) if told.contains(&intent) => continue,
            Some(intent) => {
                told.push(intent);
                changes.iter().filter(|other| other.intent == Some(intent)).collect()
            }
            None => vec![change],
        };
        let (kind, title, detail) = tell(writing, &change.action, &rows);
        entries.push(TimelineEntry {
            at: change.at,
            kind,
            title,
            detail,
            who: Some(change.operator.clone().unwrap_or_else(|| change.login.clone())),
            reason: change.reason.clone(),
            operation: change.intent,
            key: format!("audit-{:020}", change.id),
        });
    }
}

fn field<'a>(side: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    side.and_then(|side| side.get(name)).filter(|value| !value.is_null())
}

fn tell(writing: &Writing<'_>, action: &str, rows: &[&AuditRow]) -> (TimelineKind, String, String) {
    let of = |table: &str| rows.iter().copied().filter(|row| row.table == table).collect::<Vec<_>>();
    let both = |row: &AuditRow, name: &str| {
        let text = |side: Option<&Value>| {
            field(side, name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        (text(row.before.as_ref()), text(row.after.as_ref()))
    };
    let user = of("users").first().copied();
    let moved = user.map(|row| both(row, "plan_code")).filter(|(before, after)| before != after);
    let plan = |code: Option<String>| code.map_or_else(|| "no plan".to_owned(), |code| writing.plan(&code));
    let everything = || rows.iter().flat_map(|row| columns(writing, row)).collect::<Vec<_>>().join(", ");
    let is_back = action.starts_with("revert");
    let title = |text: String| if is_back { format!("Taken back: {}", lower_first(&text)) } else { text };
    if let Some((before, after)) = moved {
        let text = title(format!("Moved from {} to {}", plan(before), plan(after)));
        return (TimelineKind::PlanChanged, text, String::new());
    }
    if let Some((_, Some(status))) =
        user.map(|row| both(row, "status")).filter(|(before, after)| before != after)
    {
        let (kind, text) = match status.as_str() {
            "suspended" => (TimelineKind::Suspended, "Suspended".to_owned()),
            "active" => (TimelineKind::Restored, "Restored".to_owned()),
            other => (TimelineKind::Changed, in_words(other)),
        };
        return (kind, title(text), String::new());
    }
    if let Some(raise) = of("quota_overrides").first() {
        let side = raise.after.as_ref().or(raise.before.as_ref());
        let text = |name: &str| field(side, name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let most = field(side, "limit_value")
            .and_then(Value::as_i64)
            .map_or_else(|| "unlimited".to_owned(), grouped);
        let until = text("until")
            .parse::<DateTime<Utc>>()
            .map(|until| format!(", until {}", writing.instant(until)))
            .unwrap_or_default();
        let metric = in_words(&text("metric"));
        return if raise.after.is_some() {
            let detail = format!("to {most} per {}{until}", text("period"));
            (TimelineKind::LimitRaised, title(format!("{metric} limit raised")), detail)
        } else {
            (
                TimelineKind::RaiseEnded,
                format!("Raise of {} taken back", metric.to_lowercase()),
                String::new(),
            )
        };
    }
    let counters = of("usage_counters");
    if !counters.is_empty() {
        let detail: Vec<String> = counters
            .iter()
            .map(|row| {
                let key =
                    |name: &str| field(Some(&row.key), name).and_then(Value::as_str).unwrap_or_default();
                let used = |side: Option<&Value>| {
                    field(side, "used").and_then(Value::as_i64).map_or_else(|| "0".to_owned(), grouped)
                };
                format!(
                    "{} {} {} → {}",
                    in_words(key("metric")),
                    key("period"),
                    used(row.before.as_ref()),
                    used(row.after.as_ref())
                )
            })
            .collect();
        let text = if action == "recompute_counters" { "Use counted again" } else { "Use set back" };
        return (TimelineKind::Changed, title(text.to_owned()), detail.join(", "));
    }
    let text = match action {
        "direct" => {
            match rows.first().map(|row| (row.table.as_str(), row.before.is_none(), row.after.is_none())) {
                Some(("team_members", true, _)) => "Joined a team".to_owned(),
                Some(("team_members", _, true)) => "Left a team".to_owned(),
                Some(("subscriptions", ..)) => "Subscription changed directly".to_owned(),
                _ => "Changed directly".to_owned(),
            }
        }
        "extend_trial" => "Trial extended".to_owned(),
        other => in_words(other),
    };
    (TimelineKind::Changed, title(text), everything())
}

/// The touched columns of a row, before and after.
fn columns(writing: &Writing<'_>, row: &AuditRow) -> Vec<String> {
    let names = [row.before.as_ref(), row.after.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|side| side.keys())
        .filter(|name| !QUIET.contains(&name.as_str()))
        .collect::<std::collections::BTreeSet<_>>();
    let text = |side: Option<&Value>, name: &str| match field(side, name) {
        None => "none".to_owned(),
        Some(Value::String(text)) => {
            text.parse::<DateTime<Utc>>().map_or_else(|_| text.clone(), |at| writing.instant(at))
        }
        Some(other) => other.to_string(),
    };
    names
        .into_iter()
        .map(|name| {
            let label = name.replace('_', " ");
            match (&row.before, &row.after) {
                (Some(_), Some(_)) => {
                    format!(
                        "{label} {} → {}",
                        text(row.before.as_ref(), name),
                        text(row.after.as_ref(), name)
                    )
                }
                (side, None) | (None, side) => format!("{label} {}", text(side.as_ref(), name)),
            }
        })
        .collect()
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// `41880` as `41,880`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('\u{2212}');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-41_880, "\u{2212}41,880")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(i64::MIN), "\u{2212}9,223,372,036,854,775,808");
    }
}
