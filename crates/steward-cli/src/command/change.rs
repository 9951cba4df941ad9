//! `users change-plan`, `revert`: look first, then ask, then apply exactly what was shown.

use std::fmt::Write as _;

use steward_app::Mode;
use steward_app::table::{Command as Row, row};
use steward_core::id::IntentId;
use steward_core::operation::{OperationRevertReq, Outcome};
use steward_core::user::UserChangePlanReq;
use steward_core::{Error, Result};

use crate::args::{ChangePlanArgs, RevertArgs};
use crate::client::{Answer, Client};
use crate::render::change::{count_in_words, outcome};
use crate::render::style::Tone;
use crate::{ask, exit};

pub(crate) async fn plan(client: &Client, args: ChangePlanArgs) -> Result<Answer> {
    let request = UserChangePlanReq {
        intent: new_intent(),
        users: args.users,
        plan_code: args.plan,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::user_change_plan>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn revert(client: &Client, args: RevertArgs) -> Result<Answer> {
    let operation = args.operation.parse().map_err(|_| {
        Error::invalid("operation", "An operation's id is a UUID; `steward audit list` shows them.")
    })?;
    let request = OperationRevertReq {
        intent: new_intent(),
        operation,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::operation_revert>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

/// Preview, question, application. The token of the preview goes into the application, so what was shown is
/// what happens, or nothing does.
pub(super) async fn reviewed<C>(
    client: &Client,
    mut request: C::Request,
    accept: impl FnOnce(&mut C::Request, String, Option<String>),
) -> Result<Answer>
where
    C: Row<Response = Outcome>,
    C::Request: Clone,
{
    let preview = client.call::<C>(request.clone(), Mode::Preview).await?;
    let shown = format!("{}\n{}", outcome(&preview), Tone::Muted.paint(count_in_words(&preview)));
    if client.global.dry_run || preview.rows.is_empty() {
        return Ok(Answer::new(&preview, shown)?.code(code(&preview)));
    }
    if !client.global.json {
        client.note(&format!("{shown}\n"));
    }
    let confirm = match &preview.confirm {
        Some(phrase) => Some(ask::typed(&client.global, phrase, &format!("{}.", count_in_words(&preview)))?),
        None => {
            ask::confirm(&client.global, "Apply?")?;
            client.global.confirm.clone()
        }
    };
    accept(&mut request, preview.plan_token, confirm);
    let applied = client.call::<C>(request, Mode::Run).await?;
    let mut text = Tone::Success.paint(count_in_words(&applied));
    let _ = write!(
        text,
        "\noperation {}\n{}",
        applied.intent,
        Tone::Muted.paint(format!("take it back with: steward revert {}", applied.intent))
    );
    Ok(Answer::new(&applied, text)?.code(code(&applied)))
}

fn code(outcome: &Outcome) -> u8 {
    if outcome.skipped.is_empty() { exit::OK } else { exit::PARTIAL }
}

pub(super) fn new_intent() -> IntentId {
    IntentId(uuid::Uuid::now_v7())
}
