//! `sample_open`.

use steward_core::Result;
use steward_core::id::WorkspaceId;
use steward_core::sample::SampleSize;
use steward_store::cache::Cache;
use steward_store::local::WorkspaceRecord;

use super::workspace::{Environment, SampleOpenReq, Workspace, present};
use crate::context::{Steward, password_name};
use crate::sample;

/// A database to fill instead of the private one, for `cargo x demo --database-url`.
const DATABASE_URL: &str = "STEWARD_SAMPLE_DATABASE_URL";

/// The size where the request names none, for `cargo x demo --size`.
const SIZE: &str = "STEWARD_SAMPLE_SIZE";

/// Which sample company is meant: what the request names, else the environment.
pub(crate) struct Wanted {
    pub(crate) size: SampleSize,
    pub(crate) database_url: Option<String>,
}

impl Wanted {
    pub(crate) fn from_request(request: &SampleOpenReq) -> Result<Self> {
        let from_env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let size = request.size.clone().or_else(|| from_env(SIZE));
        Ok(Self {
            size: size.as_deref().unwrap_or("small").parse()?,
            database_url: request.database_url.clone().or_else(|| from_env(DATABASE_URL)),
        })
    }
}

pub(crate) async fn sample_open(steward: &Steward, request: SampleOpenReq) -> Result<Workspace> {
    let Wanted { size, database_url: given } = Wanted::from_request(&request)?;
    let name = sample::workspace_name(size);
    let wanted = name.clone();
    let known = steward
        .blocking(move |inner| {
            Ok(inner.local.workspaces()?.into_iter().find(|record| record.name.eq_ignore_ascii_case(&wanted)))
        })
        .await?;
    let id = known.as_ref().map_or_else(|| WorkspaceId(uuid::Uuid::now_v7()), |record| record.id);
    steward.close_workspace().await;

    let clock = std::sync::Arc::clone(&steward.inner.clock);
    let (address, password) = match given {
        Some(url) => sample::prepare_given(&url, size, request.is_reset, clock.as_ref()).await?,
        None => {
            let password = match steward.blocking(move |inner| inner.secrets.get(&password_name(id))).await? {
                Some(password) => password,
                None => sample::random_password(),
            };
            let server = steward.sample_server().await?;
            let address = server.prepare(size, request.is_reset, &password, clock.as_ref()).await?;
            (address, Some(password))
        }
    };
    let record = WorkspaceRecord {
        id,
        name,
        environment: Environment::Sample.name().to_owned(),
        url: address.to_url(),
        ca_file: address.ca_file().map(Into::into),
        is_read_only: known.as_ref().is_some_and(|record| record.is_read_only),
        unlocked_until: None,
        role: None,
        created_at: known.map_or_else(|| clock.now(), |record| record.created_at),
    };
    let kept = record.clone();
    let is_reset = request.is_reset;
    steward
        .blocking(move |inner| {
            // The copy shows a company that is no more; or its key went with the memory it was kept in.
            if is_reset || !inner.has_key_of(id)? {
                Cache::destroy(&inner.home.cache(id))?;
            }
            // Secrets first: a workspace whose password was lost on the way would be half added.
            match &password {
                Some(password) => inner.secrets.set(&password_name(id), password)?,
                None => inner.secrets.check()?,
            }
            inner.local.put_workspace(&kept)?;
            inner.local.set_current(id)
        })
        .await?;
    present(&record, true, steward.inner.clock.now())
}
