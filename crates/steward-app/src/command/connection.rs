//! `connection_test`.

use steward_core::Result;

use super::workspace::{CheckList, ConnectionTestReq};
use crate::context::Steward;

pub(crate) async fn connection_test(steward: &Steward, request: ConnectionTestReq) -> Result<CheckList> {
    let _ = (steward, request);
    crate::pending::pending("connection_test").await
}
