//! Changes of usage events, with their rollups.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use rustc_hash::FxBuildHasher;
use steward_core::{Dataset, Error, Result};

use super::{Applied, Batch, KeyRange, key};
use crate::cache::event::{self, Event, EventKey, Ids, each};
use crate::cache::rollup::Signed;
use crate::cache::{edge, fault, instant};
use crate::row::RowBatch;

/// Events held back until they are sorted, written and summed: 5 MB, and as much again for what they sum up to.
const BUFFER: usize = 32_768;

/// A range of events: ids, and the exact instants within its edge minutes.
#[derive(Debug, Clone, Copy)]
pub(in crate::cache) struct EventRange {
    pub(in crate::cache) first_id: i64,
    pub(in crate::cache) end_id: i64,
    start: i64,
    /// None includes infinity.
    end: Option<i64>,
}

impl EventRange {
    pub(in crate::cache) fn new(range: &KeyRange) -> Result<Self> {
        match range {
            KeyRange::All => Ok(Self { first_id: i64::MIN, end_id: i64::MAX, start: i64::MIN, end: None }),
            KeyRange::TimeBetween { start_us, end_us } => {
                let start = if *start_us == i64::MIN { i64::MIN } else { instant::from_unix(*start_us) };
                let end = (*end_us != i64::MAX).then(|| instant::from_unix(*end_us));
                let (mut first_id, mut end_id) = event::id_span(start, end.unwrap_or(i64::MAX));
                if end.is_none() {
                    first_id = i64::MIN;
                }
                if start == i64::MIN {
                    end_id = i64::MAX;
                }
                Ok(Self { first_id, end_id, start, end })
            }
            KeyRange::KeysAfter { .. } => Err(Error::internal("Usage events have ranges of time only.")),
        }
    }

    pub(in crate::cache) fn contains(&self, occurred_at: i64) -> bool {
        self.start <= occurred_at && self.end.is_none_or(|end| occurred_at < end)
    }

    /// Whether a minute may hold events outside the range.
    fn is_edge(&self, minute: i64) -> bool {
        self.start != i64::MIN && minute == event::minute(self.start)
            || self.end.is_some_and(|end| minute == event::minute(end))
    }
}

/// A difference of sets: what was fed against what lies in the range.
#[derive(Debug)]
pub(super) struct Difference {
    range: EventRange,
    /// Ids fed so far; none when the range was empty and nothing can be left over.
    seen: Option<Vec<i64>>,
    /// The next free id by minute, while loading an empty range.
    next_ids: HashMap<i64, i64, FxBuildHasher>,
    buffer: Vec<Signed>,
    applied: Applied,
}

impl Difference {
    pub(super) fn begin(batch: &mut Batch<'_>, range: &KeyRange) -> Result<Self> {
        let range = EventRange::new(range)?;
        let (connection, _) = batch.writer.parts()?;
        // What is not fed is removed, so sums alone must not lie in the range (S40).
        edge::check(edge::read(connection)?, range.start)?;
        let mut found = false;
        each(connection, range.first_id, range.end_id, |_, event| {
            found = range.contains(event.occurred_at);
            Ok(!found)
        })?;
        Ok(Self {
            range,
            seen: found.then(Vec::new),
            next_ids: HashMap::default(),
            buffer: Vec::new(),
            applied: Applied::default(),
        })
    }

    pub(super) fn rows(&mut self, batch: &mut Batch<'_>, rows: &RowBatch) -> Result<()> {
        let (connection, ids) = batch.writer.parts()?;
        for row in rows.rows() {
            let event = ids.event(connection, row)?;
            if !self.range.contains(event.occurred_at) {
                return Err(Error::internal("The server sent an event from outside the range asked for."));
            }
            self.buffer.push(Signed { event, sign: 1 });
            if self.buffer.len() >= BUFFER {
                self.flush(connection, ids)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, connection: &Connection, ids: &Ids) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        if let Some(seen) = &mut self.seen {
            let mut changes = Vec::new();
            write_each(connection, &buffer, &mut self.applied, seen, &mut changes)?;
            ids.sum(connection, &changes)?;
        } else {
            ids.sum_beside(connection, &buffer, || self.append(connection, &buffer))?;
        }
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    /// Inserts without looking: nothing of the range was here.
    fn append(&mut self, connection: &Connection, events: &[Signed]) -> Result<()> {
        let mut insert = Append::new(connection);
        for minute in by_minute(events).chunk_by(|a, b| a.0 == b.0) {
            let number = -minute[0].0;
            let next = match self.next_ids.get(&number) {
                Some(next) => *next,
                None if self.range.is_edge(number) => next_id(connection, number)?,
                None => event::first_id(number),
            };
            let end = next + minute.len() as i64;
            check_room(number, end)?;
            for ((_, index), id) in minute.iter().zip(next..) {
                let Signed { event, .. } = &events[*index as usize];
                insert.put(id, event)?;
            }
            self.next_ids.insert(number, end);
        }
        insert.finish()?;
        self.applied.inserted += events.len() as u64;
        Ok(())
    }

    pub(super) fn finish(mut self, batch: &mut Batch<'_>) -> Result<Applied> {
        let (connection, ids) = batch.writer.parts()?;
        self.flush(connection, ids)?;
        if let Some(mut seen) = self.seen.take() {
            seen.sort_unstable();
            let mut extra: Vec<(i64, Event)> = Vec::new();
            let mut after = Some(self.range.first_id);
            // In slices, so that a range that vanished as a whole needs no memory of its size.
            while let Some(from) = after.take() {
                each(connection, from, self.range.end_id, |id, event| {
                    if extra.len() >= BUFFER {
                        after = Some(id);
                        return Ok(false);
                    }
                    if self.range.contains(event.occurred_at) && seen.binary_search(&id).is_err() {
                        extra.push((id, event));
                    }
                    Ok(true)
                })?;
                self.applied.deleted += remove(connection, ids, &mut extra)?;
            }
        }
        Ok(self.applied)
    }
}

/// Upserts rows; removes keys that are not among them.
pub(super) fn apply(batch: &mut Batch<'_>, keys: &[serde_json::Value], rows: &RowBatch) -> Result<Applied> {
    let mut applied = Applied::default();
    let (connection, ids) = batch.writer.parts()?;
    let edge = edge::read(connection)?;
    let mut written: HashMap<EventKey, (), FxBuildHasher> = HashMap::default();
    let mut buffer = Vec::new();
    let mut rows = rows.rows();
    loop {
        buffer.clear();
        for row in rows.by_ref().take(BUFFER) {
            let event = ids.event(connection, row)?;
            edge::check(edge, event.occurred_at)?;
            if !keys.is_empty() {
                written.insert(event.identity(), ());
            }
            buffer.push(Signed { event, sign: 1 });
        }
        if buffer.is_empty() {
            break;
        }
        let mut changes = Vec::new();
        write_each(connection, &buffer, &mut applied, &mut Vec::new(), &mut changes)?;
        ids.sum(connection, &changes)?;
    }
    let mut extra = Vec::new();
    for key in keys {
        let Some(wanted) = identity(ids, key)? else { continue };
        edge::check(edge, wanted.occurred_at)?;
        if written.contains_key(&wanted) {
            continue;
        }
        let minute = event::minute(wanted.occurred_at);
        each(connection, event::first_id(minute), event::end_id(minute), |id, event| {
            let is_found = event.identity() == wanted;
            if is_found {
                extra.push((id, event));
            }
            Ok(!is_found)
        })?;
        // A key may be named twice; it is removed once.
        written.insert(wanted, ());
        if extra.len() >= BUFFER {
            applied.deleted += remove(connection, ids, &mut extra)?;
        }
    }
    applied.deleted += remove(connection, ids, &mut extra)?;
    batch.note(Dataset::UsageEvents, applied)?;
    Ok(applied)
}

/// The identity a logged key names; none when its user is unknown here, and so is the event.
fn identity(ids: &Ids, json: &serde_json::Value) -> Result<Option<EventKey>> {
    use rusqlite::types::Value::{Blob, Integer};
    match key::parse(Dataset::UsageEvents, json)?.as_slice() {
        [Blob(user), Integer(occurred_at), Blob(key)] => Ok(ids.known(user).map(|user| EventKey {
            user,
            occurred_at: *occurred_at,
            key: key.as_slice().try_into().expect("a parsed uuid has 16 bytes"),
        })),
        _ => Err(Error::internal("A key of a usage event has three parts.")),
    }
}

/// Indexes into `events` by minute, newest first, so that ids ascend.
fn by_minute(events: &[Signed]) -> Vec<(i64, u32)> {
    let mut order: Vec<(i64, u32)> = events
        .iter()
        .zip(0..)
        .map(|(signed, index)| (-event::minute(signed.event.occurred_at), index))
        .collect();
    order.sort_unstable();
    order
}

/// Inserts, replaces or leaves each event; what it changed goes to `changes`, where it lies to `seen`.
fn write_each(
    connection: &Connection,
    events: &[Signed],
    applied: &mut Applied,
    seen: &mut Vec<i64>,
    changes: &mut Vec<Signed>,
) -> Result<()> {
    let mut insert = Insert::new(connection)?;
    let mut replace = Insert::replacing(connection)?;
    for minute in by_minute(events).chunk_by(|a, b| a.0 == b.0) {
        let number = -minute[0].0;
        // Those that are fed, and where they lie if they do: a minute may hold many more.
        let identities = minute.iter().map(|(_, index)| (events[*index as usize].event.identity(), None));
        let mut local: HashMap<EventKey, Option<(i64, Event)>, FxBuildHasher> = identities.collect();
        let mut next = event::first_id(number);
        each(connection, next, event::end_id(number), |id, event| {
            next = id + 1;
            if let Some(place) = local.get_mut(&event.identity()) {
                *place = Some((id, event));
            }
            Ok(true)
        })?;
        for (_, index) in minute {
            let Signed { event: new, .. } = events[*index as usize];
            let id = match local.get(&new.identity()).copied().flatten() {
                Some((id, old)) if old == new => {
                    applied.unchanged += 1;
                    id
                }
                Some((id, old)) => {
                    changes.push(Signed { event: old, sign: -1 });
                    replace.put(id, &new)?;
                    changes.push(Signed { event: new, sign: 1 });
                    applied.updated += 1;
                    id
                }
                None => {
                    let id = next;
                    next += 1;
                    check_room(number, next)?;
                    insert.put(id, &new)?;
                    changes.push(Signed { event: new, sign: 1 });
                    applied.inserted += 1;
                    id
                }
            };
            local.insert(new.identity(), Some((id, new)));
            seen.push(id);
        }
    }
    Ok(())
}

fn remove(connection: &Connection, ids: &Ids, extra: &mut Vec<(i64, Event)>) -> Result<u64> {
    let mut delete =
        connection.prepare_cached("delete from usage_events where id = ?1").map_err(fault::map)?;
    let mut changes = Vec::with_capacity(extra.len());
    for (id, event) in extra.drain(..) {
        delete.execute([id]).map_err(fault::map)?;
        changes.push(Signed { event, sign: -1 });
    }
    ids.sum(connection, &changes)?;
    Ok(changes.len() as u64)
}

/// Writes events one after another without an allocation each.
struct Insert<'c> {
    statement: rusqlite::CachedStatement<'c>,
    bytes: Vec<u8>,
}

impl<'c> Insert<'c> {
    fn new(connection: &'c Connection) -> Result<Self> {
        Self::with(connection, "insert into usage_events (id, event) values (?1, ?2)")
    }

    fn replacing(connection: &'c Connection) -> Result<Self> {
        Self::with(connection, "update usage_events set event = ?2 where id = ?1")
    }

    fn with(connection: &'c Connection, sql: &str) -> Result<Self> {
        let statement = connection.prepare_cached(sql).map_err(fault::map)?;
        Ok(Self { statement, bytes: Vec::new() })
    }

    fn put(&mut self, id: i64, event: &Event) -> Result<()> {
        self.bytes.clear();
        event.pack(&mut self.bytes);
        self.statement
            .raw_bind_parameter(1, id)
            .and_then(|()| self.statement.raw_bind_parameter(2, self.bytes.as_slice()))
            .and_then(|()| self.statement.raw_execute())
            .map(|_| ())
            .map_err(fault::map)
    }
}

/// Appends new events, many with one statement: starting a statement costs as much as inserting a row.
struct Append<'c> {
    connection: &'c Connection,
    /// Waiting rows: their ids, and where each one's bytes end.
    rows: Vec<(i64, usize)>,
    bytes: Vec<u8>,
}

impl<'c> Append<'c> {
    /// Rows inserted by one statement.
    const ROWS: usize = 64;

    fn new(connection: &'c Connection) -> Self {
        Self { connection, rows: Vec::with_capacity(Self::ROWS), bytes: Vec::new() }
    }

    fn put(&mut self, id: i64, event: &Event) -> Result<()> {
        event.pack(&mut self.bytes);
        self.rows.push((id, self.bytes.len()));
        if self.rows.len() == Self::ROWS { self.finish() } else { Ok(()) }
    }

    /// Writes what waits.
    fn finish(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        // `or fail` needs no way back to before the statement; a failure takes the whole batch back anyway.
        let mut sql = String::from("insert or fail into usage_events (id, event) values (?, ?)");
        (1..self.rows.len()).for_each(|_| sql.push_str(", (?, ?)"));
        let mut statement = self.connection.prepare_cached(&sql).map_err(fault::map)?;
        let mut start = 0;
        for (index, (id, end)) in self.rows.iter().enumerate() {
            statement
                .raw_bind_parameter(2 * index + 1, id)
                .and_then(|()| statement.raw_bind_parameter(2 * index + 2, &self.bytes[start..*end]))
                .map_err(fault::map)?;
            start = *end;
        }
        statement.raw_execute().map_err(fault::map)?;
        if self.rows.len() < Self::ROWS {
            // Only the full length comes again.
            statement.discard();
        }
        self.rows.clear();
        self.bytes.clear();
        Ok(())
    }
}

/// The first free id of a minute.
fn next_id(connection: &Connection, minute: i64) -> Result<i64> {
    let first = event::first_id(minute);
    let last: Option<i64> = connection
        .prepare_cached("select max(id) from usage_events where id >= ?1 and id < ?2")
        .and_then(|mut find| find.query_row(params![first, event::end_id(minute)], |row| row.get(0)))
        .map_err(fault::map)?;
    Ok(last.map_or(first, |last| last + 1))
}

fn check_room(minute: i64, end: i64) -> Result<()> {
    if end <= event::end_id(minute) {
        Ok(())
    } else {
        Err(Error::internal("One minute holds more than 33 million events, which no copy can number."))
    }
}
