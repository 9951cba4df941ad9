//! `sync_status`, `sync_run`, `sync_pause`, `sync_resume`, `sync_window`, `sync_verify`, `sync_rebuild`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use steward_core::sync::RowWindow;
use steward_core::{Dataset, Result};
use steward_store::cache::Cache;
use steward_store::cache::verify::local;
use ts_rs::TS;

use crate::context::{Engine, Steward};
use crate::sync_driver::{SyncDriver, SyncHandle};
use crate::wire::WireError;

/// What a dataset is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "state")]
#[ts(export)]
pub enum DatasetState {
    /// Nothing was read yet.
    Waiting,
    /// The first load runs, newest rows first.
    Loading {
        /// Share done, 0 to 1; none while unknown.
        progress: Option<f64>,
    },
    /// All rows were read once; what changed meanwhile is being read.
    CatchingUp,
    /// Equal to the server at this moment of the server.
    Consistent {
        /// The moment.
        as_of: DateTime<Utc>,
    },
    /// Every row is being compared.
    Verifying {
        /// Share done, 0 to 1.
        progress: Option<f64>,
    },
    /// Rows are read again because the copy cannot be trusted.
    Repairing {
        /// Why, as a sentence.
        reason: String,
    },
    /// Cannot be read; the copy was kept as it was.
    Blocked {
        /// Why, as a sentence.
        reason: String,
    },
}

/// One dataset in the Sync view.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DatasetStatus {
    /// Which.
    pub dataset: Dataset,
    /// What people call it.
    pub label: String,
    /// What it is doing.
    pub state: DatasetState,
    /// The state in words, for example "Consistent as of 14:02:11".
    pub words: String,
    /// Rows in the copy.
    pub rows: u64,
    /// The server's own estimate of its rows.
    pub server_rows_estimate: Option<u64>,
    /// Rows per second while reading.
    pub rows_per_second: Option<f64>,
    /// When it was last compared in full, and without difference.
    pub verified_at: Option<DateTime<Utc>>,
    /// Every row was compared by sums at this moment or later; none while some row never was.
    pub checked_since: Option<DateTime<Utc>>,
    /// Its rows in their order, events newest first, in parts of equal size: when each was last compared.
    pub chunks: Vec<ChunkCheck>,
}

/// A part of a dataset's rows in the map of comparisons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChunkCheck {
    /// When its sum was last equal to the server's, or made so; none when it was never compared.
    pub checked_at: Option<DateTime<Utc>>,
    /// When a difference was last found in it.
    pub drift_at: Option<DateTime<Utc>>,
    /// The first instant of its events; none for other rows.
    pub from: Option<DateTime<Utc>>,
}

/// How thorough a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum VerifyLevel {
    /// Some rows with every look, by hash sums inside the cut, round and round.
    Scrub,
    /// The file and every sum of the copy, without the server.
    Daily,
    /// Every row and every sum of the server, inside one cut.
    Full,
}

impl VerifyLevel {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scrub => "scrub",
            Self::Daily => "daily check",
            Self::Full => "full comparison",
        }
    }
}

/// The last comparison of a level that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LevelRun {
    /// Which level.
    pub level: VerifyLevel,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Rows compared.
    pub rows: u64,
    /// Rows and sums that differed.
    pub differences: u64,
    /// What the file's own checks found, in their words; empty when it is sound.
    pub damage: Vec<String>,
}

/// How far the scrub has come in its round over all datasets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScrubStatus {
    /// Share of the rows compared in this round, 0 to 1.
    pub share: f64,
    /// When this round began; none before the first.
    pub began_at: Option<DateTime<Utc>>,
    /// Rows compared in this round.
    pub rows: u64,
    /// Whether it hurries, because the server was started anew since the last look.
    pub is_urgent: bool,
}

/// Something the copy keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KeptRow {
    /// What, for example "Usage events".
    pub what: String,
    /// How many rows; none where rows are not the measure.
    pub rows: Option<u64>,
    /// The first UTC day it covers; none where it covers no span of time, or nothing.
    pub first_day: Option<NaiveDate>,
    /// The last UTC day it covers.
    pub last_day: Option<NaiveDate>,
    /// Why, as a sentence.
    pub why: String,
}

/// A difference between copy and server that was found.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DriftRow {
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// Where.
    pub dataset: Dataset,
    /// Which rows, in words.
    pub range: String,
    /// Rows missing in the copy.
    pub missing: u64,
    /// Rows only in the copy.
    pub extra: u64,
    /// Rows that differ.
    pub different: u64,
    /// Sums of the rollups that were not what the rows say.
    #[serde(default)]
    pub sums: u64,
    /// By which comparison.
    pub found_by: VerifyLevel,
    /// The snapshot of the server in which it is a fact; none for what the copy found in itself.
    pub snapshot: Option<String>,
    /// Whether they were read again.
    pub is_repaired: bool,
}

/// What the engine is doing as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SyncPhase {
    /// Waiting for the next look.
    Idle,
    /// Opening a connection.
    Connecting,
    /// First load.
    Loading,
    /// Reading what changed.
    Pulling,
    /// Comparing every row.
    Verifying,
    /// Stopped by a person.
    Paused,
    /// Waiting to try again after a failure.
    Retrying,
    /// Stopped by a failure that needs a person.
    Stopped,
}

/// The Sync view.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncStatus {
    /// What the engine is doing.
    pub phase: SyncPhase,
    /// The server's time of the last cut.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether every dataset equals the server at `as_of`.
    pub is_consistent: bool,
    /// Whether the last attempt reached the server.
    pub is_online: bool,
    /// Datasets in their order.
    pub datasets: Vec<DatasetStatus>,
    /// The last failure, gone after a success.
    pub last_error: Option<WireError>,
    /// Number of cuts so far.
    pub cut_count: u64,
    /// How long the last cut took, in milliseconds.
    pub last_cut_ms: Option<f64>,
    /// Size of the encrypted copy on disk, in bytes.
    pub disk_bytes: u64,
    /// Differences found, newest first.
    pub drift: Vec<DriftRow>,
    /// The last comparison of each level that ended, most frequent level first.
    pub levels: Vec<LevelRun>,
    /// The round of the scrub that is under way.
    pub scrub: ScrubStatus,
    /// What is kept on this computer, and why.
    pub kept: Vec<KeptRow>,
    /// Which events are kept as rows, as set for the workspace.
    pub keep: RowWindow,
    /// Since when events are kept as rows; none when all of them are. Before that there are sums alone.
    pub rows_since: Option<DateTime<Utc>>,
    /// Where the server is: `host:port/database`.
    pub server: String,
    /// The login used.
    pub login: String,
    /// The server's clock minus this computer's, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// Since when the step under way has taken longer than two pauses between looks.
    #[serde(default)]
    #[ts(optional)]
    pub stalled_since: Option<DateTime<Utc>>,
}

/// The result of one run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncRunRes {
    /// The server's time of the cut that ended it.
    pub as_of: DateTime<Utc>,
    /// Rows read from the server.
    pub rows_read: u64,
    /// Rows inserted, changed or removed in the copy.
    pub rows_changed: u64,
    /// Wall time in milliseconds.
    pub elapsed_ms: f64,
}

/// One dataset's comparison.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VerifyRow {
    /// Which.
    pub dataset: Dataset,
    /// What people call it.
    pub label: String,
    /// Rows on the server.
    pub server_rows: u64,
    /// Rows in the copy.
    pub local_rows: u64,
    /// Rows missing in the copy.
    pub missing: u64,
    /// Rows only in the copy.
    pub extra: u64,
    /// Rows that differ.
    pub different: u64,
}

/// Which comparison to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VerifyReq {
    /// How thorough. [`VerifyLevel::Scrub`] compares every row by sums now, without waiting for its turn.
    pub level: VerifyLevel,
    /// Whether to wait until what differs was repaired, and compare again.
    pub is_repair: bool,
}

/// The result of a comparison of every row and every rollup inside one cut.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VerifyRes {
    /// How thorough it was.
    pub level: VerifyLevel,
    /// Whether nothing differs.
    pub is_clean: bool,
    /// The server's time of the cut.
    pub as_of: DateTime<Utc>,
    /// By dataset.
    pub datasets: Vec<VerifyRow>,
    /// Rollup buckets compared.
    pub rollup_buckets: u64,
    /// Rollup buckets that differ from the server's own sums, or from what the rows say.
    pub rollup_differences: u64,
    /// What the file's own checks found, in their words; empty when it is sound or was not looked at.
    pub damage: Vec<String>,
    /// Wall time in milliseconds.
    pub elapsed_ms: f64,
}

impl VerifyRes {
    /// Rows and sums that differ.
    #[must_use]
    pub fn differences(&self) -> u64 {
        let rows: u64 = self.datasets.iter().map(|row| row.missing + row.extra + row.different).sum();
        rows + self.rollup_differences
    }
}

pub(crate) async fn sync_status(steward: &Steward, (): ()) -> Result<SyncStatus> {
    let opened = steward.opened().await?;
    match opened.running() {
        Some(engine) => Ok(engine.status()),
        None => {
            let is_due = opened.expects_engine();
            let is_paused = steward.is_paused(opened.id).await?;
            let keep = steward.row_window(opened.id).await?;
            let look = move |_: &_| SyncDriver::look(opened.cache.clone(), &opened.address, keep);
            let status = steward.blocking(look).await?;
            let phase = match (is_paused, is_due) {
                (true, _) => SyncPhase::Paused,
                (false, true) => SyncPhase::Connecting,
                (false, false) => status.phase,
            };
            Ok(SyncStatus { phase, ..status })
        }
    }
}

pub(crate) async fn sync_run(steward: &Steward, (): ()) -> Result<SyncRunRes> {
    let engine = steward.engine().await?;
    let result = engine.run_once().await?;
    let record = steward.current().await?;
    if record.role.is_none() {
        steward.ask_role(&record).await?;
    }
    // A process that ends soon tells now what a running one tells with its next cut.
    if steward.inner.engine == Engine::OnDemand {
        steward.tell_exports().await;
        steward.keep_audit_head(record.id, &steward.cache().await?).await?;
    }
    Ok(result)
}

pub(crate) async fn sync_pause(steward: &Steward, (): ()) -> Result<SyncStatus> {
    steward.set_paused(true).await?;
    sync_status(steward, ()).await
}

pub(crate) async fn sync_resume(steward: &Steward, (): ()) -> Result<SyncStatus> {
    steward.set_paused(false).await?;
    sync_status(steward, ()).await
}

/// Which events this workspace keeps as rows. The copy follows with the next look at the server.
pub(crate) async fn sync_window(steward: &Steward, req: RowWindow) -> Result<SyncStatus> {
    steward.set_row_window(req.checked()?).await?;
    let status = sync_status(steward, ()).await?;
    // An engine that is busy has not taken it up yet.
    Ok(SyncStatus { keep: req, ..status })
}

pub(crate) async fn sync_verify(steward: &Steward, req: VerifyReq) -> Result<VerifyRes> {
    let engine = steward.engine().await?;
    let found = compare(&engine, req.level).await?;
    // What differs is read again in any case; a repair is a comparison after that.
    if req.is_repair && !found.is_clean { compare(&engine, req.level).await } else { Ok(found) }
}

async fn compare(engine: &SyncHandle, level: VerifyLevel) -> Result<VerifyRes> {
    match level {
        VerifyLevel::Scrub => engine.scrub().await,
        VerifyLevel::Daily => engine.check().await,
        VerifyLevel::Full => engine.verify().await,
    }
}

/// A sound copy is read anew in place and stays readable meanwhile. One that does not open, or whose file is damaged, is
/// put aside: nothing is deleted that somebody may still want to look at.
pub(crate) async fn sync_rebuild(steward: &Steward, (): ()) -> Result<SyncStatus> {
    let looked = match steward.opened().await {
        Ok(opened) => opened.cache.read(local::is_sound).await,
        Err(cause) => Err(cause),
    };
    match looked {
        Ok(true) => return steward.engine().await?.rebuild().await,
        Ok(false) => {}
        Err(cause) if cause.kind().is_unusable_copy() => {
            tracing::warn!("the copy is put aside: {}", cause.chain());
        }
        Err(cause) => return Err(cause),
    }
    // Who works on it lets go of it first.
    steward.close_workspace().await;
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            let aside = Cache::quarantine(&inner.home.cache(id))?;
            tracing::warn!("the copy was put aside as {}", aside.display());
            inner.ensure_cache_key(id)
        })
        .await?;
    sync_status(steward, ()).await
}
