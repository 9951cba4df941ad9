//! A server filled with the sample company, kept between runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use steward_app::sync_driver::{SyncConfig, SyncDriver, SyncHandle};
use steward_core::SystemClock;
use steward_core::id::WorkspaceId;
use steward_core::sample::{Company, SampleSize, SampleSpec};
use steward_store::cache::{Cache, CacheKey};
use steward_store::postgres::cluster::{Cluster, ClusterConfig};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::{install, sample};
use tempfile::TempDir;
use uuid::Uuid;

/// A private server with the company of one size. It stops with this value and keeps its files.
pub struct Database {
    /// The owner's address, with the password.
    pub address: Address,
    /// The same for other programs.
    pub url: String,
    _cluster: Cluster,
}

impl Database {
    /// Starts the server and makes the company where it is missing.
    pub async fn open(size: SampleSize) -> Result<Self> {
        let config = ClusterConfig { data_dir: folder(), ..ClusterConfig::default() };
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(config)).await??;
        let name = format!("bench_{}", size.name());
        let mut server = connect(&cluster.address("postgres"), None).await.map_err(plain)?;
        sample::ensure_database(&mut server, &name, false).await.map_err(plain)?;
        let address = cluster.address(&name);
        let mut database = connect(&address, None).await.map_err(plain)?;
        install::install(&mut database, Some("credits")).await.map_err(plain)?;
        if !sample::is_loaded(&mut database).await.map_err(plain)? {
            let company = Arc::new(Company::new(SampleSpec::new(size, end()?)));
            sample::load(&mut database, company, |_| {}).await.map_err(plain)?;
        }
        let url = cluster.url(address.login(), cluster.password(), &name);
        Ok(Self { address, url, _cluster: cluster })
    }

    /// The small company with so many users more; the statement makes them.
    pub async fn open_people(statement: impl Fn(u32) -> String, count: u32) -> Result<Self> {
        let database = Self::empty("bench_people").await?;
        let mut owner = database.connect().await?;
        let company = Arc::new(Company::new(SampleSpec::new(SampleSize::Small, end()?)));
        sample::load(&mut owner, company, |_| {}).await.map_err(plain)?;
        owner.execute(AssertSqlSafe(statement(count))).await?;
        Ok(database)
    }

    /// A database of this name with the contract and nothing in it, made anew.
    pub async fn empty(name: &str) -> Result<Self> {
        Self::empty_on(name, ClusterConfig { data_dir: folder(), ..ClusterConfig::default() }).await
    }

    /// The same on a server of its own that keeps what it commits, as servers come.
    pub async fn durable(name: &str) -> Result<Self> {
        let data_dir = folder().with_extension("durable");
        Self::empty_on(name, ClusterConfig { data_dir, durable: true, ..ClusterConfig::default() }).await
    }

    async fn empty_on(name: &str, config: ClusterConfig) -> Result<Self> {
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(config)).await??;
        let mut server = connect(&cluster.address("postgres"), None).await.map_err(plain)?;
        server.execute(AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await?;
        sample::ensure_database(&mut server, name, false).await.map_err(plain)?;
        let address = cluster.address(name);
        let mut database = connect(&address, None).await.map_err(plain)?;
        install::install(&mut database, Some("credits")).await.map_err(plain)?;
        let url = cluster.url(address.login(), cluster.password(), name);
        Ok(Self { address, url, _cluster: cluster })
    }

    /// A connection as the owner.
    pub async fn connect(&self) -> Result<PgConnection> {
        connect(&self.address, None).await.map_err(plain)
    }
}

/// An empty encrypted copy in a folder of its own.
pub struct Replica {
    /// The copy.
    pub cache: Cache,
    key: CacheKey,
    workspace: WorkspaceId,
    _folder: TempDir,
}

impl Replica {
    /// Makes the file.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (key, workspace) = (CacheKey::generate(), WorkspaceId(Uuid::now_v7()));
        let cache = Cache::open(&folder.path().join("copy.db"), &key, workspace).map_err(plain)?;
        Ok(Self { cache, key, workspace, _folder: folder })
    }

    /// The same file opened anew: nothing of it is in this process's memory yet.
    pub fn opened_anew(&self) -> Result<Cache> {
        Cache::open(self.cache.path(), &self.key, self.workspace).map_err(plain)
    }

    /// The engine between a server and this copy; it works when asked.
    pub fn engine(&self, database: &Database) -> Result<SyncHandle> {
        let mut address = database.address.clone();
        let password = address.take_password();
        let config =
            SyncConfig { pull: Duration::from_secs(3_600), is_automatic: false, ..SyncConfig::default() };
        let source = Arc::new(move || Ok(password.clone()));
        SyncDriver::start(self.cache.clone(), address, source, Arc::new(SystemClock), config).map_err(plain)
    }
}

/// An error with its whole chain, which a developer wants to see.
pub fn plain(error: steward_core::Error) -> anyhow::Error {
    anyhow!(error.chain())
}

/// The last instant of the company; fixed, so that every run measures the same rows.
fn end() -> Result<DateTime<Utc>> {
    Ok(DateTime::parse_from_rfc3339("2026-11-21T14:02:11Z")?.to_utc())
}

fn folder() -> PathBuf {
    super::repository().join("target/bench-postgres")
}
