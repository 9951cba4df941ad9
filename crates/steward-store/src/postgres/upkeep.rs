//! Keeping usage in order: what a cleanup would remove, its steps, and the data-quality report.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::{Connection, Executor, PgConnection};
use steward_core::id::IntentId;
use steward_core::upkeep::{CleanupPlan, CleanupProgress, Quality};
use steward_core::{Error, Result};
use uuid::Uuid;

use super::error::map;
use super::look;

/// What a cleanup that keeps so many months would remove.
///
/// # Errors
/// `Invalid` for less than one month, `Permission` for who is no admin.
pub async fn plan_cleanup(connection: &mut PgConnection, keep_months: i32) -> Result<CleanupPlan> {
    let mut look = look::begin(connection).await?;
    let found = sqlx::query_scalar("select steward.plan_cleanup($1)")
        .bind(keep_months)
        .persistent(false)
        .fetch_one(&mut *look)
        .await
        .map_err(map)?;
    look.rollback().await.map_err(map)?;
    read(found)
}

/// The cleanup that was interrupted.
///
/// # Errors
/// When the server cannot be asked.
pub async fn unfinished_cleanup(connection: &mut PgConnection) -> Result<Option<CleanupProgress>> {
    let mut look = look::begin(connection).await?;
    let found = sqlx::query_scalar(
        "select to_jsonb(u) || '{\"is_done\": false}' from steward.usage_cleanups u where u.state = 'running'",
    )
    .persistent(false)
    .fetch_optional(&mut *look)
    .await
    .map_err(map)?;
    look.rollback().await.map_err(map)?;
    found.map(read).transpose()
}

/// One step of a cleanup, in a transaction of its own.
///
/// # Errors
/// `LockTimeout` when somebody reads a partition that is to be dropped: nothing was done, try again.
pub async fn cleanup_step(connection: &mut PgConnection, intent: IntentId) -> Result<CleanupProgress> {
    let mut transaction = connection.begin().await.map_err(map)?;
    transaction
        .execute("set transaction read write; set local statement_timeout = '10min'")
        .await
        .map_err(map)?;
    let found = sqlx::query_scalar("select steward.cleanup_step($1)")
        .bind(intent.0)
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await
        .map_err(map)?;
    let progress = read(found)?;
    transaction.commit().await.map_err(map)?;
    Ok(progress)
}

/// What is wrong with the events of the last days.
///
/// # Errors
/// `Invalid` for a number of days below 1 or above 3,660.
pub async fn quality(connection: &mut PgConnection, days: i32) -> Result<Quality> {
    let mut look = look::begin(connection).await?;
    let found = sqlx::query_scalar("select steward.data_quality($1)")
        .bind(days)
        .persistent(false)
        .fetch_one(&mut *look)
        .await
        .map_err(map)?;
    let mut quality: Quality = read(found)?;
    name_users(&mut look, &mut quality).await?;
    look.rollback().await.map_err(map)?;
    Ok(quality)
}

/// Puts the e-mail address beside each user's id among the examples, where the user is there and has one.
async fn name_users(connection: &mut PgConnection, quality: &mut Quality) -> Result<()> {
    let user = |example: &serde_json::Value| Uuid::parse_str(example.get("user_id")?.as_str()?).ok();
    let examples = || quality.checks.iter().flat_map(|check| &check.examples);
    let users: Vec<Uuid> = examples().filter_map(user).collect();
    if users.is_empty() {
        return Ok(());
    }
    let named: HashMap<Uuid, String> = sqlx::query_as::<_, (Uuid, String)>(
        "select id, email from steward.users where id = any($1) and email <> ''",
    )
    .bind(users)
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(map)?
    .into_iter()
    .collect();
    for example in quality.checks.iter_mut().flat_map(|check| &mut check.examples) {
        if let Some(email) = user(example).and_then(|id| named.get(&id)) {
            example["email"] = email.as_str().into();
        }
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(answer: serde_json::Value) -> Result<T> {
    serde_json::from_value(answer).map_err(|failure| {
        Error::internal("The server answered in a way Steward does not understand.").with_source(failure)
    })
}
