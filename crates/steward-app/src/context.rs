//! `Steward`: what every command works with.

mod keep;
mod pause;
mod sample;
mod stripe;
mod workspace;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use steward_core::id::IntentId;
use steward_core::{Clock, Error, ErrorKind, Result, SystemClock};
use steward_store::local::{Local, WorkspaceRecord};
use tokio::sync::{Mutex, broadcast};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::change::{Announcer, Changes, Tag};
use crate::command::user::Decision;
use crate::command::workspace::{Role, WriteMode, mode_at, needs_unlock};
use crate::home::Home;
use crate::sample::SampleServer;
use crate::secrets::{Secrets, SecretsMode};
use crate::table::{CommandKind, Mode, Spec, Tier};

pub(crate) use stripe::{stripe_key_name, stripe_link_name};
pub(crate) use workspace::{Opened, address_of, key_name, password_name};

/// How the engine works in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Looks at the server by itself, as the window wants it.
    Continuous,
    /// Works when asked, as the command line wants it.
    #[default]
    OnDemand,
    /// Never opens a connection.
    Offline,
}

/// How Steward is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// The folder of all data; none for `STEWARD_HOME` or the platform's own place.
    pub home: Option<PathBuf>,
    /// Where instants come from.
    pub clock: Arc<dyn Clock>,
    /// Where secrets are kept.
    pub secrets: SecretsMode,
    /// How the engine works.
    pub engine: Engine,
    /// A workspace by id or name that stands in for the current one in this process.
    pub workspace: Option<String>,
    /// Where the billing provider is, other than at home; none for `STEWARD_STRIPE_URL` or home.
    pub stripe: Option<String>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            home: None,
            clock: Arc::new(SystemClock),
            secrets: SecretsMode::FromEnvironment,
            engine: Engine::OnDemand,
            workspace: None,
            stripe: None,
        }
    }
}

/// The open front door; cheap to clone. [`Steward::close`] ends what runs behind it.
#[derive(Clone)]
pub struct Steward {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) home: Home,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) local: Local,
    pub(crate) engine: Engine,
    /// What runs beside the calls; joined by [`Steward::close`].
    tasks: std::sync::Mutex<JoinSet<()>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) announcer: Announcer,
    /// Where the billing provider is, other than at home.
    stripe: Option<String>,
    /// The name that stands in for the current workspace.
    chosen: Option<String>,
    /// What the last changes were decided on.
    pub(crate) decisions: std::sync::Mutex<VecDeque<(IntentId, Vec<String>, Decision)>>,
    /// Held while the server is told of exports; before the instant it is left alone.
    pub(crate) telling: Mutex<Option<DateTime<Utc>>>,
    /// The workspace whose copy is open.
    opened: Mutex<Option<Arc<Opened>>>,
    /// The sample company's private server, once it was needed; it stops with this Steward.
    sample: Mutex<Option<Arc<SampleServer>>>,
}

impl Steward {
    /// Opens the folder of data. Nothing of a workspace is opened yet, so this succeeds with a locked
    /// keyring, a damaged copy and no network. Needs a Tokio runtime.
    pub async fn open(options: OpenOptions) -> Result<Self> {
        let OpenOptions { home, clock, secrets, engine, workspace, stripe } = options;
        let (home, local, secrets) = on_blocking_thread(move || {
            let home = Home::resolve(home)?;
            let local = Local::open(&home.local_db())?;
            // A place for secrets that cannot be opened fails the calls that need it, not the start.
            let secrets =
                secrets.open(&home.secrets()).unwrap_or_else(|cause| Arc::new(RefusedSecrets(cause)));
            Ok((home, local, secrets))
        })
        .await?;
        let inner = Inner {
            home,
            clock,
            secrets,
            local,
            engine,
            tasks: std::sync::Mutex::default(),
            cancel: CancellationToken::new(),
            announcer: Announcer::new(),
            stripe: stripe.or_else(|| std::env::var("STEWARD_STRIPE_URL").ok()).filter(|url| !url.is_empty()),
            chosen: workspace.filter(|name| !name.is_empty()),
            decisions: std::sync::Mutex::default(),
            telling: Mutex::default(),
            opened: Mutex::new(None),
            sample: Mutex::new(None),
        };
        let steward = Self { inner: Arc::new(inner) };
        steward.spawn(steward.inner.announcer.clone().run(steward.inner.cancel.clone()));
        if engine == Engine::Continuous {
            steward.spawn(steward.clone().follow_local());
        }
        Ok(steward)
    }

    /// What changed, coalesced.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Changes> {
        self.inner.announcer.subscribe()
    }

    /// The folder of data.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// Stops the engine and waits for everything that runs.
    pub async fn close(&self) {
        self.close_workspace().await;
        self.inner.cancel.cancel();
        let mut tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
        self.stop_sample().await;
    }

    /// Runs something beside the calls; it must end when it is cancelled.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }

    pub(crate) fn announce(&self, tags: &[Tag]) {
        self.inner.announcer.announce(tags.iter().copied());
    }

    /// Asks `local.db` or the keyring, which block, on a thread that may.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        on_blocking_thread(move || ask(&inner)).await
    }

    /// Whether the table's row may be carried out now, by this role, in this workspace.
    pub(crate) async fn admit(&self, spec: &Spec, mode: Mode) -> Result<()> {
        if mode == Mode::Preview && spec.kind != CommandKind::Reviewed {
            return Err(Error::invalid("preview", format!("`{}` has no preview.", spec.name)));
        }
        let Some(needed) = spec.role else { return Ok(()) };
        let record = self.current().await?;
        if spec.kind == CommandKind::Reviewed {
            self.admit_change(&record, mode == Mode::Run && spec.tier >= Tier::T3)?;
        }
        let remembered = record.role.as_deref().and_then(Role::from_name);
        match remembered {
            Some(role) if role.may(needed) => return Ok(()),
            // What the copy holds was read with a right to read it.
            None if needed == Role::Viewer => return Ok(()),
            // A role may have been granted since it was last seen.
            Some(_) | None => {}
        }
        match self.ask_role(&record).await? {
            Some(role) if role.may(needed) => Ok(()),
            Some(role) => Err(Error::new(ErrorKind::Permission, "This login may not do that.").with_detail(
                format!("`{}` needs the role {}; this login is {}", spec.name, needed.name(), role.name()),
            )),
            None => Err(Error::new(ErrorKind::Permission, "This login is a member of no console role.")
                .with_detail(format!("`{}` needs the role {}", spec.name, needed.name()))),
        }
    }

    /// Whether a change may be made now in a workspace; where real customers are, a dangerous one takes the
    /// unlocked mode. A look at it does not.
    pub(crate) fn admit_change(&self, record: &WorkspaceRecord, is_dangerous: bool) -> Result<()> {
        match mode_at(record, self.inner.clock.now()) {
            WriteMode::ReadOnly => Err(Error::new(ErrorKind::ReadOnly, "This workspace is read-only.")
                .with_detail(format!("workspace {}", record.name))),
            WriteMode::Reviewed if is_dangerous && needs_unlock(record) => {
                Err(Error::new(ErrorKind::ReadOnly, "This takes unlocked writing; nothing was changed.")
                    .with_detail(format!("steward workspace mode {:?} unlocked", record.name)))
            }
            WriteMode::Reviewed | WriteMode::Unlocked => Ok(()),
        }
    }

    /// The current workspace's record.
    pub(crate) async fn current(&self) -> Result<WorkspaceRecord> {
        self.current_if_any().await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "There is no workspace yet.").with_detail(
                "Add one with `steward workspace add`, or open the sample company with `steward sample open`",
            )
        })
    }

    /// The current workspace's record; none before the first.
    pub(crate) async fn current_if_any(&self) -> Result<Option<WorkspaceRecord>> {
        let chosen = self.inner.chosen.clone();
        self.blocking(move |inner| match chosen {
            Some(name) => inner.workspace(&name).map(Some),
            None => {
                let current = inner.local.current()?;
                Ok(inner.local.workspaces()?.into_iter().find(|record| Some(record.id) == current))
            }
        })
        .await
    }
}

impl Inner {
    /// A workspace by id or name.
    pub(crate) fn workspace(&self, reference: &str) -> Result<WorkspaceRecord> {
        let wanted = reference.trim();
        let records = self.local.workspaces()?;
        let names: Vec<_> = records.iter().map(|record| record.name.clone()).collect();
        records
            .into_iter()
            .find(|record| record.name.eq_ignore_ascii_case(wanted) || record.id.to_string() == wanted)
            .ok_or_else(|| {
                let known = if names.is_empty() { "there is none yet".to_owned() } else { names.join(", ") };
                Error::new(ErrorKind::NotFound, "There is no workspace of this name or id.")
                    .with_field("workspace", "No workspace has this name or id.")
                    .with_detail(format!("Workspaces: {known}"))
            })
    }
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(cause) => Err(Error::internal("A background thread ended early.").with_source(cause)),
    }
}

/// Stands where a place for secrets could not be opened, and says so to whoever needs one.
struct RefusedSecrets(Error);

impl Secrets for RefusedSecrets {
    fn get(&self, _: &str) -> Result<Option<SecretString>> {
        Err(self.0.clone())
    }

    fn set(&self, _: &str, _: &SecretString) -> Result<()> {
        Err(self.0.clone())
    }

    fn delete(&self, _: &str) -> Result<()> {
        Err(self.0.clone())
    }

    fn check(&self) -> Result<()> {
        Err(self.0.clone())
    }

    fn describe(&self) -> &'static str {
        "nowhere: the chosen place cannot be opened"
    }
}
