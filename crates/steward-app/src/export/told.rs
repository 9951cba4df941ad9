//! What the server's audit log is told of exports: at once, or at the next connection.

use chrono::TimeDelta;
use steward_core::Result;
use steward_store::local::WorkspaceRecord;
use steward_store::postgres::exports;

use crate::change::Tag;
use crate::context::{Engine, Steward};

/// After a failure the server is left alone for so long.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

impl Steward {
    /// Tells the server of every export it does not know; what it cannot be told now is told later.
    pub(crate) async fn tell_exports(&self) {
        if self.inner.engine == Engine::Offline {
            return;
        }
        // One at a time, and not again right after a failure.
        let Ok(mut not_before) = self.inner.telling.try_lock() else { return };
        if not_before.is_some_and(|at| self.inner.clock.now() < at) {
            return;
        }
        let Ok(record) = self.current().await else { return };
        *not_before = match self.tell(record).await {
            Ok(()) => None,
            Err(cause) => {
                tracing::info!("the server was not told of an export: {}", cause.chain());
                Some(self.inner.clock.now() + PAUSE)
            }
        };
    }

    async fn tell(&self, record: WorkspaceRecord) -> Result<()> {
        let id = record.id;
        let untold = self.blocking(move |inner| inner.local.untold_exports(id)).await?;
        if untold.is_empty() {
            return Ok(());
        }
        let mut connection = self.connect(&record).await?;
        for (mut job, what) in untold {
            exports::log(&mut connection, job.id, &what).await?;
            job.is_logged = true;
            self.blocking(move |inner| {
                inner.local.put_export(id, &job, inner.clock.now())?;
                inner.local.put_untold(job.id, None)
            })
            .await?;
        }
        self.announce(&[Tag::Exports]);
        Ok(())
    }
}
