//! `audit_list`, `audit_verify`.

use steward_core::Result;
use steward_core::audit::{AuditList, AuditListReq, AuditVerify};
use steward_core::id::WorkspaceId;
use steward_store::cache::{Cache, query};
use steward_store::postgres::audit;

use crate::context::Steward;

pub(crate) async fn audit_list(steward: &Steward, request: AuditListReq) -> Result<AuditList> {
    steward.cache().await?.read(move |reader| query::audit::list(reader, &request)).await
}

/// The server goes along its chain; what this computer has seen of it stands beside.
pub(crate) async fn audit_verify(steward: &Steward, (): ()) -> Result<AuditVerify> {
    let record = steward.current().await?;
    let id = record.id;
    let seen = steward.blocking(move |inner| inner.local.audit_heads(id)).await?;
    let mut connection = steward.connect(&record).await?;
    let verified = audit::verify(&mut connection, &seen).await?;
    if let Some(head) = verified.head.clone().filter(|_| verified.is_whole) {
        steward.blocking(move |inner| inner.local.put_audit_head(id, &head, inner.clock.now())).await?;
    }
    Ok(verified)
}

impl Steward {
    /// Keeps the end of the chain as the copy has it now.
    pub(crate) async fn keep_audit_head(&self, id: WorkspaceId, cache: &Cache) -> Result<()> {
        let Some(head) = cache.read(query::audit::head).await? else { return Ok(()) };
        self.blocking(move |inner| inner.local.put_audit_head(id, &head, inner.clock.now())).await
    }
}
