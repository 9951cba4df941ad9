//! `month_list`, `month_figures`, `month_close`, `month_keep`, `month_drop`, `month_reopen`.

use std::sync::Arc;

use steward_core::operation::Outcome;
use steward_core::revenue::close::{ClosedMonth, Figures, MonthCloseReq, MonthList, MonthReopenReq};
use steward_core::revenue::kept::{
    KeptClose, KeptCloses, MonthDropReq, MonthDropped, MonthFiguresReq, MonthKeepReq, MonthPreview, not_kept,
};
use steward_core::revenue::{Month, Profile};
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::{Reader, query};
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::{Opened, Steward};
use crate::table::Mode;

pub(crate) async fn month_list(steward: &Steward, (): ()) -> Result<MonthList> {
    let kept = kept(steward).await?;
    steward.cache().await?.read(move |reader| query::month::list(reader, &kept)).await
}

pub(crate) async fn month_close(steward: &Steward, request: MonthCloseReq, mode: Mode) -> Result<Outcome> {
    if request.is_kept { send(steward, request, mode).await } else { close(steward, request, mode).await }
}

/// Closes a month with the numbers the copy gives for it now.
async fn close(steward: &Steward, request: MonthCloseReq, mode: Mode) -> Result<Outcome> {
    let MonthCloseReq { intent, month, zone, profile, reason, plan_token, confirm, .. } = request;
    let id = steward.opened().await?.id;
    if steward.blocking(move |inner| inner.local.closed_months(id)).await?.contains(&month) {
        return Err(Error::invalid(
            "month",
            format!("{month} is closed on this computer already; send what is kept, or drop it first."),
        ));
    }
    let profile = Profile::named("profile", profile.as_deref())?;
    let name = profile.name.clone();
    // Computed at both steps: if the copy has moved on in between, the token differs and nothing is written down that
    // nobody saw.
    let (figures, _) = steward
        .cache()
        .await?
        .read(move |reader| query::month::figures(reader, month, zone, &profile))
        .await?;
    let figures = as_json(&figures)?;
    let action = Action::CloseMonth {
        intent,
        month: month.to_string(),
        zone: zone.name().to_owned(),
        profile: name,
        figures,
        reason,
    };
    reviewed(steward, action, plan_token, confirm, mode).await
}

/// Sends a month as it was closed on this computer. The server is asked under the id of then: had it closed the month
/// and only the answer been lost, it answers the same again, and what is kept goes.
async fn send(steward: &Steward, request: MonthCloseReq, mode: Mode) -> Result<Outcome> {
    let MonthCloseReq { month, reason, plan_token, confirm, .. } = request;
    let opened = steward.opened().await?;
    let close = kept_in(steward, &opened).await?.of(month)?.cloned().ok_or_else(|| not_kept(month))?;
    let action = Action::CloseMonth {
        intent: close.intent,
        month: month.to_string(),
        zone: close.zone.name().to_owned(),
        profile: close.profile.clone(),
        figures: close.figures.clone(),
        reason,
    };
    match reviewed(steward, action, plan_token, confirm, mode).await {
        Ok(outcome) if outcome.is_applied && mode == Mode::Run => {
            let forgotten =
                steward.blocking(move |inner| inner.local.forget_sent_close(&opened.cache, &close)).await;
            // The month is closed whatever becomes of what was kept; sent again, it is the same closing.
            if let Err(cause) = forgotten {
                tracing::warn!("a month that was sent is still kept: {}", cause.chain());
            }
            Ok(outcome)
        }
        // A colleague may have closed it first; the copy shows it beside what is kept here.
        Err(error) if error.kind() == ErrorKind::Invalid => {
            steward.pull_soon().await;
            Err(error)
        }
        other => other,
    }
}

pub(crate) async fn month_figures(steward: &Steward, request: MonthFiguresReq) -> Result<MonthPreview> {
    let MonthFiguresReq { month, zone, profile } = request;
    let profile = Profile::named("profile", profile.as_deref())?;
    let look = move |reader: &Reader| {
        if query::month::is_closed(reader, month)? {
            return Err(Error::invalid("month", format!("{month} is closed already; reopen it first.")));
        }
        query::month::figures(reader, month, zone, &profile)
    };
    let (figures, as_of) = steward.cache().await?.read(look).await?;
    Ok(MonthPreview { as_of, figures })
}

pub(crate) async fn month_keep(steward: &Steward, request: MonthKeepReq) -> Result<ClosedMonth> {
    let MonthKeepReq { intent, month, zone, profile, as_of: seen, reason } = request;
    // Whoever sends it has said why by then; the server takes no closing without it.
    if reason.trim().is_empty() {
        return Err(Error::invalid(
            "reason",
            "This needs a reason: it goes to the audit log when it is sent.",
        ));
    }
    let asked = MonthFiguresReq { month, zone, profile };
    let MonthPreview { as_of, figures } = month_figures(steward, asked).await?;
    if seen.is_some_and(|seen| seen != as_of) {
        return Err(Error::new(
            ErrorKind::Conflict,
            "The copy has moved on since the figures were shown; nothing was kept.",
        ));
    }
    let opened = steward.opened().await?;
    let name = figures.profile.name.clone();
    let figures = as_json(&figures)?;
    let login = opened.address.login().to_owned();
    let kept_at = steward.inner.clock.now();
    let close = KeptClose { intent, month, zone, profile: name, figures, reason, as_of, kept_at, login };
    steward.blocking(move |inner| inner.local.put_close(&opened.cache, &close)).await?;
    shown(steward, month).await?.ok_or_else(|| not_kept(month))
}

pub(crate) async fn month_drop(steward: &Steward, request: MonthDropReq) -> Result<MonthDropped> {
    let MonthDropReq { month, confirm } = request;
    let id = steward.opened().await?.id;
    if !steward.blocking(move |inner| inner.local.closed_months(id)).await?.contains(&month) {
        return Err(not_kept(month));
    }
    if confirm.as_deref().map(str::trim) != Some(month.to_string().as_str()) {
        return Err(Error::invalid("confirm", format!("Type {month} to drop what is kept of it.")));
    }
    let was = shown(steward, month).await?;
    if !steward.blocking(move |inner| inner.local.remove_close(id, month)).await? {
        return Err(not_kept(month));
    }
    Ok(MonthDropped { month, was })
}

pub(crate) async fn month_reopen(steward: &Steward, request: MonthReopenReq, mode: Mode) -> Result<Outcome> {
    let MonthReopenReq { intent, month, reason, plan_token, confirm } = request;
    let action = Action::ReopenMonth { intent, month: month.to_string(), reason };
    reviewed(steward, action, plan_token, confirm, mode).await
}

/// The months that are closed on this computer only.
pub(super) async fn kept(steward: &Steward) -> Result<KeptCloses> {
    let opened = steward.opened().await?;
    kept_in(steward, &opened).await
}

async fn kept_in(steward: &Steward, opened: &Arc<Opened>) -> Result<KeptCloses> {
    let cache = opened.cache.clone();
    steward.blocking(move |inner| inner.local.closes(&cache)).await
}

/// A kept month as the list shows it; none where it cannot be opened, or is not kept.
async fn shown(steward: &Steward, month: Month) -> Result<Option<ClosedMonth>> {
    let months = month_list(steward, ()).await?.months;
    Ok(months.into_iter().find(|closed| closed.month == month && closed.kept.is_some()))
}

fn as_json(figures: &Figures) -> Result<String> {
    serde_json::to_string(figures)
        .map_err(|cause| Error::internal("The figures have no JSON form.").with_source(cause))
}
