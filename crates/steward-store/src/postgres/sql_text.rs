//! Text of statements that take no parameters: COPY lists, key literals, order by key.
//!
//! COPY accepts no parameters, so keys become literals here and nowhere else. Names come from
//! [`steward_core::dataset`], never from outside.

use serde_json::Value;
use steward_core::dataset::{Column, ColumnType, DatasetSpec};
use steward_core::{Error, Result};

use crate::cache::KeyRange;

/// The columns of a dataset, qualified by `t`.
pub(super) fn columns(spec: &DatasetSpec) -> String {
    spec.columns.iter().map(|column| format!("t.{}", column.name)).collect::<Vec<_>>().join(", ")
}

/// A string literal that reads the same under every setting of `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', r"\\")) } else { format!("'{quoted}'") }
}

/// The key's columns.
pub(super) fn key_columns(spec: &'static DatasetSpec) -> Vec<&'static Column> {
    spec.key_positions().map(|position| &spec.columns[position]).collect()
}

/// A key column in the order the copy knows too: bytes, not a language's rules.
fn ordered(column: &Column) -> String {
    match column.kind {
        ColumnType::Text => format!("t.{} collate \"C\"", column.name),
        ColumnType::Uuid
        | ColumnType::Bool
        | ColumnType::Int
        | ColumnType::Timestamp
        | ColumnType::Numeric
        | ColumnType::Json
        | ColumnType::TextArray => format!("t.{}", column.name),
    }
}

/// `order by` the whole key.
pub(super) fn key_order(spec: &'static DatasetSpec) -> String {
    key_columns(spec).into_iter().map(ordered).collect::<Vec<_>>().join(", ")
}

/// The condition "above this key".
pub(super) fn above(spec: &'static DatasetSpec, after: &Value) -> Result<String> {
    beyond(spec, after, ">")
}

/// The condition "in this range", always true for every row.
pub(super) fn within(spec: &'static DatasetSpec, range: &KeyRange) -> Result<String> {
    match range {
        KeyRange::All => Ok("true".to_owned()),
        KeyRange::TimeBetween { start_us, end_us } => Ok(between("occurred_at", *start_us, *end_us)),
        KeyRange::KeysAfter { after, upto } => {
            let mut parts = Vec::new();
            for (key, sign) in [(after, ">"), (upto, "<=")] {
                parts.extend(key.as_ref().map(|key| beyond(spec, key, sign)).transpose()?);
            }
            Ok(if parts.is_empty() { "true".to_owned() } else { parts.join(" and ") })
        }
    }
}

/// The condition "up to this key, included".
pub(super) fn up_to(spec: &'static DatasetSpec, last: &Value) -> Result<String> {
    beyond(spec, last, "<=")
}

fn beyond(spec: &'static DatasetSpec, key: &Value, sign: &str) -> Result<String> {
    let mut literals = Vec::new();
    for column in key_columns(spec) {
        let value = match key.get(column.name) {
            Some(Value::String(text)) => literal(text),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
                return Err(Error::internal("A stored key has an unexpected form."));
            }
        };
        literals.push(format!("{value}::{}", sql_type(column.kind)));
    }
    Ok(format!("({}) {sign} ({})", key_order(spec), literals.join(", ")))
}

/// A table expression `k` of keys given as a JSON array of objects.
pub(super) fn key_table(spec: &'static DatasetSpec, keys: &[Value]) -> String {
    let fields: Vec<_> = key_columns(spec)
        .into_iter()
        .map(|column| format!("{} {}", column.name, sql_type(column.kind)))
        .collect();
    let json = literal(&Value::from(keys.to_vec()).to_string());
    format!("jsonb_to_recordset({json}::jsonb) as k({})", fields.join(", "))
}

fn sql_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid => "uuid",
        ColumnType::Text => "text",
        ColumnType::Bool => "boolean",
        ColumnType::Int => "bigint",
        ColumnType::Timestamp => "timestamptz",
        ColumnType::Numeric => "numeric",
        ColumnType::Json => "jsonb",
        ColumnType::TextArray => "text[]",
    }
}

/// An instant as a literal; none beyond what the server can hold.
pub(super) fn instant(us: i64) -> Option<String> {
    let instant = chrono::DateTime::from_timestamp_micros(us)?;
    Some(format!("'{}'::timestamptz", instant.format("%Y-%m-%d %H:%M:%S%.6f+00")))
}

/// The condition "between these instants", half open; always true for all of time.
pub(super) fn between(column: &str, start_us: i64, end_us: i64) -> String {
    let mut parts = Vec::new();
    if let Some(start) = instant(start_us) {
        parts.push(format!("t.{column} >= {start}"));
    }
    if let Some(end) = instant(end_us) {
        parts.push(format!("t.{column} < {end}"));
    }
    if parts.is_empty() { "true".to_owned() } else { parts.join(" and ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steward_core::Dataset;

    use super::*;

    #[test]
    fn literals_cannot_end_early() {
        assert_eq!(literal("a'b"), "'a''b'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }

    #[test]
    fn a_keyset_condition_orders_text_by_bytes() {
        let condition = above(
            Dataset::UsageCounters.spec(),
            &json!({"user_id": "00000000-0000-0000-0000-000000000001", "period": "2026-10", "metric": "x'"}),
        );
        assert_eq!(
            condition.expect("a whole key"),
            "(t.user_id, t.period collate \"C\", t.metric collate \"C\") > \
             ('00000000-0000-0000-0000-000000000001'::uuid, '2026-10'::text, 'x'''::text)"
        );
        assert!(above(Dataset::Users.spec(), &json!({})).is_err());
    }

    #[test]
    fn all_of_time_is_no_condition() {
        assert_eq!(between("occurred_at", i64::MIN, i64::MAX), "true");
        assert_eq!(
            between("occurred_at", 0, 1),
            "t.occurred_at >= '1970-01-01 00:00:00.000000+00'::timestamptz \
             and t.occurred_at < '1970-01-01 00:00:00.000001+00'::timestamptz"
        );
    }
}
