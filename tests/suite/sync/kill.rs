//! kill -9 at any moment, under writers: the next process finds a copy that equals the server.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use steward_core::sync::{Guard, Guards};
use steward_store::cache::Cache;
use steward_store::postgres::connect::Address;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::bench::{Bench, differences, open_cache, start_with};
use super::writers::Writers;

/// Where the process of a first load can be made to die.
const LOAD_PLACES: [&str; 4] = ["after_store", "chunk_rows", "before_chunk_commit", "after_chunk_commit"];

/// Where that of a cut can.
const CUT_PLACES: [&str; 6] =
    ["cut_opened", "delta_read", "delta_applied", "flushed", "before_cut_commit", "after_cut_commit"];

/// How many copies are worked on, killed and verified side by side.
const LANES: u32 = 2;

/// What a lane saw.
#[derive(Debug, Default)]
struct Tally {
    /// Processes killed from outside.
    kills: u32,
    /// Processes that died at a named place.
    aborts: u32,
    /// Comparisons of every row and every rollup that found nothing.
    clean: u32,
    /// What the first unclean one found.
    divergence: Option<String>,
}

/// One copy, worked on by processes that die.
struct Lane {
    path: PathBuf,
    viewer: Address,
    viewer_url: String,
    guards: Guards,
    random: ChaCha8Rng,
}

impl Lane {
    fn worker(&self, abort_at: Option<String>) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward-sync-worker"));
        command
            .arg(&self.path)
            .env("STEWARD_TEST_URL", &self.viewer_url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(place) = abort_at {
            command.env("STEWARD_ABORT_AT", place);
        }
        if !self.guards.has(Guard::SnapshotCursor) {
            command.env("STEWARD_TEST_CURSOR", "number");
        }
        command.spawn().expect("the worker starts")
    }

    /// Kills one process after another; stops at the first copy that differs from the server.
    async fn run(mut self, rounds: u32) -> Tally {
        let mut tally = Tally::default();
        for round in 0..rounds {
            // Now and then from nothing, so that first loads are killed too.
            let is_first = round % 10 == 0;
            if is_first {
                Cache::destroy(&self.path).expect("nobody works on it");
            }
            self.kill(is_first, &mut tally).await;
            let engine = start_with(open_cache(&self.path), self.viewer.clone(), self.guards);
            let found = engine.verify().await.expect("the comparison runs");
            engine.shutdown().await;
            if !found.is_clean {
                tally.divergence = Some(format!("after kill {round}: {:?}", differences(&found)));
                break;
            }
            tally.clean += 1;
        }
        tally
    }

    async fn kill(&mut self, is_first: bool, tally: &mut Tally) {
        if self.random.random_bool(0.4) {
            let places: &[&str] = if is_first { &LOAD_PLACES } else { &CUT_PLACES };
            let place = places[self.random.random_range(0..places.len())];
            let passage = self.random.random_range(1..4);
            let mut child = self.worker(Some(format!("{place}:{passage}")));
            is_at_work(&mut child).await;
            // A place that is not passed any more: then the clock kills.
            match tokio::time::timeout(Duration::from_millis(300), child.wait()).await {
                Ok(status) => {
                    assert!(!status.expect("it ended").success(), "it died at {place}");
                    tally.aborts += 1;
                }
                Err(_) => {
                    child.kill().await.expect("it is killed");
                    tally.kills += 1;
                }
            }
        } else {
            let mut child = self.worker(None);
            assert!(is_at_work(&mut child).await, "the worker starts its engine");
            let delay = Duration::from_millis(self.random.random_range(1..=50));
            let ended = tokio::time::timeout(delay, child.wait()).await;
            assert!(ended.is_err(), "the worker works until it is killed: {ended:?}");
            child.kill().await.expect("it is killed");
            tally.kills += 1;
        }
    }
}

/// Waits until the worker's engine runs; false when it died before.
async fn is_at_work(child: &mut Child) -> bool {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    matches!(lines.next_line().await, Ok(Some(line)) if line == "at work")
}

/// The scenario: concurrent writers, and copies whose processes are killed.
#[expect(clippy::print_stdout, reason = "how much was survived is the test's answer")]
async fn scenario(guards: Guards, rounds: u32, seed: u64) -> Tally {
    let mut bench = Bench::new().await;
    bench.fill(30, 300).await;
    let writers = Writers::start(&bench.database.owner(), 3, seed);
    let folder: &Path = &bench.path();
    let lanes = (0..LANES).map(|index| {
        let lane = Lane {
            path: folder.with_file_name(format!("killed-{index}.db")),
            viewer: bench.database.login("viewer"),
            viewer_url: bench.database.login_url("viewer"),
            guards,
            random: ChaCha8Rng::seed_from_u64(seed + u64::from(index)),
        };
        lane.run(rounds.div_ceil(LANES))
    });
    let tallies = futures::future::join_all(lanes).await;
    let transactions = writers.stop().await;
    let mut sum = Tally::default();
    for tally in tallies {
        sum.kills += tally.kills;
        sum.aborts += tally.aborts;
        sum.clean += tally.clean;
        sum.divergence = sum.divergence.or(tally.divergence);
    }
    println!(
        "seed {seed}: {} processes killed ({} by the clock, {} at a named place) under {transactions} \
         transactions; {} comparisons clean; divergence: {}",
        sum.kills + sum.aborts,
        sum.kills,
        sum.aborts,
        sum.clean,
        sum.divergence.as_deref().unwrap_or("none")
    );
    assert!(transactions > 20, "the writers were at work");
    sum
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_killed_process_leaves_a_copy_that_equals_a_cut() {
    let rounds = asked("STEWARD_KILLS").map_or(200, |kills| u32::try_from(kills).expect("a small number"));
    let seed = asked("STEWARD_SEED").unwrap_or(20_261_121);
    let tally = scenario(Guards::default(), rounds, seed).await;
    assert_eq!(tally.divergence, None);
    assert!(tally.kills + tally.aborts >= rounds, "as many as asked for: {tally:?}");
    assert_eq!(tally.clean, tally.kills + tally.aborts, "each was followed by a comparison");
    assert!(tally.aborts > 0, "some died at a named place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m1_a_cursor_of_numbers_fails_the_same_kills() {
    let tally = scenario(Guards::without(Guard::SnapshotCursor), 200, 20_261_121).await;
    assert!(tally.divergence.is_some(), "the mutant must be caught: {tally:?}");
}
