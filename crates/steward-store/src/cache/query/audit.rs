//! `audit_list`.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;
use steward_core::audit::{AuditList, AuditListReq, AuditRow};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::{people, wrong_cursor};
use crate::cache::{Reader, fault, instant};

/// Who changed what, newest first.
///
/// # Errors
/// When the cursor is none of ours or the file cannot be read.
pub fn list(reader: &Reader, req: &AuditListReq) -> Result<AuditList> {
    let freshness = super::freshness(reader, &[Dataset::AuditLog])?;
    let before = match &req.after {
        None => i64::MAX,
        Some(text) => text.parse().map_err(|_| wrong_cursor())?,
    };
    let limit = super::page_rows(req.limit);
    let mut rows = find(reader, req.intent, req.key.as_deref(), before, limit + 1)?;
    let next = (rows.len() > limit).then(|| {
        rows.truncate(limit);
        rows.last().map(|row| row.id.to_string()).unwrap_or_default()
    });
    Ok(AuditList { freshness, rows, next })
}

/// How many entries a list has in all.
pub(super) fn count(reader: &Reader, req: &AuditListReq) -> Result<u64> {
    let intent = req.intent.map(Uuid::into_bytes);
    reader
        .connection()
        .prepare_cached(
            "select count(*) from audit_log
             where (?1 is null or intent = ?1) and (?2 is null or instr(row_key, ?2) > 0)",
        )
        .and_then(|mut count| {
            count.query_row(params![intent.as_ref().map(<[u8; 16]>::as_slice), req.key], |row| {
                row.get::<_, i64>(0)
            })
        })
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}

/// Entries with a smaller id, newest first; `key` is part of the row's key.
pub(super) fn find(
    reader: &Reader,
    intent: Option<Uuid>,
    key: Option<&str>,
    before: i64,
    limit: usize,
) -> Result<Vec<AuditRow>> {
    let by_intent =
        "select id, at, intent, login, operator, action, reason, table_name, row_key, before, after
         from audit_log
         where id < ?1 and intent = ?2 and (?3 is null or instr(row_key, ?3) > 0)
         order by id desc limit ?4";
    let by_id = "select id, at, intent, login, operator, action, reason, table_name, row_key, before, after
         from audit_log
         where id < ?1 and (?2 is null or intent = ?2) and (?3 is null or instr(row_key, ?3) > 0)
         order by id desc limit ?4";
    let intent = intent.map(Uuid::into_bytes);
    let mut rows: Vec<AuditRow> = reader
        .connection()
        .prepare_cached(if intent.is_some() { by_intent } else { by_id })
        .and_then(|mut statement| {
            let found = params![before, intent.as_ref().map(<[u8; 16]>::as_slice), key, limit as i64];
            statement.query_map(found, entry)?.collect()
        })
        .map_err(fault::map)?;
    for row in &mut rows {
        row.label = label(reader, &row.table, &row.key)?;
    }
    Ok(rows)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let json = |column: usize| -> rusqlite::Result<Option<Value>> {
        let text: Option<String> = row.get(column)?;
        // The server's jsonb is JSON; should it ever not be, the text itself is still the truth.
        Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
    };
    Ok(AuditRow {
        id: row.get(0)?,
        at: instant::to_utc(row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MIN)),
        intent: row.get::<_, Option<[u8; 16]>>(2)?.map(Uuid::from_bytes),
        login: text(3)?,
        operator: row.get(4)?,
        action: text(5)?,
        reason: text(6)?,
        table: text(7)?,
        key: json(8)?.unwrap_or(Value::Null),
        label: None,
        before: json(9)?,
        after: json(10)?,
    })
}

/// How people know the row: an e-mail address or a name.
fn label(reader: &Reader, table: &str, key: &Value) -> Result<Option<String>> {
    let uuid = |name: &str| key.get(name).and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let ask = |sql: &str, value: &dyn rusqlite::ToSql| {
        reader
            .connection()
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row([value], |row| row.get::<_, Option<String>>(0)).optional())
            .map(Option::flatten)
            .map_err(fault::map)
    };
    let user = |id: Uuid| people::user(reader, id).map(|user| user.map(|user| user.email));
    match (Dataset::from_table(table), uuid("id"), uuid("user_id")) {
        (Some(Dataset::Users), Some(id), _)
        | (Some(Dataset::UsageCounters | Dataset::TeamMembers), _, Some(id)) => user(id),
        (Some(Dataset::Teams), Some(id), _) => {
            ask("select name from teams where id = ?1", &id.as_bytes().as_slice())
        }
        (Some(Dataset::Subscriptions), Some(id), _) => ask(
            "select coalesce(
                 (select email from users where users.id = subscriptions.user_id),
                 (select name from teams where teams.id = subscriptions.team_id))
             from subscriptions where id = ?1",
            &id.as_bytes().as_slice(),
        ),
        (Some(Dataset::Plans), ..) => match text("code") {
            Some(code) => ask("select name from plans where code = ?1", &code),
            None => Ok(None),
        },
        (Some(Dataset::PlanLimits | Dataset::PlanFeatures), ..) => match text("plan_code") {
            Some(code) => ask("select name from plans where code = ?1", &code),
            None => Ok(None),
        },
        (Some(Dataset::Operators), ..) => Ok(text("login").map(str::to_owned)),
        _ => Ok(None),
    }
}
