//! How far an export is, and whether it shall stop.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use steward_core::export::{ExportJob, ExportState};
use steward_core::id::WorkspaceId;
use steward_core::{Error, ErrorKind, Result};
use tokio_util::sync::CancellationToken;

use crate::change::Tag;
use crate::context::Steward;

/// Between two words about how far it is.
const BEAT: TimeDelta = TimeDelta::milliseconds(400);

/// An export at work.
pub(crate) struct Pulse {
    steward: Steward,
    workspace: WorkspaceId,
    cancel: CancellationToken,
    state: Mutex<(ExportJob, DateTime<Utc>)>,
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("job", &self.job().id).finish_non_exhaustive()
    }
}

impl Pulse {
    pub(crate) fn new(
        steward: Steward,
        workspace: WorkspaceId,
        job: ExportJob,
        cancel: CancellationToken,
    ) -> Result<Self> {
        let now = steward.inner.clock.now();
        steward.inner.local.put_export(workspace, &job, now)?;
        steward.announce(&[Tag::Exports]);
        Ok(Self { steward, workspace, cancel, state: Mutex::new((job, now)) })
    }

    pub(crate) fn job(&self) -> ExportJob {
        self.lock().0.clone()
    }

    /// Rows it will have, once that is known.
    pub(crate) fn expect(&self, rows: u64) {
        self.lock().0.rows_total = rows;
    }

    /// A row was written.
    pub(crate) fn row(&self) -> Result<()> {
        let rows = {
            let mut state = self.lock();
            state.0.rows += 1;
            state.0.rows
        };
        // The clock is not asked for every row.
        if rows.is_multiple_of(256) { self.check() } else { Ok(()) }
    }

    /// Fails once the export shall stop; tells from time to time how far it is.
    ///
    /// # Errors
    /// `Cancelled`.
    pub(crate) fn check(&self) -> Result<()> {
        self.look(false)
    }

    /// The same, asking whoever may have stopped it right now: the last look before the file is put into its
    /// place.
    ///
    /// # Errors
    /// `Cancelled`.
    pub(crate) fn check_now(&self) -> Result<()> {
        self.look(true)
    }

    fn look(&self, is_forced: bool) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(stopped());
        }
        let now = self.steward.inner.clock.now();
        let job = {
            let mut state = self.lock();
            if !is_forced && now - state.1 < BEAT && now >= state.1 {
                return Ok(());
            }
            state.1 = now;
            state.0.clone()
        };
        if self.steward.inner.local.put_export(self.workspace, &job, now)? {
            self.cancel.cancel();
            return Err(stopped());
        }
        self.steward.announce(&[Tag::Exports]);
        Ok(())
    }

    /// Keeps how it ended.
    pub(crate) fn end(&self, change: impl FnOnce(&mut ExportJob)) -> Result<ExportJob> {
        let now = self.steward.inner.clock.now();
        let job = {
            let mut state = self.lock();
            state.0.ended_at = Some(now);
            change(&mut state.0);
            state.0.clone()
        };
        debug_assert!(job.state != ExportState::Running, "an export that ended runs no longer");
        self.steward.inner.local.put_export(self.workspace, &job, now)?;
        self.steward.announce(&[Tag::Exports]);
        Ok(job)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (ExportJob, DateTime<Utc>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "The export was stopped; no file was left behind.")
}
