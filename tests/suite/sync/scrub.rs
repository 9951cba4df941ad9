//! Some rows with every look: what the sums find, and what becomes of it.

use std::sync::Arc;
use steward_app::command::sync::{DriftRow, SyncStatus, VerifyLevel};
use steward_app::sync_driver::{ScrubBudget, SyncConfig, SyncDriver};
use steward_core::sync::{Guards, Position};
use steward_core::{Dataset, SystemClock};
use steward_store::cache::KeyRange;
use steward_store::postgres::{cut, scrub};

use super::bench::{Bench, differences};

/// What a row of the journal says about rows and sums.
fn counts(row: &DriftRow) -> (Dataset, u64, u64, u64, u64) {
    (row.dataset, row.missing, row.extra, row.different, row.sums)
}

async fn filled() -> Bench {
    let mut bench = Bench::new().await;
    bench.fill(700, 9_000).await;
    bench.sync().await;
    bench
}

#[tokio::test]
async fn s30_server_and_copy_agree_on_the_sum_of_every_dataset() {
    let bench = filled().await;
    let position: Position =
        bench.cache().reader().expect("a reader").state(Position::KEY).expect("readable").expect("stored");
    assert!(position.is_consistent());
    let mut viewer = bench.database.connect("viewer").await;
    cut::open(&mut viewer, cut::Purpose::Cut, Guards::default(), None).await.expect("a cut");
    let shapes = scrub::shapes(&mut viewer).await.expect("shapes");
    let cache = bench.cache();
    let mut writer = cache.writer().expect("nobody else writes");
    let batch = writer.begin().expect("a batch");
    for dataset in Dataset::ALL {
        let local = batch.set_sum(dataset, &KeyRange::All, &shapes[&dataset]).expect("a sum");
        let server =
            scrub::set_sums(&mut viewer, dataset, &[KeyRange::All], 1_000_000).await.expect("a sum")[0];
        assert_eq!(local, server, "{dataset:?}");
        // The ranges are all rows, each once.
        let (mut before, mut whole) = (None, steward_store::record::SetSum::default());
        while let Some(range) = batch.range_after(dataset, before.as_ref(), 700).expect("a range") {
            whole += batch.set_sum(dataset, &range, &shapes[&dataset]).expect("a sum");
            let parts = batch.split(dataset, &range, 32).expect("parts");
            let mut sum = steward_store::record::SetSum::default();
            for part in &parts {
                sum += batch.set_sum(dataset, part, &shapes[&dataset]).expect("a sum");
            }
            assert_eq!(sum, batch.set_sum(dataset, &range, &shapes[&dataset]).expect("a sum"), "{range:?}");
            let servers = scrub::set_sums(&mut viewer, dataset, &parts, 1_000_000).await.expect("sums");
            assert_eq!(servers.iter().map(|sum| sum.rows).sum::<u64>(), sum.rows, "{range:?}");
            before = Some(range);
        }
        assert_eq!(whole, local, "{dataset:?} in ranges");
    }
}

#[tokio::test]
async fn s31_a_changed_a_missing_and_an_extra_row_are_journalled_and_repaired() {
    let bench = filled().await;
    let (clean, status) = bench.scrub().await;
    assert!(clean.is_clean && status.drift.is_empty(), "{:?}", status.drift);
    assert!(status.datasets.iter().all(|row| row.rows == 0 || row.checked_since.is_some()), "all looked at");
    bench.tamper(
        "update users set name = 'rotten' where email = 'user7@mail.invalid';
         delete from users where email in ('user650@mail.invalid', 'user651@mail.invalid');
         insert into users select x'ff', 'ghost', name, status, role, plan_code, country, timezone, null,
             trial_end, last_seen_at, created_at, updated_at, revision from users limit 0;
         insert into teams (id, name, settings, created_at, updated_at, revision)
             values (x'00000000000000000000000000000009', 'ghost', '{}', 0, 0, 1)",
    );
    let (found, status) = bench.scrub().await;
    assert!(!found.is_clean);
    let users: Vec<_> = status.drift.iter().filter(|row| row.dataset == Dataset::Users).collect();
    assert_eq!(users.iter().map(|row| row.missing).sum::<u64>(), 2, "{:?}", status.drift);
    assert_eq!(users.iter().map(|row| row.different).sum::<u64>(), 1);
    let teams: Vec<_> = status.drift.iter().filter(|row| row.dataset == Dataset::Teams).map(counts).collect();
    assert_eq!(teams, [(Dataset::Teams, 0, 1, 0, 0)]);
    for row in &status.drift {
        assert!(row.is_repaired && row.found_by == VerifyLevel::Scrub && row.snapshot.is_some(), "{row:?}");
    }
    let again = bench.verify().await;
    assert!(again.is_clean, "{:?}", differences(&again));
    let counted = bench.cache().reader().expect("a reader").row_counts().expect("counts");
    assert_eq!(counted[&Dataset::Users], 700, "rows that came past the copy's own count are counted again");
}

#[tokio::test]
async fn s31_events_and_their_sums_are_put_right_together() {
    let bench = filled().await;
    bench.tamper(
        "delete from usage_events where id = (select id from usage_events order by id limit 1 offset 4000)",
    );
    let (_, status) = bench.scrub().await;
    let sum = |count: fn(&DriftRow) -> u64| status.drift.iter().map(count).sum::<u64>();
    // The event is back and counted twice in its quarter-hour, its hour, its quarter of a day and its day, which
    // then are made from the rows.
    assert_eq!((sum(|row| row.missing), sum(|row| row.extra + row.different)), (1, 0), "{:?}", status.drift);
    assert_eq!(sum(|row| row.sums), 4, "{:?}", status.drift);
    assert!(status.drift.iter().all(|row| row.dataset == Dataset::UsageEvents), "{:?}", status.drift);
    let again = bench.verify().await;
    assert!(again.is_clean, "{:?}", differences(&again));
    assert_eq!(
        bench.cache().reader().expect("a reader").row_counts().expect("counts")[&Dataset::UsageEvents],
        9_000
    );
}

#[tokio::test]
async fn s31_a_sum_that_drifted_alone_is_made_from_the_rows() {
    let bench = filled().await;
    bench.tamper(
        "update rollup_user set counts = (select counts from rollup_user where level = 1 order by bucket limit 1)
         where level = 1 and bucket = (select max(bucket) from rollup_user where level = 1);
         delete from rollup_total where level = 0 and bucket =
             (select bucket from rollup_total where level = 0 order by bucket limit 1 offset 1000)",
    );
    let (found, status) = bench.scrub().await;
    assert!(!found.is_clean);
    assert_eq!(status.drift.iter().map(|row| row.sums).sum::<u64>(), 2, "{:?}", status.drift);
    assert!(
        status.drift.iter().all(|row| row.missing + row.extra + row.different == 0),
        "{:?}",
        status.drift
    );
    assert!(bench.verify().await.is_clean);
}

#[tokio::test]
async fn s32_the_copy_finds_its_own_faults_without_the_server() {
    let bench = filled().await;
    bench.tamper(
        "update row_count set rows = rows + 5 where dataset = 'users';
         update rollup_user set counts = (select counts from rollup_user where level = 1 order by bucket limit 1)
         where level = 1 and bucket = (select max(bucket) from rollup_user where level = 1)",
    );
    let engine = bench.engine();
    let found = engine.check().await.expect("the check ends");
    assert_eq!((found.is_clean, found.rollup_differences, found.damage.len()), (false, 1, 0));
    let status = engine.status();
    assert_eq!(status.drift.len(), 2, "{:?}", status.drift);
    assert!(status.drift.iter().all(|row| row.found_by == VerifyLevel::Daily && row.snapshot.is_none()));
    assert!(status.levels.iter().any(|run| run.level == VerifyLevel::Daily && run.differences == 2));
    let again = engine.check().await.expect("the check ends");
    assert!(again.is_clean);
    engine.shutdown().await;
    assert!(bench.verify().await.is_clean);
}

#[tokio::test]
async fn s31_what_differs_beyond_measure_is_read_again_like_a_first_load() {
    let mut bench = Bench::new().await;
    bench.fill(60, 60_000).await;
    bench.sync().await;
    bench.tamper("update usage_events set event = (select event from usage_events order by id limit 1)");
    let engine = bench.engine();
    // Every event has the key of one: the copy is beyond telling which is which.
    let outcome = engine.scrub().await;
    engine.shutdown().await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let again = bench.verify().await;
    assert!(again.is_clean, "{:?}", differences(&again));
}

#[tokio::test]
async fn s30_a_copy_that_is_slow_to_answer_does_not_cost_the_cut() {
    let bench = filled().await;
    let mut connection = bench.database.connect("viewer").await;
    cut::open(&mut connection, cut::Purpose::Cut, Guards::ALL, None).await.expect("a cut");
    let limit: String = sqlx::query_scalar("show idle_in_transaction_session_timeout")
        .fetch_one(&mut connection)
        .await
        .expect("a limit");
    assert_eq!(limit, "10s");
    let mut other = bench.database.connect_owner().await;
    let slow = sqlx::raw_sql("select pg_sleep(11)").execute(&mut other);
    cut::keep_open(&mut connection, slow).await.expect("it is still open").expect("the server waits");
    cut::close(&mut connection).await.expect("the cut ends as any other");
}

#[tokio::test]
async fn s30_the_budget_leaves_most_idle_looks_alone() {
    let bench = filled().await;
    let engine = bench.engine();
    for _ in 0..2 {
        engine.run_once().await.expect("the look succeeds");
        assert_eq!(engine.status().scrub.rows, 0, "a look within the pause compares nothing");
    }
    engine.shutdown().await;
    let config = SyncConfig { is_automatic: false, scrub: ScrubBudget::eager(), ..SyncConfig::default() };
    let eager = SyncDriver::start(
        bench.cache(),
        bench.database.login("viewer"),
        Arc::new(|| Ok(None)),
        Arc::new(SystemClock),
        config,
    )
    .expect("the engine starts");
    let mut looks = 0;
    while eager.status().levels.is_empty() {
        eager.run_once().await.expect("the look succeeds");
        looks += 1;
        assert!(looks < 60, "an eager one goes on with every look: {:?}", eager.status().scrub);
    }
    assert!(looks > 2 && eager.status().levels[0].rows >= 9_700, "{looks}: {:?}", eager.status().levels);
    eager.shutdown().await;
}

#[tokio::test]
async fn s30_a_server_started_anew_is_compared_at_once() {
    let bench = filled().await;
    let cache = bench.cache();
    let mut position: Position =
        cache.reader().expect("a reader").state(Position::KEY).expect("readable").expect("stored");
    {
        let cursor = position.cursor.as_mut().expect("a cut was taken");
        cursor.node = "the server before".to_owned();
        let mut writer = cache.writer().expect("nobody else writes");
        let mut batch = writer.begin().expect("a batch");
        batch.put_state(Position::KEY, &position).expect("stored");
        batch.commit().expect("committed");
    }
    let engine = bench.engine();
    engine.run_once().await.expect("the look succeeds");
    let mut states = engine.subscribe();
    let done = states
        .wait_for(|state| state.status.levels.iter().any(|run| run.level == VerifyLevel::Scrub))
        .await
        .expect("the engine runs");
    let done = SyncStatus::clone(&done.status);
    assert!(!done.scrub.is_urgent || done.levels[0].rows >= 9_000, "{:?}", done.levels);
    engine.shutdown().await;
}

#[tokio::test]
async fn s2_a_policy_never_makes_the_scrub_remove_rows() {
    let mut bench = filled().await;
    bench
        .sql("create policy some_rows on steward.users as restrictive for select using (country = 'DE')")
        .await;
    let engine = bench.engine();
    let error = engine.scrub().await.expect_err("the login sees only some rows");
    assert_eq!(error.kind(), steward_core::ErrorKind::RowSecurity);
    assert!(engine.status().drift.is_empty(), "hidden is not gone");
    engine.shutdown().await;
    let rows = |bench: &Bench| {
        bench.cache().reader().expect("a reader").row_counts().expect("counts")[&Dataset::Users]
    };
    assert_eq!(rows(&bench), 700);
    // The mutant: the same sums without the look at the policies. It takes hidden rows for deleted ones, so it
    // is that look that keeps them.
    let mut viewer = bench.database.connect("viewer").await;
    cut::open(&mut viewer, cut::Purpose::Cut, Guards::default(), None).await.expect("a cut");
    let server =
        scrub::set_sums(&mut viewer, Dataset::Users, &[KeyRange::All], 1_000_000).await.expect("a sum");
    assert_eq!(server[0].rows, 0, "to the mutant the table is empty");
    cut::abandon(&mut viewer).await.expect("ended");
    assert!(
        cut::open_cut(&mut viewer, cut::Purpose::Cut, Guards::default(), None, None, None).await.is_err(),
        "and the engine looks first"
    );
    bench.sql("drop policy some_rows on steward.users").await;
    assert!(bench.scrub().await.0.is_clean);
}
