//! `overview_show`.

use steward_core::Result;
use steward_core::overview::{Overview, OverviewReq};

use crate::context::Steward;

pub(crate) async fn overview_show(steward: &Steward, request: OverviewReq) -> Result<Overview> {
    let _ = (steward, request);
    crate::pending::pending("overview_show").await
}
