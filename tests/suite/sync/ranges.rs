//! Statements that change very many rows log a range in place of keys.

use steward_core::Dataset;

use super::bench::{Bench, differences};

async fn logged(bench: &mut Bench, table: &str) -> Vec<(String, i64)> {
    sqlx::query_as(
        "select op::text, sum(keys) from steward.change_log where rel = ('steward.' || $1)::regclass group by op order by op",
    )
    .bind(table)
    .fetch_all(&mut bench.owner)
    .await
    .expect("the log is read")
}

#[tokio::test]
async fn s19_a_statement_that_changes_very_many_rows_logs_one_range() {
    let mut bench = Bench::new().await;
    bench.fill(60, 500).await;
    bench
        .sql(
            "insert into steward.usage_counters (user_id, period, metric)
             select u.id, p.period, 'm' || n from steward.users u, unnest(array['2026-08', '2026-10', '2026-12']) as p (period), generate_series(1, 320) n",
        )
        .await;
    assert_eq!(
        logged(&mut bench, "usage_counters").await,
        [("I".to_owned(), 2), ("X".to_owned(), 1)],
        "57,600 rows, three entries"
    );
    bench.sync().await;
    bench.sql("delete from steward.change_log").await;
    // The smallest statement that is too large, and the largest that is not.
    bench
        .sql(
            "update steward.usage_counters set used = 7 where ctid in (select ctid from steward.usage_counters limit 50001);
             update steward.usage_counters set used = 8 where ctid in (select ctid from steward.usage_counters limit 50000)",
        )
        .await;
    assert_eq!(
        logged(&mut bench, "usage_counters").await,
        [("U".to_owned(), 2 + 2 + 50_000), ("X".to_owned(), 1)],
        "50,000 keys are logged one by one"
    );
    bench.sync().await;
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
    bench.sql("delete from steward.usage_counters where period <> '2026-08' or metric <> 'm1'").await;
    bench.sync().await;
    let held = bench.cache().reader().expect("a reader").row_counts().expect("counts");
    assert_eq!(held[&Dataset::UsageCounters], 60, "what the range no longer has is gone");
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s19_a_range_of_events_is_read_again_by_its_window_of_time() {
    let mut bench = Bench::new().await;
    bench.fill(20, 60_000).await;
    bench
        .sql(
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
             select gen_random_uuid(), now() - interval '80 days' - n * interval '1 second', gen_random_uuid(), 'old'
             from generate_series(1, 51000) n",
        )
        .await;
    bench.sync().await;
    bench.sql("update steward.usage_events set status = 'error', credits = 3 where event_type = 'old'").await;
    assert_eq!(logged(&mut bench, "usage_events").await, [("U".to_owned(), 2), ("X".to_owned(), 1)]);
    let run = bench.sync().await;
    assert!(
        (51_000..70_000).contains(&run.rows_read),
        "the window of half a day, and not the other 90 days: {run:?}"
    );
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}
