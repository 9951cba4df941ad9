//! `sample_open`.

use steward_core::Result;

use super::workspace::{SampleOpenReq, Workspace};
use crate::context::Steward;

pub(crate) async fn sample_open(steward: &Steward, request: SampleOpenReq) -> Result<Workspace> {
    let _ = (steward, request);
    crate::pending::pending("sample_open").await
}
