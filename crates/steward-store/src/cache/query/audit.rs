//! `audit_list`, `audit_verify`.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;
use steward_core::audit::{AuditChoices, AuditHead, AuditList, AuditListReq, AuditRow, Span};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::{people, wrong_cursor};
use crate::cache::fold::fold;
use crate::cache::{Reader, fault, instant};

/// What a list is narrowed by; each `?` counts from the one in front.
macro_rules! narrowed {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " (?1 is null or intent = ?1)
              and (?2 is null or instr(row_key, ?2) > 0)
              and (?3 is null or instr(fold(login), ?3) > 0 or instr(fold(coalesce(operator, '')), ?3) > 0)
              and (?4 is null or action = ?4)
              and (?5 is null or table_name = ?5)
              and (?6 is null or at >= ?6)
              and (?7 is null or at < ?7) ",
            $after
        )
    };
}

/// A request as SQLite takes it.
struct Narrowed {
    intent: Option<[u8; 16]>,
    key: Option<String>,
    who: Option<String>,
    action: Option<String>,
    table: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Narrowed {
    fn new(reader: &Reader, req: &AuditListReq) -> Result<Self> {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let key = match text(&req.key) {
            // An address stands in no key; its user's id does.
            Some(key) if key.contains('@') => {
                let found = people::users_by_email(reader, key.trim())?;
                Some(found.first().map_or(key, |user| user.id.to_string()))
            }
            key => key,
        };
        let Span { since, until } = req.span()?;
        Ok(Self {
            intent: req.intent.map(Uuid::into_bytes),
            key,
            who: text(&req.who).map(|who| fold(who.trim())),
            action: text(&req.action),
            table: text(&req.table),
            since: since.map(instant::from_utc),
            until: until.map(instant::from_utc),
        })
    }
}

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
    let mut rows = select(reader, req, before, limit + 1)?;
    let next = (rows.len() > limit).then(|| {
        rows.truncate(limit);
        rows.last().map(|row| row.id.to_string()).unwrap_or_default()
    });
    let is_first = req.after.is_none();
    Ok(AuditList {
        freshness,
        rows,
        total: is_first.then(|| count(reader, req)).transpose()?,
        choices: is_first.then(|| choices(reader)).transpose()?,
        next,
    })
}

/// How many entries a list has in all.
pub(super) fn count(reader: &Reader, req: &AuditListReq) -> Result<u64> {
    let Narrowed { intent, key, who, action, table, since, until } = Narrowed::new(reader, req)?;
    let intent = intent.as_ref().map(<[u8; 16]>::as_slice);
    reader
        .connection()
        .prepare_cached(narrowed!("select count(*) from audit_log where", ""))
        .and_then(|mut count| {
            let given = params![intent, key, who, action, table, since, until];
            count.query_row(given, |row| row.get::<_, i64>(0))
        })
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}

fn choices(reader: &Reader) -> Result<AuditChoices> {
    let distinct = |sql: &str| -> Result<Vec<String>> {
        reader
            .connection()
            .prepare_cached(sql)
            .and_then(|mut find| find.query_map([], |row| row.get(0))?.collect())
            .map_err(fault::map)
    };
    Ok(AuditChoices {
        actions: distinct("select distinct action from audit_log where action is not null order by 1")?,
        people: distinct(
            "select distinct coalesce(operator, login) from audit_log where login is not null order by 1",
        )?,
        tables: distinct(
            "select distinct table_name from audit_log where table_name is not null order by 1",
        )?,
    })
}

/// The newest entry: its place and its hash.
///
/// # Errors
/// When the file cannot be read.
pub fn head(reader: &Reader) -> Result<Option<AuditHead>> {
    reader
        .connection()
        .prepare_cached("select id, hash from audit_log where hash is not null order by id desc limit 1")
        .and_then(|mut find| {
            find.query_row([], |row| Ok(AuditHead { id: row.get(0)?, hash: row.get(1)? })).optional()
        })
        .map_err(fault::map)
}

/// Entries with a smaller id, newest first.
fn select(reader: &Reader, req: &AuditListReq, before: i64, limit: usize) -> Result<Vec<AuditRow>> {
    let Narrowed { intent, key, who, action, table, since, until } = Narrowed::new(reader, req)?;
    let intent = intent.as_ref().map(<[u8; 16]>::as_slice);
    // One operation's entries are found by their index, not along the log.
    let sql = if intent.is_some() {
        narrowed!(
            "select id, at, intent, login, operator, action, reason, table_name, row_key, before, after
             from audit_log where id < ?8 and intent = ?1 and",
            "order by id desc limit ?9"
        )
    } else {
        narrowed!(
            "select id, at, intent, login, operator, action, reason, table_name, row_key, before, after
             from audit_log where id < ?8 and",
            "order by id desc limit ?9"
        )
    };
    let mut rows: Vec<AuditRow> = reader
        .connection()
        .prepare_cached(sql)
        .and_then(|mut statement| {
            let given = params![intent, key, who, action, table, since, until, before, limit as i64];
            statement.query_map(given, entry)?.collect()
        })
        .map_err(fault::map)?;
    for row in &mut rows {
        row.label = label(reader, row)?;
    }
    Ok(rows)
}

/// The entries with these ids, in their order.
pub(super) fn by_id(reader: &Reader, ids: &[i64]) -> Result<Vec<AuditRow>> {
    let mut find = reader
        .connection()
        .prepare_cached(
            "select id, at, intent, login, operator, action, reason, table_name, row_key, before, after
             from audit_log where id = ?1",
        )
        .map_err(fault::map)?;
    ids.iter()
        .map(|id| {
            let mut row = find.query_row([id], entry).map_err(fault::map)?;
            row.label = label(reader, &row)?;
            Ok(row)
        })
        .collect()
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
fn label(reader: &Reader, row: &AuditRow) -> Result<Option<String>> {
    let AuditRow { table, key, .. } = row;
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
        (Some(Dataset::QuotaOverrides), ..) => {
            // Its key says nothing; whose limit it raises is in the row itself.
            let side = row.after.as_ref().or(row.before.as_ref());
            let said = |name: &str| side.and_then(|side| side.get(name)).and_then(Value::as_str);
            let id = |name: &str| said(name).and_then(|id| Uuid::parse_str(id).ok());
            let whose = match (id("user_id"), id("team_id")) {
                (Some(id), _) => user(id)?,
                (None, Some(id)) => ask("select name from teams where id = ?1", &id.as_bytes().as_slice())?,
                (None, None) => None,
            };
            let what = said("metric").zip(said("period"));
            Ok(what
                .zip(whose)
                .map(|((metric, period), whose)| format!("Raised {metric} a {period} of {whose}")))
        }
        _ => Ok(None),
    }
}
