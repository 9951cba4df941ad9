//! Cutting a dataset into ranges of about equal size.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};
use steward_core::dataset::ColumnType;
use steward_core::{Dataset, Result};

use super::KeyRange;
use crate::cache::batch::{EventRange, RangeSql};
use crate::cache::pack::{self, Unpacker};
use crate::cache::rollup::Level;
use crate::cache::{edge, event, fault, instant};

/// The range of about `rows` rows that comes after `before`; the first one when there is none. Events come
/// newest first, by whole minutes, and where that costs little by whole quarter-hours, so that the range has
/// sums of its own; before the edge they are ranges of sums. Other rows in the order of their keys. None after the
/// last range, which is open to its end.
pub(super) fn next(
    connection: &Connection,
    dataset: Dataset,
    before: Option<&KeyRange>,
    rows: u32,
) -> Result<Option<KeyRange>> {
    match dataset {
        Dataset::UsageEvents => next_events(connection, before, rows),
        _ => next_keys(connection, dataset, before, rows),
    }
}

fn next_events(connection: &Connection, before: Option<&KeyRange>, rows: u32) -> Result<Option<KeyRange>> {
    let end_us = match before {
        None => i64::MAX,
        Some(KeyRange::TimeBetween { start_us, .. }) if *start_us != i64::MIN => *start_us,
        Some(_) => return Ok(None),
    };
    let edge_us = edge::read(connection)?.and_then(instant::to_unix);
    // The edge may have moved over the range that came before.
    let width = Level::Quarter.width();
    if let Some(edge_us) = edge_us
        && end_us <= edge_us
    {
        let end_us = -(-end_us).div_euclid(width) * width;
        return next_sums(connection, end_us.min(edge_us), rows).map(Some);
    }
    let range = EventRange::new(&KeyRange::TimeBetween { start_us: i64::MIN, end_us })?;
    let last: Option<i64> = connection
        .prepare_cached("select id from usage_events where id >= ?1 order by id limit 1 offset ?2")
        .and_then(|mut find| {
            rusqlite::OptionalExtension::optional(
                find.query_row([range.first_id, i64::from(rows.max(1)) - 1], |row| row.get(0)),
            )
        })
        .map_err(fault::map)?;
    // The minutes of ±infinity belong to the open ends.
    let start_us = last
        .and_then(|id| event::minute_of(id).checked_mul(event::MINUTE))
        .and_then(instant::to_unix)
        .filter(|start| *start < end_us);
    let Some(start_us) = start_us else {
        return Ok(Some(KeyRange::TimeBetween { start_us: edge_us.unwrap_or(i64::MIN), end_us }));
    };
    let start_us = quarter_start(connection, start_us, rows)?.unwrap_or(start_us);
    Ok(Some(KeyRange::TimeBetween { start_us, end_us }))
}

/// The quarter-hours before an instant that hold about so many events, by their sums.
fn next_sums(connection: &Connection, end_us: i64, rows: u32) -> Result<KeyRange> {
    let width = Level::Quarter.width();
    let end = instant::from_unix(end_us).div_euclid(width);
    let mut find = connection
        .prepare_cached(
            "select bucket, counts from rollup_user where level = ?1 and bucket < ?2 order by bucket desc",
        )
        .map_err(fault::map)?;
    let mut quarters = find.query([Level::Quarter.number(), end]).map_err(fault::map)?;
    let (mut start_us, mut events) = (i64::MIN, 0);
    while let Some(quarter) = quarters.next().map_err(fault::map)? {
        let bucket: i64 = quarter.get(0).map_err(fault::map)?;
        let counts = quarter.get_ref(1).map_err(fault::map)?.as_blob().map_err(|_| fault::damaged())?;
        let mut from = Unpacker::new(counts);
        let users = pack::take_ids(&mut from)?.len();
        pack::take_counts(&mut from, users, |_, count| events += count)?;
        if events >= i64::from(rows.max(1)) {
            start_us = instant::to_unix(bucket.saturating_mul(width)).unwrap_or(i64::MIN);
            break;
        }
    }
    Ok(KeyRange::TimeBetween { start_us, end_us })
}

/// The start of the instant's quarter-hour, when reading the rest of it costs little.
fn quarter_start(connection: &Connection, start_us: i64, rows: u32) -> Result<Option<i64>> {
    let width = Level::Quarter.width();
    let first = start_us.div_euclid(width) * width;
    let range = EventRange::new(&KeyRange::TimeBetween { start_us: first, end_us: start_us })?;
    let more: i64 = connection
        .prepare_cached(
            "select count(*) from (select 1 from usage_events where id >= ?1 and id < ?2 limit ?3)",
        )
        .and_then(|mut count| {
            count.query_row([range.first_id, range.end_id, i64::from(rows)], |row| row.get(0))
        })
        .map_err(fault::map)?;
    Ok((more < i64::from(rows)).then_some(first))
}

fn next_keys(
    connection: &Connection,
    dataset: Dataset,
    before: Option<&KeyRange>,
    rows: u32,
) -> Result<Option<KeyRange>> {
    let after = match before {
        None => None,
        Some(KeyRange::KeysAfter { upto: Some(upto), .. }) => Some(upto.clone()),
        Some(_) => return Ok(None),
    };
    let rest = KeyRange::KeysAfter { after: after.clone(), upto: None };
    let upto = key_at(connection, dataset, &rest, u64::from(rows.max(1)) - 1)?;
    Ok(Some(KeyRange::KeysAfter { after, upto }))
}

/// Cuts a range into at most `parts` of about equal size. One part means that it cannot be cut.
pub(super) fn split(
    connection: &Connection,
    dataset: Dataset,
    range: &KeyRange,
    parts: u64,
) -> Result<Vec<KeyRange>> {
    match (dataset, range) {
        (Dataset::UsageEvents, _) => split_events(connection, range, parts),
        (_, KeyRange::KeysAfter { after, upto }) => {
            let rows = count(connection, dataset, range)?;
            let step = rows.div_ceil(parts.max(1)).max(1);
            let mut edges = keys_every(connection, dataset, range, step)?;
            if rows % step == 0 {
                // The last range ends where the whole does, and not before.
                edges.pop();
            }
            let mut after = after.clone();
            let mut ranges: Vec<KeyRange> = edges
                .into_iter()
                .map(|edge| KeyRange::KeysAfter { after: after.replace(edge.clone()), upto: Some(edge) })
                .collect();
            ranges.push(KeyRange::KeysAfter { after, upto: upto.clone() });
            Ok(ranges)
        }
        (_, KeyRange::All | KeyRange::TimeBetween { .. }) => {
            split(connection, dataset, &KeyRange::KeysAfter { after: None, upto: None }, parts)
        }
    }
}

fn split_events(connection: &Connection, range: &KeyRange, parts: u64) -> Result<Vec<KeyRange>> {
    let (start_us, end_us) = match range {
        KeyRange::TimeBetween { start_us, end_us } => (*start_us, *end_us),
        KeyRange::All | KeyRange::KeysAfter { .. } => (i64::MIN, i64::MAX),
    };
    let within = EventRange::new(&KeyRange::TimeBetween { start_us, end_us })?;
    let mut instants = Vec::new();
    event::each(connection, within.first_id, within.end_id, |_, event| {
        if within.contains(event.occurred_at) {
            instants.extend(instant::to_unix(event.occurred_at));
        }
        Ok(true)
    })?;
    instants.sort_unstable();
    let step = instants.len().div_ceil(usize::try_from(parts.max(1)).unwrap_or(usize::MAX)).max(1);
    let mut edges = vec![start_us];
    for edge in instants.into_iter().step_by(step).skip(1) {
        if edge > start_us && edge < end_us && edges.last() != Some(&edge) {
            edges.push(edge);
        }
    }
    edges.push(end_us);
    Ok(edges.windows(2).map(|edge| KeyRange::TimeBetween { start_us: edge[0], end_us: edge[1] }).collect())
}

/// Rows of the copy in a range.
pub(super) fn count(connection: &Connection, dataset: Dataset, range: &KeyRange) -> Result<u64> {
    let spec = dataset.spec();
    let range = RangeSql::new(spec, range)?;
    let sql = format!("select count(*) from {} where {}", spec.table, range.condition);
    connection
        .prepare_cached(&sql)
        .and_then(|mut count| count.query_row(params_from_iter(&range.values), |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}

/// The key at this position of a range, in the order of keys.
fn key_at(connection: &Connection, dataset: Dataset, range: &KeyRange, offset: u64) -> Result<Option<Value>> {
    let (sql, condition) = keys_sql(dataset, range)?;
    let sql = format!("{sql} limit 1 offset {offset}");
    let mut statement = connection.prepare_cached(&sql).map_err(fault::map)?;
    let mut rows = statement.query(params_from_iter(&condition.values)).map_err(fault::map)?;
    rows.next().map_err(fault::map)?.map(|row| key_of(dataset, row)).transpose()
}

/// Every `step`th key of a range, in the order of keys.
fn keys_every(connection: &Connection, dataset: Dataset, range: &KeyRange, step: u64) -> Result<Vec<Value>> {
    let (sql, condition) = keys_sql(dataset, range)?;
    let mut statement = connection.prepare_cached(&sql).map_err(fault::map)?;
    let mut rows = statement.query(params_from_iter(&condition.values)).map_err(fault::map)?;
    let mut keys = Vec::new();
    let mut position = 0;
    while let Some(row) = rows.next().map_err(fault::map)? {
        position += 1;
        if position % step == 0 {
            keys.push(key_of(dataset, row)?);
        }
    }
    Ok(keys)
}

fn keys_sql(dataset: Dataset, range: &KeyRange) -> Result<(String, RangeSql)> {
    let spec = dataset.spec();
    let condition = RangeSql::new(spec, range)?;
    let names: Vec<_> = spec.key.iter().map(|name| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let sql = format!("select {names} from {} where {} order by {names}", spec.table, condition.condition);
    Ok((sql, condition))
}

fn key_of(dataset: Dataset, row: &rusqlite::Row<'_>) -> Result<Value> {
    let spec = dataset.spec();
    let mut key = Map::new();
    for (at, position) in spec.key_positions().enumerate() {
        let column = &spec.columns[position];
        let value = part(column.kind, row.get_ref(at).map_err(fault::map)?);
        key.insert(column.name.to_owned(), value.ok_or_else(fault::damaged)?);
    }
    Ok(Value::Object(key))
}

/// A key's part as the change log would write it.
fn part(kind: ColumnType, stored: ValueRef<'_>) -> Option<Value> {
    match (kind, stored) {
        (ColumnType::Uuid, ValueRef::Blob(bytes)) => {
            Some(Value::from(uuid::Uuid::from_slice(bytes).ok()?.to_string()))
        }
        (ColumnType::Text, ValueRef::Text(text)) => Some(Value::from(std::str::from_utf8(text).ok()?)),
        (ColumnType::Int, ValueRef::Integer(number)) => Some(Value::from(number)),
        _ => None,
    }
}
