//! `usage_cleanup`, `cleanup_resume`, `usage_recount`, `quality_show`.

use steward_core::operation::Outcome;
use steward_core::upkeep::{
    CleanupProgress, CleanupRes, Quality, QualityReq, UsageCleanupReq, UsageRecountReq,
};
use steward_core::{Error, ErrorCode, ErrorKind, Result};
use steward_store::postgres::PgConnection;
use steward_store::postgres::actions::Action;
use steward_store::postgres::upkeep as server;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

/// How often a step that found a reader in its way is tried again before the cleanup is left for later.
const PATIENCE: usize = 5;

pub(crate) async fn usage_cleanup(
    steward: &Steward,
    request: UsageCleanupReq,
    mode: Mode,
) -> Result<CleanupRes> {
    let UsageCleanupReq { intent, keep_months, reason, plan_token, confirm } = request;
    let mut connection = steward.connect(&steward.current().await?).await?;
    let plan = server::plan_cleanup(&mut connection, keep_months).await?;
    let action = Action::CleanupUsage { intent, keep_months, expect: serde_json::json!({}), reason };
    let outcome = reviewed(steward, action, plan_token, confirm, mode).await?;
    let progress = match mode {
        Mode::Run => Some(finish(steward, &mut connection, outcome.intent).await?),
        Mode::Preview => None,
    };
    Ok(CleanupRes { plan, outcome, progress })
}

pub(crate) async fn cleanup_resume(steward: &Steward, (): (), mode: Mode) -> Result<CleanupProgress> {
    let mut connection = steward.connect(&steward.current().await?).await?;
    let unfinished = server::unfinished_cleanup(&mut connection).await?;
    let unfinished =
        unfinished.ok_or_else(|| Error::new(ErrorKind::NotFound, "No cleanup was left unfinished."))?;
    match mode {
        Mode::Preview => Ok(unfinished),
        Mode::Run => finish(steward, &mut connection, unfinished.intent).await,
    }
}

/// Steps until nothing is left, or until readers are in the way for too long: then it is resumed another time.
async fn finish(
    steward: &Steward,
    connection: &mut PgConnection,
    intent: steward_core::id::IntentId,
) -> Result<CleanupProgress> {
    let mut refused = 0;
    loop {
        match server::cleanup_step(connection, intent).await {
            Ok(progress) if progress.is_done => {
                steward.pull_soon().await;
                return Ok(progress);
            }
            Ok(_) => refused = 0,
            Err(error) if error.code() == ErrorCode::LockTimeout && refused < PATIENCE => refused += 1,
            Err(error) if error.code() == ErrorCode::LockTimeout => {
                let left = server::unfinished_cleanup(connection).await?;
                return left.ok_or(error);
            }
            Err(error) => return Err(error),
        }
    }
}

pub(crate) async fn usage_recount(
    steward: &Steward,
    request: UsageRecountReq,
    mode: Mode,
) -> Result<Outcome> {
    let UsageRecountReq { intent, period, users, reason, plan_token, confirm } = request;
    let users = match users.is_empty() {
        true => None,
        false => Some(steward.decision(intent, users).await?.users.into_keys().collect()),
    };
    let action = Action::RecomputeCounters { intent, period, users, reason };
    reviewed(steward, action, plan_token, confirm, mode).await
}

pub(crate) async fn quality_show(steward: &Steward, request: QualityReq) -> Result<Quality> {
    let mut connection = steward.connect(&steward.current().await?).await?;
    server::quality(&mut connection, request.days).await
}
