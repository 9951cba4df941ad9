//! PostgreSQL servers of a test's own: to be crashed, cloned, followed, promoted and tampered with.
//!
//! The shared cluster ([`crate::cluster`]) is everybody's; what breaks a server needs one of its own.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use steward_store::postgres::cluster::{Cluster, ClusterConfig, SUPERUSER, find_binaries};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::install;
use tempfile::TempDir;

use crate::cluster::{LOGIN_PASSWORD, TEST_LOGINS, WEB_ROLES, execute};

/// The database with the contract.
pub(crate) const DATABASE: &str = "company";

/// A server of one test, gone when dropped.
#[derive(Debug)]
pub struct Server {
    // Declared before the folder: a server stops before its files go.
    cluster: Option<Cluster>,
    folder: TempDir,
    password: Option<SecretString>,
    /// The process that writes the log down now and then, while it is held.
    held: Option<i32>,
}

impl Server {
    /// A server with the contract installed and with these settings, as `name = 'value'`.
    pub async fn new(settings: &[&str]) -> Self {
        let mut server = Self { cluster: None, folder: open_folder(), password: None, held: None };
        server.start();
        let mut postgres = server.connect_to("postgres").await;
        for setting in settings {
            execute(&mut postgres, &format!("alter system set {setting}")).await;
        }
        execute(&mut postgres, "select pg_reload_conf()").await;
        execute(&mut postgres, WEB_ROLES).await;
        execute(&mut postgres, &format!("create database {DATABASE}")).await;
        let mut database = server.connect().await;
        install::install(&mut database, None).await.expect("the contract installs");
        execute(&mut postgres, TEST_LOGINS).await;
        server
    }

    /// A standby that follows this server: a backup, then streaming.
    pub async fn standby(&self) -> Self {
        let copy = self.clone_files().await;
        let mut standby = Self { cluster: None, folder: copy, password: self.password.clone(), held: None };
        write_as_owner(&standby.data().join("standby.signal"), "");
        standby.start();
        standby
    }

    /// A copy of its files, as a volume's clone: it starts with the same past and goes its own way.
    pub async fn fork(&self) -> Self {
        let (folder, password) = (self.clone_files().await, self.password.clone());
        let mut copy = Self { cluster: None, folder, password, held: None };
        copy.start();
        copy
    }

    /// A backup by the server's own functions: not every distribution of it brings `pg_basebackup` along.
    async fn clone_files(&self) -> TempDir {
        let folder = open_folder();
        let (data, copy) = (self.data(), folder.path().join("server/data"));
        let mut session = self.connect_to("postgres").await;
        execute(&mut session, "select pg_backup_start('clone', true)").await;
        make_like(self.cluster().folder(), &folder.path().join("server"));
        copy_files(&data, &copy, &["postmaster.pid", "pg_wal", "pg_replslot", "pg_stat_tmp"]);
        let label: String = sqlx::query_scalar("select labelfile from pg_backup_stop(false)")
            .fetch_one(&mut session)
            .await
            .expect("the backup ends");
        // The log last: it has to reach the end of the backup.
        copy_files(&data.join("pg_wal"), &copy.join("pg_wal"), &[]);
        let url = self.cluster().url(SUPERUSER, self.cluster().password(), "postgres");
        let settings =
            std::fs::read_to_string(copy.join("postgresql.auto.conf")).expect("a file of settings");
        write_as_owner(
            &copy.join("postgresql.auto.conf"),
            &format!("{settings}primary_conninfo = '{url}'\n"),
        );
        write_as_owner(&copy.join("backup_label"), &label);
        for empty in ["pg_replslot", "pg_stat_tmp"] {
            make_like(&data.join(empty), &copy.join(empty));
        }
        folder
    }

    /// Starts it on its files.
    pub fn start(&mut self) {
        let config = ClusterConfig {
            data_dir: self.folder.path().join("server"),
            password: self.password.clone(),
            ..ClusterConfig::default()
        };
        let cluster = Cluster::start(config).expect("the server starts");
        self.password = Some(cluster.password().clone());
        self.cluster = Some(cluster);
    }

    /// Stops it in order.
    pub fn stop(&mut self) {
        self.cluster.take().expect("it runs").stop().expect("it stops");
    }

    /// Keeps the write-ahead log of asynchronous commits in memory until [`Server::crash`].
    pub async fn hold_log(&mut self) {
        let pid: i32 =
            sqlx::query_scalar("select pid from pg_stat_activity where backend_type = 'walwriter'")
                .fetch_one(&mut self.connect().await)
                .await
                .expect("a walwriter");
        signal("-STOP", pid);
        self.held = Some(pid);
    }

    /// Kills it as a power cut would: what was not written down is lost. Starts it again.
    pub fn crash(&mut self) {
        let data = self.data().display().to_string();
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--pgdata", &data, "--mode=immediate", "--wait", "--silent"]);
        let mut stopping = stop.spawn().expect("pg_ctl starts");
        // Never let go: it would write the log down before it dies.
        if let Some(pid) = self.held.take() {
            signal("-KILL", pid);
        }
        assert!(stopping.wait().expect("pg_ctl ends").success(), "the server is dead");
        let mut dead = self.cluster.take().expect("it ran");
        dead.leave_running();
        drop(dead);
        self.start();
    }

    /// Takes the link between a standby and its primary away: what is written from now on never arrives.
    ///
    /// # Panics
    /// When it still receives after ten seconds.
    pub async fn cut_off(&self) {
        let mut connection = self.connect().await;
        execute(&mut connection, "alter system set primary_conninfo = ''").await;
        execute(&mut connection, "select pg_reload_conf()").await;
        for _ in 0..1_000 {
            let receives: bool =
                sqlx::query_scalar("select exists (select from pg_stat_wal_receiver) from pg_sleep(0.01)")
                    .fetch_one(&mut connection)
                    .await
                    .expect("an answer");
            if !receives {
                return;
            }
        }
        panic!("the standby still receives");
    }

    /// Makes a standby the primary of a new timeline.
    ///
    /// # Panics
    /// When it is none after thirty seconds.
    pub async fn promote(&self) {
        let has_promoted: bool = sqlx::query_scalar("select pg_promote(true, 30)")
            .fetch_one(&mut self.connect().await)
            .await
            .expect("it is told to");
        assert!(has_promoted, "the standby takes over");
    }

    /// Runs a program of the server's as its user.
    ///
    /// # Panics
    /// When it fails.
    pub fn tool(&self, program: &str, arguments: &[&str]) {
        let done = self.command(program).args(arguments).output().expect("the program starts");
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn command(&self, program: &str) -> Command {
        let owner = std::fs::metadata(self.folder.path().join("server")).expect("the server's folder");
        // Where the server's own program really lies, there lie the others.
        let postgres = find_binaries().expect("PostgreSQL is installed").join("postgres");
        let postgres = std::fs::canonicalize(postgres).expect("a program");
        let mut command = Command::new(postgres.with_file_name(program));
        command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
        let own = std::fs::metadata("/proc/self").expect("this process");
        if own.uid() != owner.uid() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }

    /// Speaks TLS from now on, with this certificate and key in PEM form.
    ///
    /// # Panics
    /// When it does not within ten seconds.
    pub async fn offer_tls(&self, certificate: &str, key: &str) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data().join(name);
            write_as_owner(&path, text);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("own file");
        }
        let mut connection = self.connect().await;
        execute(&mut connection, "alter system set ssl = on").await;
        execute(&mut connection, "select pg_reload_conf()").await;
        for _ in 0..1_000 {
            let setting: String = sqlx::query_scalar("select current_setting('ssl') from pg_sleep(0.01)")
                .fetch_one(&mut connection)
                .await
                .expect("an answer");
            if setting == "on" {
                return;
            }
        }
        panic!("the server does not speak TLS");
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("server/data")
    }

    /// The running server.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("it runs")
    }

    /// Address of a viewer, with the password.
    #[must_use]
    pub fn viewer(&self) -> Address {
        let url = self.cluster().url("test_viewer", &SecretString::from(LOGIN_PASSWORD), DATABASE);
        Address::parse(&url, None).expect("a test login's URL is valid")
    }

    /// Address of the superuser in the database with the contract.
    #[must_use]
    pub fn owner(&self) -> Address {
        self.cluster().address(DATABASE)
    }

    /// A connection as the superuser to the database with the contract.
    pub async fn connect(&self) -> PgConnection {
        self.connect_to(DATABASE).await
    }

    async fn connect_to(&self, database: &str) -> PgConnection {
        connect(&self.cluster().address(database), None).await.expect("the superuser connects")
    }

    /// Waits until a standby has replayed everything its primary has written.
    ///
    /// # Panics
    /// When it does not within ten seconds.
    pub async fn catch_up(&self, primary: &Self) {
        let mut ahead = primary.connect().await;
        let mut behind = self.connect().await;
        let target: String = sqlx::query_scalar("select pg_current_wal_lsn()::text")
            .fetch_one(&mut ahead)
            .await
            .expect("a place");
        for _ in 0..1_000 {
            let is_there: bool = sqlx::query_scalar(
                "select coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) from pg_sleep(0.01)",
            )
            .bind(&target)
            .fetch_one(&mut behind)
            .await
            .expect("a place");
            if is_there {
                // Polite, so that nothing of the test stays open on a server that is about to stop.
                let _ = tokio::join!(ahead.close(), behind.close());
                return;
            }
        }
        panic!("the standby does not follow");
    }

    /// The superuser's password, for addresses through something in between.
    #[must_use]
    pub fn password(&self) -> &str {
        self.cluster().password().expose_secret()
    }
}

/// Copies a running server's folder with its owners and rights, but for the entries of these names, which a clone
/// must not have. A file that goes meanwhile was a temporary one.
fn copy_files(from: &Path, to: &Path, without: &[&str]) {
    make_like(from, to);
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type().expect("a kind").is_dir() {
            copy_files(&path, &target, &[]);
        } else if std::fs::copy(&path, &target).is_ok() {
            own_as(&target, to);
        } else {
            assert!(!path.exists(), "{} can be copied", path.display());
        }
    }
}

/// An empty folder with the owner and the rights of another.
fn make_like(model: &Path, folder: &Path) {
    std::fs::create_dir(folder).expect("a new folder");
    std::fs::set_permissions(folder, std::fs::metadata(model).expect("a folder").permissions())
        .expect("it is ours");
    own_as(folder, model);
}

/// Writes a file of a server's folder, as its owner's.
fn write_as_owner(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the server's folder can be written");
    own_as(path, path.parent().expect("it lies in a folder"));
}

fn own_as(path: &Path, model: &Path) {
    let owner = std::fs::metadata(model).expect("a folder");
    std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).expect("owned");
}

fn signal(name: &str, pid: i32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill is installed");
    assert!(sent.success(), "{pid} is one of the server's processes");
}

/// A folder that the user of a private PostgreSQL may enter: a server started in it lives there and goes with it,
/// where a closed one would leave it behind in a folder of the system.
#[must_use]
pub fn open_folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it is ours");
    folder
}
