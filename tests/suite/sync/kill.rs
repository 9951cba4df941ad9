//! kill -9 at any moment, under writers: the next process finds a copy that equals the server.

use std::process::Stdio;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use steward_store::cache::Cache;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::bench::{Bench, differences};
use super::writers::Writers;

/// The places in the driver where a process can be made to die.
const PLACES: [&str; 10] = [
    "cut_opened",
    "delta_read",
    "delta_applied",
    "flushed",
    "before_cut_commit",
    "after_cut_commit",
    "chunk_rows",
    "before_chunk_commit",
    "after_chunk_commit",
    "after_store",
];

fn worker(bench: &Bench, abort_at: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steward-sync-worker"));
    command
        .arg(bench.path())
        .env("STEWARD_TEST_URL", bench.database.login_url("viewer"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(place) = abort_at {
        command.env("STEWARD_ABORT_AT", place);
    }
    command.spawn().expect("the worker starts")
}

/// Waits until the worker's engine runs; false when it died before.
async fn is_at_work(child: &mut Child) -> bool {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    matches!(lines.next_line().await, Ok(Some(line)) if line == "at work")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_a_killed_process_leaves_a_copy_that_equals_a_cut() {
    let asked: Option<u32> = std::env::var("STEWARD_KILLS").ok().and_then(|text| text.parse().ok());
    let kills = asked.unwrap_or(200);
    let began = std::time::Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(20_261_121);
    let mut bench = Bench::new().await;
    bench.fill(30, 3_000).await;
    let writers = Writers::start(&bench.database.owner(), 3, 5);
    let mut aborts = 0;
    for round in 0..kills {
        // Unless a number is asked for, as many as fit into the time of a pull request's checks.
        if asked.is_none() && round >= 8 && began.elapsed() > Duration::from_secs(40) {
            break;
        }
        // Now and then from nothing, so that first loads are killed too.
        if round % 10 == 0 {
            Cache::destroy(&bench.path()).expect("nobody works on it");
        }
        if random.random_bool(0.4) {
            let place = PLACES[random.random_range(0..PLACES.len())];
            let passage = random.random_range(1..4);
            let mut child = worker(&bench, Some(&format!("{place}:{passage}")));
            is_at_work(&mut child).await;
            // A place that is not passed any more: then the clock kills.
            match tokio::time::timeout(Duration::from_millis(700), child.wait()).await {
                Ok(status) => {
                    assert!(!status.expect("it ended").success(), "it died at {place}");
                    aborts += 1;
                }
                Err(_) => child.kill().await.expect("it is killed"),
            }
        } else {
            let mut child = worker(&bench, None);
            is_at_work(&mut child).await;
            let delay = Duration::from_millis(random.random_range(1..=50));
            let ended = tokio::time::timeout(delay, child.wait()).await;
            assert!(ended.is_err(), "the worker works until it is killed: {ended:?}");
            child.kill().await.expect("it is killed");
        }
        let found = bench.verify().await;
        assert!(found.is_clean, "after kill {round}: {:?}", differences(&found));
    }
    assert!(aborts > 0, "some died at a named place");
    writers.stop().await;
}
