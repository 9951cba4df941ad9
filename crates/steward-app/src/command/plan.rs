//! `plan_list`.

use steward_core::Result;
use steward_core::plan::PlanList;

use crate::context::Steward;

pub(crate) async fn plan_list(steward: &Steward, (): ()) -> Result<PlanList> {
    let _ = steward;
    crate::pending::pending("plan_list").await
}
