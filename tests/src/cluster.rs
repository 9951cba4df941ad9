//! One private PostgreSQL for a whole test run, and a fresh database of it for each test.
//!
//! nextest runs every test in a process of its own, so the cluster cannot belong to one of them. It lives
//! in the build folder: the first process that needs it starts it under a file lock, the others find it
//! running, and so does the next run. `steward-devdb stop` (`cargo x db stop`) ends it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::OnceLock;

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use steward_store::postgres::cluster::{Cluster, ClusterConfig, SUPERUSER, find_binaries};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::install::{self, MIGRATIONS};
use uuid::Uuid;

/// The roles that have a test login of their own: `test_<role>`.
pub const ROLES: [&str; 6] = ["viewer", "finance", "support", "admin", "app", "authenticated"];

/// The password of every test login.
pub(crate) const LOGIN_PASSWORD: &str = "test-login";

/// Folder of the run's cluster, beside the build's own files.
#[must_use]
pub fn cluster_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program knows its file");
    let folder = program.parent().expect("a file lies in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    // Another server's binaries could not read this one's files.
    let binaries = find_binaries().map(|folder| folder.display().to_string()).unwrap_or_default();
    folder.join(format!("postgres-{:08x}", fnv(&binaries) >> 32))
}

/// Configuration of the run's cluster.
#[must_use]
pub fn cluster_config() -> ClusterConfig {
    ClusterConfig { data_dir: cluster_folder(), ..ClusterConfig::default() }
}

/// The run's cluster, started by whoever comes first, left running for the others.
#[must_use]
pub fn shared_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let _guard = lock("start");
        let mut cluster = Cluster::start(cluster_config()).expect("the test cluster starts");
        cluster.leave_running();
        cluster
    })
}

/// Holds a named lock across processes until dropped.
fn lock(name: &str) -> File {
    let folder = cluster_folder();
    let place = folder.parent().expect("the cluster's folder has a parent");
    let file = File::create(place.join(format!("postgres-{name}.lock"))).expect("a lock file can be made");
    file.lock().expect("the lock is granted once its holder ends");
    file
}

/// A database of its own for one test, gone when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// A database with the contract installed and nothing in it.
    pub async fn new() -> Self {
        Self::copy_of(template().await).await
    }

    /// An empty database.
    pub async fn empty() -> Self {
        Self::copy_of("template1").await
    }

    async fn copy_of(template: &str) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut postgres = superuser("postgres").await;
        execute(&mut postgres, &format!("create database {name} template {template} strategy file_copy"))
            .await;
        Self { name }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Address of the cluster's superuser, with the password.
    #[must_use]
    pub fn owner(&self) -> Address {
        shared_cluster().address(&self.name)
    }

    /// Connection URL of the cluster's superuser, with the password.
    #[must_use]
    pub fn owner_url(&self) -> String {
        shared_cluster().url(SUPERUSER, shared_cluster().password(), &self.name)
    }

    /// Connection URL of the test login of a console role: `viewer`, `finance`, `support`, `admin`, `app`
    /// or `authenticated`, with the password.
    #[must_use]
    pub fn login_url(&self, role: &str) -> String {
        shared_cluster().url(&format!("test_{role}"), &SecretString::from(LOGIN_PASSWORD), &self.name)
    }

    /// Address of the test login of a role, with the password.
    #[must_use]
    pub fn login(&self, role: &str) -> Address {
        Address::parse(&self.login_url(role), None).expect("a test login's URL is valid")
    }

    /// A connection as the superuser.
    pub async fn connect_owner(&self) -> PgConnection {
        connect(&self.owner(), None).await.expect("the superuser connects")
    }

    /// A connection as the test login of a role.
    pub async fn connect(&self, role: &str) -> PgConnection {
        connect(&self.login(role), None).await.expect("the test login connects")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        // A runtime cannot be entered from within another one, so the drop goes through a thread.
        let worker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut postgres = superuser("postgres").await;
                // What a test that failed has prepared would hold its database, and everybody who waits for the
                // oldest transaction of this server.
                let forgotten: Vec<String> = sqlx::query_scalar(
                    "select format('rollback prepared %L', gid) from pg_prepared_xacts where database = $1",
                )
                .bind(&name)
                .fetch_all(&mut postgres)
                .await
                .expect("the catalog answers");
                if !forgotten.is_empty() {
                    let mut database = superuser(&name).await;
                    for statement in forgotten {
                        execute(&mut database, &statement).await;
                    }
                }
                execute(&mut postgres, &format!("drop database if exists {name} with (force)")).await;
            });
            std::io::Result::Ok(())
        });
        let done = worker.join();
        if !std::thread::panicking() {
            done.expect("the test database is dropped").expect("a runtime starts");
        }
    }
}

/// The database with the contract that the others are copied from, made by whoever needs it first. Its name
/// is the hash of the migrations, so a changed one makes a new template.
async fn template() -> &'static str {
    static TEMPLATE: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let digest: String = MIGRATIONS.iter().map(install::Migration::checksum).collect();
            let name = format!("contract_{:016x}", fnv(&digest));
            let _guard = lock("template");
            let mut postgres = superuser("postgres").await;
            let is_made: bool = sqlx::query_scalar(
                "select exists (select from pg_database where datname = $1 and datistemplate)",
            )
            .bind(&name)
            .fetch_one(&mut postgres)
            .await
            .expect("the catalog answers");
            if !is_made {
                execute(&mut postgres, WEB_ROLES).await;
                execute(&mut postgres, &format!("drop database if exists {name} with (force)")).await;
                execute(&mut postgres, &format!("create database {name}")).await;
                let mut database = superuser(&name).await;
                install::install(&mut database, None).await.expect("the contract installs");
                database.close().await.expect("the connection closes");
                execute(&mut postgres, TEST_LOGINS).await;
                execute(&mut postgres, &format!("alter database {name} is_template true")).await;
            }
            name
        })
        .await
}

/// The roles of a web API in front of the database, as Supabase has them.
pub const WEB_ROLES: &str = "do $$ declare name text; begin
    foreach name in array array['anon', 'authenticated', 'service_role'] loop
        if not exists (select from pg_roles where rolname = name) then execute format('create role %I nologin', name); end if;
    end loop;
end $$";

/// One login per role; what a person has.
pub(crate) const TEST_LOGINS: &str = "do $$ declare name text; role text; begin
    foreach name in array array['viewer', 'finance', 'support', 'admin', 'app', 'authenticated'] loop
        role := case name when 'authenticated' then name else 'steward_' || name end;
        if not exists (select from pg_roles where rolname = 'test_' || name) then
            execute format('create role %I login password %L in role %I', 'test_' || name, 'test-login', role);
        end if;
    end loop;
end $$";

/// A short, stable hash for names.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A connection to a database of the run's cluster as its superuser.
pub async fn superuser(database: &str) -> PgConnection {
    connect(&shared_cluster().address(database), None).await.expect("the superuser connects")
}

/// Runs statements of a test's own making.
pub async fn execute(connection: &mut PgConnection, statements: &str) {
    connection
        .execute(AssertSqlSafe(statements))
        .await
        .unwrap_or_else(|failure| panic!("the statements run: {failure}\n{statements}"));
}
