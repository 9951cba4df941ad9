//! What a comparison finds, and numbers against SQL asked directly.

use serde_json::json;
use steward_core::Dataset;
use steward_core::overview::OverviewReq;
use steward_core::period::{Compare, RangeSpec};
use steward_store::cache::query::overview;
use steward_store::row::RowBatch;

use super::bench::{Bench, differences};

#[tokio::test]
async fn s13_planted_drift_is_found_named_and_read_again() {
    let mut bench = Bench::new().await;
    bench.fill(20, 2_000).await;
    bench.sync().await;
    let (user, at, key): (uuid::Uuid, String, uuid::Uuid) = sqlx::query_as(
        "select user_id, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"'), event_key
         from steward.usage_events order by occurred_at limit 1",
    )
    .fetch_one(&mut bench.owner)
    .await
    .expect("an event");
    {
        let mut writer = bench.cache().writer().expect("nobody else writes");
        let mut batch = writer.begin().expect("a batch");
        let users = batch
            .apply_keys(Dataset::Users, &[json!({"id": user})], &RowBatch::new(Dataset::Users))
            .expect("applied");
        let events = batch
            .apply_keys(
                Dataset::UsageEvents,
                &[json!({"user_id": user, "occurred_at": at, "event_key": key})],
                &RowBatch::new(Dataset::UsageEvents),
            )
            .expect("applied");
        batch.commit().expect("committed");
        assert_eq!((users.deleted, events.deleted), (1, 1), "the copy was tampered with");
    }
    let engine = bench.engine();
    let found = engine.verify().await.expect("the comparison runs");
    assert!(!found.is_clean);
    let row = |dataset| found.datasets.iter().find(|row| row.dataset == dataset).expect("compared").clone();
    assert_eq!(
        (row(Dataset::Users).missing, row(Dataset::UsageEvents).missing),
        (1, 1),
        "{:?}",
        differences(&found)
    );
    assert!(found.rollup_differences > 0, "the server's sums know of the event");
    let status = engine.status();
    let drift = status.drift.iter().find(|row| row.dataset == Dataset::UsageEvents).expect("journalled");
    assert!(
        drift.range.contains("UTC") && drift.is_repaired,
        "named by its window, and put right: {drift:?}"
    );
    let again = engine.verify().await.expect("the comparison runs");
    assert!(again.is_clean, "{:?}", differences(&again));
    let users =
        engine.status().datasets.into_iter().find(|row| row.dataset == Dataset::Users).expect("listed");
    assert_eq!(users.verified_at, Some(again.as_of));
    engine.shutdown().await;
}

#[tokio::test]
async fn s9_the_overview_of_ninety_days_equals_sql_in_every_zone() {
    let mut bench = Bench::new().await;
    bench.fill(37, 20_000).await;
    bench.sync().await;
    // Part of the rows arrive by a cut and not by the load, some are changed and some go.
    bench
        .sql(
            "update steward.usage_events set status = 'error', cost = cost + 0.000000001 where event_key::text like '%5';
             delete from steward.usage_events where event_key::text like '%31'",
        )
        .await;
    bench.sync().await;
    for zone in [chrono_tz::UTC, chrono_tz::Asia::Kathmandu, chrono_tz::America::St_Johns] {
        let req = OverviewReq { range: RangeSpec::Days(90), zone, compare: Compare::Off };
        let shown = overview::show(&bench.cache().reader().expect("a reader"), &req).expect("an answer");
        assert!(shown.freshness.is_consistent, "{zone}");
        let first = shown.activity.first().expect("90 days").day;
        let days: Vec<(chrono::NaiveDate, i64, i64)> = sqlx::query_as(
            "select (occurred_at at time zone $1)::date, count(*), count(*) filter (where status = 'error')
             from steward.usage_events where (occurred_at at time zone $1)::date >= $2 group by 1 order by 1",
        )
        .bind(zone.name())
        .bind(first)
        .fetch_all(&mut bench.owner)
        .await
        .expect("an answer");
        let shown_days: Vec<_> = shown
            .activity
            .iter()
            .filter(|point| point.events > 0)
            .map(|point| (point.day, point.events.cast_signed(), point.errors.cast_signed()))
            .collect();
        assert_eq!(shown_days, days, "{zone}: events and errors by local day");
        let (events, users, cost, tokens, latency): (i64, i64, String, i64, i64) = sqlx::query_as(
            "select count(*), count(distinct user_id), sum(cost)::text, sum(input_tokens)::bigint, sum(latency_ms)::bigint
             from steward.usage_events where (occurred_at at time zone $1)::date >= $2",
        )
        .bind(zone.name())
        .bind(first)
        .fetch_one(&mut bench.owner)
        .await
        .expect("an answer");
        let totals = &shown.totals;
        assert_eq!(
            (
                totals.events.cast_signed(),
                totals.active_users.cast_signed(),
                totals.cost.clone(),
                totals.input_tokens,
                totals.latency_ms_sum
            ),
            (events, users, cost, tokens, latency),
            "{zone}: totals to the unit"
        );
    }
}
