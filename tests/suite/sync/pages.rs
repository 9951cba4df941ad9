//! Weeks offline: what changed arrives in pages, whatever happens between them.

use steward_app::command::sync::{DatasetState, DatasetStatus};
use steward_app::sync_driver::SyncHandle;
use steward_core::sync::Position;
use steward_tests::cluster::execute;

use super::bench::{Bench, differences};
use super::line::{Break, Line};

/// More entries of the change log than one cut takes, and a page's worth of every kind of change.
const MANY_CHANGES: &str = "
    do $$ begin
        for n in 1..400 loop
            insert into steward.usage_counters (user_id, period, metric, used) select id, '2026-10', 'm' || n, n from steward.users;
        end loop;
    end $$;
    update steward.usage_counters set used = used + 1 where metric like 'm%7';
    delete from steward.usage_counters where metric like 'm%3';
    update steward.users set name = 'after weeks' where email like '%1@mail.invalid';
    update steward.usage_events set status = 'error' where event_key::text like '%5'";

fn position(bench: &Bench) -> Position {
    let reader = bench.cache().reader().expect("a reader");
    reader.state(Position::KEY).expect("readable").expect("stored")
}

/// Looks, and tells whether a dataset was being caught up with meanwhile.
async fn look_and_watch(engine: &SyncHandle) -> bool {
    let mut status = engine.subscribe();
    let is_catching_up = |row: &DatasetStatus| row.state == DatasetState::CatchingUp;
    let look = engine.run_once();
    tokio::pin!(look);
    let mut was_seen = false;
    loop {
        tokio::select! {
            run = &mut look => {
                run.expect("the look succeeds");
                return was_seen;
            }
            changed = status.changed() => {
                changed.expect("the engine runs");
                was_seen |= status.borrow_and_update().status.datasets.iter().any(is_catching_up);
            }
        }
    }
}

/// Waits until every transaction that ran at the last cut has ended, also those of other tests on this server:
/// only then is there something to page.
async fn others_end(bench: &mut Bench) {
    let seen = position(bench).cursor.expect("a cut was taken").snapshot.xmax();
    let ended = async {
        loop {
            let xmin: String = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text")
                .fetch_one(&mut bench.owner)
                .await
                .expect("a snapshot");
            if xmin.parse::<u64>().expect("a number") > seen {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("writers end");
}

#[tokio::test]
async fn s18_weeks_of_changes_arrive_in_pages_and_the_copy_says_so() {
    let mut bench = Bench::new().await;
    bench.fill(60, 3_000).await;
    bench.sync().await;
    let before = position(&bench);
    bench.sql(MANY_CHANGES).await;
    let engine = bench.engine();
    others_end(&mut bench).await;
    assert!(look_and_watch(&engine).await, "the state is told while pages are left");
    let after = position(&bench);
    assert!(
        after.catch_up.is_none() && after.loads.is_empty(),
        "nothing is left, and nothing was read in full"
    );
    assert!(after.cut_count > before.cut_count && after.is_consistent(), "a cut ended it");
    let found = engine.verify().await.expect("the comparison runs");
    assert!(found.is_clean, "{:?}", differences(&found));
    engine.shutdown().await;
}

#[tokio::test]
async fn s18_pages_resume_where_they_were_broken_off() {
    let mut bench = Bench::new().await;
    bench.fill(60, 2_000).await;
    bench.sync().await;
    bench.sql(MANY_CHANGES).await;
    others_end(&mut bench).await;
    let login = bench.database.login("viewer");
    let (mut budget, mut breaks) = (0, 0);
    let mut places = Vec::new();
    // Broken off again and again, each time a little later than the look before would have got, until one comes
    // through.
    loop {
        budget += 128 * 1024;
        let line = Line::to(&login, budget, Break::Stall, 65_536).await;
        let engine = bench.engine_at(line.address.clone());
        let look = engine.run_once();
        let is_through = tokio::select! {
            run = look => { run.expect("the last look comes through"); true }
            () = line.stalled() => false,
        };
        engine.shutdown().await;
        if is_through {
            break;
        }
        breaks += 1;
        places.extend(position(&bench).catch_up.and_then(|pages| pages.after));
    }
    assert!(breaks >= 2, "it was broken off: {breaks}");
    assert!(!places.is_empty(), "within the pages");
    assert!(places.is_sorted(), "every look went on where the last one stopped: {places:?}");
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s18_a_writer_open_all_the_time_and_a_truncate_are_no_obstacle() {
    let mut bench = Bench::new().await;
    bench.fill(60, 1_000).await;
    let mut writer = bench.database.connect_owner().await;
    execute(&mut writer, "begin; insert into steward.teams (name) values ('from the beginning')").await;
    bench.sync().await;
    let mut second = bench.database.connect_owner().await;
    execute(&mut second, "begin; insert into steward.teams (name) values ('in between')").await;
    bench.sql(MANY_CHANGES).await;
    // Pages could only reach up to the writer that was open at the last cut, so the tables are read again.
    bench.sync().await;
    execute(&mut writer, "commit").await;
    bench.sql(&MANY_CHANGES.replace("2026-10", "2026-11")).await;
    bench.sql("truncate steward.usage_counters; insert into steward.usage_counters (user_id, period, metric) select id, '2026-12', 'a' from steward.users").await;
    // Now they reach up to the second one.
    bench.sync().await;
    execute(&mut second, "commit").await;
    bench.sync().await;
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s18_very_many_new_events_arrive_in_windows() {
    let mut bench = Bench::new().await;
    bench.fill(20, 1_000).await;
    bench.sync().await;
    bench
        .sql(
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
             select ('00000000-0000-4000-8000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid,
                    now() - (n % 60) * interval '1 day', gen_random_uuid(), 'bulk'
             from generate_series(1, 110000) n",
        )
        .await;
    others_end(&mut bench).await;
    let run = bench.sync().await;
    assert!(
        (110_000..170_000).contains(&run.rows_read),
        "only what is new was read, most of it once: {run:?}"
    );
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}
