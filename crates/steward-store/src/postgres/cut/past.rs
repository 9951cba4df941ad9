//! What changed in the time that is kept as sums: not rows but quarter-hours (S41).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use steward_core::sync::{Reload, Window};
use steward_core::{Dataset, Error, Result};
use tokio::sync::mpsc;

use super::Piece;
use super::delta::parse;
use crate::cache::instant;
use crate::postgres::copy::send;
use crate::postgres::{error, sql_text, sums};

/// A quarter-hour in microseconds.
const QUARTER_US: i64 = 900_000_000;
/// A day.
const DAY_US: i64 = 86_400_000_000;

/// More quarter-hours than this are read like a repair.
const AT_ONCE: usize = 64;

/// Quarter-hours before the edge in which something changed, by their starts in microseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Past {
    quarters: BTreeSet<i64>,
    /// Something changed so long ago that the time has no such number.
    is_ancient: bool,
}

impl Past {
    /// Takes the keys of events before the edge out of those whose rows are read.
    pub(super) fn take_keys(
        &mut self,
        keys: &mut BTreeMap<Dataset, BTreeSet<String>>,
        rows_from: Option<i64>,
    ) -> Result<()> {
        let (Some(rows_from), Some(events)) = (rows_from, keys.get_mut(&Dataset::UsageEvents)) else {
            return Ok(());
        };
        let mut recent = BTreeSet::new();
        for key in std::mem::take(events) {
            let value = parse(&key)?;
            let at = value.get("occurred_at").and_then(Value::as_str).and_then(instant::parse);
            let at = at.ok_or_else(|| Error::internal("A logged event has no time."))?;
            match instant::to_unix(at) {
                Some(at_us) if at_us < rows_from => self.note(at_us),
                // Later than any number of microseconds is later than the edge.
                None if at < 0 => self.is_ancient = true,
                Some(_) | None => {
                    recent.insert(key);
                }
            }
        }
        *events = recent;
        Ok(())
    }

    fn note(&mut self, at_us: i64) {
        self.quarters.insert(at_us.div_euclid(QUARTER_US) * QUARTER_US);
    }

    /// Finds the quarter-hours of a span in which events carry one of these writers.
    pub(super) async fn find_written(
        &mut self,
        connection: &mut PgConnection,
        written: &str,
        (start_us, end_us): (i64, i64),
    ) -> Result<()> {
        let statement = format!(
            "select distinct floor(extract(epoch from t.occurred_at) / 900)::bigint \
             from steward.usage_events t where {written} and {}",
            sql_text::between("occurred_at", start_us, end_us)
        );
        let rows = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(connection).await.map_err(error::map)?;
        for row in rows {
            let number: i64 = row.try_get(0).map_err(error::map)?;
            self.quarters.insert(number.saturating_mul(QUARTER_US));
        }
        Ok(())
    }

    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        self.quarters.is_empty() && !self.is_ancient
    }

    /// Reads the sums of those quarter-hours as they are now, in the snapshot that found them; where they are
    /// too many for that, their days are left to be read like a repair.
    pub(super) async fn read(
        self,
        connection: &mut PgConnection,
        out: &mpsc::Sender<Piece>,
        reloads: &mut BTreeMap<Dataset, Reload>,
    ) -> Result<u64> {
        if self.is_empty() {
            return Ok(0);
        }
        if self.is_ancient || self.quarters.len() > AT_ONCE {
            let mut windows = joined(self.quarters.iter().map(|at| at.div_euclid(DAY_US) * DAY_US), DAY_US);
            if self.is_ancient {
                windows.insert(0, (i64::MIN, windows.first().map_or(-DAY_US, |window| window.0)));
            }
            let windows = windows.into_iter().map(|(start, end)| Window::new(start, end)).collect();
            Reload::windows("Events of many past days changed.", windows)
                .join_into(reloads, Dataset::UsageEvents);
            return Ok(0);
        }
        let spans = joined(self.quarters.into_iter(), QUARTER_US);
        let batches = sums::read_spans(connection, &spans).await?;
        let row_count = batches.iter().map(|batch| batch.rows.len() as u64).sum();
        send(out, Piece::Sums { spans, batches }).await?;
        Ok(row_count)
    }
}

/// Spans of one width, by their starts in order, joined where they touch.
fn joined(starts: impl Iterator<Item = i64>, width: i64) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for start in starts {
        match spans.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(start + width),
            Some(_) | None => spans.push((start, start + width)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn s41_changes_before_the_edge_are_quarter_hours_and_the_others_keys() {
        let key = |at: &str| json!({"user_id": "a", "occurred_at": at, "event_key": "b"}).to_string();
        let (old, new) = (key("1970-01-01T00:14:59.999999+00:00"), key("1970-01-01T00:15:00+00:00"));
        let ancient = key("4714-11-24T00:00:00+00:00 BC");
        let events = BTreeSet::from([old, new.clone(), ancient, key("294276-12-31T23:59:59.999999+00:00")]);
        let mut keys = BTreeMap::from([(Dataset::UsageEvents, events)]);
        let mut past = Past::default();
        past.take_keys(&mut keys, Some(QUARTER_US)).expect("they have times");
        assert!(past.quarters.contains(&0) && !past.quarters.contains(&QUARTER_US));
        assert!(keys[&Dataset::UsageEvents].contains(&new) && keys[&Dataset::UsageEvents].len() == 2);
        let mut none = Past::default();
        none.take_keys(&mut keys, None).expect("nothing is taken");
        assert!(none.is_empty() && keys[&Dataset::UsageEvents].len() == 2);
    }

    #[test]
    fn s41_quarter_hours_that_touch_are_one_span() {
        assert_eq!(joined([0, 10, 30].into_iter(), 10), [(0, 20), (30, 40)]);
    }
}
