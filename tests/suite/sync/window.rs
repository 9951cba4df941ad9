//! Rows of the newest days, the server's sums before them: the same answers as a copy that keeps every row.

use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::Value;
use steward_app::command::sync::{SyncStatus, VerifyRes};
use steward_app::sync_driver::{ScrubBudget, SyncConfig, SyncDriver, SyncHandle};
use steward_core::overview::OverviewReq;
use steward_core::period::Compare;
use steward_core::sync::{Position, RowWindow};
use steward_core::{Dataset, SystemClock};
use steward_store::cache::Cache;
use steward_store::cache::query::overview;

use super::bench::{Bench, differences, open_cache};
use super::invariants;

const TWENTY_DAYS: RowWindow = RowWindow { days: Some(20), rows: None };

/// Half hours, quarter-hours, half hours in summer, the date line, and plain ones.
const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Asia__Kathmandu,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Kiritimati,
    Tz::America__Los_Angeles,
];

/// One server, a copy that keeps every row, and one that keeps a window.
struct Twins {
    bench: Bench,
    keep: RowWindow,
}

impl Twins {
    async fn new(users: u32, events: u32, keep: RowWindow) -> Self {
        let mut bench = Bench::new().await;
        bench.fill(users, events).await;
        Self { bench, keep }
    }

    fn path(&self) -> PathBuf {
        self.bench.path().with_file_name("windowed.db")
    }

    fn windowed(&self) -> Cache {
        open_cache(&self.path())
    }

    fn engine(&self) -> SyncHandle {
        let config = SyncConfig {
            is_automatic: false,
            keep: self.keep,
            scrub: ScrubBudget::eager(),
            ..SyncConfig::default()
        };
        let address = self.bench.database.login("viewer");
        SyncDriver::start(self.windowed(), address, Arc::new(|| Ok(None)), Arc::new(SystemClock), config)
            .expect("the engine starts")
    }

    /// One look of both, and everything the windowed copy says about itself.
    async fn sync(&self) -> SyncStatus {
        self.bench.sync().await;
        let engine = self.engine();
        engine.run_once().await.expect("the look succeeds");
        let status = engine.status();
        assert!(status.is_consistent, "{status:?}");
        engine.shutdown().await;
        status
    }

    async fn verify(&self) -> VerifyRes {
        let engine = self.engine();
        let found = engine.verify().await.expect("the comparison runs");
        engine.shutdown().await;
        found
    }

    /// Both copies answer alike, and the windowed one equals the server.
    async fn agree(&self, after: &str) {
        self.sync().await;
        let found = self.verify().await;
        assert!(found.is_clean, "{after}: {:?}", differences(&found));
        same_answers(&self.bench.cache(), &self.windowed(), after);
    }

    fn position(&self) -> Position {
        let cache = self.windowed();
        let reader = cache.reader().expect("a reader");
        reader.state(Position::KEY).expect("readable").expect("stored")
    }

    fn rows(&self) -> u64 {
        invariants::rows(&self.windowed(), Dataset::UsageEvents)
    }
}

/// An answer without what names the moment or leaves ties open.
fn answer(cache: &Cache, range: &str, zone: Tz, compare: Compare) -> Value {
    let request = OverviewReq { range: range.parse().expect("a range"), zone, compare };
    let reader = cache.reader().expect("a reader");
    let overview = overview::show(&reader, &request).expect("an answer");
    let mut answer = serde_json::to_value(&overview).expect("JSON");
    answer["freshness"] = Value::Null;
    // Users with as many events as the last one shown are as many as there are.
    let least = overview.top_users.last().map_or(0, |user| user.events);
    let top: Vec<_> = overview.top_users.iter().filter(|user| user.events > least).collect();
    let mut ids: Vec<String> = top.iter().map(|user| format!("{} {}", user.events, user.id)).collect();
    ids.sort_unstable();
    answer["top_users"] = serde_json::json!({ "least": least, "above": ids });
    answer
}

fn same_answers(raw: &Cache, windowed: &Cache, after: &str) {
    let this_month = chrono::Utc::now().format("%Y-%m").to_string();
    let last_month = (chrono::Utc::now() - chrono::Duration::days(31)).format("%Y-%m").to_string();
    for zone in ZONES {
        for range in ["24h", "30d", "90d", "550d", "now-44d/d..now", &this_month, &last_month] {
            for compare in [Compare::Previous, Compare::Off] {
                let (one, two) = (answer(raw, range, zone, compare), answer(windowed, range, zone, compare));
                assert_eq!(one, two, "{after}: {range} in {zone}");
            }
        }
    }
}

#[tokio::test]
async fn s40_a_windowed_copy_answers_like_one_that_keeps_every_row() {
    let twins = Twins::new(40, 6_000, TWENTY_DAYS).await;
    let status = twins.sync().await;
    let since = status.rows_since.expect("there is an edge");
    assert_eq!(since.timestamp_micros() % 86_400_000_000, 0, "rows begin with a day");
    let all = invariants::rows(&twins.bench.cache(), Dataset::UsageEvents);
    let kept: i64 = sqlx::query_scalar("select count(*) from steward.usage_events where occurred_at >= $1")
        .bind(since)
        .fetch_one(&mut twins.bench.database.connect_owner().await)
        .await
        .expect("counted");
    assert_eq!((all, twins.rows()), (6_000, kept.unsigned_abs()), "rows from the edge on, and no others");
    assert!(twins.rows() > 1_000 && twins.rows() < 2_000);
    twins.agree("the first read").await;
}
