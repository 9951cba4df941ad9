//! What a snapshot does not contain: keys of the change log, and rows that carry their writer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use steward_core::dataset::Capture;
use steward_core::sync::{Catalog, Delta, KeySpan, LogPlace, Reach, Reload, Snapshot, Window};
use steward_core::{Dataset, Error, Result};
use tokio::sync::mpsc;

use super::Piece;
use super::past::Past;
use crate::postgres::copy::{RowReader, pour, send};
use crate::postgres::{catalog, error, sql_text};
use crate::row::RowBatch;

/// More logged keys than this are no matter of one cut (S18).
const LOGGED_LIMIT: u64 = 20_000;
/// More rows than this that carry their writer are none either.
const ROW_LIMIT: u64 = 100_000;
/// Keys fetched by one statement.
const KEYS_AT_ONCE: usize = 2_000;

/// An entry of the change log.
#[derive(Debug)]
pub(super) struct Entry {
    relation: u32,
    operation: String,
    key: Option<String>,
    pub(super) place: LogPlace,
    /// How many keys it has.
    pub(super) key_count: u64,
}

/// A database restored from a dump carries transactions of another server, which lie ahead of this one's.
/// They changed nothing here: what a snapshot shows of this server was written below its `xmax`.
pub(super) const NOT_AHEAD: &str = "xid < pg_snapshot_xmax(pg_current_snapshot())";

/// The columns an [`Entry`] is read from.
const ENTRY: &str = "rel::bigint, op::text, pk::text, xid::text, seq, keys::bigint";

impl Entry {
    pub(super) fn read(row: &PgRow) -> Result<Self> {
        let xid: String = row.try_get(3).map_err(error::map)?;
        let xid = xid.parse().map_err(|cause| {
            Error::internal("A logged transaction is no transaction id.").with_source(cause)
        })?;
        Ok(Self {
            relation: catalog::oid_of(row.try_get(0).map_err(error::map)?)?,
            operation: row.try_get(1).map_err(error::map)?,
            key: row.try_get(2).map_err(error::map)?,
            place: LogPlace { xid, seq: row.try_get(4).map_err(error::map)? },
            key_count: row.try_get::<i64, _>(5).map_err(error::map)?.unsigned_abs(),
        })
    }
}

/// What the change log says since a snapshot.
#[derive(Debug)]
pub struct Log {
    since: Snapshot,
    reach: Reach,
    entries: Vec<Entry>,
}

impl Log {
    pub(super) fn statement(since: &Snapshot, reach: Reach) -> String {
        entries(since, reach, NOT_AHEAD, LOGGED_LIMIT + 1)
    }

    pub(super) fn new(since: Snapshot, reach: Reach, rows: &[PgRow]) -> Result<Self> {
        let entries = rows.iter().map(Entry::read).collect::<Result<_>>()?;
        Ok(Self { since, reach, entries })
    }
}

/// Reads everything `since` does not contain, inside the open cut. `log` is what the message that opened
/// the cut brought along. Where `may_page` and it is too much for one cut, the answer says so and nothing that
/// was sent may be kept (S18). Events before `rows_from`, in microseconds since 1970, are read as sums (S41).
///
/// # Errors
/// When the connection breaks or the receiver is gone.
#[expect(clippy::too_many_arguments, reason = "each is one fact about the cut")]
pub async fn read_delta(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    log: Option<Log>,
    rows_from: Option<i64>,
    may_page: bool,
    out: &mpsc::Sender<Piece>,
) -> Result<Delta> {
    let log = match log {
        Some(log) if log.since == *since && log.reach == reach => log,
        Some(_) | None => {
            let rows = sqlx::raw_sql(AssertSqlSafe(Log::statement(since, reach)))
                .fetch_all(&mut *connection)
                .await
                .map_err(error::map)?;
            Log::new(since.clone(), reach, &rows)?
        }
    };
    let mut delta = Delta { is_empty: log.entries.is_empty(), ..Delta::default() };
    let key_count: u64 = log.entries.iter().map(|entry| entry.key_count).sum();
    let mut past = Past::default();
    let keys = if key_count <= LOGGED_LIMIT {
        let mut keys = sort_log(log.entries, catalog, &mut delta.reloads)?;
        past.take_keys(&mut keys, rows_from)?;
        keys
    } else if may_page {
        delta.is_long = true;
        return Ok(delta);
    } else {
        reload_changed(connection, since, reach, catalog, &mut delta).await?;
        BTreeMap::new()
    };
    delta.row_count += read_changed(connection, keys, out).await?;
    for dataset in Dataset::ALL {
        if dataset.spec().capture == Capture::WriterColumn {
            let spec = dataset.spec();
            let limit = if may_page { format!(" limit {}", ROW_LIMIT + 1) } else { String::new() };
            let written = writer_predicate(since, reach);
            let mut recent = String::new();
            if let Some(rows_from) = rows_from.filter(|_| dataset == Dataset::UsageEvents) {
                past.find_written(connection, &written, (i64::MIN, rows_from)).await?;
                recent = format!(" and {}", sql_text::between("occurred_at", rows_from, i64::MAX));
            }
            let query = format!(
                "select {} from steward.{} t where {written}{recent}{limit}",
                sql_text::columns(spec),
                spec.table,
            );
            let row_count = pour(connection, dataset, &query, out, Piece::Rows).await?;
            delta.row_count += row_count;
            delta.is_empty &= row_count == 0;
            if may_page && row_count > ROW_LIMIT {
                delta.is_long = true;
                return Ok(delta);
            }
        }
    }
    delta.is_empty &= past.is_empty();
    delta.row_count += past.read(connection, out, &mut delta.reloads).await?;
    Ok(delta)
}

/// Reads the rows under these keys as they are now; answers how many there are.
pub(super) async fn read_changed(
    connection: &mut PgConnection,
    keys: BTreeMap<Dataset, BTreeSet<String>>,
    out: &mpsc::Sender<Piece>,
) -> Result<u64> {
    let mut row_count = 0;
    for (dataset, keys) in keys {
        let keys: Vec<Value> = keys.iter().map(|key| parse(key)).collect::<Result<_>>()?;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let rows = read_keys(connection, dataset, keys).await?;
            row_count += rows.len() as u64;
            send(out, Piece::Keys { dataset, keys: keys.to_vec(), rows }).await?;
        }
    }
    Ok(row_count)
}

pub(super) fn parse(key: &str) -> Result<Value> {
    serde_json::from_str(key).map_err(|cause| Error::internal("A logged key is no JSON.").with_source(cause))
}

/// The tables that changed, all of them to be read again.
async fn reload_changed(
    connection: &mut PgConnection,
    since: &Snapshot,
    reach: Reach,
    catalog: &Catalog,
    delta: &mut Delta,
) -> Result<()> {
    let condition = log_condition(since, reach);
    let statement = format!("select distinct rel::bigint from steward.change_log where {condition}");
    let rows =
        sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut *connection).await.map_err(error::map)?;
    for row in rows {
        let relation = catalog::oid_of(row.try_get(0).map_err(error::map)?)?;
        if let Some(dataset) = catalog.dataset_of(relation) {
            let reason = "So many rows changed that reading them all is quicker.";
            delta.reloads.insert(dataset, Reload::whole(reason));
        }
    }
    Ok(())
}

/// The keys that changed, by dataset; what has to be read in full goes to `reloads`.
pub(super) fn sort_log(
    entries: Vec<Entry>,
    catalog: &Catalog,
    reloads: &mut BTreeMap<Dataset, Reload>,
) -> Result<BTreeMap<Dataset, BTreeSet<String>>> {
    let mut keys: BTreeMap<Dataset, BTreeSet<String>> = BTreeMap::new();
    for Entry { relation, operation, key, .. } in entries {
        // A relation nobody knows was a partition that is gone: its absence shows in the catalog (S7).
        let Some(dataset) = catalog.dataset_of(relation) else { continue };
        match (operation.as_str(), key) {
            ("I" | "U" | "D", Some(columns)) => {
                keys.entry(dataset).or_default().extend(logged_keys(&columns)?);
            }
            // S19: the first key of a range is read by itself, since a span begins above a key.
            ("X", Some(range)) => {
                let (first, reload) = changed_range(dataset, &parse(&range)?);
                keys.entry(dataset).or_default().extend(first);
                reload.join_into(reloads, dataset);
            }
            // S8: a TRUNCATE is never replayed at its place in the log, since an insert with a lower id may
            // have committed after it; the table is read again.
            _ => {
                if let Some((dataset, reload)) = catalog.truncated(relation) {
                    reload.join_into(reloads, dataset);
                }
            }
        }
    }
    Ok(keys)
}

/// The keys of an entry: one as it is, several as an array for each of their columns.
fn logged_keys(columns: &str) -> Result<Vec<String>> {
    let Value::Object(columns) = parse(columns)? else {
        return Err(Error::internal("A logged key is no object."));
    };
    let Some(count) = columns.values().find_map(Value::as_array).map(Vec::len) else {
        return Ok(vec![Value::Object(columns).to_string()]);
    };
    let mut keys = vec![Map::new(); count];
    for (name, values) in columns {
        let Value::Array(values) = values else { return Err(Error::internal("A logged key is no array.")) };
        if values.len() != count {
            return Err(Error::internal("The columns of logged keys differ in length."));
        }
        for (key, value) in keys.iter_mut().zip(values) {
            key.insert(name.clone(), value);
        }
    }
    Ok(keys.into_iter().map(|key| Value::Object(key).to_string()).collect())
}

/// The first entries of the log that meet the conditions, in their order by transaction: as many as it takes
/// for this many keys, and one at least, since an entry may have up to 50,000.
pub(super) fn entries(since: &Snapshot, reach: Reach, bound: &str, key_limit: u64) -> String {
    // The lower bound repeats what the condition says, so that the order by the key is no reason to begin at
    // the log's first entry.
    format!(
        "select {ENTRY} from (\
             select *, sum(keys) over (order by xid, seq) as upto from steward.change_log \
             where {} and xid >= '{}'::xid8 and {bound} order by xid, seq limit {key_limit}) l \
         where l.upto - l.keys < {key_limit} order by l.xid, l.seq",
        log_condition(since, reach),
        since.xmin()
    )
}

/// What one large statement changed: a window of time, or the first key and the span above it. A range that
/// cannot be read stands for the whole table.
fn changed_range(dataset: Dataset, range: &Value) -> (Option<String>, Reload) {
    const REASON: &str = "One statement changed very many rows.";
    let (Some(first), Some(last)) = (range.get("from"), range.get("to")) else {
        return (None, Reload::whole(REASON));
    };
    if dataset == Dataset::UsageEvents {
        let instant = |key: &Value| {
            let text = key.get("occurred_at")?.as_str()?;
            Some(chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
        };
        return match (instant(first), instant(last)) {
            (Some(first), Some(last)) if first <= last => {
                (None, Reload::windows(REASON, vec![Window::new(first, last.saturating_add(1))]))
            }
            _ => (None, Reload::whole(REASON)),
        };
    }
    let span = KeySpan { after: Some(first.clone()), upto: Some(last.clone()) };
    (Some(first.to_string()), Reload::keys(REASON, span))
}

/// The condition on the change log for what the snapshot does not contain, by 64-bit transaction ids (S3, S5).
///
/// The ids stand in the text: behind a parameter the planner takes the running ones for a good part of the
/// table, and reads all of it.
#[must_use]
pub fn log_condition(since: &Snapshot, reach: Reach) -> String {
    match reach {
        Reach::Exact if since.xip().is_empty() => format!("xid >= '{}'::xid8", since.xmax()),
        Reach::Exact => {
            let running = since.xip().iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            format!("(xid >= '{}'::xid8 or xid = any('{{{running}}}'::xid8[]))", since.xmax())
        }
        Reach::Superset => format!("xid >= '{}'::xid8", since.xmin()),
        #[cfg(debug_assertions)]
        Reach::Number => format!("xid >= '{}'::xid8", since.xmax()),
        #[cfg(debug_assertions)]
        Reach::Narrow => format!("(xid::text::bigint & 4294967295) >= {}", since.xmax() & 0xffff_ffff),
    }
}

/// The same for the rows' own `tx`; COPY takes no parameters, and numbers need no quoting.
pub(in crate::postgres) fn writer_predicate(since: &Snapshot, reach: Reach) -> String {
    let written = match reach {
        Reach::Exact if since.xip().is_empty() => format!("t.tx >= {}", since.xmax()),
        Reach::Exact => {
            let running = since.xip().iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            format!("(t.tx >= {} or t.tx = any('{{{running}}}'::bigint[]))", since.xmax())
        }
        Reach::Superset => format!("t.tx >= {}", since.xmin()),
        #[cfg(debug_assertions)]
        Reach::Number => format!("t.tx >= {}", since.xmax()),
        #[cfg(debug_assertions)]
        Reach::Narrow => format!("(t.tx & 4294967295) >= {}", since.xmax() & 0xffff_ffff),
    };
    format!("{written} and t.tx < pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
}

async fn read_keys(connection: &mut PgConnection, dataset: Dataset, keys: &[Value]) -> Result<RowBatch> {
    let spec = dataset.spec();
    let query = format!(
        "select {} from steward.{} t join {} using ({})",
        sql_text::columns(spec),
        spec.table,
        sql_text::key_table(spec, keys),
        spec.key.join(", ")
    );
    let mut rows = RowReader::open(connection, dataset, &query).await?;
    let mut all = rows.next().await?.unwrap_or_else(|| RowBatch::new(dataset));
    while let Some(more) = rows.next().await? {
        all.append(&more);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn s3_the_keys_of_an_entry_are_taken_apart() {
        let columns = json!({"user_id": ["a", "b"], "period": ["x", "y"]}).to_string();
        let keys = logged_keys(&columns).expect("whole");
        let expected = [json!({"user_id": "a", "period": "x"}), json!({"user_id": "b", "period": "y"})];
        assert_eq!(keys, expected.map(|key| key.to_string()));
        let single = json!({"user_id": "a", "period": "x"}).to_string();
        assert_eq!(logged_keys(&single).expect("whole"), std::slice::from_ref(&single));
        for broken in [json!({"a": [1], "b": []}), json!({"a": [1], "b": 1}), json!([1])] {
            assert!(logged_keys(&broken.to_string()).is_err(), "{broken}");
        }
    }

    #[test]
    fn s19_a_range_is_a_window_of_time_or_a_span_above_its_first_key() {
        let at = |text: &str| json!({ "occurred_at": text });
        let range =
            json!({"from": at("1970-01-01T00:00:00.000001+00:00"), "to": at("1970-01-01T00:00:01+00:00")});
        let (first, reload) = changed_range(Dataset::UsageEvents, &range);
        assert_eq!(
            (first, reload.windows),
            (None, Some(vec![Window::new(1, 1_000_001)])),
            "both ends belong to it"
        );
        let range = json!({"from": {"id": "a"}, "to": {"id": "b"}});
        let (first, reload) = changed_range(Dataset::Users, &range);
        assert_eq!(first.as_deref(), Some(r#"{"id":"a"}"#));
        let span = KeySpan { after: Some(json!({"id": "a"})), upto: Some(json!({"id": "b"})) };
        assert_eq!(reload.keys, Some(span));
        for unread in [json!({}), json!({"from": at("44-03-15 BC"), "to": at("-infinity")})] {
            let (first, reload) = changed_range(Dataset::UsageEvents, &unread);
            assert!(first.is_none() && reload.windows.is_none() && reload.keys.is_none(), "all of the table");
        }
    }
}
