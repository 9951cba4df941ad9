//! The commands, one module per noun: a request from the arguments, the table's answer, its text.

mod account;
mod billing;
mod change;
mod database;
mod export;
mod list;
mod operator;
mod plan;
mod rate;
mod report;
mod revenue;
mod scenario;
mod settings;
mod sync;
mod upkeep;
mod usage;
mod user;
mod workspace;

use steward_app::Mode;
use steward_app::command::overview::OverviewPictureReq;
use steward_app::table::row;
use steward_core::Result;
use steward_core::overview::OverviewReq;

use crate::args::{Command, EventCommand, OverviewArgs, PlanCommand, SettingsCommand, UserCommand};
use crate::client::{Answer, Client};
use crate::{exit, render};

/// Carries out a command; none where it has printed its answers itself.
pub(crate) async fn run(client: &Client, command: Command) -> Result<Option<Answer>> {
    Ok(Some(match command {
        Command::Overview(args) => overview(client, args).await?,
        Command::Usage(args) => usage::usage(client, args).await?,
        Command::Offenders(args) => usage::offenders(client, args).await?,
        Command::Views(command) => usage::views(client, command).await?,
        Command::Find { text, limit } => list::find(client, &text, limit).await?,
        Command::Users(UserCommand::List(args)) => list::users(client, args).await?,
        Command::Users(UserCommand::Show { user }) => user::show(client, user).await?,
        Command::Users(UserCommand::Timeline { user, topic, page }) => {
            user::timeline(client, user, topic, page).await?
        }
        Command::Users(UserCommand::ChangePlan(args)) => change::plan(client, args).await?,
        Command::Users(UserCommand::Suspend(args)) => account::suspend(client, args).await?,
        Command::Users(UserCommand::Restore(args)) => account::restore(client, args).await?,
        Command::Users(UserCommand::ExtendTrial(args)) => account::extend_trial(client, args).await?,
        Command::Users(UserCommand::ResetUsage(args)) => account::reset_usage(client, args).await?,
        Command::Users(UserCommand::RaiseLimit(args)) => account::raise_limit(client, args).await?,
        Command::Users(UserCommand::Limits { user }) => account::limits(client, user).await?,
        Command::Limits(command) => account::check(client, command).await?,
        Command::Cleanup(args) => upkeep::cleanup(client, args).await?,
        Command::Recount(args) => upkeep::recount(client, args).await?,
        Command::Quality { days } => upkeep::quality(client, days).await?,
        Command::Plans(PlanCommand::List) => list::plans(client).await?,
        Command::Plans(PlanCommand::Edit(args)) => plan::edit(client, args).await?,
        Command::Revenue(args) => revenue::run(client, args).await?,
        Command::Scenarios(command) => scenario::run(client, command).await?,
        Command::Rates(command) => rate::run(client, command).await?,
        Command::Report(command) => report::run(client, command).await?,
        Command::Stripe(command) => billing::stripe(client, command).await?,
        Command::Billing => billing::show(client).await?,
        Command::Invoices(args) => billing::invoices(client, args).await?,
        Command::Payments(args) => billing::payments(client, args).await?,
        Command::Refunds(args) => billing::refunds(client, args).await?,
        Command::Events(EventCommand::List(args)) => list::events(client, args).await?,
        Command::Audit(command) => list::audit(client, command).await?,
        Command::Export(command) => export::run(client, command).await?,
        Command::Operators(command) => operator::run(client, command).await?,
        Command::Revert(args) => change::revert(client, args).await?,
        Command::Sync(args) => return sync::run(client, args).await,
        Command::Verify(args) => sync::verify(client, &args).await?,
        Command::Workspace(command) => workspace::run(client, command).await?,
        Command::Connect(args) => workspace::connect(client, args).await?,
        Command::Db(command) => database::run(client, command).await?,
        Command::Sample(command) => database::sample(client, command).await?,
        Command::Doctor => {
            let checks = client.ask::<row::doctor_run>(()).await?;
            let code = if checks.is_ok { exit::OK } else { exit::CHECK_FAILED };
            Answer::new(&checks, render::check::checks(&checks))?.code(code)
        }
        Command::Whoami => {
            let session = client.ask::<row::session_show>(()).await?;
            Answer::new(&session, render::status::session(&session))?
        }
        Command::Settings(SettingsCommand::Show) => settings::show(client).await?,
        Command::Settings(SettingsCommand::Set { name, value }) => {
            settings::set(client, &name, &value).await?
        }
        Command::Completions { .. } | Command::Manual { .. } | Command::ExitCodes => return Ok(None),
    }))
}

async fn overview(client: &Client, args: OverviewArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let compare = match args.compare {
        Some(compare) => compare.into(),
        None => client.settings().await?.compare,
    };
    let request = OverviewReq { range: client.range().await?, zone: client.zone().await?, compare };
    let overview = client.ask::<row::overview_show>(request.clone()).await?;
    if let Some(path) = args.picture {
        let request = OverviewPictureReq { overview: request, path, is_dark: args.dark };
        let written = client.call::<row::overview_picture>(request, Mode::Run).await?;
        client.note(&format!("wrote {}", written.path));
    }
    Ok(Answer::new(&overview, render::overview::overview(&overview))?.fresh(&overview.freshness))
}
