//! Reading the server's own sums of a time that is kept without rows (S41). They are made of its rows and of nothing
//! else, so what it drops has none (S42).

use sqlx::PgConnection;
use steward_core::{Dataset, Result};
use tokio::sync::mpsc;

use super::copy::{RowReader, send};
use super::sql_text;
use crate::cache::{SumBatch, SumKind};

/// Reads the sums of a half-open span of time, in microseconds since 1970, inside the open transaction; answers
/// how many rows the sums had.
///
/// # Errors
/// When a statement fails, the connection breaks or the receiver is gone.
pub async fn read_span(
    connection: &mut PgConnection,
    span: (i64, i64),
    out: &mpsc::Sender<SumBatch>,
) -> Result<u64> {
    let mut row_count = 0;
    for kind in SumKind::ALL {
        let mut rows = open(connection, kind, &[span]).await?;
        while let Some(rows) = rows.next().await? {
            send(out, SumBatch { kind, rows }).await?;
        }
        row_count += rows.row_count();
    }
    Ok(row_count)
}

/// The sums of a few spans at once.
///
/// # Errors
/// When a statement fails or the connection breaks.
pub async fn read_spans(connection: &mut PgConnection, spans: &[(i64, i64)]) -> Result<Vec<SumBatch>> {
    let mut batches = Vec::new();
    for kind in SumKind::ALL {
        let mut rows = open(connection, kind, spans).await?;
        while let Some(rows) = rows.next().await? {
            batches.push(SumBatch { kind, rows });
        }
    }
    Ok(batches)
}

/// Begins to read one kind of sums.
pub(super) async fn open<'c>(
    connection: &'c mut PgConnection,
    kind: SumKind,
    spans: &[(i64, i64)],
) -> Result<RowReader<'c>> {
    let conditions: Vec<_> = spans
        .iter()
        .map(|(start, end)| format!("({})", sql_text::between("occurred_at", *start, *end)))
        .collect();
    let condition = if conditions.is_empty() { "false".to_owned() } else { conditions.join(" or ") };
    let statement = kind.statement(&condition);
    RowReader::open_columns(connection, Dataset::UsageEvents, kind.column_count(), &statement).await
}
