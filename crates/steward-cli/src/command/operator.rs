//! `operators list | create | remove`.

use std::fmt::Write as _;

use steward_app::Mode;
use steward_app::table::row;
use steward_core::Result;
use steward_core::operator::{OperatorCreateReq, OperatorRemoveReq};

use super::change::{new_intent, reasoned, reviewed};
use crate::args::{OperatorCommand, OperatorCreateArgs};
use crate::ask;
use crate::client::{Answer, Client};
use crate::render::change::outcome;
use crate::render::operator;
use crate::render::style::Tone;

pub(crate) async fn run(client: &Client, command: OperatorCommand) -> Result<Answer> {
    match command {
        OperatorCommand::List => {
            let found = client.ask::<row::operator_list>(()).await?;
            let text = operator::list(&found.rows, client.zone().await?);
            Answer::new(&found, text)
        }
        OperatorCommand::Create(args) => create(client, args).await,
        OperatorCommand::Remove { login } => {
            let request = OperatorRemoveReq {
                intent: new_intent(),
                login,
                reason: client.reason(),
                plan_token: None,
                confirm: None,
            };
            reviewed::<row::operator_remove>(client, request, |request, token, confirm| {
                request.plan_token = Some(token);
                request.confirm = confirm;
            })
            .await
        }
    }
}

/// The password goes to standard output with the rest of the answer, once; it is nowhere else.
async fn create(client: &Client, args: OperatorCreateArgs) -> Result<Answer> {
    let request = OperatorCreateReq {
        intent: new_intent(),
        login: args.login,
        name: args.name,
        role: args.role.name().to_owned(),
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    let mut request = reasoned::<row::operator_create>(client, request)?;
    let preview = client.call::<row::operator_create>(request.clone(), Mode::Preview).await?;
    let shown = outcome(&preview.outcome);
    if client.global.dry_run {
        return Answer::new(&preview, shown);
    }
    if !client.global.json {
        client.note(&format!("{shown}\n"));
    }
    ask::confirm(&client.global, "Make this login?")?;
    request.plan_token = Some(preview.outcome.plan_token);
    let login = request.login.clone();
    let made = client.call::<row::operator_create>(request, Mode::Run).await?;
    let mut text = Tone::Success.paint(format!("login {login} made"));
    if let Some(password) = &made.password {
        let _ = write!(
            text,
            "\npassword {password}\n{}",
            Tone::Muted.paint("It is shown this once; hand it over on a safe way.")
        );
    }
    Answer::new(&made, text)
}
