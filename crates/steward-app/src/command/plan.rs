//! `plan_list`.

use steward_core::Result;
use steward_core::plan::PlanList;
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn plan_list(steward: &Steward, (): ()) -> Result<PlanList> {
    steward.cache().await?.read(query::plan::list).await
}
