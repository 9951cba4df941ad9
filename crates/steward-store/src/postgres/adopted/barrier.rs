//! New rows by a value that the database itself assigns: an id from a sequence, an instant from its clock.
//!
//! Neither is in commit order: a transaction that took number 7 may commit long after number 8 was read, and
//! its snapshot's `xmin` does not bound it, since a transaction gets its id only when it first writes. What
//! bounds it is the set of transactions that *run*, which `pg_locks` shows to everyone: each holds the lock of
//! its virtual id from its begin to its end.
//!
//! *Proof.* A barrier is the highest value `m` that is visible, and after it the list `v` of the virtual ids
//! that run. A value ≤ `m` was handed out before `m` was visible, to a transaction that held its virtual lock
//! then: it has ended before the list was made, or is in `v`. When everything in `v` has ended, and then
//! everything that was prepared at that moment, no transaction with such a value is left, and a snapshot taken
//! afterwards sees all of them. Each round reads everything above the last completed barrier again, so nothing
//! between it and now is missed meanwhile.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::Result;

use super::{AdoptedTable, Follow, Followed, Shelf, close, open, refuse_standby, take_rows};
use crate::postgres::error;

/// How far before a barrier's moment an instant from the database's clock is taken for complete, in
/// microseconds: a transaction's clock is read before its virtual lock is taken.
const CLOCK_SLACK_US: i64 = 60_000_000;

/// What the barrier knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarrierState {
    /// Every row up to this value was read; microseconds since 1970 where an instant is followed.
    pub safe: Option<i64>,
    /// The barrier that is not complete.
    open: Option<Barrier>,
}

/// A moment at which values were handed out up to a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Barrier {
    mark: i64,
    /// Virtual ids that ran and were not seen to have ended.
    running: Vec<String>,
    /// What was prepared when the last of them had ended; none before that.
    prepared: Option<Vec<String>>,
}

/// One round: sees whether the open barrier is complete, reads everything above the last complete one, and
/// opens the next. Does nothing for a table that is followed by scanning.
///
/// # Errors
/// `Invalid` on a standby, which does not know what runs on its primary.
pub async fn round(
    connection: &mut PgConnection,
    table: &AdoptedTable,
    state: &mut BarrierState,
    shelf: &mut (impl Shelf + Send),
) -> Result<Followed> {
    let (column, is_time) = match table.follow {
        Follow::Id { column } => (table.column(column), false),
        Follow::Time { column } => (table.column(column), true),
        Follow::Scan => return Ok(Followed::default()),
    };
    let mut next = state.clone();
    // The order matters: only a snapshot taken after the barrier was complete sees all below it.
    let complete = match &mut next.open {
        Some(barrier) => barrier.is_complete(connection).await?.then_some(barrier.mark),
        None => None,
    };
    open(connection, table).await?;
    let above = match (state.safe, is_time) {
        (None, _) => "true".to_owned(),
        (Some(safe), false) => format!("{column} > {safe}"),
        (Some(safe), true) => {
            format!("{column} > timestamptz 'epoch' + {safe} * interval '1 microsecond'")
        }
    };
    let followed = take_rows(connection, table, &table.qualified(), &above, shelf, None).await?;
    close(connection).await?;
    if let Some(mark) = complete {
        next.safe = next.safe.max(Some(mark));
        next.open = None;
    }
    if next.open.is_none() {
        next.open = Barrier::raise(connection, table, &column, is_time).await?;
    }
    *state = next;
    Ok(followed)
}

impl Barrier {
    /// One statement: its snapshot, in which the mark is visible, is taken before the list is made.
    async fn raise(
        connection: &mut PgConnection,
        table: &AdoptedTable,
        column: &str,
        is_time: bool,
    ) -> Result<Option<Self>> {
        let mark = if is_time {
            format!("(extract(epoch from statement_timestamp()) * 1000000)::bigint - {CLOCK_SLACK_US}")
        } else {
            format!("(select max({column})::bigint from {} t)", table.qualified())
        };
        let statement = format!(
            "select pg_is_in_recovery(), {mark}, \
                    array(select virtualtransaction from pg_locks \
                          where locktype = 'virtualxid' and granted and pid <> pg_backend_pid())"
        );
        let (is_standby, mark, running): (bool, Option<i64>, Vec<String>) =
            sqlx::query_as(AssertSqlSafe(statement))
                .persistent(false)
                .fetch_one(connection)
                .await
                .map_err(error::map)?;
        if is_standby {
            return Err(refuse_standby());
        }
        Ok(mark.map(|mark| Self { mark, running, prepared: None }))
    }

    /// Forgets what has ended; true when nothing is left.
    async fn is_complete(&mut self, connection: &mut PgConnection) -> Result<bool> {
        if !self.running.is_empty() {
            self.running = sqlx::query_scalar(
                "select distinct virtualtransaction from pg_locks \
                 where locktype = 'virtualxid' and granted and virtualtransaction = any($1)",
            )
            .bind(&self.running)
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .map_err(error::map)?;
        }
        if !self.running.is_empty() {
            return Ok(false);
        }
        // A prepared transaction has given its virtual lock up, and ends when somebody commits it.
        let prepared: Vec<String> =
            sqlx::query_scalar("select transaction::text || ' ' || gid from pg_prepared_xacts")
                .persistent(false)
                .fetch_all(connection)
                .await
                .map_err(error::map)?;
        let left = match &self.prepared {
            None => prepared,
            Some(known) => known.iter().filter(|known| prepared.contains(known)).cloned().collect(),
        };
        let is_complete = left.is_empty();
        self.prepared = Some(left);
        Ok(is_complete)
    }
}
