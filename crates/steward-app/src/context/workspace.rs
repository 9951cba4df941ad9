//! The workspace whose copy is open, and the way to its server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use steward_core::id::WorkspaceId;
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::cache::{Cache, CacheKey, Change, query};
use steward_store::local::WorkspaceRecord;
use steward_store::postgres::PgConnection;
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::role::role_of;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, broadcast};
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::{Engine, Inner, Steward, stripe};
use crate::change::Tag;
use crate::command::settings::Settings;
use crate::command::workspace::Role;
use crate::password;
use crate::sync_driver::{SyncConfig, SyncDriver, SyncHandle};

/// How long somebody who asks for the engine waits for another Steward that is about to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries of theirs.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Between two tries of a window that another Steward keeps from reading.
const TAKE_OVER: Duration = Duration::from_secs(2);

/// How long after a workspace was opened the server is looked at, where the copy is whole: server and page would take
/// turns on the same processors while somebody waits for the first numbers.
const HEAD_START: Duration = Duration::from_secs(1);
/// How long after a workspace was opened its subscriptions are read ahead.
const READ_AHEAD: Duration = Duration::from_secs(3);

/// A workspace whose copy is open.
pub(crate) struct Opened {
    pub(crate) id: WorkspaceId,
    pub(crate) address: Address,
    pub(crate) cache: Cache,
    engine: OnceCell<SyncHandle>,
    /// An engine will run here by itself: it is being started, or goes on with a copy that another Steward holds.
    expects_engine: AtomicBool,
    pub(super) cancel: CancellationToken,
}

impl Opened {
    /// The running engine, if one runs in this process.
    pub(crate) fn running(&self) -> Option<&SyncHandle> {
        self.engine.get()
    }

    /// Whether an engine that does not run yet is about to, without being asked for.
    pub(crate) fn expects_engine(&self) -> bool {
        self.expects_engine.load(Ordering::Relaxed)
    }

    async fn stop(&self) {
        self.cancel.cancel();
        if let Some(engine) = self.engine.get() {
            engine.shutdown().await;
        }
    }
}

impl Steward {
    /// Opens the current workspace's copy before somebody asks of it: a window does so while its page still starts. What
    /// fails is told to who asks.
    pub async fn open_ahead(&self) {
        if let Err(cause) = self.opened().await {
            tracing::debug!("the copy is opened when it is asked for: {}", cause.chain());
        }
    }

    /// The current workspace with its copy open. A failure is not remembered: after a keyring was unlocked
    /// or a copy rebuilt, the next call succeeds.
    pub(crate) async fn opened(&self) -> Result<Arc<Opened>> {
        let record = self.current().await?;
        let mut place = self.inner.opened.lock().await;
        if let Some(opened) = place.as_ref().filter(|opened| opened.id == record.id) {
            return Ok(Arc::clone(opened));
        }
        if let Some(other) = place.take() {
            other.stop().await;
        }
        let id = record.id;
        let cache = self.blocking(move |inner| inner.open_cache(id)).await?;
        let address = address_of(&record)?;
        let cancel = self.inner.cancel.child_token();
        let opened = Arc::new(Opened {
            id,
            address,
            cache,
            engine: OnceCell::new(),
            expects_engine: AtomicBool::new(self.inner.engine == Engine::Continuous),
            cancel,
        });
        // Subscribed to before anybody can write.
        let changes = opened.cache.subscribe();
        self.spawn(forward_changes(self.clone(), Arc::clone(&opened), changes));
        *place = Some(Arc::clone(&opened));
        drop(place);
        if self.inner.engine == Engine::Continuous {
            // Another Steward may hold the copy; then this one shows what that one reads, and goes on with it.
            if let Err(cause) = self.engine_of(&opened).await {
                tracing::info!("no engine runs in this process: {}", cause.chain());
                if cause.kind() == ErrorKind::CacheBusy {
                    self.spawn(take_over(self.clone(), Arc::clone(&opened)));
                } else {
                    opened.expects_engine.store(false, Ordering::Relaxed);
                }
            }
            self.spawn(stripe::keep_fresh(self.clone(), Arc::clone(&opened)));
            if record.role.as_deref().and_then(Role::from_name).is_some_and(|role| role.may(Role::Finance)) {
                self.spawn(read_ahead(opened.cache.clone(), opened.cancel.clone()));
            }
            if record.role.is_none() {
                self.spawn(find_role(self.clone(), record, opened.cancel.clone()));
            }
        }
        Ok(opened)
    }

    /// The engine of the current workspace, started by the first who asks.
    pub(crate) async fn engine(&self) -> Result<SyncHandle> {
        if self.inner.engine == Engine::Offline {
            return Err(offline());
        }
        let opened = self.opened().await?;
        let began = Instant::now();
        let mut looks = interval(ASK_AGAIN);
        loop {
            looks.tick().await;
            match self.engine_of(&opened).await {
                // A window that is just being closed, or a look by a timer.
                Err(error) if error.kind() == ErrorKind::CacheBusy && began.elapsed() < PATIENCE => {}
                outcome => return outcome,
            }
        }
    }

    /// Looks at the server after a change, so that the copy shows it. The change is done whatever becomes of
    /// this: a failure here is told by the engine's own status.
    pub(crate) async fn pull_soon(&self) {
        let engine = match self.opened().await {
            Ok(opened) if self.inner.engine != Engine::Offline => self.engine_of(&opened).await,
            _ => return,
        };
        // Another Steward that holds the copy looks by itself.
        let Ok(engine) = engine else { return };
        let cancel = self.inner.cancel.child_token();
        let pull = async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                result = engine.run_once() => {
                    if let Err(cause) = result {
                        tracing::info!("the change is not in the copy yet: {}", cause.chain());
                    }
                }
            }
        };
        match self.inner.engine {
            Engine::Continuous => self.spawn(pull),
            // The process ends soon; only what is awaited happens.
            Engine::OnDemand => pull.await,
            Engine::Offline => {}
        }
    }

    async fn engine_of(&self, opened: &Arc<Opened>) -> Result<SyncHandle> {
        let start = || async {
            let settings: Settings =
                self.blocking(|inner| Ok(inner.local.setting("settings")?.unwrap_or_default())).await?;
            let (inner, id) = (Arc::clone(&self.inner), opened.id);
            let record = self.blocking(move |inner| inner.workspace(&id.to_string())).await?;
            let address = address_of(&self.wake(record).await?)?;
            let config = SyncConfig {
                pull: Duration::from_secs(u64::from(settings.pull_seconds.max(1))),
                is_automatic: self.inner.engine == Engine::Continuous,
                seed: rand::random(),
                head_start: HEAD_START,
                keep: self.row_window(id).await?,
                ..SyncConfig::default()
            };
            let handle = SyncDriver::start(
                opened.cache.clone(),
                address,
                Arc::new(move || inner.password(id)),
                Arc::clone(&self.inner.clock),
                config,
            )?;
            // Only what works by itself is held up by a pause; who asks for one look gets it.
            if self.inner.engine == Engine::Continuous && self.is_paused(id).await? {
                handle.pause().await?;
            }
            self.spawn(forward_status(self.clone(), handle.clone(), opened.cancel.clone()));
            Ok(handle)
        };
        opened.engine.get_or_try_init(start).await.cloned()
    }

    /// The copy of the current workspace.
    pub(crate) async fn cache(&self) -> Result<Cache> {
        let opened = self.opened().await?;
        if let Some(engine) = opened.engine.get() {
            engine.attend();
        }
        Ok(opened.cache.clone())
    }

    /// Lets go of the open workspace; the next call opens the then current one.
    pub(crate) async fn close_workspace(&self) {
        let opened = self.inner.opened.lock().await.take();
        if let Some(opened) = opened {
            opened.stop().await;
        }
    }

    /// Opens a connection to a workspace's server with its own login.
    pub(crate) async fn connect(&self, record: &WorkspaceRecord) -> Result<PgConnection> {
        if self.inner.engine == Engine::Offline {
            return Err(offline());
        }
        let address = address_of(&self.wake(record.clone()).await?)?;
        let id = record.id;
        let password = self.blocking(move |inner| inner.password(id)).await?;
        connect(&address, password.as_ref()).await
    }

    /// Asks the server which role a workspace's login has, and remembers it.
    pub(crate) async fn ask_role(&self, record: &WorkspaceRecord) -> Result<Option<Role>> {
        let mut connection = self.connect(record).await?;
        let name = role_of(&mut connection).await?;
        let role = name.and_then(Role::from_name);
        self.remember_role(record.id, role).await?;
        Ok(role)
    }

    async fn remember_role(&self, id: WorkspaceId, role: Option<Role>) -> Result<()> {
        let has_changed = self
            .blocking(move |inner| {
                let mut record = inner.workspace(&id.to_string())?;
                let role = role.map(|role| role.name().to_owned());
                let has_changed = record.role != role;
                if has_changed {
                    record.role = role;
                    inner.local.put_workspace(&record)?;
                }
                Ok(has_changed)
            })
            .await?;
        if has_changed {
            self.announce(&[Tag::Workspace]);
        }
        Ok(())
    }
}

impl Inner {
    /// A workspace's password: from `STEWARD_PASSWORD_COMMAND`, else from where secrets are kept.
    pub(crate) fn password(&self, id: WorkspaceId) -> Result<Option<SecretString>> {
        match password::from_command()? {
            Some(password) => Ok(Some(password)),
            None => self.secrets.get(&password_name(id)),
        }
    }

    /// Opens a workspace's copy under its own random key. A copy whose key is lost cannot be read by
    /// anybody; it is rebuilt, never silently replaced.
    fn open_cache(&self, id: WorkspaceId) -> Result<Cache> {
        let path = self.home.cache(id);
        let key = match self.secrets.get(&key_name(id))? {
            Some(text) => CacheKey::from_hex(text.expose_secret())?,
            None if path.exists() => {
                return Err(Error::new(
                    ErrorKind::CacheKey,
                    "The key of this workspace's copy is not where secrets are kept.",
                )
                .with_detail(format!("secrets: {}", self.secrets.describe())));
            }
            None => self.new_cache_key(id)?,
        };
        Cache::open(&path, &key, id).map_err(|error| {
            let is_locked = error.kind() == ErrorKind::CacheKey;
            match is_locked.then(|| self.owner_of(&path, id)).flatten() {
                Some(owner) => Error::new(
                    ErrorKind::CacheForeign,
                    format!("The local copy found here belongs to another workspace, `{owner}`."),
                )
                .with_source(error),
                None => error,
            }
        })
    }

    /// The other workspace whose key opens a file.
    fn owner_of(&self, path: &Path, id: WorkspaceId) -> Option<String> {
        let mut others = self.local.workspaces().ok()?.into_iter().filter(|other| other.id != id);
        others.find_map(|other| {
            let key = self.secrets.get(&key_name(other.id)).ok()??;
            let key = CacheKey::from_hex(key.expose_secret()).ok()?;
            Cache::is_opened_by(path, &key).then_some(other.name)
        })
    }

    /// Whether a workspace's copy, if there is one, has its key.
    pub(crate) fn has_key_of(&self, id: WorkspaceId) -> Result<bool> {
        Ok(!self.home.cache(id).exists() || self.secrets.get(&key_name(id))?.is_some())
    }

    /// Makes sure that a copy which is read anew has a key. One that is there stays: what is sealed outside the copy opens
    /// with no other.
    pub(crate) fn ensure_cache_key(&self, id: WorkspaceId) -> Result<()> {
        match self.secrets.get(&key_name(id))? {
            Some(text) if CacheKey::from_hex(text.expose_secret()).is_ok() => Ok(()),
            _ => self.new_cache_key(id).map(drop),
        }
    }

    /// Makes and keeps a new key for a workspace's copy.
    fn new_cache_key(&self, id: WorkspaceId) -> Result<CacheKey> {
        let key = CacheKey::generate();
        self.secrets.set(&key_name(id), &SecretString::from(key.to_hex().as_str()))?;
        Ok(key)
    }
}

/// The server of a workspace.
pub(crate) fn address_of(record: &WorkspaceRecord) -> Result<Address> {
    Address::parse(&record.url, record.ca_file.clone())
}

pub(crate) fn password_name(id: WorkspaceId) -> String {
    format!("workspace/{id}/password")
}

pub(crate) fn key_name(id: WorkspaceId) -> String {
    format!("workspace/{id}/cache-key")
}

/// Reads what revenue is computed from before somebody asks for it: of a hundred thousand customers that takes longer
/// than the computation. Not while the window is being drawn.
async fn read_ahead(cache: Cache, cancel: CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => return,
        () = tokio::time::sleep(READ_AHEAD) => {}
    }
    if let Err(cause) = cache.read(query::revenue::read_ahead).await {
        tracing::info!("revenue is read when it is asked for: {}", cause.chain());
    }
}

/// Starts the engine once the Steward that holds the copy has ended.
async fn take_over(steward: Steward, opened: Arc<Opened>) {
    let mut looks = interval(TAKE_OVER);
    loop {
        tokio::select! {
            () = opened.cancel.cancelled() => return,
            _ = looks.tick() => {}
        }
        let outcome = steward.engine_of(&opened).await;
        if matches!(&outcome, Err(cause) if cause.kind() == ErrorKind::CacheBusy) {
            continue;
        }
        opened.expects_engine.store(false, Ordering::Relaxed);
        if let Err(cause) = outcome {
            tracing::info!("no engine runs in this process: {}", cause.chain());
        }
        return steward.announce(&[Tag::Sync]);
    }
}

/// Tells what each commit of the copy changed.
async fn forward_changes(steward: Steward, opened: Arc<Opened>, mut changes: broadcast::Receiver<Change>) {
    loop {
        let change = tokio::select! {
            () = opened.cancel.cancelled() => return,
            change = changes.recv() => change,
        };
        match change {
            Ok(change) => {
                if change.datasets.contains(&Dataset::AuditLog)
                    && let Err(cause) = steward.keep_audit_head(opened.id, &opened.cache).await
                {
                    tracing::info!("the end of the audit log is not kept: {}", cause.chain());
                }
                let billing = change.has_billing.then_some(Tag::Billing);
                let tags = change.datasets.into_iter().map(Tag::of).chain(billing).chain([Tag::Sync]);
                steward.inner.announcer.announce(tags);
                // Who was just read from can be told, too.
                steward.tell_exports().await;
            }
            // Too many to keep: everything may have changed.
            Err(RecvError::Lagged(_)) => {
                steward.announce(&Tag::ALL);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Tells each step of the engine.
async fn forward_status(steward: Steward, handle: SyncHandle, cancel: CancellationToken) {
    let mut status = handle.subscribe();
    loop {
        let step = tokio::select! {
            () = cancel.cancelled() => return,
            step = status.changed() => step,
        };
        if step.is_err() {
            return;
        }
        steward.announce(&[Tag::Sync]);
    }
}

/// Finds out a new workspace's role beside the first read.
async fn find_role(steward: Steward, record: WorkspaceRecord, cancel: CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        result = steward.ask_role(&record) => {
            if let Err(cause) = result {
                tracing::info!("the login's role is not known yet: {}", cause.chain());
            }
        }
    }
}

fn offline() -> Error {
    Error::new(ErrorKind::Offline, "The server is not asked, as `--offline` wants it.")
}
