//! `operation_revert`, and how every reviewed change of the server goes.

use steward_core::operation::{OperationRevertReq, Outcome};
use steward_core::{Error, ErrorKind, Result};
use steward_store::postgres::actions::{self, Action};

use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn operation_revert(
    steward: &Steward,
    request: OperationRevertReq,
    mode: Mode,
) -> Result<Outcome> {
    let OperationRevertReq { intent, operation, reason, plan_token, confirm } = request;
    reviewed(steward, Action::Revert { intent, operation, reason }, plan_token, confirm, mode).await
}

/// Previews an action, or applies what a preview showed and pulls the cut that confirms it.
pub(super) async fn reviewed(
    steward: &Steward,
    action: Action,
    plan_token: Option<String>,
    confirm: Option<String>,
    mode: Mode,
) -> Result<Outcome> {
    let plan_token = match (mode, plan_token) {
        (Mode::Preview, _) => None,
        (Mode::Run, Some(token)) if !token.is_empty() => Some(token),
        (Mode::Run, _) => {
            return Err(Error::invalid("plan_token", "Look at the preview first: its token is needed."));
        }
    };
    let record = steward.current().await?;
    let mut connection = steward.connect(&record).await?;
    let preview = actions::preview(&mut connection, &action).await?;
    let Some(plan_token) = plan_token else { return Ok(preview) };
    // A repeated call answers with the stored result; what was done once needs no second confirmation.
    if preview.is_applied {
        return Ok(preview);
    }
    if preview.plan_token != plan_token {
        return Err(Error::new(
            ErrorKind::Conflict,
            "The rows are no longer as they were shown; nothing was changed.",
        ));
    }
    // What has to be typed is what is dangerous: many rows, or one that shuts somebody out. Asked again right
    // before it is done, of the workspace as it is by now.
    steward.admit_change(&steward.current().await?, preview.confirm.is_some())?;
    if preview.confirm.is_some() && action.reason().trim().is_empty() {
        return Err(Error::invalid("reason", "This needs a reason: it goes to the audit log."));
    }
    if let Some(phrase) = preview.confirm.filter(|phrase| confirm.as_ref() != Some(phrase)) {
        return Err(Error::invalid("confirm", format!("Type \"{phrase}\" to apply this.")));
    }
    let outcome = actions::apply(&mut connection, &action, &plan_token).await?;
    steward.pull_soon().await;
    Ok(outcome)
}
