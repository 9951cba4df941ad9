//! Telling the server what was read (S20).

use sqlx::{PgConnection, Row as _};
use steward_core::sync::{AckChain, Acked};
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::{abandon, ask};
use crate::postgres::error;

/// What the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It knows the copy's last word and has taken the next one. Everything the server's log held before is on
    /// its disk now, since the commit waited for it.
    Taken(Acked),
    /// It does not know the copy's last word: another history.
    Unknown,
    /// It takes no words from this login: it is read only, or the login has no right.
    Closed,
}

/// Tells the server the chain's next word, in a short transaction of its own.
///
/// # Errors
/// When the connection breaks or the server does not answer in time.
pub async fn tell(connection: &mut PgConnection, chain: &AckChain) -> Result<Answer> {
    let AckChain { client, n, nonce, next } = chain;
    let nonce = nonce.map_or_else(|| "null".to_owned(), |nonce| format!("'{nonce}'"));
    // A commit that waits for the local disk takes along whatever the log held before it (S4); a standby that
    // is gone must not hold it up.
    let statements = format!(
        "begin isolation level read committed read write; set local synchronous_commit = local; \
         set local statement_timeout = '5s'; set local lock_timeout = '1s'; \
         select steward.ack('{client}', {n}, {nonce}, '{next}'), \
                coalesce(pg_current_xact_id_if_assigned()::text, '0'); commit"
    );
    let results = match ask(connection, statements).await {
        Ok(results) => results,
        Err(failure)
            if matches!(
                failure.kind(),
                ErrorKind::Permission | ErrorKind::ReadOnly | ErrorKind::LockTimeout
            ) =>
        {
            abandon(connection).await?;
            return Ok(Answer::Closed);
        }
        Err(failure) => return Err(failure),
    };
    let row = results.iter().find_map(|rows| rows.first()).ok_or_else(no_answer)?;
    let Some(n) = row.try_get::<Option<i64>, _>(0).map_err(error::map)? else { return Ok(Answer::Unknown) };
    let xid: String = row.try_get(1).map_err(error::map)?;
    let xid = xid.parse().map_err(|_| no_answer())?;
    Ok(Answer::Taken(Acked { n, xid, fresh: Uuid::new_v4() }))
}

fn no_answer() -> Error {
    Error::internal("The server did not answer what it was told.")
}
