//! `overview_show`.

use steward_core::Result;
use steward_core::overview::{Overview, OverviewReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn overview_show(steward: &Steward, request: OverviewReq) -> Result<Overview> {
    steward.cache().await?.read(move |reader| query::overview::show(reader, &request)).await
}
