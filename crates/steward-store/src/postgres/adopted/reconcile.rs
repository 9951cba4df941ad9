//! Deletes, and whatever else escaped: range by range, server against shelf.
//!
//! Outside one snapshot that both sides share, a difference may be a row that was written a moment ago; it is
//! put right all the same, and nobody is told of drift.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::{Error, Result};

use super::{AdoptedTable, Followed, Key, KeySpan, Shelf, close, open, take_rows};
use crate::postgres::error;
use crate::record::SetSum;

/// What the reconciliation knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileState {
    /// The last key of the last range that was compared in this pass.
    after: Option<Key>,
    /// When this pass began, by the server's clock.
    began_at: Option<DateTime<Utc>>,
    /// Every row that the server had deleted by then is gone here, too.
    pub checked_since: Option<DateTime<Utc>>,
}

/// Compares the next range of about this many rows by count and hash sum, and reads it again where they differ;
/// true when the pass has come to the end of the table.
///
/// # Errors
/// When the server or the shelf refuses.
pub async fn step(
    connection: &mut PgConnection,
    table: &AdoptedTable,
    state: &mut ReconcileState,
    rows: u64,
    shelf: &mut (impl Shelf + Send),
) -> Result<(Followed, bool)> {
    let upto = shelf.edge(state.after.as_ref(), rows.max(1))?;
    let span = KeySpan { after: state.after.clone(), upto };
    open(connection, table).await?;
    let condition = table.within(&span);
    let (at, count, hash): (DateTime<Utc>, i64, String) = sqlx::query_as(AssertSqlSafe(format!(
        "select statement_timestamp(), count(*), coalesce(sum(h), 0)::text from ( \
         select ('x' || encode(substr(sha256({}), 1, 8), 'hex'))::bit(64)::bigint as h \
         from {} t where {condition} offset 0) s",
        table.record(),
        table.qualified()
    )))
    .persistent(false)
    .fetch_one(&mut *connection)
    .await
    .map_err(error::map)?;
    let hash = hash
        .parse()
        .map_err(|cause| Error::internal("The server's sum of hashes is no number.").with_source(cause))?;
    let server = SetSum { rows: count.unsigned_abs(), hash };
    let mut followed = Followed::default();
    if shelf.sum(&span)? != server {
        let mut seen = Vec::new();
        let from = table.qualified();
        followed = take_rows(connection, table, &from, &condition, shelf, Some(&mut seen)).await?;
        seen.sort_unstable();
        for key in shelf.keys(&span)? {
            if seen.binary_search(&key).is_err() {
                followed.removed += u64::from(shelf.remove(&key)?);
            }
        }
    }
    close(connection).await?;
    let began_at = *state.began_at.get_or_insert(at);
    let is_over = span.upto.is_none();
    if is_over {
        state.checked_since = Some(began_at);
        state.began_at = None;
    }
    state.after = span.upto;
    Ok((followed, is_over))
}
