//! `audit_list`.

use steward_core::Result;
use steward_core::audit::{AuditList, AuditListReq};

use crate::context::Steward;

pub(crate) async fn audit_list(steward: &Steward, request: AuditListReq) -> Result<AuditList> {
    let _ = (steward, request);
    crate::pending::pending("audit_list").await
}
