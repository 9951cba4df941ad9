//! The sample company's private server, started when it is needed.

use std::sync::Arc;

use steward_core::Result;
use steward_store::local::WorkspaceRecord;

use super::{Engine, Steward, address_of};
use crate::command::sample::Wanted;
use crate::command::workspace::{Environment, SampleOpenReq};
use crate::sample::{LOGIN, SampleServer, workspace_name};

impl Steward {
    /// The private server, started by the first call.
    pub(crate) async fn sample_server(&self) -> Result<Arc<SampleServer>> {
        let mut place = self.inner.sample.lock().await;
        if let Some(server) = place.as_ref() {
            return Ok(Arc::clone(server));
        }
        let started = self.blocking(|inner| SampleServer::start(&inner.home, inner.secrets.as_ref())).await?;
        let server = Arc::new(started);
        *place = Some(Arc::clone(&server));
        Ok(server)
    }

    /// Starts the private server for a workspace that lives on it, and writes down where it listens now.
    /// Any other workspace stays as it is.
    pub(crate) async fn wake(&self, record: WorkspaceRecord) -> Result<WorkspaceRecord> {
        let address = address_of(&record)?;
        let is_private = record.environment == Environment::Sample.name() && address.login() == LOGIN;
        if !is_private || self.inner.engine == Engine::Offline {
            return Ok(record);
        }
        let port = self.sample_server().await?.port();
        if port == address.port() {
            return Ok(record);
        }
        let record = WorkspaceRecord { url: address.with_port(port).to_url(), ..record };
        let kept = record.clone();
        self.blocking(move |inner| inner.local.put_workspace(&kept)).await?;
        Ok(record)
    }

    /// Whether the sample company that `sample_open` would open is the current workspace with a copy that
    /// can be read: then its numbers can be shown before anything is started.
    pub async fn shows_sample(&self) -> bool {
        let Ok(wanted) = Wanted::from_request(&SampleOpenReq::default()) else { return false };
        let Ok(record) = self.current().await else { return false };
        let is_wanted = wanted.database_url.is_none()
            && record.environment == Environment::Sample.name()
            && record.name == workspace_name(wanted.size)
            && address_of(&record).is_ok_and(|address| address.login() == LOGIN);
        is_wanted && self.blocking(move |inner| inner.has_key_of(record.id)).await.unwrap_or(false)
    }

    /// Stops the private server if this Steward started it.
    pub(super) async fn stop_sample(&self) {
        if let Some(server) = self.inner.sample.lock().await.take() {
            // The server takes a moment to write everything down.
            let _ = tokio::task::spawn_blocking(move || drop(server)).await;
        }
    }
}
