//! Keys as the change log writes them: JSON objects.

use rusqlite::types::Value as Stored;
use serde_json::Value;
use steward_core::dataset::ColumnType;
use steward_core::{Dataset, Error, Result};
use uuid::Uuid;

use crate::cache::instant;

/// The key's values in the order of the spec's key.
pub(super) fn parse(dataset: Dataset, key: &Value) -> Result<Vec<Stored>> {
    let spec = dataset.spec();
    spec.key_positions()
        .map(|position| {
            let column = &spec.columns[position];
            key.get(column.name).and_then(|value| part(column.kind, value)).ok_or_else(|| {
                Error::internal("A key from the server has a form that the local copy does not know.")
                    .with_detail(format!("{}.{}", spec.table, column.name))
            })
        })
        .collect()
}

fn part(kind: ColumnType, value: &Value) -> Option<Stored> {
    match kind {
        ColumnType::Uuid => {
            Uuid::parse_str(value.as_str()?).ok().map(|uuid| Stored::Blob(uuid.as_bytes().to_vec()))
        }
        ColumnType::Text => value.as_str().map(|text| Stored::Text(text.to_owned())),
        ColumnType::Bool => value.as_bool().map(|flag| Stored::Integer(i64::from(flag))),
        ColumnType::Int => match value {
            Value::String(text) => text.parse().ok().map(Stored::Integer),
            other => other.as_i64().map(Stored::Integer),
        },
        ColumnType::Timestamp => instant::parse(value.as_str()?).map(Stored::Integer),
        // No key holds one: two numerics may be equal and written differently.
        ColumnType::Numeric | ColumnType::Json | ColumnType::TextArray => None,
    }
}
