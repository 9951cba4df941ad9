//! A cut: one short transaction that reads everything the copy's snapshot does not contain.
//!
//! The functions here leave the transaction open between calls, since the machine decides in the middle. A
//! failure leaves the connection in an unknown state: the caller drops it, which ends the transaction on
//! the server, also behind a pooler.
//!
//! Map: [`head`] which server and snapshot · [`delta`] what changed · [`page`] a piece of what changed in
//! weeks · [`past`] what changed where there are sums alone · [`ack`] what the server is told.

use std::time::Duration;

use futures::TryStreamExt as _;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, Either, PgConnection, Row as _};
use steward_core::sync::{Catalog, Expected, Guard, Guards, Observed};
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::time::Instant;
use uuid::Uuid;

use super::{catalog, error};
use crate::cache::SumBatch;
use crate::row::RowBatch;

mod ack;
mod delta;
mod head;
mod page;
mod past;

pub use ack::{Answer, tell};
pub(super) use delta::writer_predicate;
pub use delta::{Log, log_condition, read_delta};
pub use head::peek;
pub use page::read_page;

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
    /// The sums of times that are kept without rows, as they are now.
    Sums {
        /// Which times: half-open, in microseconds since 1970, on quarter-hours.
        spans: Vec<(i64, i64)>,
        /// All of the server's answers.
        batches: Vec<SumBatch>,
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

/// An open cut.
#[derive(Debug)]
pub struct Opened {
    /// What its head says.
    pub observed: Observed,
    /// Fingerprints of the tables in its snapshot.
    pub catalog: Catalog,
    /// What the change log says since what was expected.
    pub log: Option<Log>,
}

/// Opens a transaction: limits, locks, and only then the snapshot (S1).
///
/// # Errors
/// When a lock is not granted in time, or the login or the schema does not allow it.
pub async fn open(
    connection: &mut PgConnection,
    purpose: Purpose,
    guards: Guards,
    client: Option<Uuid>,
) -> Result<Observed> {
    let statements = [begin(purpose, guards), head::statement(client)].join("; ");
    let results = ask(connection, statements).await?;
    head::observed(results.last().and_then(|rows| rows.first()))
}

/// Opens a cut and reads its fingerprints and the change log, in one message where `known` still holds.
///
/// # Errors
/// As [`open`], and [`ErrorKind::RowSecurity`] when a policy hides rows from this login (S2).
pub async fn open_cut(
    connection: &mut PgConnection,
    purpose: Purpose,
    guards: Guards,
    client: Option<Uuid>,
    expected: Option<&Expected>,
    known: Option<&Catalog>,
) -> Result<Opened> {
    let mut statements = vec![begin(purpose, guards), head::statement(client), catalog::digest_statement()];
    statements.extend(expected.map(|expected| Log::statement(&expected.since, expected.reach)));
    let mut results = ask(connection, statements.join("; ")).await?;
    let log = match expected {
        Some(expected) => {
            let rows = results.pop().unwrap_or_default();
            Some(Log::new(expected.since.clone(), expected.reach, &rows)?)
        }
        None => None,
    };
    let digest = results.pop().unwrap_or_default();
    let observed = head::observed(results.pop().and_then(|mut rows| rows.pop()).as_ref())?;
    let digest = catalog::digest(digest.first())?;
    let catalog = match known {
        Some(known) if known.digest == digest => known.clone(),
        Some(_) | None => catalog::read(connection, digest).await?,
    };
    Ok(Opened { observed, catalog, log })
}

/// The beginning of every transaction.
///
/// One message: a pooler in transaction mode keeps it on one server connection, and so do all that follow
/// until the transaction ends (S14). Few rows come from a table that looks large to the planner: compiling the
/// statement would take longer than running it. TRUNCATE and rewrites are not MVCC-safe: the locks come before the
/// first snapshot, so none of them can fall between snapshot and reading.
fn begin(purpose: Purpose, guards: Guards) -> String {
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
    let lock = if guards.has(Guard::TableLock) {
        format!("; lock table {}, steward.change_log, steward.meta in access share mode", tables.join(", "))
    } else {
        String::new()
    };
    format!(
        "begin isolation level repeatable read read only; \
         set local statement_timeout = '{statement_s}s'; set local lock_timeout = '1s'; \
         set local idle_in_transaction_session_timeout = '{idle_s}s'; \
         set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local jit = off{lock}"
    )
}

/// How often a server is shown that its open transaction is not forgotten; well below what it bears.
const BEAT: Duration = Duration::from_secs(3);

/// Does something else while a transaction stays open, however slow this machine is: the server ends one in which
/// nothing is asked for ten seconds.
///
/// # Errors
/// When the connection breaks meanwhile.
pub async fn keep_open<T>(connection: &mut PgConnection, work: impl Future<Output = T>) -> Result<T> {
    let mut work = std::pin::pin!(work);
    let mut beats = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            _ = beats.tick() => {}
        }
        sqlx::raw_sql("select 1").execute(&mut *connection).await.map_err(error::map)?;
    }
}

/// Sends statements as one message; answers their rows, statement by statement.
async fn ask(connection: &mut PgConnection, statements: String) -> Result<Vec<Vec<PgRow>>> {
    let mut results = Vec::new();
    let mut rows = Vec::new();
    let mut stream = sqlx::raw_sql(AssertSqlSafe(statements)).fetch_many(connection);
    while let Some(step) = stream.try_next().await.map_err(error::map)? {
        match step {
            Either::Left(_) => results.push(std::mem::take(&mut rows)),
            Either::Right(row) => rows.push(row),
        }
    }
    Ok(results)
}

/// Prunes the change log where this login may: an admin's console does it, so that a database without a
/// scheduler is not forgotten (S12). Does nothing for everybody else.
///
/// # Errors
/// When the statement fails.
pub async fn prune_log(connection: &mut PgConnection) -> Result<()> {
    let statements = "begin isolation level read committed read write; \
        set local statement_timeout = '60s'; set local lock_timeout = '1s'; \
        select steward.prune_log() \
        where pg_has_role(session_user, 'steward_admin', 'member') and not pg_is_in_recovery(); commit";
    match ask(connection, statements.to_owned()).await {
        Ok(_) => Ok(()),
        Err(failure) => {
            abandon(connection).await?;
            Err(failure)
        }
    }
}

/// Ends the open transaction.
///
/// # Errors
/// When the connection broke.
pub async fn close(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("commit").execute(connection).await.map_err(error::map)?;
    Ok(())
}

/// Ends the open transaction once it is certain that it has read from no partition that `catalog` does not know
/// (S45).
///
/// An attached partition is read from as soon as it is attached, whatever the snapshot, and this asks what is
/// attached now. What was read from stays until here: `access share` keeps it from being detached.
///
/// # Errors
/// [`ErrorKind::Conflict`] when there is one; the transaction is over then, too.
pub async fn close_certain(connection: &mut PgConnection, catalog: &Catalog) -> Result<()> {
    let results = ask(connection, format!("{}; commit", catalog::attached_statement())).await?;
    let attached = catalog::attached(results.first().map_or(&[], Vec::as_slice))?;
    if catalog.knows(attached) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "A partition was attached while rows were read."))
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
