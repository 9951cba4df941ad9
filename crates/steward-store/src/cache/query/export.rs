//! `export_plan`, `export_run`: the rows of a list from its first to its last, out of one look at the copy.
//!
//! What matches is decided by the functions of the lists themselves, so that a file has the rows and the
//! numbers of the screen.

use serde::Serialize;
use serde_json::Value;
use steward_core::audit::AuditListReq;
use steward_core::event::{EventListReq, EventRow};
use steward_core::export::{Cell, ColumnKind, ExportColumn, ExportSource};
use steward_core::freshness::Freshness;
use steward_core::period::Period;
use steward_core::user::{UserListReq, UserSort};
use steward_core::{Dataset, Error, Result};

use super::{PAGE_MAX, audit, event, user};
use crate::cache::Reader;

/// What an export of a list holds.
#[derive(Debug, Clone)]
pub struct Described {
    /// How fresh it is.
    pub freshness: Freshness,
    /// Rows in all.
    pub rows: u64,
    /// The columns in order.
    pub columns: Vec<ExportColumn>,
    /// What the rows are narrowed by, in words.
    pub filter: Vec<String>,
    /// The span of time, where there is one.
    pub period: Option<Period>,
}

/// What an export of this list holds.
///
/// # Errors
/// `Invalid` for a filter that cannot be understood and for a source that is no list; when the file cannot be
/// read.
pub fn describe(reader: &Reader, source: &ExportSource) -> Result<Described> {
    Ok(match source {
        ExportSource::Users { request } => {
            let list = user::list(reader, &UserListReq { after: None, limit: 1, ..request.clone() })?;
            let mut columns = columns(&USER);
            if is_counted(request) {
                columns.push(ExportColumn::new("events", "Events", ColumnKind::Integer));
            }
            Described {
                freshness: list.freshness,
                rows: list.total,
                columns,
                filter: words(&request.filter),
                period: None,
            }
        }
        ExportSource::Events { request } => Described {
            freshness: super::freshness(reader, &[Dataset::UsageEvents, Dataset::Users])?,
            rows: event::count(reader, request)?,
            columns: columns(&EVENT),
            filter: event_words(request),
            period: Some(request.period),
        },
        ExportSource::Audit { request } => Described {
            freshness: super::freshness(reader, &[Dataset::AuditLog])?,
            rows: audit::count(reader, request)?,
            columns: columns(&AUDIT),
            filter: words(request),
            period: None,
        },
        ExportSource::Answer { .. } | ExportSource::Report { .. } => return Err(no_list()),
    })
}

/// Shows every row in the order of the list.
///
/// # Errors
/// As [`describe`], and whatever `show` answers.
pub fn each(
    reader: &Reader,
    source: &ExportSource,
    mut show: impl FnMut(&[Cell]) -> Result<()>,
) -> Result<()> {
    match source {
        ExportSource::Users { request } => {
            let mut request = UserListReq { after: None, limit: PAGE_MAX, ..request.clone() };
            let is_counted = is_counted(&request);
            loop {
                let page = user::list(reader, &request)?;
                for user in page.rows {
                    let mut cells = vec![
                        Cell::Text(user.id.to_string()),
                        Cell::Text(user.email),
                        Cell::Text(user.name),
                        Cell::Text(user.status),
                        Cell::Text(user.role),
                        Cell::Text(user.plan_code),
                        Cell::instant(user.last_seen_at),
                        Cell::Instant(user.created_at),
                    ];
                    if is_counted {
                        cells.push(Cell::integer(user.events.map(u64::cast_signed)));
                    }
                    show(&cells)?;
                }
                match page.next {
                    Some(_) => request.after = page.next,
                    None => return Ok(()),
                }
            }
        }
        ExportSource::Events { request } => {
            let request = EventListReq { after: None, ..request.clone() };
            event::each(reader, &request, |row| show(&event_cells(row)))
        }
        ExportSource::Audit { request } => {
            let mut request = AuditListReq { after: None, limit: PAGE_MAX, ..request.clone() };
            loop {
                let page = audit::list(reader, &request)?;
                for row in page.rows {
                    show(&[
                        Cell::Integer(row.id),
                        Cell::Instant(row.at),
                        Cell::text(row.intent.map(|intent| intent.to_string())),
                        Cell::Text(row.login),
                        Cell::text(row.operator),
                        Cell::Text(row.action),
                        Cell::Text(row.reason),
                        Cell::Text(row.table),
                        Cell::Json(row.key),
                        Cell::text(row.label),
                        row.before.map_or(Cell::Null, Cell::Json),
                        row.after.map_or(Cell::Null, Cell::Json),
                    ])?;
                }
                match page.next {
                    Some(_) => request.after = page.next,
                    None => return Ok(()),
                }
            }
        }
        ExportSource::Answer { .. } | ExportSource::Report { .. } => Err(no_list()),
    }
}

/// Whether the list tells how many events each user has.
fn is_counted(request: &UserListReq) -> bool {
    request.usage.is_some() || request.sort == UserSort::Usage
}

fn no_list() -> Error {
    Error::internal("An answer is no list of the copy.")
}

fn event_cells(row: EventRow) -> [Cell; 17] {
    [
        Cell::Instant(row.occurred_at),
        Cell::Text(row.user_id.to_string()),
        Cell::text(row.email),
        Cell::Text(row.event_type),
        Cell::text(row.feature),
        Cell::text(row.provider),
        Cell::text(row.model),
        Cell::text(row.endpoint),
        Cell::text(row.plan_code),
        Cell::Text(row.status),
        Cell::text(row.team_id.map(|team| team.to_string())),
        Cell::Integer(row.quantity),
        Cell::Integer(row.tokens),
        Cell::Integer(row.bytes_out),
        row.cost.map_or(Cell::Null, Cell::Decimal),
        Cell::integer(row.latency_ms),
        Cell::Text(row.event_key.to_string()),
    ]
}

type Heads = [(&'static str, &'static str, ColumnKind)];

const USER: [(&str, &str, ColumnKind); 8] = [
    ("id", "User id", ColumnKind::Text),
    ("email", "E-mail", ColumnKind::Text),
    ("name", "Name", ColumnKind::Text),
    ("status", "Status", ColumnKind::Text),
    ("role", "Role", ColumnKind::Text),
    ("plan_code", "Plan", ColumnKind::Text),
    ("last_seen_at", "Last seen", ColumnKind::Instant),
    ("created_at", "Created", ColumnKind::Instant),
];

const EVENT: [(&str, &str, ColumnKind); 17] = [
    ("occurred_at", "Time", ColumnKind::Instant),
    ("user_id", "User id", ColumnKind::Text),
    ("email", "E-mail", ColumnKind::Text),
    ("event_type", "Event", ColumnKind::Text),
    ("feature", "Feature", ColumnKind::Text),
    ("provider", "Provider", ColumnKind::Text),
    ("model", "Model", ColumnKind::Text),
    ("endpoint", "Endpoint", ColumnKind::Text),
    ("plan_code", "Plan", ColumnKind::Text),
    ("status", "Status", ColumnKind::Text),
    ("team_id", "Team id", ColumnKind::Text),
    ("quantity", "Quantity", ColumnKind::Integer),
    ("tokens", "Tokens", ColumnKind::Integer),
    ("bytes_out", "Bytes out", ColumnKind::Integer),
    ("cost", "Cost", ColumnKind::Decimal),
    ("latency_ms", "Latency, ms", ColumnKind::Integer),
    ("event_key", "Event key", ColumnKind::Text),
];

const AUDIT: [(&str, &str, ColumnKind); 12] = [
    ("id", "Entry", ColumnKind::Integer),
    ("at", "Time", ColumnKind::Instant),
    ("intent", "Operation", ColumnKind::Text),
    ("login", "Login", ColumnKind::Text),
    ("operator", "Operator", ColumnKind::Text),
    ("action", "Action", ColumnKind::Text),
    ("reason", "Reason", ColumnKind::Text),
    ("table", "Table", ColumnKind::Text),
    ("key", "Key", ColumnKind::Json),
    ("label", "Row", ColumnKind::Text),
    ("before", "Before", ColumnKind::Json),
    ("after", "After", ColumnKind::Json),
];

fn columns(heads: &Heads) -> Vec<ExportColumn> {
    heads.iter().map(|(key, title, kind)| ExportColumn::new(*key, *title, *kind)).collect()
}

/// What a request asks for, field by field; where a page begins and how rows are sorted narrows nothing.
fn words(request: &impl Serialize) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(request) else { return Vec::new() };
    fields
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "after" | "limit" | "sort" | "zone"))
        .filter_map(|(key, value)| {
            let value = match value {
                Value::Null | Value::Bool(false) => return None,
                Value::String(text) if text.is_empty() => return None,
                Value::Array(list) if list.is_empty() => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let key = key.replace('_', " ");
            Some(if key == "search" { format!("search for {value}") } else { format!("{key} is {value}") })
        })
        .collect()
}

fn event_words(request: &EventListReq) -> Vec<String> {
    let of_filter = request.filters.iter().map(|filter| {
        let field = in_words(serde_json::to_value(filter.field).ok().as_ref());
        let verb = if filter.is_excluded() { "is not" } else { "is" };
        match &filter.value {
            Some(value) => format!("{field} {verb} {value}"),
            None => format!("{field} {verb} empty"),
        }
    });
    let of_hour =
        request.hour.map(|hour| format!("weekday {} from {}:00 ({})", hour.weekday, hour.hour, hour.zone));
    of_filter.chain(of_hour).collect()
}

fn in_words(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().replace('_', " ")
}
