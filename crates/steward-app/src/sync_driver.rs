//! The sync engine at work: one task, one connection, one writer thread.
//!
//! [`steward_core::sync::Machine`] decides; the task here carries out its instructions and tells it what
//! happened. Callers hold a [`SyncHandle`].
//!
//! Map: [`engine`] carries instructions out · [`desk`] takes requests and answers them · [`writer_thread`]
//! owns the cache's writer · [`scrub`] some rows compared with every look · [`journal`] what is remembered
//! between runs · [`slumber`] computers that slept · [`status`] the state in words · [`stripe`] the billing
//! provider's rows · [`abort`] where tests
//! kill the process.

mod abort;
mod desk;
mod engine;
mod journal;
mod scrub;
mod slumber;
mod status;
mod stripe;
mod writer_thread;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use steward_core::sync::{Cursor, Guards, Machine, MachineConfig, Position, RowWindow};
use steward_core::{Clock, Error, ErrorKind, Result};
use steward_store::cache::Cache;
use steward_store::cache::verify::local;
use steward_store::postgres::connect::Address;
use steward_store::postgres::install::MIGRATIONS;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::command::sync::{SyncRunRes, SyncStatus, VerifyRes};
use desk::{Command, Desk};
use engine::Engine;
pub use scrub::ScrubBudget;

/// Where the password comes from; asked before every connection, on a thread that may block.
pub type PasswordSource = Arc<dyn Fn() -> Result<Option<SecretString>> + Send + Sync>;

/// What the driver is told once.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// Pause between two looks at the server.
    pub pull: Duration,
    /// Seed of the jitter of retries.
    pub seed: u64,
    /// Whether it looks at the server by itself; otherwise only when asked to.
    pub is_automatic: bool,
    /// How long a copy that is whole waits for its first look by itself: what is on the way to the screen goes first.
    pub head_start: Duration,
    /// All of them, outside tests.
    pub guards: Guards,
    /// How much the scrub may use.
    pub scrub: ScrubBudget,
    /// Which events are kept as rows.
    pub keep: RowWindow,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            pull: Duration::from_secs(5),
            seed: rand::random(),
            is_automatic: true,
            head_start: Duration::ZERO,
            guards: Guards::default(),
            scrub: ScrubBudget::default(),
            keep: RowWindow::default(),
        }
    }
}

/// The versions of the installed contract this Steward can read: what it knows, no older and no newer.
fn contract_versions() -> std::ops::RangeInclusive<i32> {
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    known..=known
}

/// Starts the engine.
#[derive(Debug)]
pub struct SyncDriver;

impl SyncDriver {
    /// Starts the engine for one workspace. It works until [`SyncHandle::shutdown`]; must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// `CacheBusy` when another Steward works on this copy, or what reading its state fails with.
    pub fn start(
        cache: Cache,
        address: Address,
        password: PasswordSource,
        clock: Arc<dyn Clock>,
        config: SyncConfig,
    ) -> Result<SyncHandle> {
        let rows_wanted = writer_thread::RowsWanted::new(config.keep.rows);
        let writer = cache.writer()?;
        let (commands, inbox) = mpsc::channel(64);
        let shutdown = CancellationToken::new();
        let desk = desk_of(cache.clone(), &address, &config, rows_wanted.clone(), inbox)?;
        let writer = writer_thread::WriterThread::start(writer, rows_wanted);
        let findings = scrub::Findings::default();
        let scrubber = scrub::Scrubber::new(config.scrub, Arc::clone(&findings), config.is_automatic);
        let door = writer.door();
        let engine = Engine::new(
            cache.clone(),
            address,
            password,
            Arc::clone(&clock),
            writer,
            config.guards,
            scrubber,
        );
        let status = desk.subscribe();
        let token = shutdown.clone();
        let automatic = desk::Automatic { is_on: config.is_automatic, head_start: config.head_start };
        // S16: the task is named by its span, owned by the handle and joined at shutdown.
        let task = tokio::spawn(async move { desk::run(desk, engine, token, automatic).await });
        Ok(SyncHandle {
            stripe: stripe::StripeReader::new(cache.clone(), door, Arc::clone(&clock), shutdown.clone()),
            commands,
            status,
            shutdown,
            task: Arc::new(tokio::sync::Mutex::new(Some(task))),
            cache,
            clock,
            findings,
        })
    }

    /// The Sync view of a copy that no engine of this process works on; takes no lock and opens no
    /// connection.
    ///
    /// # Errors
    /// What reading the copy's state fails with.
    pub fn look(cache: Cache, address: &Address, keep: RowWindow) -> Result<SyncStatus> {
        let (_, inbox) = mpsc::channel(1);
        let config = SyncConfig { keep, is_automatic: false, ..SyncConfig::default() };
        let rows_wanted = writer_thread::RowsWanted::new(keep.rows);
        let desk = desk_of(cache, address, &config, rows_wanted, inbox)?;
        Ok(desk.subscribe().borrow().status.as_ref().clone())
    }
}

/// The machine at the position the copy was left at, and the desk in front of it.
fn desk_of(
    cache: Cache,
    address: &Address,
    config: &SyncConfig,
    rows_wanted: writer_thread::RowsWanted,
    inbox: mpsc::Receiver<Command>,
) -> Result<Desk> {
    let position = cache.reader()?.state::<Position>(Position::KEY)?.unwrap_or_default();
    let machine = Machine::new(
        MachineConfig {
            pull_ms: u64::try_from(config.pull.as_millis()).unwrap_or(u64::MAX),
            cut_while_loading_ms: 20_000,
            contract_versions: contract_versions(),
            keep: config.keep,
            seed: config.seed,
            guards: config.guards,
        },
        position,
    );
    let server = format!("{}/{}", status::place(address), address.database());
    Desk::new(cache, machine, inbox, rows_wanted, config.is_automatic, server, address.login().to_owned())
}

/// A running engine. Cheap to clone; the engine stops with [`SyncHandle::shutdown`].
#[derive(Clone)]
pub struct SyncHandle {
    cache: Cache,
    clock: Arc<dyn Clock>,
    findings: scrub::Findings,
    stripe: stripe::StripeReader,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<SyncSnapshot>,
    shutdown: CancellationToken,
    task: Arc<tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl std::fmt::Debug for SyncHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncHandle").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// What is published after every step.
#[derive(Debug, Clone)]
pub struct SyncSnapshot {
    /// The Sync view.
    pub status: Arc<SyncStatus>,
    /// The last cut, for [`SyncHandle::confirmed`].
    pub cursor: Option<Arc<Cursor>>,
}

impl SyncHandle {
    /// The Sync view as it is now.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.status.borrow().status.as_ref().clone()
    }

    /// Follows the state; every step of the engine is a change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<SyncSnapshot> {
        self.status.clone()
    }

    /// Looks at the server now and waits until the copy is consistent.
    ///
    /// # Errors
    /// What the look failed with; the engine goes on trying by itself where that can help.
    pub async fn run_once(&self) -> Result<SyncRunRes> {
        self.ask(Command::Run).await?
    }

    /// Compares every row and every rollup inside one cut; differences are journalled and read again.
    ///
    /// # Errors
    /// What the look failed with.
    pub async fn verify(&self) -> Result<VerifyRes> {
        self.ask(Command::Verify).await?
    }

    /// Compares every row with the server by hash sums, one range after another, each inside a cut, and reads
    /// what differs again. Stays on the scale of seconds a million rows, and may be left to itself.
    ///
    /// # Errors
    /// What a look failed with.
    pub async fn scrub(&self) -> Result<VerifyRes> {
        self.ask(Command::Scrub).await?
    }

    /// Checks the file and every sum of the copy without the server; a look at the server then makes right what
    /// was wrong and journals it.
    ///
    /// # Errors
    /// `CacheCorrupt` when a row cannot be read; what the look failed with.
    pub async fn check(&self) -> Result<VerifyRes> {
        let (began, began_at) = (std::time::Instant::now(), self.clock.now());
        let found = self.cache.read(|reader| local::check(reader, &Arc::default())).await?;
        let result = status::check_res(&found, began_at, began.elapsed());
        *self.findings.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((found, began_at));
        self.run_once().await?;
        Ok(result)
    }

    /// Begins a new first load; the rows of the copy stay readable and are put right chunk by chunk.
    ///
    /// # Errors
    /// `Cancelled` when the engine has stopped.
    pub async fn rebuild(&self) -> Result<SyncStatus> {
        self.ask(Command::Rebuild).await?;
        Ok(self.status())
    }

    /// Reads nothing until [`SyncHandle::resume`]; what is under way is broken off at the last chunk.
    ///
    /// # Errors
    /// `Cancelled` when the engine has stopped.
    pub async fn pause(&self) -> Result<SyncStatus> {
        self.ask(Command::Pause).await?;
        Ok(self.status())
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// `Cancelled` when the engine has stopped.
    pub async fn resume(&self) -> Result<SyncStatus> {
        self.ask(Command::Resume).await?;
        Ok(self.status())
    }

    /// Breaks off what is under way; the next look comes at its time.
    ///
    /// # Errors
    /// `Cancelled` when the engine has stopped.
    pub async fn cancel(&self) -> Result<SyncStatus> {
        self.ask(Command::Cancel).await?;
        Ok(self.status())
    }

    /// Changes the pause between two looks.
    ///
    /// # Errors
    /// `Cancelled` when the engine has stopped.
    pub async fn set_pull(&self, pull: Duration) -> Result<()> {
        self.ask(|reply| Command::SetPull(pull, reply)).await
    }

    /// Changes which events are kept as rows; the copy follows with the next look.
    ///
    /// # Errors
    /// What reading the copy's sums fails with; `Cancelled` when the engine has stopped.
    pub async fn set_keep(&self, keep: RowWindow) -> Result<()> {
        self.ask(|reply| Command::SetKeep(keep, reply)).await?
    }

    /// The part that reads the billing provider, through the same writer.
    #[must_use]
    pub(crate) fn stripe(&self) -> &stripe::StripeReader {
        &self.stripe
    }

    /// Says that somebody looks at the numbers, so that the server is looked at as often as configured.
    pub fn attend(&self) {
        // A desk with a full inbox is busy enough.
        let _ = self.commands.try_send(Command::Attend);
    }

    /// Whether the last cut certainly contains what this transaction wrote.
    #[must_use]
    pub fn confirmed(&self, xid: u64) -> bool {
        self.status.borrow().cursor.as_ref().is_some_and(|cursor| cursor.confirms(xid))
    }

    /// Stops the engine and waits for it; the cache's writer is free afterwards.
    pub async fn shutdown(&self) {
        self.shutdown.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A task that panicked has said so already.
            let _ = task.await;
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let stopped = || Error::new(ErrorKind::Cancelled, "Sync has stopped.");
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }
}
