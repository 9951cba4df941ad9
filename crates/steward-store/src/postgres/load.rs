//! Reading a dataset in full, chunk by chunk, each in a short locked transaction of its own.

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::dataset::ColumnType;
use steward_core::sync::{Chunk, ChunkEnd, Occupied, Since};
use steward_core::{Dataset, Error, Result};

use super::copy::RowReader;
use super::cut::writer_predicate;
use super::{error, sql_text};
use crate::row::{RawRow, RowBatch, RowSender};

/// The column events are read by.
const EVENT_TIME: &str = "occurred_at";

/// Asks where a window of events has rows, all or those written since. A hint: nothing is decided by it but the width of chunks.
///
/// # Errors
/// When the statement fails.
pub async fn measure(
    connection: &mut PgConnection,
    dataset: Dataset,
    start_us: i64,
    end_us: i64,
    since: Option<&Since>,
) -> Result<Occupied> {
    let spec = dataset.spec();
    let only = since
        .map_or_else(String::new, |since| format!(" and {}", writer_predicate(&since.snapshot, since.reach)));
    let statement = format!(
        "select (extract(epoch from min(t.{EVENT_TIME})) * 1000000)::bigint, \
                (extract(epoch from max(t.{EVENT_TIME})) * 1000000)::bigint \
         from steward.{} t where {}{only}",
        spec.table,
        sql_text::between(EVENT_TIME, start_us, end_us)
    );
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(AssertSqlSafe(statement))
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(error::map)?;
    Ok(match (first, last) {
        (Some(first_us), Some(last_us)) => Occupied::Between { first_us, last_us },
        (None, _) | (_, None) => Occupied::Nowhere,
    })
}

/// Reads the rows of a chunk inside the open transaction.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_chunk(
    connection: &mut PgConnection,
    dataset: Dataset,
    chunk: &Chunk,
    out: &RowSender,
) -> Result<ChunkEnd> {
    let mut rows = ChunkReader::open(connection, dataset, chunk, None).await?;
    while let Some(batch) = rows.next().await? {
        out.send(batch).await?;
    }
    Ok(rows.end())
}

/// Reads the rows of a chunk, all of them or those that meet a condition.
pub(super) struct ChunkReader<'c> {
    rows: RowReader<'c>,
    dataset: Dataset,
    wants_key: bool,
    last_key: Option<Value>,
}

impl<'c> ChunkReader<'c> {
    pub(super) async fn open(
        connection: &'c mut PgConnection,
        dataset: Dataset,
        chunk: &Chunk,
        only: Option<&str>,
    ) -> Result<Self> {
        let spec = dataset.spec();
        let columns = sql_text::columns(spec);
        let only = only.map_or_else(String::new, |condition| format!(" and {condition}"));
        let query = match chunk {
            Chunk::Keys { after, upto, limit } => {
                let above = after.as_ref().map(|after| sql_text::above(spec, after)).transpose()?;
                let below = upto.as_ref().map(|upto| sql_text::up_to(spec, upto)).transpose()?;
                let condition: Vec<_> = above.into_iter().chain(below).collect();
                let condition =
                    if condition.is_empty() { "true".to_owned() } else { condition.join(" and ") };
                format!(
                    "select {columns} from steward.{} t where {condition}{only} order by {} limit {limit}",
                    spec.table,
                    sql_text::key_order(spec)
                )
            }
            Chunk::Time { start_us, end_us } => format!(
                "select {columns} from steward.{} t where {}{only}",
                spec.table,
                sql_text::between(EVENT_TIME, *start_us, *end_us)
            ),
            Chunk::Sums { .. } => return Err(Error::internal("Sums have no rows.")),
        };
        let rows = RowReader::open(connection, dataset, &query).await?;
        Ok(Self { rows, dataset, wants_key: matches!(chunk, Chunk::Keys { .. }), last_key: None })
    }

    pub(super) async fn next(&mut self) -> Result<Option<RowBatch>> {
        let batch = self.rows.next().await?;
        if let Some(row) = batch.as_ref().filter(|_| self.wants_key).and_then(|batch| batch.rows().last()) {
            self.last_key = Some(key_of(self.dataset, row)?);
        }
        Ok(batch)
    }

    pub(super) fn end(self) -> ChunkEnd {
        ChunkEnd { row_count: self.rows.row_count(), last_key: self.last_key }
    }
}

/// The server's own estimate of a dataset's rows: from its statistics, without reading the table.
///
/// # Errors
/// When the statement fails.
pub async fn estimates(connection: &mut PgConnection) -> Result<std::collections::BTreeMap<Dataset, u64>> {
    let tables: Vec<String> = Dataset::ALL.iter().map(|dataset| dataset.spec().table.to_owned()).collect();
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select r.relname::text, sum(greatest(c.reltuples, 0))::bigint \
         from pg_class r join pg_namespace n on n.oid = r.relnamespace and n.nspname = 'steward' \
         join pg_class c on c.oid = r.oid or c.oid in (select inhrelid from pg_inherits where inhparent = r.oid) \
         where r.relname = any($1) and r.relkind in ('r', 'p') and c.relkind = 'r' group by r.relname",
    )
    .bind(tables)
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(error::map)?;
    Ok(rows
        .into_iter()
        .filter_map(|(table, count)| Some((Dataset::from_table(&table)?, u64::try_from(count).ok()?)))
        .collect())
}

/// The key of a row as an object of its columns.
fn key_of(dataset: Dataset, row: RawRow<'_>) -> Result<Value> {
    let spec = dataset.spec();
    let fields: Vec<_> = row.fields().collect();
    let mut key = Map::new();
    for position in spec.key_positions() {
        let column = &spec.columns[position];
        let field = fields.get(position).copied().flatten();
        let value = field.and_then(|field| key_value(column.kind, field)).ok_or_else(|| {
            Error::internal("A key has an unexpected form.")
                .with_detail(format!("column {}.{}", spec.table, column.name))
        })?;
        key.insert(column.name.to_owned(), value);
    }
    Ok(Value::Object(key))
}

fn key_value(kind: ColumnType, field: &[u8]) -> Option<Value> {
    match kind {
        ColumnType::Uuid => Some(Value::from(uuid::Uuid::from_slice(field).ok()?.to_string())),
        ColumnType::Text => Some(Value::from(std::str::from_utf8(field).ok()?)),
        ColumnType::Int => match *field {
            [a, b] => Some(Value::from(i16::from_be_bytes([a, b]))),
            [a, b, c, d] => Some(Value::from(i32::from_be_bytes([a, b, c, d]))),
            _ => Some(Value::from(i64::from_be_bytes(field.try_into().ok()?))),
        },
        // Events are read by time, never by key; no other key has these types.
        ColumnType::Bool
        | ColumnType::Timestamp
        | ColumnType::Numeric
        | ColumnType::Json
        | ColumnType::TextArray => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::row::RowBatch;

    #[test]
    fn a_key_is_read_from_a_row_s_bytes() {
        let mut rows = RowBatch::new(Dataset::PlanLimits);
        let mut fields = Vec::new();
        for text in ["pro", "requests", "day"] {
            fields.extend_from_slice(&i32::try_from(text.len()).unwrap().to_be_bytes());
            fields.extend_from_slice(text.as_bytes());
        }
        rows.push(&fields);
        let key = key_of(Dataset::PlanLimits, rows.rows().next().unwrap()).expect("whole");
        assert_eq!(key, json!({"plan_code": "pro", "metric": "requests", "period": "day"}));
    }
}
