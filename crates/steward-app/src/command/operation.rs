//! `operation_revert`.

use steward_core::Result;
use steward_core::operation::{OperationRevertReq, Outcome};

use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn operation_revert(
    steward: &Steward,
    request: OperationRevertReq,
    mode: Mode,
) -> Result<Outcome> {
    let _ = (steward, request, mode);
    crate::pending::pending("operation_revert").await
}
