//! A usage event as the copy keeps it.

use rusqlite::Connection;
use steward_core::{Dataset, Result};

use super::facet::{self, Facet, Status};
use super::intern::Interner;
use super::pack::{self, Unpacker};
use super::rollup::{self, Signed};
use super::{decode, fault};
use crate::row::RawRow;

/// Microseconds in a minute.
pub(crate) const MINUTE: i64 = 60_000_000;

/// Bits of an id below the minute: 33 million events may share one.
const SEQUENCE_BITS: u32 = 25;

/// Counted columns, in the order of the spec.
pub(crate) const METRICS: usize = 9;
/// Position of the cost among them.
pub(crate) const COST: usize = 6;
/// Position of the latency among them.
pub(crate) const LATENCY: usize = 8;

/// From so many changes on their sums are worth a thread of their own.
const WORTH_A_THREAD: usize = 4_096;

const METRIC_NAMES: [&str; METRICS] = [
    "quantity",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "bytes_out",
    "cost",
    "credits",
    "latency_ms",
];

/// Bit of a missing `recorded_at` in [`Event::nulls`]; the metrics have the bits below.
const RECORDED: u16 = 1 << METRICS;

/// An event in 136 bytes without a pointer, so that a hundred thousand of them are one allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) occurred_at: i64,
    /// After `occurred_at`, in microseconds.
    pub(crate) recorded: i64,
    pub(crate) key: [u8; 16],
    pub(crate) user: u32,
    /// 0 is none, here and below.
    pub(crate) team: u32,
    pub(crate) api_key: u32,
    pub(crate) campaign: u32,
    pub(crate) facet: u32,
    /// Which values are missing; their numbers are 0 then.
    nulls: u16,
    /// Counted columns; cost in units of 10⁻⁹.
    pub(crate) metrics: [i64; METRICS],
}

/// An event's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EventKey {
    pub(crate) user: u32,
    pub(crate) occurred_at: i64,
    pub(crate) key: [u8; 16],
}

/// The minute an instant lies in.
pub(crate) fn minute(occurred_at: i64) -> i64 {
    occurred_at.div_euclid(MINUTE)
}

/// The first id of a minute. Later minutes have smaller ids, so that the newest come first.
pub(crate) fn first_id(minute: i64) -> i64 {
    (-minute) << SEQUENCE_BITS
}

/// The first id after a minute's.
pub(crate) fn end_id(minute: i64) -> i64 {
    first_id(minute) + (1 << SEQUENCE_BITS)
}

/// The minute of an id.
pub(crate) fn minute_of(id: i64) -> i64 {
    -(id >> SEQUENCE_BITS)
}

/// The ids that a half-open span of instants may have; the edge minutes hold others, too.
pub(crate) fn id_span(start: i64, end: i64) -> (i64, i64) {
    if start >= end {
        return (0, 0);
    }
    (first_id(minute(end - 1)), end_id(minute(start)))
}

impl Event {
    pub(crate) fn identity(&self) -> EventKey {
        EventKey { user: self.user, occurred_at: self.occurred_at, key: self.key }
    }

    /// The metric; none where the server has none.
    pub(crate) fn metric(&self, index: usize) -> Option<i64> {
        (self.nulls & (1 << index) == 0).then_some(self.metrics[index])
    }

    /// When it was recorded; none where the server does not say.
    pub(crate) fn recorded_at(&self) -> Option<i64> {
        (self.nulls & RECORDED == 0).then(|| self.occurred_at.wrapping_add(self.recorded))
    }

    /// Reads the stored form.
    pub(crate) fn unpack(id: i64, bytes: &[u8]) -> Result<Self> {
        let mut from = Unpacker::new(bytes);
        let mut event = Self {
            key: from.next_bytes()?,
            occurred_at: minute_of(id).wrapping_mul(MINUTE).wrapping_add(from.next_signed()?),
            recorded: from.next_signed()?,
            user: from.next_id()?,
            team: from.next_id()?,
            api_key: from.next_id()?,
            campaign: from.next_id()?,
            facet: from.next_id()?,
            nulls: u16::try_from(from.next()?).map_err(|_| fault::damaged())?,
            metrics: [0; METRICS],
        };
        for metric in &mut event.metrics {
            *metric = from.next_signed()?;
        }
        if from.is_empty() { Ok(event) } else { Err(fault::damaged()) }
    }

    /// Appends the stored form: the key, then numbers, of which most are short.
    pub(crate) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.key);
        // Wrapping, because the minutes of ±infinity begin outside 64 bits; unpacking wraps back.
        let start = minute(self.occurred_at).wrapping_mul(MINUTE);
        pack::put_signed(bytes, self.occurred_at.wrapping_sub(start));
        pack::put_signed(bytes, self.recorded);
        for id in [self.user, self.team, self.api_key, self.campaign, self.facet] {
            pack::put(bytes, u64::from(id));
        }
        pack::put(bytes, u64::from(self.nulls));
        self.metrics.iter().for_each(|metric| pack::put_signed(bytes, *metric));
    }
}

/// Shows the events with these ids in order, until `show` says no.
pub(crate) fn each(
    connection: &Connection,
    first: i64,
    end: i64,
    mut show: impl FnMut(i64, Event) -> Result<bool>,
) -> Result<()> {
    let mut statement = connection
        .prepare_cached("select id, event from usage_events where id >= ?1 and id < ?2 order by id")
        .map_err(fault::map)?;
    let mut rows = statement.query(rusqlite::params![first, end]).map_err(fault::map)?;
    while let Some(row) = rows.next().map_err(fault::map)? {
        let id = row.get(0).map_err(fault::map)?;
        let bytes = row.get_ref(1).map_err(fault::map)?.as_blob().map_err(|_| fault::damaged())?;
        let event = Event::unpack(id, bytes)?;
        if !show(id, event)? {
            break;
        }
    }
    Ok(())
}

/// The short ids that the writer knows.
#[derive(Debug)]
pub(crate) struct Ids {
    uuids: Interner<[u8; 16]>,
    facets: Interner<Box<[u8]>>,
    /// How the events of a facet ended, by id.
    outcomes: Vec<Status>,
    has_sums: bool,
}

impl Ids {
    /// Reads what the file knows.
    pub(crate) fn load(connection: &Connection) -> Result<Self> {
        let uuids = Interner::load(
            connection,
            "select id, value from dictionary",
            "insert into dictionary (id, value) values (?1, ?2)",
        )?;
        let facets = Interner::load(
            connection,
            "select id, value from facet",
            "insert into facet (id, value) values (?1, ?2)",
        )?;
        let mut outcomes = vec![Status::Other];
        let mut statement = connection.prepare("select value from facet order by id").map_err(fault::map)?;
        let mut rows = statement.query([]).map_err(fault::map)?;
        while let Some(row) = rows.next().map_err(fault::map)? {
            let value = row.get_ref(0).map_err(fault::map)?.as_blob().ok();
            let facet = value.and_then(Facet::parse).ok_or_else(fault::damaged)?;
            outcomes.push(facet.outcome());
        }
        Ok(Self { uuids, facets, outcomes, has_sums: true })
    }

    /// Ids for reading only: what is not known gets an id that is forgotten with them.
    pub(crate) fn load_scratch(connection: &Connection) -> Result<Self> {
        let mut ids = Self::load(connection)?;
        ids.uuids.keep_in_memory();
        ids.facets.keep_in_memory();
        Ok(ids)
    }

    /// How the events of each facet ended, by id.
    pub(crate) fn outcomes(&self) -> &[Status] {
        &self.outcomes
    }

    /// Adds changes to the rollups.
    pub(crate) fn sum(&self, connection: &Connection, changes: &[Signed]) -> Result<()> {
        self.sum_beside(connection, changes, || Ok(()))
    }

    /// Adds changes to the rollups, and does something else with the file while they are summed up by another
    /// thread.
    pub(crate) fn sum_beside(
        &self,
        connection: &Connection,
        changes: &[Signed],
        other: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if !self.has_sums {
            return other();
        }
        let deltas = if changes.len() < WORTH_A_THREAD {
            other()?;
            rollup::sum_up(&self.outcomes, changes)
        } else {
            std::thread::scope(|scope| {
                let summing = scope.spawn(|| rollup::sum_up(&self.outcomes, changes));
                let done = other();
                let deltas = summing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                done.map(|()| deltas)
            })?
        };
        rollup::add(connection, deltas)
    }

    /// From now on no rollups are kept: for measuring what they cost.
    pub(crate) fn forgo_sums(&mut self) {
        self.has_sums = false;
    }

    /// The id of a uuid that is known.
    pub(crate) fn known(&self, uuid: &[u8]) -> Option<u32> {
        self.uuids.get(uuid)
    }

    /// The open transaction is lasting now.
    pub(crate) fn keep(&mut self) {
        self.uuids.keep();
        self.facets.keep();
    }

    /// The open transaction was taken back.
    pub(crate) fn forget(&mut self) {
        self.uuids.forget();
        let facets = self.facets.forget();
        self.outcomes.truncate(self.outcomes.len() - facets);
    }

    pub(crate) fn uuid(
        &mut self,
        connection: &Connection,
        field: Option<&[u8]>,
        column: &str,
    ) -> Result<u32> {
        match field {
            None => Ok(0),
            Some(bytes) if bytes.len() == 16 => match self.uuids.get(bytes) {
                Some(id) => Ok(id),
                None => self.uuids.add(connection, bytes),
            },
            Some(_) => Err(decode::unreadable(Dataset::UsageEvents, column)),
        }
    }

    pub(crate) fn facet(&mut self, connection: &Connection, bytes: &[u8]) -> Result<u32> {
        if let Some(id) = self.facets.get(bytes) {
            return Ok(id);
        }
        let facet =
            Facet::parse(bytes).ok_or_else(|| decode::unreadable(Dataset::UsageEvents, "event_type"))?;
        let id = self.facets.add(connection, bytes)?;
        self.outcomes.push(facet.outcome());
        Ok(id)
    }

    /// Decodes a row of the server.
    pub(crate) fn event(&mut self, connection: &Connection, row: RawRow<'_>) -> Result<Event> {
        const DATASET: Dataset = Dataset::UsageEvents;
        let bytes = row.bytes();
        let mut rest = bytes;
        let mut next = || -> Result<(Option<&[u8]>, usize)> {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| decode::misshapen(DATASET))?;
            let field = match usize::try_from(i32::from_be_bytes(*length)) {
                Err(_) => {
                    rest = after;
                    None
                }
                Ok(length) => {
                    let (field, after) =
                        after.split_at_checked(length).ok_or_else(|| decode::misshapen(DATASET))?;
                    rest = after;
                    Some(field)
                }
            };
            Ok((field, bytes.len() - rest.len()))
        };
        let instant =
            |field: Option<&[u8]>| -> Option<i64> { field?.try_into().ok().map(i64::from_be_bytes) };
        let refuse = |column: &'static str| move || decode::unreadable(DATASET, column);

        let user = next()?.0.ok_or_else(refuse("user_id"))?;
        let occurred_at = instant(next()?.0).ok_or_else(refuse("occurred_at"))?;
        let key = next()?.0.and_then(|key| key.try_into().ok()).ok_or_else(refuse("event_key"))?;
        let recorded_at = next()?.0;
        let (team, api_key) = (next()?.0, next()?.0);
        let (campaign, facet_start) = next()?;
        for _ in 1..facet::COLUMNS {
            next()?;
        }
        let (_, facet_end) = next()?;
        let mut nulls = 0;
        let mut metrics = [0; METRICS];
        for (index, metric) in metrics.iter_mut().enumerate() {
            match next()?.0 {
                None => nulls |= 1 << index,
                Some(field) if index == COST => {
                    *metric = decode::nano(field).ok_or_else(refuse("cost"))?;
                }
                Some(field) => *metric = decode::int(field).ok_or_else(refuse(METRIC_NAMES[index]))?,
            }
        }
        let mut recorded = 0;
        match recorded_at {
            None => nulls |= RECORDED,
            some => {
                recorded = instant(some).ok_or_else(refuse("recorded_at"))?.wrapping_sub(occurred_at);
            }
        }
        if !rest.is_empty() {
            return Err(decode::misshapen(DATASET));
        }
        Ok(Event {
            occurred_at,
            recorded,
            key,
            user: self.uuid(connection, Some(user), "user_id")?,
            team: self.uuid(connection, team, "team_id")?,
            api_key: self.uuid(connection, api_key, "api_key_id")?,
            campaign: self.uuid(connection, campaign, "campaign_id")?,
            facet: self.facet(connection, &bytes[facet_start..facet_end])?,
            nulls,
            metrics,
        })
    }
}
