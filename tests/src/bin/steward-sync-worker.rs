//! Syncs one copy until it is killed: the victim of the kill test.

use std::sync::Arc;

use anyhow::Context;
use steward_app::sync_driver::{SyncConfig, SyncDriver};
use steward_core::SystemClock;
use steward_core::id::WorkspaceId;
use steward_core::sync::{Guards, RowWindow};
use steward_store::cache::{Cache, CacheKey};
use steward_store::postgres::connect::Address;
use uuid::Uuid;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the test waits for this line")]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("the copy's file is the argument")?;
    let url = std::env::var("STEWARD_TEST_URL").context("STEWARD_TEST_URL names the server")?;
    let key = CacheKey::from_hex(&"07".repeat(32))?;
    let cache = Cache::open(path.as_ref(), &key, WorkspaceId(Uuid::nil()))?;
    let config = SyncConfig { is_automatic: false, guards: guards(), keep: keep(), ..SyncConfig::default() };
    let address = Address::parse(&url, None)?;
    let engine = SyncDriver::start(cache, address, Arc::new(|| Ok(None)), Arc::new(SystemClock), config)?;
    println!("at work");
    loop {
        // Locks held by writers make a look fail now and then; the next one follows at once.
        if let Err(error) = engine.run_once().await {
            tracing::debug!("{}", error.chain());
        }
    }
}

/// How many days of rows the copy keeps; every one where nothing is said.
fn keep() -> RowWindow {
    let days = std::env::var("STEWARD_TEST_DAYS").ok().and_then(|days| days.parse().ok());
    RowWindow { days, rows: None }
}

/// The mutant of the kill test has a cursor of numbers.
fn guards() -> Guards {
    #[cfg(debug_assertions)]
    if std::env::var_os("STEWARD_TEST_CURSOR").is_some_and(|cursor| cursor == "number") {
        return Guards::without(steward_core::sync::Guard::SnapshotCursor);
    }
    Guards::default()
}
