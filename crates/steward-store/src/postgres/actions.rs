//! The actions: every write of a person is one SQL function, previewed by doing it and rolling back.
//!
//! A preview's plan token is the hash of the rows it would touch. Applying runs the function again and
//! commits only if the token comes out the same, so what was shown is what happens. An intent is claimed
//! once on the server: after a lost reply the same call on a new connection answers with the stored result.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, PgConnection, Postgres, Transaction};
use steward_core::id::{IntentId, UserId};
use steward_core::operation::{Outcome, RowChange, SkippedRow};
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::error::map;

/// A write, as its SQL function takes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `steward.change_plan`.
    ChangePlan {
        /// Its id.
        intent: IntentId,
        /// Whose plan.
        users: Vec<UserId>,
        /// The new plan's code.
        plan: String,
        /// User id to the plan code the decision relied on, or to an object of columns.
        expect: serde_json::Value,
        /// Why.
        reason: String,
    },
    /// `steward.revert`.
    Revert {
        /// Its id.
        intent: IntentId,
        /// The operation to take back.
        operation: IntentId,
        /// Why.
        reason: String,
    },
}

impl Action {
    /// What has to be typed before so many rows may be changed; none for one.
    fn confirm(&self, rows: &[RowChange]) -> Option<String> {
        let users = rows.iter().filter(|row| row.table == "users").count();
        let (count, noun) = match users {
            0 => (rows.len(), "rows"),
            users => (users, "users"),
        };
        let verb = match self {
            Self::ChangePlan { .. } => "change",
            Self::Revert { .. } => "revert",
        };
        (count > 1).then(|| format!("{verb} {count} {noun}"))
    }
}

/// What the SQL functions answer with.
#[derive(Deserialize)]
struct Answer {
    intent: Uuid,
    xid: String,
    rows: Vec<RowChange>,
    skipped: Vec<SkippedRow>,
    #[serde(default)]
    repeated: bool,
}

/// What an action would do: it is done, read and rolled back.
pub async fn preview(connection: &mut PgConnection, action: &Action) -> Result<Outcome> {
    let mut transaction = begin(connection).await?;
    let answer = run(&mut transaction, action).await?;
    transaction.rollback().await.map_err(map)?;
    let is_applied = answer.repeated;
    Ok(outcome(action, answer, is_applied))
}

/// Does what a preview showed, or nothing.
pub async fn apply(connection: &mut PgConnection, action: &Action, plan_token: &str) -> Result<Outcome> {
    let mut transaction = begin(connection).await?;
    let answer = run(&mut transaction, action).await?;
    if answer.repeated {
        // It was committed before and only the reply was lost.
        transaction.rollback().await.map_err(map)?;
        return Ok(outcome(action, answer, true));
    }
    let outcome = outcome(action, answer, true);
    if outcome.plan_token != plan_token {
        transaction.rollback().await.map_err(map)?;
        return Err(Error::new(
            ErrorKind::Conflict,
            "The rows are no longer as they were shown; nothing was changed.",
        ));
    }
    transaction.commit().await.map_err(map)?;
    Ok(outcome)
}

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>> {
    // A login may be read-only by default, so that only a deliberate act writes.
    let mut transaction =
        connection.begin_with("begin isolation level read committed read write").await.map_err(map)?;
    transaction
        .execute("set local statement_timeout = '30s'; set local lock_timeout = '5s'")
        .await
        .map_err(map)?;
    Ok(transaction)
}

async fn run(transaction: &mut Transaction<'_, Postgres>, action: &Action) -> Result<Answer> {
    let query = match action {
        Action::ChangePlan { intent, users, plan, expect, reason } => {
            let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
            sqlx::query_scalar("select steward.change_plan($1, $2, $3, $4, $5)")
                .bind(intent.0)
                .bind(users)
                .bind(plan.as_str())
                .bind(expect)
                .bind(reason.as_str())
        }
        Action::Revert { intent, operation, reason } => {
            sqlx::query_scalar("select steward.revert($1, $2, $3)")
                .bind(intent.0)
                .bind(operation.0)
                .bind(reason.as_str())
        }
    };
    let answer: serde_json::Value =
        query.persistent(false).fetch_one(&mut **transaction).await.map_err(map)?;
    serde_json::from_value(answer).map_err(|failure| {
        Error::internal("The server answered an action in a way Steward does not understand.")
            .with_source(failure)
    })
}

fn outcome(action: &Action, answer: Answer, is_applied: bool) -> Outcome {
    let plan_token = plan_token(&answer.rows);
    Outcome {
        intent: IntentId(answer.intent),
        is_applied,
        confirm: action.confirm(&answer.rows),
        rows: answer.rows,
        skipped: answer.skipped,
        plan_token,
        xid: is_applied.then_some(answer.xid),
    }
}

/// Hash of what changes in which rows. Bookkeeping columns are not in the audit's images; the order of
/// rows is the server's choice and does not count.
fn plan_token(rows: &[RowChange]) -> String {
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| serde_json::json!([row.table, row.key, row.before, row.after]).to_string())
        .collect();
    lines.sort_unstable();
    hex::encode(Sha256::digest(lines.join("\n")))
}
