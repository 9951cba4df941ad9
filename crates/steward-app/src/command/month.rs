//! `month_list`, `month_close`, `month_reopen`.

use steward_core::operation::Outcome;
use steward_core::revenue::Profile;
use steward_core::revenue::close::{MonthCloseReq, MonthList, MonthReopenReq};
use steward_core::{Error, Result};
use steward_store::cache::query;
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn month_list(steward: &Steward, (): ()) -> Result<MonthList> {
    steward.cache().await?.read(query::month::list).await
}

pub(crate) async fn month_close(steward: &Steward, request: MonthCloseReq, mode: Mode) -> Result<Outcome> {
    let MonthCloseReq { intent, month, zone, profile, reason, plan_token, confirm } = request;
    let profile = Profile::named("profile", profile.as_deref())?;
    let name = profile.name.clone();
    // Computed at both steps: if the copy has moved on in between, the token differs and nothing is written down that
    // nobody saw.
    let figures = steward
        .cache()
        .await?
        .read(move |reader| query::month::figures(reader, month, zone, &profile))
        .await?;
    let figures = serde_json::to_value(figures)
        .map_err(|cause| Error::internal("The figures have no JSON form.").with_source(cause))?;
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

pub(crate) async fn month_reopen(steward: &Steward, request: MonthReopenReq, mode: Mode) -> Result<Outcome> {
    let MonthReopenReq { intent, month, reason, plan_token, confirm } = request;
    let action = Action::ReopenMonth { intent, month: month.to_string(), reason };
    reviewed(steward, action, plan_token, confirm, mode).await
}
