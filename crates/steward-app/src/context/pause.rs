//! A pause is a wish of a person about a workspace, whichever process it is said in: it stands in
//! `local.db`, and the window that works on the copy follows it.

use std::time::Duration;

use steward_core::Result;
use steward_core::id::WorkspaceId;
use tokio::time::MissedTickBehavior;

use super::{Inner, Steward};
use crate::change::Tag;
use crate::command::sync::SyncPhase;

/// How often a window looks whether another process wrote to `local.db`: one pragma, no disk.
const LOOK: Duration = Duration::from_secs(2);

impl Steward {
    /// Writes the wish down and tells the engine, if it runs in this process.
    pub(crate) async fn set_paused(&self, is_paused: bool) -> Result<()> {
        let id = self.current().await?.id;
        self.blocking(move |inner| inner.local.put_setting(&name(id), &is_paused)).await?;
        self.follow_pause().await
    }

    /// Whether somebody paused this workspace.
    pub(crate) async fn is_paused(&self, id: WorkspaceId) -> Result<bool> {
        self.blocking(move |inner| inner.is_paused(id)).await
    }

    /// Brings the engine of the open workspace to what `local.db` says.
    async fn follow_pause(&self) -> Result<()> {
        let opened = self.opened().await?;
        let Some(engine) = opened.running() else { return Ok(()) };
        let wanted = self.is_paused(opened.id).await?;
        match (engine.status().phase == SyncPhase::Paused, wanted) {
            (false, true) => engine.pause().await.map(drop),
            (true, false) => engine.resume().await.map(drop),
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// Tells the window what other processes wrote into `local.db`, and follows a pause and
    /// which events shall be kept as rows, until it closes.
    pub(super) async fn follow_local(self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut known = None;
        loop {
            tokio::select! {
                () = self.inner.cancel.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let Ok(version) = self.blocking(|inner| inner.local.data_version()).await else { continue };
            if known.replace(version).is_none_or(|before| before == version) {
                continue;
            }
            self.announce(&[Tag::Workspace, Tag::Settings, Tag::Sync, Tag::Exports, Tag::Billing]);
            for followed in [self.follow_pause().await, self.follow_row_window().await] {
                if let Err(cause) = followed {
                    tracing::info!("what another process wrote is not followed yet: {}", cause.chain());
                }
            }
        }
    }
}

impl Inner {
    pub(super) fn is_paused(&self, id: WorkspaceId) -> Result<bool> {
        Ok(self.local.setting(&name(id))?.unwrap_or(false))
    }
}

fn name(id: WorkspaceId) -> String {
    format!("workspace/{id}/is_paused")
}
