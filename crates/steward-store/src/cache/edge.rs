//! From when on events are kept as rows; before that a quarter-hour has the server's sums alone (S40).
//!
//! A quarter-hour is one or the other, never both: the edge moves in the transaction that removes the rows,
//! or that reads them.

use rusqlite::{Connection, params};
use steward_core::sync::Census;
use steward_core::{Dataset, Error, Result};

use super::batch::{Applied, Batch};
use super::event;
use super::pack::Unpacker;
use super::reader::Reader;
use super::rollup::{Level, sum};
use super::{fault, instant, state};

const KEY: &str = "events.rows_from";

/// Where the edge lies, in the file's own microseconds; none is the beginning of time.
pub(crate) fn read(connection: &Connection) -> Result<Option<i64>> {
    state::get::<Option<i64>>(connection, KEY).map(Option::flatten)
}

/// Refuses an event that would be a row where there are sums.
pub(crate) fn check(edge: Option<i64>, occurred_at: i64) -> Result<()> {
    if edge.is_some_and(|edge| occurred_at < edge) {
        return Err(Error::internal("An event came as a row although its time is kept as sums."));
    }
    Ok(())
}

impl Batch<'_> {
    /// From when on events are rows, in microseconds since 1970; none is the beginning of time.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows_from(&self) -> Result<Option<i64>> {
        Ok(read(self.connection())?.and_then(instant::to_unix))
    }

    /// Removes the rows before an instant on a quarter-hour, in microseconds since 1970. Their sums stay.
    ///
    /// # Errors
    /// When the edge would move backwards, or the file cannot be written.
    pub fn drop_rows_before(&mut self, from_us: i64) -> Result<Applied> {
        let edge = aligned(from_us)?;
        if read(self.connection())?.is_some_and(|old| edge < old) {
            return Err(Error::internal("Rows that are not here cannot be kept."));
        }
        // Later minutes have smaller ids, and the edge is the start of a minute.
        let first_id = event::first_id(event::minute(edge) - 1);
        let deleted = self
            .connection()
            .prepare_cached("delete from usage_events where id >= ?1")
            .and_then(|mut delete| delete.execute([first_id]))
            .map_err(fault::map)?;
        state::put(self.connection(), KEY, &Some(edge))?;
        let applied = Applied { deleted: deleted as u64, ..Applied::default() };
        self.note(Dataset::UsageEvents, applied)?;
        Ok(applied)
    }

    /// [`Reader::census`] as this transaction sees it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn census(&self, rows: Option<u64>) -> Result<Option<Census>> {
        census(self.connection(), rows)
    }

    /// Takes back the sums between an earlier instant and the edge, which moves there: the rows of that span
    /// are to follow in this transaction, and bring their sums along. In microseconds since 1970, on a
    /// quarter-hour; none is the beginning of time.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn begin_rows_at(&mut self, from_us: Option<i64>) -> Result<()> {
        let Some(old) = self.rows_from()? else { return Ok(()) };
        let edge = from_us.map(aligned).transpose()?;
        if from_us < Some(old) {
            self.replace_sums(&[(from_us.unwrap_or(i64::MIN), old)])?.finish()?;
            state::put(self.connection(), KEY, &edge)?;
        }
        Ok(())
    }
}

/// Refuses what only rows tell about a time that has sums alone, and says the way on. `why` is a sentence; the
/// edge is in the file's own microseconds.
pub(crate) fn refused(field: &str, edge: i64, why: &str) -> Error {
    let since = instant::to_utc(edge).format("%Y-%m-%d");
    Error::invalid(
        field,
        format!(
            "Events are kept as rows since {since} (UTC); {why} Choose a range that begins there, or keep more days."
        ),
    )
}

fn aligned(us: i64) -> Result<i64> {
    let stored = instant::from_unix(us);
    if stored.rem_euclid(Level::Quarter.width()) == 0 {
        Ok(stored)
    } else {
        Err(Error::internal("Rows can begin at a quarter-hour only."))
    }
}

impl Reader {
    /// From when on events are rows, in microseconds since 1970; none is the beginning of time.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows_from(&self) -> Result<Option<i64>> {
        Ok(read(self.connection())?.and_then(instant::to_unix))
    }

    /// What the sums say about the number of events since each day, where `rows` of them shall be kept as
    /// rows; none without events.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn census(&self, rows: Option<u64>) -> Result<Option<Census>> {
        census(self.connection(), rows)
    }
}

fn census(connection: &Connection, rows: Option<u64>) -> Result<Option<Census>> {
    let mut find = connection
        .prepare_cached(
            "select bucket, sums from rollup_total where level = ?1 and slot = 0 order by bucket desc",
        )
        .map_err(fault::map)?;
    let mut days = find.query(params![Level::Day.number()]).map_err(fault::map)?;
    let most = rows.map(|rows| rows.saturating_add(rows / 20));
    let mut census: Option<Census> = None;
    let (mut events, mut later_us) = (0_u64, 0);
    while let Some(day) = days.next().map_err(fault::map)? {
        let bucket: i64 = day.get(0).map_err(fault::map)?;
        let sums = day.get_ref(1).map_err(fault::map)?.as_blob().map_err(|_| fault::damaged())?;
        let start = bucket.saturating_mul(Level::Day.width());
        let start_us = instant::to_unix(start).unwrap_or(i64::MAX);
        let known = census.get_or_insert(Census { newest_day_us: start_us, enough_us: None, most_us: None });
        // The first of the sums is the number of events.
        const { assert!(sum::EVENTS == 0) };
        events = events.saturating_add(u64::try_from(Unpacker::new(sums).next_sum()?).unwrap_or(0));
        let is_beyond = |limit: Option<u64>| limit.is_some_and(|limit| events > limit);
        // The newest day is kept whatever its size.
        let edge_us = if start_us == known.newest_day_us { start_us } else { later_us };
        if known.enough_us.is_none() && is_beyond(rows) {
            known.enough_us = Some(edge_us);
        }
        if is_beyond(most) {
            known.most_us = Some(edge_us);
            break;
        }
        if rows.is_none() {
            break;
        }
        later_us = start_us;
    }
    Ok(census)
}
