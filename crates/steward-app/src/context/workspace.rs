//! The workspace whose copy is open, and the way to its server.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use steward_core::id::WorkspaceId;
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::{Cache, CacheKey};
use steward_store::local::WorkspaceRecord;
use steward_store::postgres::PgConnection;
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::role::role_of;
use tokio_util::sync::CancellationToken;

use super::{Engine, Inner, Steward};
use crate::change::Tag;
use crate::command::workspace::Role;
use crate::password;

/// A workspace whose copy is open.
pub(crate) struct Opened {
    pub(crate) id: WorkspaceId,
    pub(crate) cache: Cache,
    cancel: CancellationToken,
}

impl Steward {
    /// The current workspace with its copy open. A failure is not remembered: after a keyring was unlocked
    /// or a copy rebuilt, the next call succeeds.
    pub(crate) async fn opened(&self) -> Result<Arc<Opened>> {
        let record = self.current().await?;
        let mut place = self.inner.opened.lock().await;
        if let Some(opened) = place.as_ref().filter(|opened| opened.id == record.id) {
            return Ok(Arc::clone(opened));
        }
        if let Some(other) = place.take() {
            other.cancel.cancel();
        }
        let id = record.id;
        let cache = self.blocking(move |inner| inner.open_cache(id)).await?;
        let opened = Arc::new(Opened { id, cache, cancel: self.inner.cancel.child_token() });
        self.spawn(forward_changes(self.clone(), Arc::clone(&opened)));
        *place = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// The copy of the current workspace.
    pub(crate) async fn cache(&self) -> Result<Cache> {
        Ok(self.opened().await?.cache.clone())
    }

    /// Lets go of the open workspace; the next call opens the then current one.
    pub(crate) async fn close_workspace(&self) {
        if let Some(opened) = self.inner.opened.lock().await.take() {
            opened.cancel.cancel();
        }
    }

    /// Opens a connection to a workspace's server with its own login.
    pub(crate) async fn connect(&self, record: &WorkspaceRecord) -> Result<PgConnection> {
        if self.inner.engine == Engine::Offline {
            return Err(Error::new(ErrorKind::Offline, "The server is not asked, as `--offline` wants it."));
        }
        let address = address_of(record)?;
        let password = self.password(record.id).await?;
        connect(&address, password.as_ref()).await
    }

    /// A workspace's password: from `STEWARD_PASSWORD_COMMAND`, else from where secrets are kept.
    pub(crate) async fn password(&self, id: WorkspaceId) -> Result<Option<SecretString>> {
        self.blocking(move |inner| match password::from_command()? {
            Some(password) => Ok(Some(password)),
            None => inner.secrets.get(&password_name(id)),
        })
        .await
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
        Cache::open(&path, &key, id)
    }

    /// Makes and keeps a new key for a workspace's copy.
    pub(crate) fn new_cache_key(&self, id: WorkspaceId) -> Result<CacheKey> {
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

/// Tells what each commit of the copy changed.
async fn forward_changes(steward: Steward, opened: Arc<Opened>) {
    let mut changes = opened.cache.subscribe();
    loop {
        let change = tokio::select! {
            () = opened.cancel.cancelled() => return,
            change = changes.recv() => change,
        };
        match change {
            Ok(change) => {
                let tags = change.datasets.into_iter().map(Tag::of).chain([Tag::Sync]);
                steward.inner.announcer.announce(tags);
            }
            // Too many to keep: everything may have changed.
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                steward.announce(&[Tag::Sync, Tag::Usage, Tag::Users, Tag::Plans, Tag::Audit]);
            }
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}
