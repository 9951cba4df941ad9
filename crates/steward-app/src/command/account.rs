//! `user_suspend`, `user_restore`, `user_extend_trial`, `user_reset_usage`.

use serde_json::{Map, json};
use steward_core::Result;
use steward_core::account::{UserExtendTrialReq, UserResetUsageReq, UserStatusReq};
use steward_core::id::IntentId;
use steward_core::operation::Outcome;
use steward_store::postgres::actions::{AccountChange, Action};

use super::operation::reviewed;
use super::user::Decision;
use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn user_suspend(steward: &Steward, request: UserStatusReq, mode: Mode) -> Result<Outcome> {
    let UserStatusReq { intent, users, reason, plan_token, confirm } = request;
    let decision = steward.decision(intent, users).await?;
    let action = Action::SuspendUser(change(intent, &decision, true, reason));
    reviewed(steward, action, plan_token, confirm, mode).await
}

pub(crate) async fn user_restore(steward: &Steward, request: UserStatusReq, mode: Mode) -> Result<Outcome> {
    let UserStatusReq { intent, users, reason, plan_token, confirm } = request;
    let decision = steward.decision(intent, users).await?;
    let action = Action::RestoreUser(change(intent, &decision, true, reason));
    reviewed(steward, action, plan_token, confirm, mode).await
}

pub(crate) async fn user_extend_trial(
    steward: &Steward,
    request: UserExtendTrialReq,
    mode: Mode,
) -> Result<Outcome> {
    let UserExtendTrialReq { intent, users, until, reason, plan_token, confirm } = request;
    let decision = steward.decision(intent, users).await?;
    let action = Action::ExtendTrial { change: change(intent, &decision, false, reason), until };
    reviewed(steward, action, plan_token, confirm, mode).await
}

pub(crate) async fn user_reset_usage(
    steward: &Steward,
    request: UserResetUsageReq,
    mode: Mode,
) -> Result<Outcome> {
    let UserResetUsageReq { intent, users, metric, period, reason, plan_token, confirm } = request;
    let decision = steward.decision(intent, users).await?;
    let action = Action::ResetUsage { change: change(intent, &decision, false, reason), metric, period };
    reviewed(steward, action, plan_token, confirm, mode).await
}

/// The users as they were looked at; where their status was what the decision relied on, it is expected.
fn change(intent: IntentId, decision: &Decision, by_status: bool, reason: String) -> AccountChange {
    let expect: Map<_, _> = decision
        .iter()
        .filter(|_| by_status)
        .map(|(id, user)| (id.to_string(), json!({ "status": user.status })))
        .collect();
    AccountChange { intent, users: decision.keys().copied().collect(), expect: expect.into(), reason }
}
