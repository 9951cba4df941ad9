//! A cut: one short transaction that reads everything the copy's snapshot does not contain.
//!
//! The functions here leave the transaction open between calls, since the machine decides in the middle. A
//! failure leaves the connection in an unknown state: the caller drops it, which ends the transaction on
//! the server, also behind a pooler.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _};
use steward_core::dataset::Capture;
use steward_core::sync::{Catalog, Delta, Guard, Guards, Identity, Observed, Reach, Reload, Snapshot};
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::sync::mpsc;

use super::copy::{RowReader, pour, send};
use super::{catalog, error, sql_text};
use crate::row::RowBatch;

/// A piece of what a cut reads, on its way to the cache.
#[derive(Debug)]
pub enum Piece {
    /// Rows to insert or replace.
    Rows(RowBatch),
    /// The rows that exist now under these keys; the other keys are gone.
    Keys {
        /// Which dataset.
        dataset: Dataset,
        /// The keys, as objects of their columns.
        keys: Vec<Value>,
        /// The rows found.
        rows: RowBatch,
    },
}

/// What a transaction is for; it decides which tables are locked and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading what changed.
    Cut,
    /// Reading what changed, then comparing every row.
    Verify,
    /// Reading one chunk of a dataset.
    Chunk(Dataset),
}

/// Above this many changed keys a dataset is read again in chunks: it is quicker than key by key, and a
/// cut stays short.
const KEY_LIMIT: i64 = 100_000;
/// Keys fetched by one statement.
const KEYS_AT_ONCE: usize = 2_000;

const HEAD: &str = "
    select pg_current_snapshot()::text, m.epoch, c.system_identifier,
        case when pg_is_in_recovery() then k.timeline_id
             else ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int end,
        pg_is_in_recovery(), extract(epoch from pg_postmaster_start_time())::text, m.floor_xid::text,
        case when not pg_is_in_recovery()
             then (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint end,
        statement_timestamp(), m.version
    from steward.meta m, pg_control_system() c, pg_control_checkpoint() k";

type Head =
    (String, uuid::Uuid, i64, i32, bool, String, String, Option<i64>, chrono::DateTime<chrono::Utc>, i32);

/// Opens a transaction: limits, locks, and only then the snapshot (S1).
///
/// # Errors
/// When a lock is not granted in time, or the login or the schema does not allow it.
pub async fn open(connection: &mut PgConnection, purpose: Purpose, guards: Guards) -> Result<Observed> {
    let (statement_s, idle_s) = match purpose {
        Purpose::Cut | Purpose::Chunk(_) => (15, 10),
        Purpose::Verify => (600, 60),
    };
    let tables: Vec<String> = match purpose {
        Purpose::Cut | Purpose::Verify => {
            Dataset::ALL.iter().map(|dataset| format!("steward.{}", dataset.spec().table)).collect()
        }
        Purpose::Chunk(dataset) => vec![format!("steward.{}", dataset.spec().table)],
    };
    // One message: a pooler in transaction mode keeps it on one server connection, and so do all that
    // follow until the transaction ends (S14). TRUNCATE and rewrites are not MVCC-safe: the locks come
    // before the first snapshot, so none of them can fall between snapshot and reading.
    let lock = if guards.has(Guard::TableLock) {
        format!("; lock table {}, steward.change_log, steward.meta in access share mode", tables.join(", "))
    } else {
        String::new()
    };
    let begin = format!(
        "begin isolation level repeatable read read only; \
         set local statement_timeout = '{statement_s}s'; set local lock_timeout = '1s'; \
         set local idle_in_transaction_session_timeout = '{idle_s}s'; \
         set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'{lock}"
    );
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *connection).await.map_err(error::map)?;
    head(connection).await
}

async fn head(connection: &mut PgConnection) -> Result<Observed> {
    let head: Option<Head> =
        sqlx::query_as(HEAD).persistent(false).fetch_optional(&mut *connection).await.map_err(error::map)?;
    let Some((snapshot, epoch, system_identifier, timeline, is_standby, node, floor, lsn, as_of, version)) =
        head
    else {
        return Err(Error::new(ErrorKind::SchemaMissing, "The database's Steward schema is not complete.")
            .with_detail("steward.meta is empty"));
    };
    Ok(Observed {
        identity: Identity { epoch, system_identifier, timeline },
        snapshot: snapshot.parse()?,
        is_standby,
        node,
        floor_xid: floor.parse().map_err(|cause| {
            Error::internal("The server's floor is no transaction id.").with_source(cause)
        })?,
        insert_lsn: lsn.and_then(|lsn| u64::try_from(lsn).ok()),
        as_of,
        contract_version: version,
    })
}

/// Reads the fingerprints of all tables inside the open transaction.
///
/// # Errors
/// [`ErrorKind::RowSecurity`] when a policy hides rows from this login (S2).
pub async fn read_catalog(connection: &mut PgConnection) -> Result<Catalog> {
    catalog::read(connection).await
}

/// Reads everything `since` does not contain, inside the open cut.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_delta(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    out: &mpsc::Sender<Piece>,
) -> Result<Delta> {
    let mut delta = Delta::default();
    let keys = read_log(connection, since, reach, catalog, &mut delta).await?;
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
            delta.row_count += pour(connection, dataset, &query, out, Piece::Rows).await?;
        }
    }
    Ok(delta)
}

/// The keys that changed, by dataset; tables emptied or changed beyond measure go to `delta.reloads`.
async fn read_log(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    delta: &mut Delta,
) -> Result<BTreeMap<Dataset, BTreeSet<String>>> {
    let condition = log_condition(since, reach);
    let statement = format!(
        "select rel::bigint, op::text, pk::text from steward.change_log where {condition} limit {}",
        KEY_LIMIT + 1
    );
    let entries: Vec<(i64, String, Option<String>)> = sqlx::query_as(AssertSqlSafe(statement))
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(error::map)?;
    let is_cut_off = i64::try_from(entries.len()).is_ok_and(|count| count > KEY_LIMIT);
    let mut keys: BTreeMap<Dataset, BTreeSet<String>> = BTreeMap::new();
    if is_cut_off {
        let statement = format!("select distinct rel::bigint from steward.change_log where {condition}");
        let relations: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .map_err(error::map)?;
        for relation in relations {
            if let Some(dataset) = catalog.dataset_of(catalog::oid_of(relation)?) {
                let reason = "So many rows changed that reading them all is quicker.".to_owned();
                delta.reloads.insert(dataset, Reload { reason, windows: None });
            }
        }
        return Ok(keys);
    }
    for (relation, operation, key) in entries {
        let relation = catalog::oid_of(relation)?;
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
    Ok(keys)
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

/// Ends the open transaction.
///
/// # Errors
/// When the connection broke.
pub async fn close(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("commit").execute(connection).await.map_err(error::map)?;
    Ok(())
}

/// Says goodbye to the server.
pub async fn disconnect(connection: PgConnection) {
    // The server notices a connection that just goes, too.
    let _ = connection.close().await;
}

/// Ends a transaction in which a statement failed; the connection can be used again.
///
/// # Errors
/// When the connection broke.
pub async fn abandon(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("rollback").execute(connection).await.map_err(error::map)?;
    Ok(())
}

/// Waits until the server's log is on disk up to here (S4): 0 ms with synchronous commits, about 200 ms
/// without.
///
/// # Errors
/// [`ErrorKind::Timeout`] when that takes longer than six seconds.
pub async fn await_flush(connection: &mut PgConnection, lsn: u64) -> Result<()> {
    const TRIES: u64 = 60;
    for attempt in 0..TRIES {
        // Outside any transaction a pooler may send each message to another server (S14): this is one.
        let flushed: i64 = sqlx::raw_sql("select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint")
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(error::map)?;
        if u64::try_from(flushed).is_ok_and(|flushed| flushed >= lsn) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(5 + 4 * attempt)).await;
    }
    Err(Error::new(ErrorKind::Timeout, "The server did not write its log to disk in time."))
}
