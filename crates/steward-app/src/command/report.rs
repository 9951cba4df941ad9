//! `report_revenue`, `report_close`, `report_overview`: what documents hold. `export_run` makes files of them.

use steward_core::Result;
use steward_core::overview::{Overview, OverviewReq};
use steward_core::report::{CloseReport, ReportCloseReq, ReportRevenueReq, RevenueReport, ensure_read};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn report_revenue(steward: &Steward, request: ReportRevenueReq) -> Result<RevenueReport> {
    let kept = super::month::kept(steward).await?;
    steward.cache().await?.read(move |reader| query::report::revenue(reader, &request, &kept)).await
}

pub(crate) async fn report_close(steward: &Steward, request: ReportCloseReq) -> Result<CloseReport> {
    let kept = super::month::kept(steward).await?;
    steward.cache().await?.read(move |reader| query::report::close(reader, &request, &kept)).await
}

pub(crate) async fn report_overview(steward: &Steward, request: OverviewReq) -> Result<Overview> {
    let overview = super::overview::overview_show(steward, request).await?;
    ensure_read(&overview.freshness)?;
    Ok(overview)
}
