//! `audit_list`.

use steward_core::Result;
use steward_core::audit::{AuditList, AuditListReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn audit_list(steward: &Steward, request: AuditListReq) -> Result<AuditList> {
    steward.cache().await?.read(move |reader| query::audit::list(reader, &request)).await
}
