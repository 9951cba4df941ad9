//! `user_list`, `user_show`, `user_change_plan`.

use std::collections::BTreeMap;

use steward_core::id::UserId;
use steward_core::operation::Outcome;
use steward_core::user::{UserChangePlanReq, UserList, UserListReq, UserShowReq, UserView};
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
    if users.is_empty() {
        return Err(Error::invalid("users", "Name at least one user."));
    }
    if users.len() > MAX_USERS {
        return Err(Error::invalid("users", format!("At most {MAX_USERS} users can be moved at once.")));
    }
    if users.len() > 1 && reason.trim().is_empty() {
        return Err(Error::invalid("reason", "A change of more than one user needs a reason."));
    }
    let found: BTreeMap<UserId, String> = steward
        .cache()
        .await?
        .read(move |reader| {
            let found = users.iter().map(|text| query::user::find(reader, text));
            found.map(|user| user.map(|user| (user.id, user.plan_code))).collect()
        })
        .await?;
    let expect = found.iter().map(|(id, plan)| (id.to_string(), plan.as_str().into())).collect();
    let action = Action::ChangePlan {
        intent,
        users: found.keys().copied().collect(),
        plan: plan_code,
        expect: serde_json::Value::Object(expect),
        reason,
    };
    reviewed(steward, action, plan_token, confirm, mode).await
}
