//! The head of a transaction: which server this is, and what its snapshot sees.

use chrono::DateTime;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use steward_core::sync::{Identity, Observed, Told};
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use crate::postgres::error;

/// The end of the log is read before what is flushed of it: the other way round a wait could end too early.
/// Every column is text or a number whatever the session's settings are, since a look outside a
/// transaction sets none.
const HEAD: &str = "
    select pg_current_snapshot()::text, m.epoch, c.system_identifier,
        case when pg_is_in_recovery() then k.timeline_id
             else ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int end,
        pg_is_in_recovery(), extract(epoch from pg_postmaster_start_time())::text, m.floor_xid::text,
        case when not pg_is_in_recovery()
             then (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint end,
        case when not pg_is_in_recovery()
             then (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint end,
        (extract(epoch from statement_timestamp()) * 1000000)::bigint, m.version,
        current_setting('wal_block_size')::bigint, pg_size_bytes(current_setting('wal_segment_size')),
        a.n, a.nonces::text
    from steward.meta m cross join pg_control_system() c cross join pg_control_checkpoint() k
    left join steward.acks a on a.client = $CLIENT";

/// The statement that reads the head, with what the server was told of this copy.
pub(super) fn statement(client: Option<Uuid>) -> String {
    let client = client.map_or_else(|| "null".to_owned(), |client| format!("'{client}'"));
    HEAD.replace("$CLIENT", &client)
}

/// Reads the head outside any transaction, in one message: enough to see that nothing has happened (S17).
///
/// # Errors
/// When the connection broke or the schema is not complete.
pub async fn peek(connection: &mut PgConnection, client: Option<Uuid>) -> Result<Observed> {
    let row = sqlx::raw_sql(AssertSqlSafe(statement(client)))
        .fetch_optional(connection)
        .await
        .map_err(error::map)?;
    observed(row.as_ref())
}

pub(super) fn observed(row: Option<&PgRow>) -> Result<Observed> {
    let Some(row) = row else {
        return Err(Error::new(ErrorKind::SchemaMissing, "The database's Steward schema is not complete.")
            .with_detail("steward.meta is empty"));
    };
    let text = |index: usize| row.try_get::<String, _>(index).map_err(error::map);
    let number = |index: usize| row.try_get::<Option<i64>, _>(index).map_err(error::map);
    let (block, segment) = (number(11)?, number(12)?);
    let position = |index: usize| {
        Ok::<_, Error>(number(index)?.and_then(|lsn| u64::try_from(lsn).ok()).map(|lsn| {
            let size = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
            record_end(lsn, size(block), size(segment))
        }))
    };
    Ok(Observed {
        identity: Identity {
            epoch: row.try_get(1).map_err(error::map)?,
            system_identifier: row.try_get(2).map_err(error::map)?,
            timeline: row.try_get(3).map_err(error::map)?,
        },
        snapshot: text(0)?.parse()?,
        is_standby: row.try_get(4).map_err(error::map)?,
        node: text(5)?,
        floor_xid: text(6)?.parse().map_err(|cause| {
            Error::internal("The server's floor is no transaction id.").with_source(cause)
        })?,
        insert_lsn: position(7)?,
        flush_lsn: position(8)?,
        as_of: number(9)?
            .and_then(DateTime::from_timestamp_micros)
            .ok_or_else(|| Error::internal("The server's time is no time."))?,
        told: match (number(13)?, row.try_get::<Option<String>, _>(14).map_err(error::map)?) {
            (Some(n), Some(nonces)) => Some(Told { n, nonces: words(&nonces)? }),
            (None, _) | (_, None) => None,
        },
        contract_version: row.try_get(10).map_err(error::map)?,
    })
}

/// The elements of an array of uuids in its text form.
fn words(array: &str) -> Result<Vec<Uuid>> {
    array
        .trim_matches(['{', '}'])
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.parse()
                .map_err(|cause| Error::internal("What the server was told is no uuid.").with_source(cause))
        })
        .collect()
}

/// The end of the last record before a position of the log.
///
/// Where a page has just been filled, the server says that the next record begins behind the next page's
/// header, while everything up to the page's start is all there is to flush: without this the wait for the
/// disk would last until somebody writes.
fn record_end(lsn: u64, block: u64, segment: u64) -> u64 {
    const HEADER: u64 = 24;
    const FIRST_HEADER: u64 = 40;
    if segment > 0 && lsn % segment == FIRST_HEADER {
        lsn - FIRST_HEADER
    } else if block > 0 && lsn % block == HEADER && (segment == 0 || lsn % segment != HEADER) {
        lsn - HEADER
    } else {
        lsn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_a_page_that_was_just_filled_has_nothing_left_to_flush() {
        const BLOCK: u64 = 8_192;
        const SEGMENT: u64 = 16 << 20;
        for (lsn, end) in [
            (SEGMENT * 3 + 40, SEGMENT * 3),
            (SEGMENT * 3 + 41, SEGMENT * 3 + 41),
            (BLOCK * 5 + 24, BLOCK * 5),
            (BLOCK * 5 + 40, BLOCK * 5 + 40),
            (BLOCK * 5 + 32, BLOCK * 5 + 32),
            (BLOCK * 5, BLOCK * 5),
        ] {
            assert_eq!(record_end(lsn, BLOCK, SEGMENT), end, "{lsn}");
        }
    }
}
