//! The sample company's database: a PostgreSQL of Steward's own, or one somebody gives.
//!
//! The private server lies in the data folder, one cluster per major version of PostgreSQL, and runs for as
//! long as the Steward that started it. Its company is made once and ages from then on, as a real one would.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use secrecy::SecretString;
use steward_core::sample::{COMPANY, Company, SampleSize, SampleSpec};
use steward_core::{Clock, Error, ErrorKind, Result};
use steward_store::postgres::cluster::{Cluster, ClusterConfig, find_binaries, major_version};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::{PgConnection, install, sample};

use crate::home::Home;
use crate::secrets::Secrets;

/// The login of the sample company's workspace on the private server.
pub const LOGIN: &str = "console_admin";

/// Where the private server's own password is kept.
const SUPERUSER_SECRET: &str = "sample/superuser/password";

/// Why there can be no sample company on this computer; none where there can.
#[must_use]
pub fn unavailable() -> Option<String> {
    find_binaries().is_none().then(|| {
        "No PostgreSQL server is installed on this computer. Install one, or name the folder of its programs \
         in STEWARD_POSTGRES_BIN."
            .to_owned()
    })
}

/// The name of the workspace of a size.
#[must_use]
pub fn workspace_name(size: SampleSize) -> String {
    match size {
        SampleSize::Small => COMPANY.to_owned(),
        SampleSize::Medium | SampleSize::Large => format!("{COMPANY} ({})", size.name()),
    }
}

/// The private server while it runs. Dropping it stops the server, unless another Steward started it.
#[derive(Debug)]
pub struct SampleServer {
    cluster: Cluster,
    /// Held by whoever may stop the server; released after the cluster is gone.
    _lock: Option<File>,
}

impl SampleServer {
    /// Starts the private server, or joins the one another Steward runs. Blocks for about a second.
    pub fn start(home: &Home, secrets: &dyn Secrets) -> Result<Self> {
        let bin_dir = find_binaries().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "No PostgreSQL server is installed on this computer.")
                .with_detail("looked in STEWARD_POSTGRES_BIN, PATH and /usr/lib/postgresql")
        })?;
        let folder = home.path().join("sample-server").join(major_version(&bin_dir)?.to_string());
        let config = |password: Option<SecretString>| ClusterConfig {
            bin_dir: Some(bin_dir.clone()),
            data_dir: folder.clone(),
            durable: true,
            password,
        };
        let lock_path = home.path().join("sample-server.lock");
        let lock = File::create(&lock_path).map_err(|failure| file_error(lock_path, failure))?;
        let known = secrets.get(SUPERUSER_SECRET)?;
        if lock.try_lock().is_err() {
            let running = match known {
                Some(password) => Cluster::find(config(Some(password)))?,
                None => None,
            };
            let cluster = running.ok_or_else(|| {
                Error::new(ErrorKind::SecretMissing, "Another Steward runs the sample company's server.")
                    .with_detail("it keeps its secrets to itself; close it first")
            })?;
            return Ok(Self { cluster, _lock: None });
        }
        let password = match known {
            Some(password) => password,
            None => {
                // The password is lost, with the memory of an earlier Steward or with its keyring. Nobody
                // holds the lock, so a server that still runs was left behind.
                let password = random_password();
                if let Some(orphan) = Cluster::find(config(Some(password.clone())))? {
                    orphan.stop()?;
                }
                Cluster::change_password(config(Some(password.clone())))?;
                secrets.set(SUPERUSER_SECRET, &password)?;
                password
            }
        };
        Ok(Self { cluster: Cluster::start(config(Some(password)))?, _lock: Some(lock) })
    }

    /// Its loopback port, another one each time it starts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// The address a workspace of this size keeps.
    fn address(&self, size: SampleSize, password: &SecretString) -> Address {
        Address::parse(&self.cluster.url(LOGIN, password, &database_name(size)), None)
            .expect("a loopback address of our own making is valid")
    }

    /// Makes the company of this size where it is missing and gives its login this password; returns the
    /// login's address.
    pub async fn prepare(
        &self,
        size: SampleSize,
        is_reset: bool,
        password: &SecretString,
        clock: &dyn Clock,
    ) -> Result<Address> {
        let mut server = connect_as_owner(&self.cluster.address("postgres")).await?;
        sample::ensure_database(&mut server, &database_name(size), is_reset).await?;
        let mut database = connect_as_owner(&self.cluster.address(&database_name(size))).await?;
        fill(&mut database, size, clock).await?;
        sample::ensure_login(&mut database, LOGIN, password).await?;
        let mut address = self.address(size, password);
        address.take_password();
        Ok(address)
    }
}

/// Makes the company in a database somebody gave, by the owner's login in the URL; that login stays the
/// workspace's. Returns its address and password.
pub async fn prepare_given(
    url: &str,
    size: SampleSize,
    is_reset: bool,
    clock: &dyn Clock,
) -> Result<(Address, Option<SecretString>)> {
    let mut address = Address::parse(url, None)?;
    let password = address.take_password();
    let mut database = connect(&address, password.as_ref()).await?;
    if is_reset && install::status(&mut database).await?.is_installed {
        sample::reset(&mut database).await?;
    }
    fill(&mut database, size, clock).await?;
    sample::ensure_admin(&mut database).await?;
    Ok((address, password))
}

/// A password nobody has to remember.
#[must_use]
pub fn random_password() -> SecretString {
    let text: String = rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect();
    SecretString::from(text)
}

async fn connect_as_owner(address: &Address) -> Result<PgConnection> {
    connect(address, address.password()).await
}

/// Installs the contract and loads the company, each where it is missing.
async fn fill(database: &mut PgConnection, size: SampleSize, clock: &dyn Clock) -> Result<()> {
    install::install(database, Some("credits")).await?;
    if sample::is_loaded(database).await? {
        return Ok(());
    }
    let spec = SampleSpec::new(size, clock.now());
    let drawing = tokio::task::spawn_blocking(move || Arc::new(Company::new(spec)));
    let company = drawing
        .await
        .map_err(|failure| Error::internal("The sample company could not be drawn.").with_source(failure))?;
    let total = spec.events;
    sample::load(database, company, |events| {
        tracing::info!(sample.events = events, sample.total = total, "The sample company is being made");
    })
    .await
}

fn database_name(size: SampleSize) -> String {
    format!("corvid_press_{}", size.name())
}

fn file_error(path: PathBuf, failure: std::io::Error) -> Error {
    Error::new(ErrorKind::File, "Steward's data folder cannot be used.")
        .with_detail(path.display().to_string())
        .with_source(failure)
}
