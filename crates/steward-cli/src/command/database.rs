//! `db`, `sample`.

use steward_app::Mode;
use steward_app::command::database::DatabaseInstallReq;
use steward_app::command::workspace::SampleOpenReq;
use steward_app::table::row;
use steward_core::Result;

use crate::args::{DbArgs, DbCommand, SampleCommand};
use crate::client::{Answer, Client};
use crate::render::{check, list, status};
use crate::{ask, exit};

pub(crate) async fn run(client: &Client, command: DbCommand) -> Result<Answer> {
    let (args, is_change) = match command {
        DbCommand::Status(args) => (args, false),
        DbCommand::Install(args) | DbCommand::Migrate(args) => (args, true),
    };
    let request = request(client, args)?;
    if !is_change {
        let status = client.ask::<row::database_status>(request).await?;
        return Answer::new(&status, check::database(&status));
    }
    let plan = client.call::<row::database_install>(request.clone(), Mode::Preview).await?;
    if client.global.dry_run || plan.plan.is_empty() {
        return Answer::new(&plan, check::database(&plan));
    }
    if !client.global.json {
        client.note(&check::database(&plan));
    }
    ask::confirm(&client.global, "Do this?")?;
    let status = client.call::<row::database_install>(request, Mode::Run).await?;
    Answer::new(&status, check::database(&status))
}

pub(crate) async fn sample(client: &Client, command: SampleCommand) -> Result<Answer> {
    let (args, is_reset, show) = match command {
        SampleCommand::Open(args) => (args, false, None),
        SampleCommand::Reset(args) => (args, true, None),
        SampleCommand::Show { sample, reset, overview } => (sample, reset, Some(overview)),
    };
    // The sample is no one's work: asked for by a flag, it is thrown away without another question.
    if is_reset && show.is_none() {
        ask::confirm(&client.global, "Throw the sample company away and make it anew?")?;
    }
    let database_url = args.database_url.map(|url| ask::secret_url(&client.global, &url)).transpose()?;
    let request = SampleOpenReq { size: args.size, database_url, is_reset };
    client.note("making the sample company; the first time takes a little while");
    let workspace = client.call::<row::sample_open>(request, Mode::Run).await?;
    if let Some(args) = show {
        let run = client.call::<row::sync_run>((), Mode::Run).await?;
        client.note(&status::run(&run, client.zone().await?));
        return super::overview(client, args).await;
    }
    Ok(Answer::new(&workspace, list::workspaces(std::slice::from_ref(&workspace)))?.code(exit::OK))
}

fn request(client: &Client, args: DbArgs) -> Result<DatabaseInstallReq> {
    Ok(DatabaseInstallReq {
        url: args.url.map(|url| ask::secret_url(&client.global, &url)).transpose()?,
        preset: args.preset,
    })
}
