//! Every row written since the last pass, by the transaction id that each row carries.
//!
//! Needs no column and reads the whole table, a range of pages at a time, so that no transaction is long and
//! the work can stop and go on anywhere.
//!
//! *Proof.* A pass notes `W`, the `xmin` of a snapshot taken before its first range. A row version that the
//! next pass sees and this one did not was written by a transaction that was not visible in the snapshot of its
//! range, which was taken later: its id is ≥ `W`, and so are those of its savepoints. The next pass reads
//! every row from `W` on. Ids of rows have 32 bits and go round: the distance from `W` is taken in their
//! circle, which is right while fewer than 2³² transactions lie between two passes, and rows older than that
//! are at worst read once more.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use steward_core::{Error, Result};

use super::{AdoptedTable, Followed, Shelf, close, open, quoted, refuse_standby, take_rows};
use crate::postgres::error;

/// Transaction ids in a row's circle.
const CIRCLE: u64 = 1 << 32;

/// What the scan knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanState {
    /// `W` of the last pass that ended; none before the first.
    pub horizon: Option<u64>,
    /// The pass that is under way.
    pass: Option<Pass>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    horizon: u64,
    /// Parts of the table that are left, the next one last.
    parts: Vec<Part>,
    /// The first page that was not read of the next part.
    page: u64,
}

/// A table that holds rows: the table itself, or a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    name: String,
    /// Of its storage: rows lie elsewhere in another one.
    file: i64,
}

/// Reads the next pages of the pass, and begins one when none is under way; true when it has ended.
///
/// # Errors
/// `Invalid` on a standby, whose snapshots do not list what runs.
pub async fn step(
    connection: &mut PgConnection,
    table: &AdoptedTable,
    state: &mut ScanState,
    pages: u32,
    shelf: &mut (impl Shelf + Send),
) -> Result<(Followed, bool)> {
    let mut pass = match state.pass.clone() {
        Some(pass) => pass,
        None => begin(connection, table).await?,
    };
    let Some(part) = pass.parts.last().cloned() else {
        state.horizon = Some(pass.horizon);
        state.pass = None;
        return Ok((Followed::default(), true));
    };
    open(connection, table).await?;
    // The file's number is that of the live catalog, whatever the snapshot sees; the lock holds it still.
    let found: Option<(i64, i64, i64)> = sqlx::query_as(
        "select pg_relation_filenode(c.oid)::bigint, \
                pg_relation_size(c.oid) / current_setting('block_size')::bigint, \
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint \
         from pg_class c where c.oid = to_regclass($1)",
    )
    .bind(&part.name)
    .persistent(false)
    .fetch_optional(&mut *connection)
    .await
    .map_err(error::map)?;
    let Some((file, size, next_xid)) = found.filter(|found| found.0 == part.file) else {
        // Rewritten, emptied or dropped under the pass: its pages are others now.
        close(connection).await?;
        state.pass = None;
        return Ok((Followed::default(), false));
    };
    debug_assert_eq!(file, part.file, "filtered above");
    let end = pass.page + u64::from(pages.max(1));
    let since = written_since(state.horizon, next_xid.unsigned_abs());
    let condition = format!("t.ctid >= '({},0)'::tid and t.ctid < '({end},0)'::tid and {since}", pass.page);
    let followed = take_rows(connection, table, &part.name, &condition, shelf, None).await?;
    close(connection).await?;
    if end >= size.unsigned_abs() {
        pass.parts.pop();
        pass.page = 0;
    } else {
        pass.page = end;
    }
    let is_over = pass.parts.is_empty();
    if is_over {
        state.horizon = Some(pass.horizon);
        state.pass = None;
    } else {
        state.pass = Some(pass);
    }
    Ok((followed, is_over))
}

/// The condition "written by a transaction from `horizon` on", for the ids that rows carry.
fn written_since(horizon: Option<u64>, next_xid: u64) -> String {
    match horizon {
        Some(horizon) if next_xid >= horizon && next_xid - horizon < CIRCLE => format!(
            "((t.xmin::text::bigint - {} + {CIRCLE}) % {CIRCLE}) < {}",
            horizon % CIRCLE,
            next_xid - horizon
        ),
        // The first pass, one that comes too late, and a server that went back in time: everything.
        Some(_) | None => "true".to_owned(),
    }
}

async fn begin(connection: &mut PgConnection, table: &AdoptedTable) -> Result<Pass> {
    let (is_standby, horizon): (bool, String) =
        sqlx::query_as("select pg_is_in_recovery(), pg_snapshot_xmin(pg_current_snapshot())::text")
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .map_err(error::map)?;
    if is_standby {
        return Err(refuse_standby());
    }
    let horizon = horizon
        .parse()
        .map_err(|cause| Error::internal("The server's horizon is no transaction id.").with_source(cause))?;
    let leaves: Vec<(String, String, i64)> = sqlx::query_as(
        "select n.nspname::text, c.relname::text, pg_relation_filenode(c.oid)::bigint \
         from pg_class r join pg_namespace m on m.oid = r.relnamespace \
         cross join lateral (select relid from pg_partition_tree(r.oid) where isleaf \
                             union select r.oid where r.relkind = 'r') t \
         join pg_class c on c.oid = t.relid and c.relkind = 'r' join pg_namespace n on n.oid = c.relnamespace \
         where m.nspname = $1 and r.relname = $2",
    )
    .bind(&table.schema)
    .bind(&table.name)
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(error::map)?;
    let parts = leaves
        .into_iter()
        .map(|(schema, name, file)| Part { name: format!("{}.{}", quoted(&schema), quoted(&name)), file })
        .collect();
    Ok(Pass { horizon, parts, page: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s33_ids_of_rows_are_compared_in_their_circle() {
        assert_eq!(written_since(None, 10), "true");
        assert_eq!(written_since(Some(20), 10), "true", "the server went back in time");
        assert_eq!(written_since(Some(5), 5 + CIRCLE), "true", "once round");
        let late = CIRCLE + 3;
        assert_eq!(
            written_since(Some(CIRCLE - 2), late),
            "((t.xmin::text::bigint - 4294967294 + 4294967296) % 4294967296) < 5"
        );
    }
}
