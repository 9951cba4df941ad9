//! `sync`, `verify`.

use steward_app::Mode;
use steward_app::command::sync::{SyncStatus, VerifyLevel, VerifyReq};
use steward_app::table::row;
use steward_core::Result;
use steward_core::freshness::Freshness;
use steward_core::sync::RowWindow;

use crate::args::{SyncArgs, SyncCommand, SyncWindowArgs, VerifyArgs, VerifyDepth};
use crate::client::{Answer, Client};
use crate::render::status;
use crate::{ask, exit, run};

pub(crate) async fn run(client: &Client, args: SyncArgs) -> Result<Option<Answer>> {
    match args.command {
        None if args.watch => watch(client).await.map(|()| None),
        None => once(client).await.map(Some),
        Some(SyncCommand::Status) => shown(client, client.ask::<row::sync_status>(()).await?).await.map(Some),
        Some(SyncCommand::Pause) => shown(client, client.ask::<row::sync_pause>(()).await?).await.map(Some),
        Some(SyncCommand::Resume) => shown(client, client.ask::<row::sync_resume>(()).await?).await.map(Some),
        Some(SyncCommand::Rebuild) => {
            ask::confirm(&client.global, "Put the copy aside and read everything anew?")?;
            shown(client, client.call::<row::sync_rebuild>((), Mode::Run).await?).await.map(Some)
        }
        Some(SyncCommand::Window(args)) => window(client, args).await.map(Some),
    }
}

/// What is not named stays as it is; what was set is followed at once where the server can be reached.
async fn window(client: &Client, args: SyncWindowArgs) -> Result<Answer> {
    let status = client.ask::<row::sync_status>(()).await?;
    if args.days.is_none() && args.rows.is_none() {
        return shown(client, status).await;
    }
    let keep = RowWindow {
        days: args.days.map_or(status.keep.days, |days| days.0),
        rows: args.rows.map_or(status.keep.rows, |rows| rows.0),
    };
    client.call::<row::sync_window>(keep, Mode::Run).await?;
    if let Err(error) = once(client).await {
        client.note(&format!("Set. The copy follows with the next look: {error}"));
    }
    shown(client, client.ask::<row::sync_status>(()).await?).await
}

pub(crate) async fn verify(client: &Client, args: &VerifyArgs) -> Result<Answer> {
    let level = match args.level {
        VerifyDepth::Scrub => VerifyLevel::Scrub,
        VerifyDepth::Daily => VerifyLevel::Daily,
        VerifyDepth::Full => VerifyLevel::Full,
    };
    let result = client.ask::<row::sync_verify>(VerifyReq { level, is_repair: args.repair }).await?;
    let code = if result.is_clean { exit::OK } else { exit::FAILURE };
    let freshness = Freshness { as_of: Some(result.as_of), is_consistent: result.is_clean };
    Ok(Answer::new(&result, status::verify(&result))?.fresh(&freshness).code(code))
}

async fn once(client: &Client) -> Result<Answer> {
    let result = client.ask::<row::sync_run>(()).await?;
    let text = status::run(&result, client.zone().await?);
    let freshness = Freshness { as_of: Some(result.as_of), is_consistent: true };
    Ok(Answer::new(&result, text)?.fresh(&freshness))
}

/// Looks again after every pause of the settings, until stopped. A failure that may pass is told and
/// tried again; one that needs a person ends it.
async fn watch(client: &Client) -> Result<()> {
    let pause = std::time::Duration::from_secs(u64::from(client.settings().await?.pull_seconds));
    let mut failures = 0_u32;
    loop {
        match once(client).await {
            Ok(answer) => {
                failures = 0;
                run::emit(client, &answer).await?;
            }
            Err(error) if error.kind().retry() == steward_core::RetryPolicy::Backoff => {
                failures = (failures + 1).min(6);
                client.note(&format!("{error}; trying again"));
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause * 2_u32.pow(failures)).await;
    }
}

async fn shown(client: &Client, state: SyncStatus) -> Result<Answer> {
    let freshness = Freshness { as_of: state.as_of, is_consistent: state.is_consistent };
    Ok(Answer::new(&state, status::sync(&state, client.zone().await?))?.fresh(&freshness))
}
