//! Telling the audit log of files that were made.

use serde_json::Value;
use sqlx::PgConnection;
use sqlx::{Connection, Executor};
use steward_core::Result;
use uuid::Uuid;

use super::error::map;

/// Tells the server of an export; told twice, it is one.
///
/// # Errors
/// When the server cannot be asked, or its schema does not know exports yet.
pub async fn log(connection: &mut PgConnection, id: Uuid, export: &Value) -> Result<()> {
    // A login may be read-only by default; that a file was made is written down all the same.
    let mut transaction = connection.begin_with("begin read write").await.map_err(map)?;
    transaction
        .execute("set local statement_timeout = '15s'; set local lock_timeout = '5s'")
        .await
        .map_err(map)?;
    sqlx::query("select steward.log_export($1, $2)")
        .bind(id)
        .bind(export)
        .persistent(false)
        .execute(&mut *transaction)
        .await
        .map_err(map)?;
    transaction.commit().await.map_err(map)
}
