//! PostgreSQL servers of a test's own: to be crashed, cloned, followed, promoted and tampered with.
//!
//! The shared cluster ([`crate::cluster`]) is everybody's; what breaks a server needs one of its own.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
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

    /// A standby that follows this server: `pg_basebackup`, then streaming.
    pub fn standby(&self) -> Self {
        let copy = self.clone_files();
        let mut standby = Self { cluster: None, folder: copy, password: self.password.clone(), held: None };
        std::fs::write(standby.data().join("standby.signal"), "").expect("written");
        let own = std::fs::metadata(standby.data()).expect("the copy");
        std::os::unix::fs::chown(standby.data().join("standby.signal"), Some(own.uid()), Some(own.gid()))
            .expect("owned");
        standby.start();
        standby
    }

    /// A copy of its files, as a volume's clone: it starts with the same past and goes its own way.
    pub fn fork(&self) -> Self {
        let (folder, password) = (self.clone_files(), self.password.clone());
        let mut copy = Self { cluster: None, folder, password, held: None };
        copy.start();
        copy
    }

    fn clone_files(&self) -> TempDir {
        let folder = open_folder();
        let place = folder.path().join("server");
        std::fs::create_dir(&place).expect("a folder");
        let owner = std::fs::metadata(self.cluster().folder()).expect("the server's folder");
        std::os::unix::fs::chown(&place, Some(owner.uid()), Some(owner.gid())).expect("owned");
        let url = self.cluster().url(SUPERUSER, self.cluster().password(), "postgres");
        self.tool(
            "pg_basebackup",
            &[
                "--pgdata",
                &place.join("data").display().to_string(),
                "--dbname",
                &url,
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--wal-method=stream",
                "--no-sync",
            ],
        );
        // Recovery settings stay; whether it follows or forks says `standby.signal` alone.
        std::fs::remove_file(place.join("data/standby.signal")).expect("written by pg_basebackup");
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
        let owner = std::fs::metadata(self.data()).expect("the server's folder");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data().join(name);
            std::fs::write(&path, text).expect("the server's folder can be written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("own file");
            std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).expect("owned");
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
