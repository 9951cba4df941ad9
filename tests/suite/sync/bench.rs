//! One server, one copy, one engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::functions::FunctionFlags;
use sqlx::PgConnection;
use steward_app::command::sync::{SyncRunRes, SyncStatus, VerifyRes};
use steward_app::sync_driver::{SyncConfig, SyncDriver, SyncHandle};
use steward_core::SystemClock;
use steward_core::id::WorkspaceId;
use steward_core::sync::Guards;
use steward_store::cache::{Cache, CacheKey};
use steward_store::postgres::connect::Address;
use steward_tests::cluster::{TestDatabase, execute};
use tempfile::TempDir;
use uuid::Uuid;

/// The key of every test's copy.
pub(super) fn key() -> CacheKey {
    CacheKey::from_hex(&"07".repeat(32)).expect("64 digits")
}

/// One server, one copy, one engine that looks when asked.
pub(super) struct Bench {
    pub(super) database: TestDatabase,
    pub(super) owner: PgConnection,
    folder: TempDir,
}

impl Bench {
    /// A database with the contract, two plans and no events.
    pub(super) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let mut owner = database.connect_owner().await;
        found(&mut owner).await;
        Self { database, owner, folder: TempDir::new().expect("a folder") }
    }

    /// Runs statements as the owner.
    pub(super) async fn sql(&mut self, statements: &str) {
        execute(&mut self.owner, statements).await;
    }

    /// Adds users, and events of the last 90 days.
    pub(super) async fn fill(&mut self, users: u32, events: u32) {
        fill(&mut self.owner, users, events).await;
    }

    /// Where the copy lies.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("cache.db")
    }

    /// The copy.
    pub(super) fn cache(&self) -> Cache {
        open_cache(&self.path())
    }

    /// An engine of a viewer that works when asked.
    pub(super) fn engine(&self) -> SyncHandle {
        self.engine_at(self.database.login("viewer"))
    }

    /// An engine on another way to the server.
    pub(super) fn engine_at(&self, address: Address) -> SyncHandle {
        start(self.cache(), address)
    }

    /// One look with an engine of its own, as `steward sync` does it.
    pub(super) async fn sync(&self) -> SyncRunRes {
        let engine = self.engine();
        let run = engine.run_once().await.expect("the look succeeds");
        engine.shutdown().await;
        run
    }

    /// The file itself, past everything that keeps it right: for planting what only a defect could leave there.
    pub(super) fn tamper(&self, statements: &str) {
        tamper(&self.path(), statements);
    }

    /// Every row by hash sums, by an engine of its own; what the Sync view says then.
    pub(super) async fn scrub(&self) -> (VerifyRes, SyncStatus) {
        let engine = self.engine();
        let found = engine.scrub().await.expect("the round ends");
        let status = engine.status();
        engine.shutdown().await;
        (found, status)
    }

    /// The comparison of everything with the server, by an engine of its own.
    pub(super) async fn verify(&self) -> VerifyRes {
        let engine = self.engine();
        let found = engine.verify().await.expect("the comparison runs");
        engine.shutdown().await;
        found
    }
}

/// Two plans in an empty database.
pub(super) async fn found(owner: &mut PgConnection) {
    execute(
        owner,
        "insert into steward.plans (code, name, rank, price_month_minor)
         values ('free', 'Free', 1, 0), ('pro', 'Pro', 2, 2900);
         insert into steward.plan_limits (plan_code, metric, period, limit_value)
         values ('free', 'requests', 'day', 10), ('pro', 'requests', 'day', null);
         insert into steward.plan_features (plan_code, key, value) values ('pro', 'export', '{\"rows\": 1000}')",
    )
    .await;
}

/// Adds users, and events of the last 90 days.
pub(super) async fn fill(owner: &mut PgConnection, users: u32, events: u32) {
    let statements = format!(
        "insert into steward.users (id, email, name, plan_code, country)
         select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@mail.invalid',
                'User ' || n, case when n % 3 = 0 then 'pro' else 'free' end, 'NP'
         from generate_series(1, {users}) n;
         select steward.ensure_usage_partitions((now() - interval '100 days')::date, now()::date);
         insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, provider, model,
             plan_code, status, input_tokens, output_tokens, cost, credits, latency_ms)
         select ('00000000-0000-4000-8000-' || lpad((1 + n % {users})::text, 12, '0'))::uuid,
                date_trunc('second', now()) - (n * interval '90 days' / {events}) - n * interval '7 microseconds',
                ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid,
                'prompt', 'chat', (array['openai', 'anthropic', null])[1 + n % 3], 'm' || n % 5,
                case when n % 3 = 0 then 'pro' else 'free' end,
                (array['success', 'success', 'error', 'rate_limited'])[1 + n % 4],
                n % 900, n % 700, (n % 1000)::numeric / 1000000007, n % 9, nullif(n % 2000, 0)
         from generate_series(1, {events}) n"
    );
    execute(owner, &statements).await;
}

/// Opens a test's copy.
pub(super) fn open_cache(path: &std::path::Path) -> Cache {
    Cache::open(path, &key(), WorkspaceId(Uuid::nil())).expect("the copy opens")
}

/// An engine that works when asked; the password is in the address.
pub(super) fn start(cache: Cache, address: Address) -> SyncHandle {
    start_with(cache, address, Guards::default())
}

/// The same, perhaps without one of its guards.
pub(super) fn start_with(cache: Cache, address: Address, guards: Guards) -> SyncHandle {
    let config = SyncConfig { is_automatic: false, guards, ..SyncConfig::default() };
    SyncDriver::start(cache, address, Arc::new(|| Ok(None)), Arc::new(SystemClock), config)
        .expect("the engine starts")
}

/// A copy's file itself, past everything that keeps it right.
pub(super) fn tamper(path: &Path, statements: &str) {
    let file = rusqlite::Connection::open(path).expect("the file opens");
    file.pragma_update(None, "key", format!("x'{}'", key().to_hex().as_str())).expect("the key fits");
    file.pragma_update(None, "cipher_page_size", 8_192).expect("the copy's page size");
    file.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").expect("the copy's authentication");
    // What the copy's own triggers call; the company's names are plain.
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    file.create_scalar_function("fold", 1, flags, |call| {
        Ok(call.get::<Option<String>>(0)?.map(|text| text.to_lowercase()))
    })
    .expect("the function is made");
    file.execute_batch(statements).expect("the statements run");
}

/// What is wrong, dataset by dataset; empty when the copy equals the server.
pub(super) fn differences(found: &VerifyRes) -> Vec<String> {
    let mut lines: Vec<String> = found
        .datasets
        .iter()
        .filter(|row| row.missing + row.extra + row.different > 0)
        .map(|row| {
            format!(
                "{:?}: {} missing, {} extra, {} different",
                row.dataset, row.missing, row.extra, row.different
            )
        })
        .collect();
    if found.rollup_differences > 0 {
        lines.push(format!("{} of {} rollup buckets differ", found.rollup_differences, found.rollup_buckets));
    }
    lines
}
