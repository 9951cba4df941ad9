//! `workspace`, `connect`.

use steward_app::Mode;
use steward_app::command::workspace::{
    ConnectionTestReq, Environment, Workspace, WorkspaceAddReq, WorkspaceModeReq, WorkspacePasswordReq,
    WorkspaceRef, WorkspaceRemoveReq, WriteMode,
};
use steward_app::table::row;
use steward_core::{Error, Result};

use crate::args::{ConnectArgs, EnvironmentArg, WorkspaceAddArgs, WorkspaceCommand, WorkspaceMode};
use crate::client::{Answer, Client};
use crate::render::list;
use crate::{ask, exit, render};

pub(crate) async fn run(client: &Client, command: WorkspaceCommand) -> Result<Answer> {
    match command {
        WorkspaceCommand::Add(args) => add(client, args).await,
        WorkspaceCommand::List => {
            let workspaces = client.ask::<row::workspace_list>(()).await?;
            let text = if workspaces.rows.is_empty() {
                "There is no workspace yet. `steward workspace add NAME -` adds a database, \
                 `steward sample open` a sample company."
                    .to_owned()
            } else {
                list::workspaces(&workspaces.rows)
            };
            Answer::new(&workspaces, text)
        }
        WorkspaceCommand::Use { name } => {
            let workspace = client.ask::<row::workspace_use>(WorkspaceRef { workspace: name }).await?;
            one(&workspace)
        }
        WorkspaceCommand::Remove { name } => {
            let phrase = ask::typed(
                &client.global,
                &name,
                "Forgets the workspace, its password and its copy; the server keeps its data.",
            )?;
            let request = WorkspaceRemoveReq { workspace: name, confirm: Some(phrase) };
            let left = client.call::<row::workspace_remove>(request, Mode::Run).await?;
            Answer::new(&left, list::workspaces(&left.rows))
        }
        WorkspaceCommand::Password { name } => {
            let line = ask::secret_line(&client.global, "Password: ")?;
            // Blanks at the end may be a part of it; the line's own end is not.
            let password = line.trim_end_matches(['\r', '\n']).to_owned();
            let request = WorkspacePasswordReq { workspace: name, password };
            one(&client.call::<row::workspace_password>(request, Mode::Run).await?)
        }
        WorkspaceCommand::Mode { name, mode } => {
            let request = WorkspaceModeReq {
                workspace: name,
                mode: match mode {
                    WorkspaceMode::ReadOnly => WriteMode::ReadOnly,
                    WorkspaceMode::Reviewed => WriteMode::Reviewed,
                    WorkspaceMode::Unlocked => WriteMode::Unlocked,
                },
            };
            one(&client.ask::<row::workspace_mode>(request).await?)
        }
    }
}

pub(crate) async fn connect(client: &Client, args: ConnectArgs) -> Result<Answer> {
    let request = ConnectionTestReq {
        url: args.url.map(|url| ask::secret_url(&client.global, &url)).transpose()?,
        ca_file: args.ca_file.map(|path| path.display().to_string()),
    };
    let checks = client.ask::<row::connection_test>(request).await?;
    let code = if checks.is_ok { exit::OK } else { exit::CHECK_FAILED };
    Ok(Answer::new(&checks, render::check::checks(&checks))?.code(code))
}

async fn add(client: &Client, args: WorkspaceAddArgs) -> Result<Answer> {
    if args.mode == Some(WorkspaceMode::Unlocked) {
        return Err(Error::invalid(
            "mode",
            "A new workspace is read-only or reviewed; unlock it when you need to.",
        ));
    }
    let request = WorkspaceAddReq {
        name: args.name,
        url: ask::secret_url(&client.global, &args.url)?,
        environment: match args.environment {
            EnvironmentArg::Production => Environment::Production,
            EnvironmentArg::Staging => Environment::Staging,
            EnvironmentArg::Development => Environment::Development,
        },
        is_read_only: args.mode.map(|mode| mode == WorkspaceMode::ReadOnly),
        ca_file: args.ca_file.map(|path| path.display().to_string()),
    };
    let workspace = client.call::<row::workspace_add>(request, Mode::Run).await?;
    client.note("next: `steward connect` tests it, `steward sync` reads it");
    one(&workspace)
}

fn one(workspace: &Workspace) -> Result<Answer> {
    Answer::new(workspace, list::workspaces(std::slice::from_ref(workspace)))
}
