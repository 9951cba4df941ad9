//! What a snapshot does not contain: keys of the change log, and rows that carry their writer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use steward_core::dataset::Capture;
use steward_core::sync::{Catalog, Delta, Reach, Reload, Snapshot};
use steward_core::{Dataset, Error, Result};
use tokio::sync::mpsc;

use super::Piece;
use crate::postgres::copy::{RowReader, pour, send};
use crate::postgres::{catalog, error, sql_text};
use crate::row::RowBatch;

/// Above this many changed keys a dataset is read again in chunks: it is quicker than key by key, and a
/// cut stays short.
const KEY_LIMIT: usize = 100_000;
/// Keys fetched by one statement.
const KEYS_AT_ONCE: usize = 2_000;

/// An entry of the change log.
#[derive(Debug)]
pub(super) struct Entry {
    relation: u32,
    operation: String,
    key: Option<String>,
}

/// What the change log says since a snapshot.
#[derive(Debug)]
pub struct Log {
    since: Snapshot,
    reach: Reach,
    entries: Vec<Entry>,
}

impl Log {
    pub(super) fn statement(since: &Snapshot, reach: Reach) -> String {
        format!(
            "select rel::bigint, op::text, pk::text from steward.change_log where {} limit {}",
            log_condition(since, reach),
            KEY_LIMIT + 1
        )
    }

    pub(super) fn new(since: Snapshot, reach: Reach, rows: &[PgRow]) -> Result<Self> {
        let entries = rows
            .iter()
            .map(|row| {
                Ok(Entry {
                    relation: catalog::oid_of(row.try_get(0).map_err(error::map)?)?,
                    operation: row.try_get(1).map_err(error::map)?,
                    key: row.try_get(2).map_err(error::map)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { since, reach, entries })
    }
}

/// Reads everything `since` does not contain, inside the open cut. `log` is what the message that opened
/// the cut brought along.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_delta(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    log: Option<Log>,
    out: &mpsc::Sender<Piece>,
) -> Result<Delta> {
    let log = match log {
        Some(log) if log.since == *since && log.reach == reach => log,
        Some(_) | None => {
            let rows = sqlx::raw_sql(AssertSqlSafe(Log::statement(since, reach)))
                .fetch_all(&mut *connection)
                .await
                .map_err(error::map)?;
            Log::new(since.clone(), reach, &rows)?
        }
    };
    let mut delta = Delta { is_empty: log.entries.is_empty(), ..Delta::default() };
    let keys = if log.entries.len() > KEY_LIMIT {
        reload_changed(connection, since, reach, catalog, &mut delta).await?;
        BTreeMap::new()
    } else {
        sort_log(log, catalog, &mut delta)
    };
    for (dataset, keys) in keys {
        let keys: Vec<Value> = keys
            .into_iter()
            .map(|key| {
                serde_json::from_str(&key)
                    .map_err(|cause| Error::internal("A logged key is no JSON.").with_source(cause))
            })
            .collect::<Result<_>>()?;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let rows = read_keys(connection, dataset, keys).await?;
            delta.row_count += rows.len() as u64;
            send(out, Piece::Keys { dataset, keys: keys.to_vec(), rows }).await?;
        }
    }
    for dataset in Dataset::ALL {
        if dataset.spec().capture == Capture::WriterColumn {
            let spec = dataset.spec();
            let query = format!(
                "select {} from steward.{} t where {}",
                sql_text::columns(spec),
                spec.table,
                writer_predicate(since, reach)
            );
            let row_count = pour(connection, dataset, &query, out, Piece::Rows).await?;
            delta.row_count += row_count;
            delta.is_empty &= row_count == 0;
        }
    }
    Ok(delta)
}

/// The tables that changed, all of them to be read again.
async fn reload_changed(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    delta: &mut Delta,
) -> Result<()> {
    let condition = log_condition(since, reach);
    let statement = format!("select distinct rel::bigint from steward.change_log where {condition}");
    let rows =
        sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut *connection).await.map_err(error::map)?;
    for row in rows {
        let relation = catalog::oid_of(row.try_get(0).map_err(error::map)?)?;
        if let Some(dataset) = catalog.dataset_of(relation) {
            let reason = "So many rows changed that reading them all is quicker.".to_owned();
            delta.reloads.insert(dataset, Reload { reason, windows: None });
        }
    }
    Ok(())
}

/// The keys that changed, by dataset; emptied tables go to `delta.reloads`.
fn sort_log(log: Log, catalog: &Catalog, delta: &mut Delta) -> BTreeMap<Dataset, BTreeSet<String>> {
    let mut keys: BTreeMap<Dataset, BTreeSet<String>> = BTreeMap::new();
    for Entry { relation, operation, key } in log.entries {
        // A relation nobody knows was a partition that is gone: its absence shows in the catalog (S7).
        let Some(dataset) = catalog.dataset_of(relation) else { continue };
        match (operation.as_str(), key) {
            ("I" | "U" | "D", Some(key)) => {
                keys.entry(dataset).or_default().insert(key);
            }
            // S8: a TRUNCATE is never replayed at its place in the log, since an insert with a lower id may
            // have committed after it; the table is read again.
            _ => {
                if let Some((dataset, reload)) = catalog.truncated(relation) {
                    delta.reloads.insert(dataset, reload);
                }
            }
        }
    }
    keys
}

/// The condition on the change log for what the snapshot does not contain, by 64-bit transaction ids (S3, S5).
///
/// The ids stand in the text: behind a parameter the planner takes the running ones for a good part of the
/// table, and reads all of it.
#[must_use]
pub fn log_condition(since: &Snapshot, reach: Reach) -> String {
    match reach {
        Reach::Exact if since.xip().is_empty() => format!("xid >= '{}'::xid8", since.xmax()),
        Reach::Exact => {
            let running = since.xip().iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            format!("(xid >= '{}'::xid8 or xid = any('{{{running}}}'::xid8[]))", since.xmax())
        }
        Reach::Superset => format!("xid >= '{}'::xid8", since.xmin()),
        #[cfg(debug_assertions)]
        Reach::Number => format!("xid >= '{}'::xid8", since.xmax()),
        #[cfg(debug_assertions)]
        Reach::Narrow => format!("(xid::text::bigint & 4294967295) >= {}", since.xmax() & 0xffff_ffff),
    }
}

/// The same for the rows' own `tx`; COPY takes no parameters, and numbers need no quoting.
fn writer_predicate(since: &Snapshot, reach: Reach) -> String {
    match reach {
        Reach::Exact if since.xip().is_empty() => format!("t.tx >= {}", since.xmax()),
        Reach::Exact => {
            let running = since.xip().iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            format!("(t.tx >= {} or t.tx = any('{{{running}}}'::bigint[]))", since.xmax())
        }
        Reach::Superset => format!("t.tx >= {}", since.xmin()),
        #[cfg(debug_assertions)]
        Reach::Number => format!("t.tx >= {}", since.xmax()),
        #[cfg(debug_assertions)]
        Reach::Narrow => format!("(t.tx & 4294967295) >= {}", since.xmax() & 0xffff_ffff),
    }
}

async fn read_keys(connection: &mut PgConnection, dataset: Dataset, keys: &[Value]) -> Result<RowBatch> {
    let spec = dataset.spec();
    let query = format!(
        "select {} from steward.{} t join {} using ({})",
        sql_text::columns(spec),
        spec.table,
        sql_text::key_table(spec, keys),
        spec.key.join(", ")
    );
    let mut rows = RowReader::open(connection, dataset, &query).await?;
    let mut all = rows.next().await?.unwrap_or_else(|| RowBatch::new(dataset));
    while let Some(more) = rows.next().await? {
        all.append(&more);
    }
    Ok(all)
}
