//! Faults of power, lines and disks: F2 to F6.

use std::process::Stdio;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use steward_app::sync_driver::{SyncConfig, SyncDriver};
use steward_core::id::{IntentId, UserId};
use steward_core::{Dataset, ErrorKind, SystemClock};
use steward_store::cache::Cache;
use steward_store::postgres::actions::{self, Action};
use steward_store::postgres::connect::connect;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

use super::bench::{Bench, open_cache, start};
use super::invariants::{
    MEMORY_LIMIT, applied, converges, equals_server, holds_none_of, leaves_nothing_open, moved_with_its_data,
    peak_memory, rows, stand, tells_trouble,
};
use super::line::{Break, Line};
use super::writers::Writers;

async fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().await.expect("kill is installed");
    assert!(sent.success(), "the process lives");
}

/// Stops a child and waits until all its threads stand still.
async fn stop(pid: u32) {
    signal("-STOP", pid).await;
    let child = rustix::process::Pid::from_raw(pid.cast_signed()).expect("the number of a process");
    tokio::task::spawn_blocking(move || {
        rustix::process::waitid(rustix::process::WaitId::Pid(child), rustix::process::WaitIdOptions::STOPPED)
    })
    .await
    .expect("waited for")
    .expect("it is ours");
}

/// Bytes of a write-ahead log that a power failure leaves as they are: SQLite has the disk keep the whole log before it
/// moves any of it into the file, and notes how far in the log's index (<https://sqlite.org/walformat.html>: the page
/// size at byte 14, `nBackfillAttempted` at 128).
fn written_down(index: &std::path::Path) -> usize {
    let Ok(index) = std::fs::read(index) else { return 0 };
    let Some((head, pages)) = index.get(14..16).zip(index.get(128..132)) else { return 0 };
    let page = u16::from_ne_bytes(head.try_into().expect("two bytes"));
    match u32::from_ne_bytes(pages.try_into().expect("four bytes")) {
        0 => 0,
        pages => 32 + pages as usize * (24 + usize::from(page)),
    }
}

/// The power fails while the worker writes: what was not written down is torn off at a random byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_a_torn_write_ahead_log_opens_at_an_older_cut() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut bench = Bench::new().await;
    bench.fill(30, 300).await;
    let writers = Writers::start(&bench.database.owner(), 2, 2);
    let mut worker = Command::new(env!("CARGO_BIN_EXE_steward-sync-worker"))
        .arg(bench.path())
        .env("STEWARD_TEST_URL", bench.database.login_url("viewer"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the worker starts");
    let pid = worker.id().expect("it runs");
    BufReader::new(worker.stdout.take().expect("piped")).lines().next_line().await.expect("it is at work");
    let torn = tempfile::TempDir::new().expect("a folder");
    let mut cuts_seen = 0;
    for round in 0..12 {
        tokio::time::timeout(std::time::Duration::from_millis(random.random_range(20..120)), worker.wait())
            .await
            .expect_err("it works until it is killed");
        stop(pid).await;
        let path = torn.path().join(format!("{round}.db"));
        let wal = path.with_extension("db-wal");
        std::fs::copy(bench.path(), &path).expect("copied");
        let mut log = std::fs::read(bench.path().with_extension("db-wal")).unwrap_or_default();
        let written_down = written_down(&bench.path().with_extension("db-shm")).min(log.len());
        signal("-CONT", pid).await;
        let place = random.random_range(written_down..=log.len());
        if random.random_bool(0.5) || log.is_empty() {
            log.truncate(place);
        } else {
            // A page that never reached the disk in full.
            let end = log.len().min(place + 4_096);
            log[place.min(end)..end].fill(0);
        }
        std::fs::write(&wal, &log).expect("written");
        let cache = open_cache(&path);
        let before = stand(&cache);
        cuts_seen += before.position.cut_count;
        let engine = start(cache.clone(), bench.database.login("viewer"));
        equals_server(&engine, "a torn log").await;
        moved_with_its_data(&before, &stand(&cache));
        engine.shutdown().await;
    }
    assert!(cuts_seen > 0, "some opened at a cut");
    let peak = peak_memory(pid);
    assert!(peak < MEMORY_LIMIT, "I9: {peak} bytes");
    holds_none_of(torn.path(), &["test-login", "@mail.invalid", "User 1"]);
    worker.kill().await.expect("it is killed");
    writers.stop().await;
    leaves_nothing_open(&mut bench.owner).await;
}

/// A line that breaks after so many bytes: the engine says so, leaves nothing open and goes on where it was.
async fn broken_lines(ends: Break) {
    let mut bench = Bench::new().await;
    bench.fill(30, 1_500).await;
    let line = Line::to(&bench.database.login("viewer"), 0, ends, 1_000).await;
    let engine = start(bench.cache(), line.address.clone());
    let mut before = stand(&bench.cache());
    for budget in [300, 3_000, 9_000, 20_000, 45_000, 90_000] {
        line.allow(budget);
        let error = engine.run_once().await.expect_err("the line breaks");
        assert_eq!(error.kind(), ErrorKind::Offline, "{}", error.chain());
        tells_trouble(&engine.status(), ErrorKind::Offline);
        leaves_nothing_open(&mut bench.owner).await;
        let after = stand(&bench.cache());
        moved_with_its_data(&before, &after);
        before = after;
        bench.sql("update steward.users set name = name || '.' where id::text like '%7'").await;
    }
    line.allow(u64::MAX);
    converges(&engine, "a line that is whole again").await;
    for budget in [0, 2_000, 6_000] {
        bench
            .sql("update steward.usage_events set credits = credits + 1 where user_id::text like '%3'")
            .await;
        line.allow(budget);
        // An open connection may carry a small cut whole.
        if let Err(error) = engine.run_once().await {
            assert_eq!(error.kind(), ErrorKind::Offline, "{}", error.chain());
        }
        moved_with_its_data(&before, &stand(&bench.cache()));
    }
    line.allow(u64::MAX);
    equals_server(&engine, "broken lines").await;
    engine.shutdown().await;
    leaves_nothing_open(&mut bench.owner).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_closed_line_is_told_and_resumed() {
    broken_lines(Break::Close).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_reset_line_is_told_and_resumed() {
    broken_lines(Break::Reset).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_stalled_line_can_be_left_and_holds_nothing_open() {
    let mut bench = Bench::new().await;
    bench.fill(30, 1_500).await;
    let line = Line::to(&bench.database.login("viewer"), 20_000, Break::Stall, 1_000).await;
    let engine = start(bench.cache(), line.address.clone());
    let (run, ()) = tokio::join!(engine.run_once(), async {
        line.stalled().await;
        line.allow(u64::MAX);
        assert!(!engine.status().is_consistent, "I5: nothing is called consistent while it stalls");
        engine.cancel().await.expect("it hears");
    });
    assert_eq!(run.expect_err("it was broken off").kind(), ErrorKind::Cancelled);
    leaves_nothing_open(&mut bench.owner).await;
    equals_server(&engine, "a stalled line").await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_line_of_single_bytes_carries_everything() {
    let mut bench = Bench::new().await;
    bench.fill(5, 100).await;
    let line = Line::to(&bench.database.login("viewer"), u64::MAX, Break::Close, 1).await;
    let engine = start(bench.cache(), line.address.clone());
    equals_server(&engine, "single bytes").await;
    bench.sql("delete from steward.usage_events where user_id::text like '%1'").await;
    equals_server(&engine, "single bytes").await;
    engine.shutdown().await;
}

/// Whatever part of the server's answer is lost, the same action asked for again was applied once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_an_action_whose_reply_was_lost_is_applied_once() {
    let mut bench = Bench::new().await;
    bench.fill(40, 10).await;
    let admin = bench.database.login("admin");
    let users: Vec<(Uuid, String)> = sqlx::query_as(
        "select id, plan_code from steward.users where plan_code = 'free' order by id limit 18",
    )
    .fetch_all(&mut bench.owner)
    .await
    .expect("users");
    let (mut lost, mut kept, mut whole) = (0, 0, 0);
    for (index, (user, plan)) in users.into_iter().enumerate() {
        let intent = IntentId(Uuid::now_v7());
        let action = Action::ChangePlan {
            intent,
            users: vec![UserId(user)],
            plan: "pro".to_owned(),
            expect: serde_json::json!({ user.to_string(): plan }),
            reason: "a test".to_owned(),
        };
        let mut direct = connect(&admin, None).await.expect("the admin connects");
        let shown = actions::preview(&mut direct, &action).await.expect("a preview");
        let line = Line::to(&admin, u64::MAX, Break::Close, 1).await;
        let mut broken = connect(&line.address, None).await.expect("the admin connects");
        // The first reply comes in full; then the last bytes are lost, which answer the commit, then more and more.
        let index = index as u64;
        let budget = match index {
            0 => 1 << 20,
            1..=8 => whole - 2 * index,
            _ => whole.saturating_sub(20 + 40 * (index - 9)),
        };
        line.allow(budget);
        match actions::apply(&mut broken, &action, &shown.plan_token).await {
            Ok(_) => {
                kept += 1;
                whole = budget - line.left();
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Offline, "{}", error.chain());
                lost += i64::from(applied(&mut bench.owner, intent.0).await == 1);
                // The server may still be about to commit; the same intent waits for it and is one with it.
                let again = actions::apply(&mut direct, &action, &shown.plan_token).await.expect("once more");
                assert!(again.is_applied);
            }
        }
        assert_eq!(
            applied(&mut bench.owner, intent.0).await,
            1,
            "I7: cut off after {budget} of {whole} bytes"
        );
    }
    assert!(kept > 0 && lost > 0, "some replies came, some were lost after the commit: {kept} {lost}");
}

/// Somebody else writes to the copy: the engine says so and goes on once he is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_a_copy_that_is_busy_is_told_and_resumed() {
    let mut bench = Bench::new().await;
    bench.fill(10, 200).await;
    bench.sync().await;
    let holder = bench.cache().writer().expect("nobody writes");
    let config = SyncConfig { is_automatic: false, ..SyncConfig::default() };
    let refused = SyncDriver::start(
        bench.cache(),
        bench.database.login("viewer"),
        Arc::new(|| Ok(None)),
        Arc::new(SystemClock),
        config,
    );
    assert_eq!(refused.expect_err("it is taken").kind(), ErrorKind::CacheBusy);
    drop(holder);
    bench.sql("update steward.users set name = 'later'").await;
    let engine = bench.engine();
    equals_server(&engine, "a busy copy").await;
    engine.shutdown().await;
}

/// Pages that rotted are noticed; the damaged copy is put aside and read anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_a_damaged_copy_is_put_aside_and_read_anew() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut bench = Bench::new().await;
    bench.fill(30, 3_000).await;
    bench.sync().await;
    bench.cache().writer().expect("nobody writes").compact_wal().expect("all in one file");
    let whole = std::fs::read(bench.path()).expect("the copy");
    for _ in 0..6 {
        let mut bytes = whole.clone();
        for _ in 0..20 {
            let place = random.random_range(0..bytes.len());
            bytes[place] ^= 0x55;
        }
        Cache::destroy(&bench.path()).expect("nobody works on it");
        std::fs::write(bench.path(), &bytes).expect("written");
        // Whatever is read first finds it: opening, starting, looking or comparing.
        let found = match Cache::open(
            &bench.path(),
            &super::bench::key(),
            steward_core::id::WorkspaceId(Uuid::nil()),
        ) {
            Err(error) => Some(error),
            Ok(cache) => {
                let config = SyncConfig { is_automatic: false, ..SyncConfig::default() };
                let started = SyncDriver::start(
                    cache,
                    bench.database.login("viewer"),
                    Arc::new(|| Ok(None)),
                    Arc::new(SystemClock),
                    config,
                );
                match started {
                    Err(error) => Some(error),
                    Ok(engine) => {
                        let found = engine.verify().await.err();
                        engine.shutdown().await;
                        found
                    }
                }
            }
        };
        let error = found.expect("twenty flipped bytes are noticed");
        assert!(
            matches!(error.kind(), ErrorKind::CacheCorrupt | ErrorKind::CacheKey),
            "said as what it is: {}",
            error.chain()
        );
        if bench.path().exists() {
            Cache::quarantine(&bench.path()).expect("nobody works on it");
        }
        let engine = bench.engine();
        equals_server(&engine, "a damaged copy").await;
        engine.shutdown().await;
    }
}

/// A backup of the copy, put back weeks later, is an older cut and nothing worse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_an_old_backup_of_the_copy_catches_up() {
    let mut bench = Bench::new().await;
    bench.fill(30, 500).await;
    bench.sync().await;
    bench.cache().writer().expect("nobody writes").compact_wal().expect("all in one file");
    let backup = std::fs::read(bench.path()).expect("the copy");
    bench
        .sql("delete from steward.usage_events where user_id::text like '%4'; insert into steward.teams (name) values ('new')")
        .await;
    bench.sync().await;
    Cache::destroy(&bench.path()).expect("nobody works on it");
    std::fs::write(bench.path(), backup).expect("written");
    assert_eq!(rows(&bench.cache(), Dataset::Teams), 0, "the backup is older");
    let engine = bench.engine();
    equals_server(&engine, "an old backup").await;
    engine.shutdown().await;
    assert_eq!(rows(&bench.cache(), Dataset::Teams), 1);
}
