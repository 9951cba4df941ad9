//! What the company's own staff did last: real actions with their reasons, so that the audit log, the overview
//! and the accounts' pages begin with something to look at.
//!
//! Each goes through the function that a console would call, as the login that makes the company; who it
//! happens to and what it says follow from the company alone.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{Executor, PgConnection};
use steward_core::Result;
use steward_core::sample::catalogue::{LIMITS, Metric, Plan};
use steward_core::sample::{Company, UserRow};
use uuid::Uuid;

use super::super::error::map;
use super::ensure_admin;

/// Who of the company something happens to.
#[derive(Debug)]
pub(super) struct Cast {
    end_us: i64,
    abuser_id: Uuid,
    abuser: Option<UserRow>,
    /// Whose trial ends next.
    on_trial: Option<UserRow>,
    /// Pays for Starter and comes every day.
    outgrown: Option<UserRow>,
    /// Came once and has paid nothing.
    stranger: Option<UserRow>,
}

impl Cast {
    pub(super) fn new(company: &Company) -> Self {
        Self {
            end_us: company.spec().end.timestamp_micros(),
            abuser_id: company.abuser_id(),
            abuser: None,
            on_trial: None,
            outgrown: None,
            stranger: None,
        }
    }

    /// Looks at one user after the other, in the order of their sign-up.
    pub(super) fn look(&mut self, user: &UserRow) {
        if user.id == self.abuser_id {
            self.abuser = Some(user.clone());
            return;
        }
        if user.status != "active" || user.role != "user" {
            return;
        }
        let day = 86_400_000_000;
        let was_seen_within = |days: i64| user.last_seen_us.is_some_and(|at| at > self.end_us - days * day);
        let ends = |user: &UserRow| user.trial_end_us.filter(|at| *at > self.end_us);
        let place = match (user.plan, ends(user)) {
            (_, Some(own)) => {
                let is_first = self.on_trial.as_ref().and_then(ends).is_none_or(|other| own < other);
                is_first.then_some(&mut self.on_trial)
            }
            (Plan::Starter, None) => {
                (self.outgrown.is_none() && was_seen_within(2)).then_some(&mut self.outgrown)
            }
            (Plan::Free, None) => {
                let is_new = user.created_us > self.end_us - 30 * day;
                (self.stranger.is_none() && is_new && was_seen_within(30)).then_some(&mut self.stranger)
            }
            (Plan::Pro | Plan::Enterprise, None) => None,
        };
        if let Some(place) = place {
            *place = Some(user.clone());
        }
    }
}

/// Does what the staff did. Of a company whose "now" lies days behind the server's clock nobody works any more.
pub(super) async fn act(connection: &mut PgConnection, company: &Company, cast: &Cast) -> Result<()> {
    // As the session's own login: the functions ask who that is.
    connection.execute("reset role").await.map_err(map)?;
    connection.execute("set local steward.history = ''").await.map_err(map)?;
    let now: DateTime<Utc> = sqlx::query_scalar("select now()")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(map)?;
    let end = company.spec().end;
    if now - end > TimeDelta::days(1) {
        return Ok(());
    }
    ensure_admin(connection).await?;
    // Ids of the company's own, so that the same company has the same operations.
    let intent = |number: u64| Uuid::from_u64_pair(company.spec().seed << 16 | 0x8000, 1 << 63 | number);
    if let Some(user) = &cast.stranger {
        sqlx::query("select steward.suspend_user($1, array[$2], '{}', $3)")
            .persistent(false)
            .bind(intent(1))
            .bind(user.id)
            .bind("Chargeback: the card was reported stolen")
            .execute(&mut *connection)
            .await
            .map_err(map)?;
    }
    if let Some(user) = &cast.on_trial
        && let Some(trial_end) = user.trial_end_us.and_then(DateTime::from_timestamp_micros)
    {
        sqlx::query("select steward.extend_trial($1, array[$2], $3, '{}', $4)")
            .persistent(false)
            .bind(intent(2))
            .bind(user.id)
            .bind(trial_end + TimeDelta::days(14))
            .bind("Evaluation with their editors runs until next month")
            .execute(&mut *connection)
            .await
            .map_err(map)?;
    }
    if let Some(user) = &cast.outgrown {
        sqlx::query("select steward.change_plan($1, array[$2], 'pro', $3, $4)")
            .persistent(false)
            .bind(intent(3))
            .bind(user.id)
            .bind(json!({ (user.id.to_string()): Plan::Starter.code() }))
            .bind("Asked for Pro on the phone; their prompts no longer fit")
            .execute(&mut *connection)
            .await
            .map_err(map)?;
    }
    if let Some(user) = &cast.abuser
        && let Some(limit) = LIMITS
            .iter()
            .find(|limit| limit.plan == user.plan && limit.metric == Metric::Prompts)
            .and_then(|limit| limit.value)
    {
        sqlx::query("select steward.raise_limit($1, $2, $3, 'month', $4, $5, '{}', $6)")
            .persistent(false)
            .bind(intent(4))
            .bind(json!({ "user_id": user.id }))
            .bind(Metric::Prompts.name())
            .bind(limit + limit / 5)
            .bind(end + TimeDelta::days(7))
            .bind("Says that a script ran away; until we have looked into it")
            .execute(connection)
            .await
            .map_err(map)?;
    }
    Ok(())
}
