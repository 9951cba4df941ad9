//! The actions: every write of a person is one SQL function, previewed by doing it and rolling back.
//!
//! A preview's plan token is the hash of the rows it would touch. Applying runs the function again and
//! commits only if the token comes out the same, so what was shown is what happens. An intent is claimed
//! once on the server: after a lost reply the same call on a new connection answers with the stored result.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres, Transaction};
use steward_core::id::{IntentId, TeamId, UserId};
use steward_core::limit::Subject;
use steward_core::operation::{Outcome, RowChange, SkippedRow};
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::error::map;
use super::operators;

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
    /// `steward.suspend_user`.
    SuspendUser(AccountChange),
    /// `steward.restore_user`.
    RestoreUser(AccountChange),
    /// `steward.extend_trial`.
    ExtendTrial {
        /// Whose, and why.
        change: AccountChange,
        /// The new end.
        until: DateTime<Utc>,
    },
    /// `steward.reset_usage`.
    ResetUsage {
        /// Whose, and why.
        change: AccountChange,
        /// Only this metric.
        metric: Option<String>,
        /// `YYYY-MM` or `lifetime`; none is the current month and day.
        period: Option<String>,
    },
    /// `steward.raise_limit`.
    RaiseLimit {
        /// Its id.
        intent: IntentId,
        /// For whom.
        subject: Subject,
        /// Metric.
        metric: String,
        /// `minute`, `day`, `month`, `lifetime`.
        period: String,
        /// The raised limit; none is unlimited.
        limit: Option<i64>,
        /// The first instant it no longer holds.
        until: DateTime<Utc>,
        /// `{limit}`: what held when it was decided.
        expect: serde_json::Value,
        /// Why.
        reason: String,
    },
    /// `steward.cleanup_usage`: the decision; [`super::upkeep::cleanup_step`] does it.
    CleanupUsage {
        /// Its id.
        intent: IntentId,
        /// Whole months kept before the current one.
        keep_months: i32,
        /// `{events}`: how many it was thought to be.
        expect: serde_json::Value,
        /// Why.
        reason: String,
    },
    /// `steward.recompute_counters`.
    RecomputeCounters {
        /// Its id.
        intent: IntentId,
        /// `YYYY-MM`.
        period: String,
        /// Whose; none is everybody.
        users: Option<Vec<UserId>>,
        /// Why.
        reason: String,
    },
    /// `steward.create_operator`, and the login itself.
    CreateOperator {
        /// Its id.
        intent: IntentId,
        /// The login.
        login: String,
        /// The name in the audit log.
        name: String,
        /// `viewer`, `finance`, `support`, `admin`.
        role: String,
        /// What the server keeps of the password, see [`super::operators::verifier`].
        verifier: String,
        /// Why.
        reason: String,
    },
    /// `steward.remove_operator`, and the login itself.
    RemoveOperator {
        /// Its id.
        intent: IntentId,
        /// The login.
        login: String,
        /// Why.
        reason: String,
    },
    /// `steward.edit_plan`.
    EditPlan {
        /// Its id.
        intent: IntentId,
        /// Code of the plan.
        plan: String,
        /// `{price_month_minor, price_year_minor, limits}`.
        changes: serde_json::Value,
        /// Columns of the plan the decision relied on.
        expect: serde_json::Value,
        /// Why.
        reason: String,
    },
    /// `steward.close_month`.
    CloseMonth {
        /// Its id.
        intent: IntentId,
        /// `2026-10`.
        month: String,
        /// IANA zone of the month.
        zone: String,
        /// Name of the definition.
        profile: String,
        /// What is written down, as JSON.
        figures: String,
        /// Why.
        reason: String,
    },
    /// `steward.reopen_month`.
    ReopenMonth {
        /// Its id.
        intent: IntentId,
        /// `2026-10`.
        month: String,
        /// Why.
        reason: String,
    },
    /// `steward.ask_billing`: what the billing provider is about to be asked.
    AskBilling {
        /// Its id.
        intent: IntentId,
        /// `{kind, stripe_object, stripe_customer, asked, before, expected}`.
        action: serde_json::Value,
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

/// Users, what is expected of them, and why something is done to them.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountChange {
    /// Its id.
    pub intent: IntentId,
    /// Whose accounts.
    pub users: Vec<UserId>,
    /// User id to an object of the columns the decision relied on.
    pub expect: serde_json::Value,
    /// Why.
    pub reason: String,
}

impl Action {
    /// What has to be typed before so much may be changed; none where a look is enough.
    fn confirm(&self, rows: &[RowChange]) -> Option<String> {
        let of = |table: &str| rows.iter().filter(|row| row.table == table).count();
        let many =
            |verb: &str, count: usize, noun: &str| (count > 1).then(|| format!("{verb} {count} {noun}"));
        let rows_or_users = |verb: &str| match of("users") {
            0 => many(verb, rows.len(), "rows"),
            users => many(verb, users, "users"),
        };
        match self {
            Self::ChangePlan { .. } => rows_or_users("change"),
            Self::RestoreUser(_) => rows_or_users("restore"),
            Self::ExtendTrial { .. } => rows_or_users("extend"),
            Self::Revert { .. } => rows_or_users("revert"),
            // Somebody is shut out: the name is typed even for one.
            Self::SuspendUser(_) => match rows {
                [row] => Some(row.label.clone()),
                _ => rows_or_users("suspend"),
            },
            Self::ResetUsage { .. } => {
                let users: BTreeSet<&str> =
                    rows.iter().filter_map(|row| row.key.get("user_id")?.as_str()).collect();
                many("reset", users.len(), "users")
            }
            // What the provider's look asks to be typed is decided by who looked.
            Self::RaiseLimit { .. } | Self::CreateOperator { .. } | Self::AskBilling { .. } => None,
            Self::RemoveOperator { login, .. } => Some(login.clone()),
            // Everybody on the plan is concerned: its code is typed.
            Self::EditPlan { plan, .. } => Some(plan.clone()),
            // What was reported is written down, or given up: the month is typed.
            Self::CloseMonth { month, .. } | Self::ReopenMonth { month, .. } => Some(month.clone()),
            Self::CleanupUsage { .. } => {
                let events = rows.first().and_then(|row| row.after.as_ref()?.get("events_planned")?.as_i64());
                events.map(|events| format!("remove {events} events"))
            }
            Self::RecomputeCounters { .. } => many("recount", of("usage_counters"), "counters"),
        }
    }

    /// Why it is done.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::SuspendUser(change)
            | Self::RestoreUser(change)
            | Self::ExtendTrial { change, .. }
            | Self::ResetUsage { change, .. } => &change.reason,
            Self::ChangePlan { reason, .. }
            | Self::RaiseLimit { reason, .. }
            | Self::CleanupUsage { reason, .. }
            | Self::RecomputeCounters { reason, .. }
            | Self::CreateOperator { reason, .. }
            | Self::RemoveOperator { reason, .. }
            | Self::EditPlan { reason, .. }
            | Self::CloseMonth { reason, .. }
            | Self::ReopenMonth { reason, .. }
            | Self::AskBilling { reason, .. }
            | Self::Revert { reason, .. } => reason,
        }
    }

    /// How long the server may take, as it writes it. A month of a large company is counted in minutes.
    const fn patience(&self) -> &'static str {
        match self {
            Self::CleanupUsage { .. } | Self::RecomputeCounters { .. } | Self::EditPlan { .. } => "10min",
            _ => "30s",
        }
    }
}

fn subject_json(subject: Subject) -> serde_json::Value {
    match subject {
        Subject::User(UserId(user)) => serde_json::json!({ "user_id": user }),
        Subject::Team(TeamId(team)) => serde_json::json!({ "team_id": team }),
        Subject::Member(TeamId(team), UserId(user)) => {
            serde_json::json!({ "team_id": team, "user_id": user })
        }
        Subject::Key(key) => serde_json::json!({ "api_key_id": key }),
    }
}

fn ids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.0).collect()
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
    let mut transaction = begin(connection, action.patience()).await?;
    let answer = match action {
        // How many rows go back, and so whether it needs a reason, only the look tells.
        Action::Revert { intent, operation, reason } if reason.trim().is_empty() => {
            let looked =
                Action::Revert { intent: *intent, operation: *operation, reason: "Looked at".to_owned() };
            run(&mut transaction, &looked).await?
        }
        _ => run(&mut transaction, action).await?,
    };
    transaction.rollback().await.map_err(map)?;
    let is_applied = answer.repeated;
    Ok(outcome(action, answer, is_applied))
}

/// Does what a preview showed, or nothing.
pub async fn apply(connection: &mut PgConnection, action: &Action, plan_token: &str) -> Result<Outcome> {
    let mut transaction = begin(connection, action.patience()).await?;
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

async fn begin<'c>(connection: &'c mut PgConnection, patience: &str) -> Result<Transaction<'c, Postgres>> {
    // A login may be read-only by default, so that only a deliberate act writes.
    let mut transaction =
        connection.begin_with("begin isolation level read committed read write").await.map_err(map)?;
    transaction
        .execute(AssertSqlSafe(format!(
            "set local statement_timeout = '{patience}'; set local lock_timeout = '5s'"
        )))
        .await
        .map_err(map)?;
    Ok(transaction)
}

async fn run(transaction: &mut Transaction<'_, Postgres>, action: &Action) -> Result<Answer> {
    let answer = call(action).persistent(false).fetch_one(&mut **transaction).await.map_err(map)?;
    let answer: Answer = serde_json::from_value(answer).map_err(|failure| {
        Error::internal("The server answered an action in a way Steward does not understand.")
            .with_source(failure)
    })?;
    match action {
        Action::CreateOperator { login, role, verifier, .. } if !answer.repeated => {
            operators::create_login(&mut *transaction, login, role, verifier).await?;
        }
        Action::RemoveOperator { login, .. } if !answer.repeated => {
            operators::drop_login(&mut *transaction, login).await?;
        }
        _ => {}
    }
    Ok(answer)
}

fn call(action: &Action) -> QueryScalar<'_, Postgres, serde_json::Value, PgArguments> {
    let account = |query: &'static str, change: &AccountChange| {
        sqlx::query_scalar(query).bind(change.intent.0).bind(ids(&change.users))
    };
    match action {
        Action::ChangePlan { intent, users, plan, expect, reason } => {
            sqlx::query_scalar("select steward.change_plan($1, $2, $3, $4, $5)")
                .bind(intent.0)
                .bind(ids(users))
                .bind(plan.as_str())
                .bind(expect)
                .bind(reason.as_str())
        }
        Action::SuspendUser(change) => account("select steward.suspend_user($1, $2, $3, $4)", change)
            .bind(&change.expect)
            .bind(change.reason.as_str()),
        Action::RestoreUser(change) => account("select steward.restore_user($1, $2, $3, $4)", change)
            .bind(&change.expect)
            .bind(change.reason.as_str()),
        Action::ExtendTrial { change, until } => {
            account("select steward.extend_trial($1, $2, $3, $4, $5)", change)
                .bind(until)
                .bind(&change.expect)
                .bind(change.reason.as_str())
        }
        Action::ResetUsage { change, metric, period } => {
            account("select steward.reset_usage($1, $2, $3, $4, $5, $6)", change)
                .bind(metric.as_deref())
                .bind(period.as_deref())
                .bind(&change.expect)
                .bind(change.reason.as_str())
        }
        Action::RaiseLimit { intent, subject, metric, period, limit, until, expect, reason } => {
            sqlx::query_scalar("select steward.raise_limit($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(intent.0)
                .bind(subject_json(*subject))
                .bind(metric.as_str())
                .bind(period.as_str())
                .bind(limit)
                .bind(until)
                .bind(expect)
                .bind(reason.as_str())
        }
        Action::CleanupUsage { intent, keep_months, expect, reason } => {
            sqlx::query_scalar("select steward.cleanup_usage($1, $2, $3, $4)")
                .bind(intent.0)
                .bind(keep_months)
                .bind(expect)
                .bind(reason.as_str())
        }
        Action::RecomputeCounters { intent, period, users, reason } => {
            sqlx::query_scalar("select steward.recompute_counters($1, $2, $3, '{}', $4)")
                .bind(intent.0)
                .bind(period.as_str())
                .bind(users.as_deref().map(ids))
                .bind(reason.as_str())
        }
        Action::CreateOperator { intent, login, name, role, verifier: _, reason } => {
            sqlx::query_scalar("select steward.create_operator($1, $2, $3, $4, $5)")
                .bind(intent.0)
                .bind(login.as_str())
                .bind(name.as_str())
                .bind(role.as_str())
                .bind(reason.as_str())
        }
        Action::RemoveOperator { intent, login, reason } => {
            sqlx::query_scalar("select steward.remove_operator($1, $2, $3)")
                .bind(intent.0)
                .bind(login.as_str())
                .bind(reason.as_str())
        }
        Action::EditPlan { intent, plan, changes, expect, reason } => {
            sqlx::query_scalar("select steward.edit_plan($1, $2, $3, $4, $5)")
                .bind(intent.0)
                .bind(plan.as_str())
                .bind(changes)
                .bind(expect)
                .bind(reason.as_str())
        }
        Action::CloseMonth { intent, month, zone, profile, figures, reason } => {
            sqlx::query_scalar("select steward.close_month($1, $2, $3, $4, $5::text::jsonb, $6)")
                .bind(intent.0)
                .bind(month.as_str())
                .bind(zone.as_str())
                .bind(profile.as_str())
                .bind(figures.as_str())
                .bind(reason.as_str())
        }
        Action::ReopenMonth { intent, month, reason } => {
            sqlx::query_scalar("select steward.reopen_month($1, $2, $3)")
                .bind(intent.0)
                .bind(month.as_str())
                .bind(reason.as_str())
        }
        Action::AskBilling { intent, action, reason } => {
            sqlx::query_scalar("select steward.ask_billing($1, $2, $3)")
                .bind(intent.0)
                .bind(action)
                .bind(reason.as_str())
        }
        Action::Revert { intent, operation, reason } => {
            sqlx::query_scalar("select steward.revert($1, $2, $3)")
                .bind(intent.0)
                .bind(operation.0)
                .bind(reason.as_str())
        }
    }
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
