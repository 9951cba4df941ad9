//! Lists: users, plans, events, the audit log, workspaces.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use steward_app::command::workspace::{Environment, Workspace, WriteMode};
use steward_core::audit::{AuditRow, AuditVerify};
use steward_core::event::EventRow;
use steward_core::find::{FindKind, FindRow};
use steward_core::plan::PlanRow;
use steward_core::user::UserRow;

use super::change::columns_in_words;
use super::number::{decimal, grouped, instant, milliseconds, money, precise};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Users.
pub(crate) fn users(rows: &[UserRow], zone: Tz) -> String {
    let is_counted = rows.iter().any(|user| user.events.is_some());
    let mut columns = vec![
        Column::Left("E-mail"),
        Column::Left("Name"),
        Column::Left("Plan"),
        Column::Left("Status"),
        Column::Left("Last seen"),
        Column::Left("Since"),
    ];
    if is_counted {
        columns.push(Column::Right("Events"));
    }
    table(
        &columns,
        rows.iter().map(|user| {
            let mut fields = vec![
                Field::from(&*user.email),
                Field::from(&*user.name),
                Field::from(&*user.plan_code),
                status(&user.status),
                or_dash(user.last_seen_at.map(|at| instant(at, zone))),
                Field::from(instant(user.created_at, zone)),
            ];
            if is_counted {
                fields.push(or_dash(user.events.map(|events| grouped(i128::from(events)))));
            }
            fields
        }),
    )
}

/// What a search found.
pub(crate) fn found(rows: &[FindRow]) -> String {
    let columns = [
        Column::Left("What"),
        Column::Left("Name"),
        Column::Left(""),
        Column::Left("Status"),
        Column::Left("Id"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            vec![
                Field::from(match row.kind {
                    FindKind::User => "user",
                    FindKind::Team => "team",
                }),
                Field::from(&*row.title),
                Field::from(&*row.note),
                row.status.as_deref().map_or_else(|| toned("–", Tone::Muted), status),
                toned(&*row.id, Tone::Muted),
            ]
        }),
    )
}

/// Plans.
pub(crate) fn plans(rows: &[PlanRow]) -> String {
    let columns = [
        Column::Left("Plan"),
        Column::Left("Name"),
        Column::Right("Month"),
        Column::Right("Year"),
        Column::Right("Users"),
        Column::Left("Limits"),
    ];
    table(
        &columns,
        rows.iter().map(|plan| {
            let price = |minor: Option<i64>| or_dash(minor.map(|minor| money(minor, &plan.currency)));
            let limits: Vec<String> = plan
                .limits
                .iter()
                .map(|limit| {
                    let most =
                        limit.limit.map_or_else(|| "unlimited".to_owned(), |most| grouped(i128::from(most)));
                    format!("{} {most}/{}", limit.metric, limit.period)
                })
                .collect();
            vec![
                if plan.archived_at.is_some() {
                    toned(&*plan.code, Tone::Muted)
                } else {
                    Field::from(&*plan.code)
                },
                Field::from(&*plan.name),
                price(plan.price_month_minor),
                price(plan.price_year_minor),
                Field::from(grouped(i128::from(plan.user_count))),
                toned(limits.join(", "), Tone::Muted),
            ]
        }),
    )
}

/// Events.
/// Since when there are rows, and what there is before.
pub(crate) fn rows_since(since: DateTime<Utc>, older: Option<u64>, zone: Tz) -> String {
    let older = match older {
        Some(older) => format!("{} older events of this range are", grouped(i128::from(older))),
        None => "older events of this range are".to_owned(),
    };
    format!("Rows are kept since {}; {older} kept as sums (`steward sync window`).", instant(since, zone))
}

pub(crate) fn events(rows: &[EventRow], zone: Tz) -> String {
    let columns = [
        Column::Left("Time"),
        Column::Left("User"),
        Column::Left("Event"),
        Column::Left("Feature"),
        Column::Left("Model"),
        Column::Left("Status"),
        Column::Right("Tokens"),
        Column::Right("Cost"),
        Column::Right("Latency"),
    ];
    table(
        &columns,
        rows.iter().map(|event| {
            vec![
                Field::from(precise(event.occurred_at, zone)),
                Field::from(event.email.clone().unwrap_or_else(|| event.user_id.to_string())),
                Field::from(&*event.event_type),
                or_dash(event.feature.clone()),
                or_dash(event.model.clone()),
                status(&event.status),
                Field::from(grouped(i128::from(event.tokens))),
                or_dash(event.cost.as_deref().map(|cost| decimal(cost, 6))),
                or_dash(event.latency_ms.map(|ms| milliseconds(ms as f64))),
            ]
        }),
    )
}

/// The audit log.
pub(crate) fn audit(rows: &[AuditRow], zone: Tz) -> String {
    let columns = [
        Column::Left("Time"),
        Column::Left("Who"),
        Column::Left("Did"),
        Column::Left("To"),
        Column::Left("Change"),
        Column::Left("Reason"),
        Column::Left("Operation"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            vec![
                Field::from(instant(row.at, zone)),
                Field::from(row.operator.clone().unwrap_or_else(|| row.login.clone())),
                Field::from(&*row.action),
                Field::from(row.label.clone().unwrap_or_else(|| row.key.to_string())),
                Field::from(columns_in_words(row.before.as_ref(), row.after.as_ref())),
                toned(&*row.reason, Tone::Muted),
                toned(row.intent.map(|id| id.to_string()).unwrap_or_default(), Tone::Muted),
            ]
        }),
    )
}

/// Workspaces.
pub(crate) fn workspaces(rows: &[Workspace]) -> String {
    let columns = [
        Column::Left(""),
        Column::Left("Name"),
        Column::Left("Environment"),
        Column::Left("Server"),
        Column::Left("Login"),
        Column::Left("Changes"),
    ];
    table(
        &columns,
        rows.iter().map(|workspace| {
            let environment = match workspace.environment {
                Environment::Production => toned("production", Tone::Danger),
                Environment::Staging => toned("staging", Tone::Warning),
                Environment::Development => toned("development", Tone::Success),
                Environment::Sample => Field::from("sample"),
            };
            vec![
                if workspace.is_current { toned("●", Tone::Accent) } else { Field::from(" ") },
                Field::from(&*workspace.name),
                environment,
                Field::from(&*workspace.server),
                Field::from(&*workspace.login),
                match workspace.mode {
                    WriteMode::ReadOnly => Field::from("read-only"),
                    WriteMode::Reviewed => Field::from("reviewed"),
                    WriteMode::Unlocked => toned("unlocked", Tone::Warning),
                },
            ]
        }),
    )
}

fn status(text: &str) -> Field {
    match text {
        "success" | "active" => Field::from(text),
        "error" | "suspended" => toned(text, Tone::Danger),
        "rate_limited" => toned(text, Tone::Warning),
        other => toned(other, Tone::Muted),
    }
}

/// Whether the audit log is whole.
pub(crate) fn audit_chain(verified: &AuditVerify) -> String {
    let entries = grouped(i128::from(verified.entries));
    let heads = grouped(i128::from(verified.heads_compared));
    let mut text = if verified.is_whole {
        Tone::Success.paint(format!("the log is whole: {entries} entries"))
    } else {
        Tone::Danger.paint(format!("the log is not whole: {entries} entries"))
    };
    let _ = write!(text, "\n{}", Tone::Muted.paint(format!("{heads} earlier ends of it compared")));
    for problem in &verified.problems {
        let _ = write!(text, "\n{:>8}  {}", problem.id, problem.problem);
    }
    text
}
