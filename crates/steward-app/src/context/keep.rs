//! Which events a workspace keeps as rows: a wish like a pause, written into `local.db` and followed from there.

use steward_core::Result;
use steward_core::id::WorkspaceId;
use steward_core::sync::RowWindow;

use super::{Inner, Steward};

impl Steward {
    /// Writes the wish down and tells the engine, if it runs in this process.
    pub(crate) async fn set_row_window(&self, keep: RowWindow) -> Result<()> {
        let id = self.current().await?.id;
        self.blocking(move |inner| inner.local.put_setting(&name(id), &keep)).await?;
        self.follow_row_window().await
    }

    /// Which events a workspace keeps as rows.
    pub(crate) async fn row_window(&self, id: WorkspaceId) -> Result<RowWindow> {
        self.blocking(move |inner| inner.row_window(id)).await
    }

    /// Brings the engine of the open workspace to what `local.db` says.
    pub(super) async fn follow_row_window(&self) -> Result<()> {
        let opened = self.opened().await?;
        let Some(engine) = opened.running() else { return Ok(()) };
        let wanted = self.row_window(opened.id).await?;
        if engine.status().keep == wanted { Ok(()) } else { engine.set_keep(wanted).await }
    }
}

impl Inner {
    fn row_window(&self, id: WorkspaceId) -> Result<RowWindow> {
        Ok(self.local.setting(&name(id))?.unwrap_or_default())
    }
}

fn name(id: WorkspaceId) -> String {
    format!("workspace/{id}/row_window")
}
