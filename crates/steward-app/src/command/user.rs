//! `user_list`, `user_show`, `user_change_plan`.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Map;
use steward_core::id::{IntentId, UserId};
use steward_core::operation::Outcome;
use steward_core::user::{UserChangePlanReq, UserList, UserListReq, UserRow, UserShowReq, UserView};
use steward_core::{Error, Result};
use steward_store::cache::query;
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

/// One transaction stays short enough for a server at work.
const MAX_USERS: usize = 1_000;

pub(crate) async fn user_list(steward: &Steward, request: UserListReq) -> Result<UserList> {
    steward.cache().await?.read(move |reader| query::user::list(reader, &request)).await
}

pub(crate) async fn user_show(steward: &Steward, request: UserShowReq) -> Result<UserView> {
    steward.cache().await?.read(move |reader| query::user::show(reader, &request)).await
}

/// The change names each user's plan as it was looked at, so that one who moved meanwhile is left alone.
pub(crate) async fn user_change_plan(
    steward: &Steward,
    request: UserChangePlanReq,
    mode: Mode,
) -> Result<Outcome> {
    let UserChangePlanReq { intent, users, plan_code, reason, plan_token, confirm } = request;
    if users.len() > 1 && reason.trim().is_empty() {
        return Err(Error::invalid("reason", "A change of more than one user needs a reason."));
    }
    let decision = steward.decision(intent, users).await?;
    let action = Action::ChangePlan {
        intent,
        users: decision.keys().copied().collect(),
        plan: plan_code,
        expect: decision
            .iter()
            .map(|(id, user)| (id.to_string(), user.plan_code.as_str().into()))
            .collect::<Map<_, _>>()
            .into(),
        reason,
    };
    reviewed(steward, action, plan_token, confirm, mode).await
}

/// Who is changed, as each was when the change was first looked at.
pub(crate) type Decision = BTreeMap<UserId, UserRow>;

/// Decisions kept; the oldest makes room.
const MAX_DECISIONS: usize = 64;

impl Steward {
    /// What an intent was decided on. It is asked of the copy once: when the same call comes again after its
    /// reply was lost, the copy has moved on, but the decision has not.
    ///
    /// # Errors
    /// `Invalid` for nobody or for more than fit into one change, `NotFound` for who is unknown.
    pub(super) async fn decision(&self, intent: IntentId, users: Vec<String>) -> Result<Decision> {
        if users.is_empty() {
            return Err(Error::invalid("users", "Name at least one user."));
        }
        if users.len() > MAX_USERS {
            return Err(Error::invalid(
                "users",
                format!("At most {MAX_USERS} users can be changed at once."),
            ));
        }
        let known = |kept: &VecDeque<(IntentId, Vec<String>, Decision)>| {
            kept.iter().find(|kept| kept.0 == intent && kept.1 == users).map(|kept| kept.2.clone())
        };
        if let Some(decision) = self.inner.decisions.lock().ok().and_then(|kept| known(&kept)) {
            return Ok(decision);
        }
        let asked = users.clone();
        let decision: Decision = self
            .cache()
            .await?
            .read(move |reader| {
                let found = asked.iter().map(|text| query::user::find(reader, text));
                found.map(|user| user.map(|user| (user.id, user))).collect()
            })
            .await?;
        if let Ok(mut kept) = self.inner.decisions.lock() {
            kept.retain(|kept| kept.0 != intent);
            if kept.len() >= MAX_DECISIONS {
                kept.pop_front();
            }
            kept.push_back((intent, users, decision.clone()));
        }
        Ok(decision)
    }
}
