//! What must hold whatever happens (SYNC-SPEC, Invariants): one function each, used by every fault's test.

use std::path::Path;

use sqlx::PgConnection;
use steward_app::command::sync::{DatasetState, SyncStatus, VerifyRes};
use steward_app::sync_driver::SyncHandle;
use steward_core::sync::Position;
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::Cache;
use uuid::Uuid;

use super::bench::differences;

/// I1, I2, I3: inside one cut every row equals the server's, and every rollup the sums of rows on both sides.
pub(super) async fn equals_server(engine: &SyncHandle, after: &str) -> VerifyRes {
    let mut tries = 0;
    loop {
        match engine.verify().await {
            Ok(found) => {
                assert!(found.is_clean, "I1 after {after}: {:?}", differences(&found));
                return found;
            }
            // A writer that holds a table is no difference; it is asked again.
            Err(error) if tries < 20 && passes(error.kind()) => tries += 1,
            Err(error) => panic!("after {after}: {}", error.chain()),
        }
    }
}

fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::LockTimeout | ErrorKind::Timeout | ErrorKind::Identity)
}

/// Where a copy stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stand {
    pub(super) generation: u64,
    pub(super) position: Position,
}

/// Reads where a copy stands.
pub(super) fn stand(cache: &Cache) -> Stand {
    let reader = cache.reader().expect("a reader");
    Stand {
        generation: reader.generation().expect("a generation"),
        position: reader.state(Position::KEY).expect("readable").unwrap_or_default(),
    }
}

/// I4: the cursor never moves without its data, which a generation counts, and never backwards.
pub(super) fn moved_with_its_data(before: &Stand, after: &Stand) {
    assert!(after.generation >= before.generation, "I4: {before:?} {after:?}");
    if after.position != before.position {
        assert!(after.generation > before.generation, "I4: a position of its own: {before:?} {after:?}");
    }
    assert!(after.position.cut_count >= before.position.cut_count, "I4: {before:?} {after:?}");
    if let (Some(old), Some(new)) = (&before.position.cursor, &after.position.cursor)
        && old.identity == new.identity
        && before.position.cut_count < after.position.cut_count
    {
        assert!(new.snapshot.xmin() >= old.snapshot.xmin(), "I4: the copy was rolled back: {old:?} {new:?}");
    }
}

/// I5: nothing is called consistent but what is, and the whole only when every part is.
pub(super) fn flag_is_honest(status: &SyncStatus) {
    let is_each = status.datasets.iter().all(|row| matches!(row.state, DatasetState::Consistent { .. }));
    assert!(!status.is_consistent || is_each, "I5: {status:?}");
}

/// I6: it ends and converges when nothing stands in the way any more.
pub(super) async fn converges(engine: &SyncHandle, after: &str) {
    let mut last = None;
    for _ in 0..20 {
        match engine.run_once().await {
            Ok(_) => {
                flag_is_honest(&engine.status());
                return;
            }
            Err(error) => last = Some(error),
        }
    }
    panic!("I6 after {after}: {:?}", last.map(|error| error.chain()));
}

/// I7: how often an action was applied to its one user, by the audit log: at most once.
pub(super) async fn applied(owner: &mut PgConnection, intent: Uuid) -> i64 {
    let statement = "select count(*) from steward.audit_log where intent = $1 and table_name like '%users'";
    let count: i64 =
        sqlx::query_scalar(statement).bind(intent).fetch_one(owner).await.expect("the audit log answers");
    assert!(count <= 1, "I7: applied {count} times");
    count
}

/// I8: at most two connections, no transaction left open or older than five seconds, no slot.
pub(super) async fn leaves_nothing_open(owner: &mut PgConnection) {
    // The server notices a broken line when it next writes to it; give it that moment.
    for attempt in 0.. {
        let (connections, open, old, slots): (i64, i64, i64, i64) = sqlx::query_as(
            "select count(*), count(*) filter (where state like 'idle in transaction%'),
                    count(*) filter (where now() - xact_start > interval '5 s'),
                    (select count(*) from pg_replication_slots where database = current_database())
             from pg_stat_activity, pg_sleep(0.02)
             where datname = current_database() and usename = 'test_viewer'",
        )
        .fetch_one(&mut *owner)
        .await
        .expect("the server tells");
        if connections <= 2 && open == 0 && old == 0 && slots == 0 {
            return;
        }
        assert!(
            attempt < 250,
            "I8: {connections} connections, {open} idle in transaction, {old} old, {slots} slots"
        );
    }
}

/// I9: the most memory a process had, in bytes.
pub(super) fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// I9: its bound.
pub(super) const MEMORY_LIMIT: u64 = 150 << 20;

/// I10: none of these words lies in any file of a folder.
pub(super) fn holds_none_of(folder: &Path, secrets: &[&str]) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            holds_none_of(&entry, secrets);
            continue;
        }
        let bytes = std::fs::read(&entry).expect("a file");
        for secret in secrets {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "I10: {} holds {secret:?}", entry.display());
        }
    }
}

/// I11: who cannot read says so, and does not call the copy current.
pub(super) fn tells_trouble(status: &SyncStatus, kind: ErrorKind) {
    let told = status.last_error.as_ref().map(|error| error.code);
    assert_eq!(told, Some(kind.code()), "I11: {status:?}");
    flag_is_honest(status);
}

/// I12: every difference found is in the journal.
pub(super) fn drift_is_recorded(status: &SyncStatus, found: &VerifyRes) {
    for row in found.datasets.iter().filter(|row| row.missing + row.extra + row.different > 0) {
        assert!(status.drift.iter().any(|drift| drift.dataset == row.dataset), "I12: {:?}", row.dataset);
    }
}

/// Rows the copy holds of a dataset.
pub(super) fn rows(cache: &Cache, dataset: Dataset) -> u64 {
    cache.reader().expect("a reader").row_counts().expect("counts")[&dataset]
}
