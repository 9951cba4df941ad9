//! Databases that something is wrong with, and one that nothing is wrong with: what the window and the command line
//! are told about them is tested against real servers.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::{LOGIN_PASSWORD, TestDatabase, execute, shared_cluster, superuser};
use crate::server::{DATABASE, Server, open_folder};

/// A company with twenty users and a thousand events of the last weeks.
pub const COMPANY: &str = "
    select steward.install_preset('credits');
    insert into steward.users (id, email, name, plan_code)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com',
               'User ' || n, 'free'
        from generate_series(1, 20) n;
    insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, plan_code, status)
        select ('0190b2a0-0000-7000-8000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid,
               now() - n * interval '37 minutes', gen_random_uuid(), 'request',
               (array['chat', 'search', 'export'])[1 + n % 3], 'free',
               case when n % 50 = 0 then 'error' else 'success' end
        from generate_series(1, 1000) n;";

/// A database with the company, and a viewer's login of its own, whose password may be changed.
#[derive(Debug)]
pub struct Company {
    database: TestDatabase,
    login: String,
}

impl Company {
    /// The company, as it is before anything goes wrong.
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let login = format!("login_{}", database.name());
        let mut owner = database.connect_owner().await;
        execute(&mut owner, COMPANY).await;
        let role = format!("create role {login} login password '{LOGIN_PASSWORD}' in role steward_viewer");
        execute(&mut owner, &role).await;
        Self { database, login }
    }

    /// Connection URL of the login, with the password that it has at first.
    #[must_use]
    pub fn url(&self) -> String {
        shared_cluster().url(&self.login, &LOGIN_PASSWORD.into(), self.database.name())
    }

    /// The database below it.
    #[must_use]
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Gives the login another password, and ends the sessions that knew the one before.
    pub async fn change_password(&self, password: &str) {
        let login = &self.login;
        let statements = format!(
            "alter role {login} password '{password}';
             select pg_terminate_backend(pid) from pg_stat_activity where usename = '{login}'"
        );
        execute(&mut self.database.connect_owner().await, &statements).await;
    }

    /// Removes database and login; logins belong to the whole server, so that nobody else would.
    pub async fn remove(self) {
        let Self { database, login } = self;
        drop(database);
        execute(&mut superuser("postgres").await, &format!("drop role {login}")).await;
    }
}

/// All of them.
#[derive(Debug)]
pub struct Trouble {
    company: Company,
    empty: TestDatabase,
    newer: TestDatabase,
    encrypted: Server,
    authority: TempDir,
}

impl Trouble {
    /// Makes them.
    pub async fn start() -> Self {
        let newer = TestDatabase::new().await;
        // As a Steward of a later year leaves it behind.
        let later =
            "insert into steward.migrations (version, name, checksum) values (99991231000000, 'later', '');
                     update steward.meta set version = version + 1";
        execute(&mut newer.connect_owner().await, later).await;
        let encrypted = Server::new(&[]).await;
        let authority = open_folder();
        std::fs::write(authority.path().join("ca.pem"), secure(&encrypted).await).expect("written");
        Self {
            company: Company::new().await,
            empty: TestDatabase::empty().await,
            newer,
            encrypted,
            authority,
        }
    }

    /// Their addresses, for a test in another process.
    #[must_use]
    pub fn addresses(&self) -> Value {
        let database = self.company.database();
        let encrypted = { self.encrypted.cluster() }
            .url("test_viewer", &LOGIN_PASSWORD.into(), DATABASE)
            .replace("127.0.0.1", "localhost")
            .replace("sslmode=disable", "sslmode=verify-full");
        json!({
            "company": self.company.url(),
            "login": self.company.login,
            "owner": database.owner_url(),
            "without_rights": database.login_url("authenticated"),
            "empty": self.empty.owner_url(),
            "newer": self.newer.login_url("viewer"),
            "encrypted": encrypted,
            "authority": self.authority_file().display().to_string(),
        })
    }

    fn authority_file(&self) -> PathBuf {
        self.authority.path().join("ca.pem")
    }

    /// Removes them.
    pub async fn remove(self) {
        self.company.remove().await;
    }
}

/// Lets a server speak TLS as `localhost`, with a certificate of an authority that nobody knows, and gives the
/// authority's own in PEM form.
async fn secure(server: &Server) -> String {
    let mut params = CertificateParams::new(Vec::new()).expect("no names to refuse");
    params.distinguished_name.push(DnType::CommonName, "Tidemark's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = leaf.signed_by(&key, &authority).expect("signed");
    server.offer_tls(&certificate.pem(), &key.serialize_pem()).await;
    authority.pem()
}
