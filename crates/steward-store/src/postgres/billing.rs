//! What the billing provider is asked to change: written down before, and again with the answer.

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};
use steward_core::Result;
use steward_core::id::IntentId;

use super::error::map;
use super::look;

/// A request that was written down, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What kind of change.
    pub kind: String,
    /// The request.
    pub request: Value,
    /// `asked`, `done`, `refused`.
    pub state: String,
    /// Whether the provider still knows the request by its id: it forgets them after a day.
    pub is_known_there: bool,
}

/// What this login asked under this id; none where nothing was.
///
/// # Errors
/// When the server cannot be asked.
pub async fn asked(connection: &mut PgConnection, intent: IntentId) -> Result<Option<Asked>> {
    let mut look = look::begin(connection).await?;
    let found: Option<(String, Value, String, bool)> = sqlx::query_as(
        "select kind, asked, state, created_at > now() - interval '23 hours' from steward.billing_actions
         where id = $1 and login = session_user",
    )
    .bind(intent.0)
    .persistent(false)
    .fetch_optional(&mut *look)
    .await
    .map_err(map)?;
    look.rollback().await.map_err(map)?;
    Ok(found.map(|(kind, request, state, is_known_there)| Asked { kind, request, state, is_known_there }))
}

/// Writes down what was answered, once.
///
/// # Errors
/// When the server cannot be asked; then it stays as asked, and asking again with the same id finds out.
pub async fn note(
    connection: &mut PgConnection,
    intent: IntentId,
    state: &str,
    answer: &Value,
) -> Result<()> {
    let mut transaction = connection.begin().await.map_err(map)?;
    transaction.execute("set transaction read write").await.map_err(map)?;
    sqlx::query("select steward.note_billing($1, $2, $3)")
        .bind(intent.0)
        .bind(state)
        .bind(answer)
        .persistent(false)
        .execute(&mut *transaction)
        .await
        .map_err(map)?;
    transaction.commit().await.map_err(map)
}
