//! `cleanup`, `recount`, `quality`.

use steward_app::Mode;
use steward_app::table::row;
use steward_core::Result;
use steward_core::upkeep::{CleanupProgress, QualityReq, UsageCleanupReq, UsageRecountReq};

use super::change::{new_intent, reasoned, reviewed};
use crate::args::{CleanupArgs, RecountArgs};
use crate::client::{Answer, Client};
use crate::render::upkeep;
use crate::{ask, exit};

pub(crate) async fn cleanup(client: &Client, args: CleanupArgs) -> Result<Answer> {
    let Some(keep_months) = args.keep_months else { return resume(client).await };
    let request = UsageCleanupReq {
        intent: new_intent(),
        keep_months,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    let mut request = reasoned::<row::usage_cleanup>(client, request)?;
    let preview = client.call::<row::usage_cleanup>(request.clone(), Mode::Preview).await?;
    let shown = upkeep::plan(&preview.plan, client.zone().await?);
    if client.global.dry_run {
        return Answer::new(&preview, shown);
    }
    if !client.global.json {
        client.note(&format!("{shown}\n"));
    }
    let phrase = preview.outcome.confirm.unwrap_or_default();
    request.confirm = Some(ask::typed(&client.global, &phrase, "This cannot be taken back.")?);
    request.plan_token = Some(preview.outcome.plan_token);
    let done = client.call::<row::usage_cleanup>(request, Mode::Run).await?;
    let text = done.progress.as_ref().map(upkeep::progress).unwrap_or_default();
    Ok(Answer::new(&done, text)?.code(done.progress.as_ref().map_or(exit::OK, code)))
}

async fn resume(client: &Client) -> Result<Answer> {
    let mode = if client.global.dry_run { Mode::Preview } else { Mode::Run };
    let progress = client.call::<row::cleanup_resume>((), mode).await?;
    let code = if mode == Mode::Preview { exit::OK } else { code(&progress) };
    Ok(Answer::new(&progress, upkeep::progress(&progress))?.code(code))
}

fn code(progress: &CleanupProgress) -> u8 {
    if progress.is_done { exit::OK } else { exit::PARTIAL }
}

pub(crate) async fn recount(client: &Client, args: RecountArgs) -> Result<Answer> {
    let request = UsageRecountReq {
        intent: new_intent(),
        period: args.month,
        users: args.users,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::usage_recount>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn quality(client: &Client, days: i32) -> Result<Answer> {
    let report = client.ask::<row::quality_show>(QualityReq { days }).await?;
    let is_clean = report.checks.iter().all(|check| check.count == 0);
    let code = if is_clean { exit::OK } else { exit::CHECK_FAILED };
    Ok(Answer::new(&report, upkeep::quality(&report))?.code(code))
}
