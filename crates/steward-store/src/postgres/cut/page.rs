//! A page of what changed in weeks (S18): as much as one short transaction holds.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::sync::{Catalog, Chunk, LogPlace, Page, PageEnd, Since};
use steward_core::{Dataset, Result};
use tokio::sync::mpsc;

use super::Piece;
use super::delta::{Entry, entries, read_changed, sort_log, writer_predicate};
use super::past::Past;
use crate::postgres::copy::send;
use crate::postgres::{error, load};

/// Reads a page inside the open transaction. Events before `rows_from`, in microseconds since 1970, are read as
/// sums (S41).
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_page(
    connection: &mut PgConnection,
    page: &Page,
    since: &Since,
    catalog: &Catalog,
    rows_from: Option<i64>,
    out: &mpsc::Sender<Piece>,
) -> Result<PageEnd> {
    match page {
        Page::Log { after, horizon, limit } => {
            let mut past = Past::default();
            let (mut end, mut keys) = read_log(connection, *after, *horizon, *limit, since, catalog).await?;
            past.take_keys(&mut keys, rows_from)?;
            read_changed(connection, keys, out).await?;
            past.read(connection, out, &mut end.reloads).await?;
            Ok(end)
        }
        Page::Rows { chunk: Chunk::Sums { start_us, end_us }, .. } => {
            let mut past = Past::default();
            let written = writer_predicate(&since.snapshot, since.reach);
            past.find_written(connection, &written, (*start_us, *end_us)).await?;
            let mut end = PageEnd::default();
            end.row_count = past.read(connection, out, &mut end.reloads).await?;
            Ok(end)
        }
        Page::Rows { dataset, chunk } => {
            let condition = writer_predicate(&since.snapshot, since.reach);
            let mut rows = load::ChunkReader::open(connection, *dataset, chunk, Some(&condition)).await?;
            while let Some(batch) = rows.next().await? {
                send(out, Piece::Rows(batch)).await?;
            }
            let end = rows.end();
            Ok(PageEnd { row_count: end.row_count, last_key: end.last_key, ..PageEnd::default() })
        }
    }
}

/// Entries below the horizon are final, so their order by transaction cannot change behind the last one read.
async fn read_log(
    connection: &mut PgConnection,
    after: Option<LogPlace>,
    horizon: u64,
    limit: u32,
    since: &Since,
    catalog: &Catalog,
) -> Result<(PageEnd, BTreeMap<Dataset, BTreeSet<String>>)> {
    let behind = after.map_or_else(String::new, |place| {
        format!(" and (xid, seq) > ('{}'::xid8, {}::bigint)", place.xid, place.seq)
    });
    let bound = format!("xid < '{horizon}'::xid8{behind}");
    let statement = entries(&since.snapshot, since.reach, &bound, u64::from(limit));
    let entries = sqlx::raw_sql(AssertSqlSafe(statement))
        .fetch_all(&mut *connection)
        .await
        .map_err(error::map)?
        .iter()
        .map(Entry::read)
        .collect::<Result<Vec<_>>>()?;
    let mut end = PageEnd {
        row_count: entries.iter().map(|entry| entry.key_count).sum(),
        last_entry: entries.last().map(|entry| entry.place),
        ..PageEnd::default()
    };
    let keys = sort_log(entries, catalog, &mut end.reloads)?;
    Ok((end, keys))
}
