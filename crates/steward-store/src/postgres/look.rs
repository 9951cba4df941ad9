//! Looking something up on the server: in a transaction that writes nothing, whatever the login may do.

use sqlx::{Connection, PgConnection, Postgres, Transaction};
use steward_core::Result;

use super::error::map;

/// Begins a look; dropped, it ends.
pub(super) async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>> {
    connection.begin_with("begin isolation level repeatable read read only").await.map_err(map)
}
