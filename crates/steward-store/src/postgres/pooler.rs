//! Whether a pooler in transaction mode stands between us and the server.
//!
//! Steward works through one: every statement is part of an explicit transaction, nothing is prepared by name
//! and nothing is set for a session (S14). What does not work there is LISTEN, so people should know why their
//! console looks at intervals.

use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection, Row as _};
use steward_core::Result;

use super::connect::{Address, Host, connect};
use super::error::map;

/// How connections share the server's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// A session of the server served two connections of ours at once: a pooler in transaction mode.
    Transaction,
    /// Nothing of the kind was seen.
    NotSeen,
}

/// How often two connections are compared: a pooler hands out the session that was returned last, unless
/// somebody else was quicker.
const ROUNDS: u32 = 4;

/// Compares the sessions behind this connection and a second one, which is closed again. Two connections
/// without a pooler, or with one in session mode, never meet in one session.
///
/// # Errors
/// When a connection breaks.
pub async fn probe(
    connection: &mut PgConnection,
    address: &Address,
    password: Option<&SecretString>,
) -> Result<Pooling> {
    let mut other = connect(address, password).await?;
    let mut found = Pooling::NotSeen;
    for _ in 0..ROUNDS {
        if session(connection).await? == session(&mut other).await? {
            found = Pooling::Transaction;
            break;
        }
    }
    // The server notices a connection that just goes, too.
    let _ = other.close().await;
    Ok(found)
}

/// The server's process, and when it began: processes are numbered anew.
async fn session(connection: &mut PgConnection) -> Result<(i32, String)> {
    const ASK: &str = "select pid, backend_start::text from pg_stat_get_activity(pg_backend_pid())";
    let row = sqlx::raw_sql(ASK).fetch_one(connection).await.map_err(map)?;
    Ok((row.try_get(0).map_err(map)?, row.try_get(1).map_err(map)?))
}

/// Whether the address is that of Supabase's pooler in transaction mode, by its name and port.
#[must_use]
pub fn is_supabase_transaction_pooler(address: &Address) -> bool {
    matches!(address.host(), Host::Tcp(host) if host.ends_with(".pooler.supabase.com"))
        && address.port() == 6543
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s14_supabase_s_transaction_pooler_is_known_by_its_port() {
        for (place, is_it) in [
            ("aws-0-eu-central-1.pooler.supabase.com:6543", true),
            ("aws-0-eu-central-1.pooler.supabase.com:5432", false),
            ("db.abcdefghijklmnop.supabase.co:6543", false),
            ("pooler.supabase.com.example.org:6543", false),
        ] {
            let address = Address::parse(&format!("postgresql://a@{place}/postgres"), None).expect("valid");
            assert_eq!(is_supabase_transaction_pooler(&address), is_it, "{place}");
        }
    }
}
