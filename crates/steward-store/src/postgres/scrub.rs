//! Sums of rows' hashes, made by the server inside an open cut.
//!
//! `sha256` and `record_send` are the server's own: no extension is needed, and no setting of the session
//! changes what they answer. See [`crate::record`] for the copy's side.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::{Dataset, Error, Result};
use tokio::sync::mpsc;

use super::copy::pour;
use super::{error, sql_text};
use crate::cache::KeyRange;
use crate::record::{RecordShape, SetSum};
use crate::row::RowBatch;

/// The types of the columns of every dataset, which are part of what is hashed.
///
/// # Errors
/// When the statement fails or a column is not there.
pub async fn shapes(connection: &mut PgConnection) -> Result<BTreeMap<Dataset, RecordShape>> {
    let tables: Vec<String> = Dataset::ALL.iter().map(|dataset| dataset.spec().table.to_owned()).collect();
    let columns: Vec<(String, String, i64)> = sqlx::query_as(
        "select c.relname::text, a.attname::text, a.atttypid::bigint \
         from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'steward' \
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
         where c.relname = any($1) and c.relkind in ('r', 'p')",
    )
    .bind(tables)
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(error::map)?;
    let oids: BTreeMap<(&str, &str), u32> = columns
        .iter()
        .filter_map(|(table, column, oid)| {
            Some(((table.as_str(), column.as_str()), u32::try_from(*oid).ok()?))
        })
        .collect();
    Dataset::ALL
        .into_iter()
        .map(|dataset| {
            let spec = dataset.spec();
            let oids = spec.columns.iter().map(|column| {
                oids.get(&(spec.table, column.name)).copied().ok_or_else(|| {
                    Error::internal("A column that is read has no type on the server.")
                        .with_detail(format!("{}.{}", spec.table, column.name))
                })
            });
            Ok((dataset, RecordShape::new(oids.collect::<Result<_>>()?)))
        })
        .collect()
}

/// The sums over these ranges, in their order, by one statement. No more than `limit` rows of each are read;
/// a range that has more is told by its count, and its sum means nothing.
///
/// # Errors
/// When the statement fails, or takes longer than the transaction allows.
pub async fn set_sums(
    connection: &mut PgConnection,
    dataset: Dataset,
    ranges: &[KeyRange],
    limit: u64,
) -> Result<Vec<SetSum>> {
    let spec = dataset.spec();
    let columns = sql_text::columns(spec);
    let mut parts = Vec::with_capacity(ranges.len());
    for (number, range) in ranges.iter().enumerate() {
        // `offset 0` keeps the planner from computing the hash once for each use of it.
        parts.push(format!(
            "select {number} as part, count(*) as rows, coalesce(sum(h), 0)::text as hash from ( \
             select ('x' || encode(substr(sha256(record_send(row({columns}))), 1, 8), 'hex'))::bit(64)::bigint as h \
             from steward.{} t where {} limit {limit} offset 0) s{number}",
            spec.table,
            sql_text::within(spec, range)?
        ));
    }
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "select rows, hash from ({}) sums order by part",
        parts.join(" union all ")
    )))
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(error::map)?;
    rows.into_iter()
        .map(|(rows, hash)| {
            let hash = hash.parse().map_err(|cause| {
                Error::internal("The server's sum of hashes is no number.").with_source(cause)
            })?;
            Ok(SetSum { rows: rows.unsigned_abs(), hash })
        })
        .collect()
}

/// Reads the rows of a range inside the open cut; answers how many there were.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_range(
    connection: &mut PgConnection,
    dataset: Dataset,
    range: &KeyRange,
    out: &mpsc::Sender<RowBatch>,
) -> Result<u64> {
    let spec = dataset.spec();
    let query = format!(
        "select {} from steward.{} t where {}",
        sql_text::columns(spec),
        spec.table,
        sql_text::within(spec, range)?
    );
    pour(connection, dataset, &query, out, |rows| rows).await
}
