//! `limit_check`, `limit_list`, `limit_raise`.

use serde_json::json;
use steward_core::limit::{AccountLimits, LimitCheck, LimitCheckReq, LimitListReq, LimitRaiseReq, Subject};
use steward_core::operation::Outcome;
use steward_core::{Error, Result};
use steward_store::cache::query;
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn limit_check(steward: &Steward, request: LimitCheckReq) -> Result<LimitCheck> {
    steward.cache().await?.read(move |reader| query::limit::check(reader, &request)).await
}

pub(crate) async fn limit_list(steward: &Steward, request: LimitListReq) -> Result<AccountLimits> {
    steward.cache().await?.read(move |reader| query::limit::list(reader, &request)).await
}

pub(crate) async fn limit_raise(steward: &Steward, request: LimitRaiseReq, mode: Mode) -> Result<Outcome> {
    let LimitRaiseReq {
        intent,
        user,
        team,
        api_key,
        metric,
        period,
        limit,
        until,
        reason,
        plan_token,
        confirm,
    } = request;
    let user = match user {
        Some(user) => steward.decision(intent, vec![user]).await?.users.into_keys().next(),
        None => None,
    };
    let subject = match (user, team, api_key) {
        (Some(user), None, None) => Subject::User(user),
        (Some(user), Some(team), None) => Subject::Member(team, user),
        (None, Some(team), None) => Subject::Team(team),
        (None, None, Some(key)) => Subject::Key(key),
        _ => {
            return Err(Error::invalid("user", "Name a user, a team, a user as member of a team, or a key."));
        }
    };
    // That it is more than what holds is the server's to say; the plan token guards the rest.
    let expect = json!({});
    let action = Action::RaiseLimit { intent, subject, metric, period, limit, until, expect, reason };
    reviewed(steward, action, plan_token, confirm, mode).await
}
