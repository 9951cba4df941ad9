//! `doctor_run`.

use steward_core::Result;

use super::workspace::CheckList;
use crate::context::Steward;

pub(crate) async fn doctor_run(steward: &Steward, (): ()) -> Result<CheckList> {
    let _ = steward;
    crate::pending::pending("doctor_run").await
}
