//! A private PostgreSQL that Steward starts itself: for the demo, for development and for tests.
//!
//! It listens on a free loopback port only, asks for a SCRAM password and keeps its files in one folder:
//! `data`, `log` and, where the caller brings no password of his own, `password`. PostgreSQL refuses to run
//! as root; there it runs as another user of the system, and a folder that user could not enter, its own or
//! the programs', is replaced by one under `/var/lib/steward`.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::{ExposeSecret, SecretString};
use steward_core::{Error, ErrorKind, Result};

use super::connect::Address;

mod account;
mod single;

use account::Account;

/// The superuser of a private cluster.
pub const SUPERUSER: &str = "postgres";

/// Where a private cluster lives and how careful it is.
#[derive(Debug, Clone, Default)]
pub struct ClusterConfig {
    /// Folder with `postgres`, `initdb` and `pg_ctl`; none to look for one.
    pub bin_dir: Option<PathBuf>,
    /// The cluster's folder, made and filled when it is empty.
    pub data_dir: PathBuf,
    /// Whether commits survive a power cut. Tests do without.
    pub durable: bool,
    /// The superuser's password; none to make one and keep it in the cluster's folder.
    pub password: Option<SecretString>,
}

/// A private PostgreSQL. Dropping it stops the server, unless it was left running or found running.
#[derive(Debug)]
pub struct Cluster {
    bin_dir: PathBuf,
    folder: PathBuf,
    port: u16,
    password: SecretString,
    account: Option<Account>,
    stops_on_drop: bool,
}

impl Cluster {
    /// Starts the cluster, after `initdb` where its folder is empty. A server that already runs on this
    /// folder is taken over as it is, so that a crash of Steward leaves nothing in the way.
    ///
    /// Blocks for as long as the server takes, about a second; call it where blocking is fine.
    pub fn start(config: ClusterConfig) -> Result<Self> {
        let bin_dir = match config.bin_dir {
            Some(folder) => folder,
            None => find_binaries().ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "No PostgreSQL server is installed on this computer.")
                    .with_detail("looked in STEWARD_POSTGRES_BIN, PATH and /usr/lib/postgresql")
            })?,
        };
        let (account, folder, bin_dir) = account::places(config.data_dir, bin_dir)?;
        fs::create_dir_all(&folder).map_err(|failure| file_error(&folder, failure))?;
        if let Some(account) = &account {
            account.own(&folder)?;
        }
        let mut cluster =
            Self { bin_dir, folder, port: 0, password: SecretString::from(""), account, stops_on_drop: true };
        cluster.password = cluster.keep_password(config.password)?;
        if let Some(port) = cluster.running_port()? {
            cluster.port = port;
            return Ok(cluster);
        }
        if !cluster.data().join("PG_VERSION").exists() {
            cluster.init()?;
        }
        cluster.launch(config.durable)?;
        Ok(cluster)
    }

    /// The cluster of this folder if it runs, without starting it. Dropping it leaves it running.
    pub fn find(config: ClusterConfig) -> Result<Option<Self>> {
        let Some(bin_dir) = config.bin_dir.or_else(find_binaries) else { return Ok(None) };
        let (account, folder, bin_dir) = account::places(config.data_dir, bin_dir)?;
        if !folder.join("data/PG_VERSION").exists() {
            return Ok(None);
        }
        let mut cluster = Self {
            bin_dir,
            folder,
            port: 0,
            password: SecretString::from(""),
            account,
            stops_on_drop: false,
        };
        cluster.password = cluster.keep_password(config.password)?;
        let Some(port) = cluster.running_port()? else { return Ok(None) };
        cluster.port = port;
        Ok(Some(cluster))
    }

    /// The loopback port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds `data`, `log` and perhaps `password`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the programs it runs, perhaps a copy of the one asked for.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.bin_dir
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &SecretString {
        &self.password
    }

    /// The superuser's address of a database, with the password.
    #[must_use]
    pub fn address(&self, database: &str) -> Address {
        Address::parse(&self.url(SUPERUSER, &self.password, database), None)
            .expect("a loopback address of our own making is valid")
    }

    /// A connection URL with its password, for a login and a database of this cluster.
    #[must_use]
    pub fn url(&self, login: &str, password: &SecretString, database: &str) -> String {
        let password = password.expose_secret();
        format!("postgresql://{login}:{password}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Lets the server outlive this value.
    pub fn leave_running(&mut self) {
        self.stops_on_drop = false;
    }

    /// Stops the server: open connections are ended, what was committed is kept.
    pub fn stop(mut self) -> Result<()> {
        self.stops_on_drop = false;
        self.shut_down()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The caller's password, or the one kept in the folder, or a new one kept there.
    fn keep_password(&self, given: Option<SecretString>) -> Result<SecretString> {
        if let Some(password) = given {
            return Ok(password);
        }
        let file = self.folder.join("password");
        match fs::read_to_string(&file) {
            Ok(text) if !text.is_empty() => Ok(SecretString::from(text)),
            Ok(_) | Err(_) => {
                let text: String = rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect();
                account::write_private(&file, &text)?;
                Ok(SecretString::from(text))
            }
        }
    }

    fn init(&self) -> Result<()> {
        let password_file = self.folder.join("initdb-password");
        account::write_private(&password_file, self.password.expose_secret())?;
        if let Some(account) = &self.account {
            account.own(&password_file)?;
        }
        let done = self.run(
            "initdb",
            [
                OsString::from("--pgdata"),
                self.data().into(),
                "--username".into(),
                SUPERUSER.into(),
                "--pwfile".into(),
                password_file.clone().into(),
                "--auth=scram-sha-256".into(),
                "--encoding=UTF8".into(),
                // Sorting by bytes is the same on every computer.
                "--locale=C".into(),
                "--no-sync".into(),
            ],
        );
        // The password must not stay in a second place, whatever became of initdb.
        let _ = fs::remove_file(&password_file);
        done
    }

    fn launch(&mut self, durable: bool) -> Result<()> {
        let mut failure = None;
        // Between the look for a free port and its use another program may take it.
        for _ in 0..5 {
            let port = free_port()?;
            let mut settings = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
                 -c max_prepared_transactions=20 -c timezone=UTC -c log_timezone=UTC -c jit=off \
                 -c password_encryption=scram-sha-256"
            );
            if !durable {
                settings.push_str(" -c fsync=off -c full_page_writes=off -c max_wal_size=4GB");
            }
            let started = self.run(
                "pg_ctl",
                [
                    OsString::from("start"),
                    "--pgdata".into(),
                    self.data().into(),
                    "--log".into(),
                    self.folder.join("log").into(),
                    "--wait".into(),
                    "--timeout=60".into(),
                    "--silent".into(),
                    "--options".into(),
                    settings.into(),
                ],
            );
            match started {
                Ok(()) => {
                    self.port = port;
                    return Ok(());
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::internal("The private PostgreSQL did not start.")))
    }

    /// The port of a server that runs on this folder and answers.
    fn running_port(&self) -> Result<Option<u16>> {
        let Ok(pid_file) = fs::read_to_string(self.data().join("postmaster.pid")) else { return Ok(None) };
        let status = self.command("pg_ctl").arg("status").arg("--pgdata").arg(self.data()).output();
        let alive = status.map_err(|failure| start_error("pg_ctl", failure))?.status.success();
        Ok(if alive { pid_file.lines().nth(3).and_then(|line| line.trim().parse().ok()) } else { None })
    }

    fn shut_down(&self) -> Result<()> {
        self.run(
            "pg_ctl",
            [
                OsString::from("stop"),
                "--pgdata".into(),
                self.data().into(),
                "--mode=fast".into(),
                "--wait".into(),
                "--timeout=60".into(),
                "--silent".into(),
            ],
        )
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(program));
        // The caller's PG* variables and folder mean nothing to a private server.
        command
            .current_dir("/")
            .env_remove("PGDATA")
            .env_remove("PGPORT")
            .env_remove("PGHOST")
            .env("LC_ALL", "C");
        if let Some(account) = &self.account {
            account.lend_to(&mut command);
        }
        command.stdin(Stdio::null());
        command
    }

    fn run<const N: usize>(&self, program: &str, arguments: [OsString; N]) -> Result<()> {
        // The server inherits pg_ctl's outputs: waiting for a pipe to close would wait for the server.
        let path = self.folder.join("report");
        let report = fs::File::create(&path).map_err(|failure| file_error(&path, failure))?;
        let copy = report.try_clone().map_err(|failure| file_error(&path, failure))?;
        let status = self.command(program).args(arguments).stdout(report).stderr(copy).status();
        if status.map_err(|failure| start_error(program, failure))?.success() {
            return Ok(());
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        Err(Error::internal("The private PostgreSQL refused to work.")
            .with_detail(format!("{program} in {}", self.folder.display()))
            .with_source(std::io::Error::other(text)))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.stops_on_drop && self.port != 0 && self.shut_down().is_err() {
            tracing::warn!(cluster.folder = %self.folder.display(), "The private PostgreSQL did not stop");
        }
    }
}

/// The major version of the server in this folder.
pub fn major_version(bin_dir: &Path) -> Result<u32> {
    let output = Command::new(bin_dir.join("postgres"))
        .arg("--version")
        .output()
        .map_err(|failure| start_error("postgres", failure))?;
    // `postgres (PostgreSQL) 17.10`, with the packager's words after it.
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok());
    version.ok_or_else(|| {
        Error::internal("PostgreSQL does not tell its version.").with_detail(text.into_owned())
    })
}

/// The folder of the first PostgreSQL server on this computer: `STEWARD_POSTGRES_BIN`, then `PATH`, then the
/// newest under `/usr/lib/postgresql`.
#[must_use]
pub fn find_binaries() -> Option<PathBuf> {
    let given = std::env::var_os("STEWARD_POSTGRES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut packaged: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    packaged.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    given
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(packaged.into_iter().map(|(_, folder)| folder))
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| has_program(folder, name)))
}

fn has_program(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file() || folder.join(format!("{name}.exe")).is_file()
}

fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|failure| Error::new(ErrorKind::Offline, "No loopback port is free.").with_source(failure))
}

fn file_error(path: &Path, failure: std::io::Error) -> Error {
    Error::new(ErrorKind::File, "A folder of the private PostgreSQL cannot be used.")
        .with_detail(path.display().to_string())
        .with_source(failure)
}

fn start_error(program: &str, failure: std::io::Error) -> Error {
    Error::new(ErrorKind::File, "A program of PostgreSQL cannot be started.")
        .with_detail(format!("{program}: {failure}"))
        .with_source(failure)
}
