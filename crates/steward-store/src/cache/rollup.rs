//! The sums behind every number, kept with the rows.
//!
//! Events are summed per UTC quarter-hour and per UTC day. Every zone's offset is a multiple of a
//! quarter-hour, so any span of any calendar is whole days plus quarter-hours at its edges, exactly. All sums
//! are integers: a changed row subtracts what it was and adds what it is, and nothing drifts.

mod latency;
mod read;

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use steward_core::Result;

use super::event::{self, Event};
use super::facet::Status;
use super::fault;
use super::pack::{self, Unpacker};

pub(crate) use latency::Latencies;
pub(crate) use read::{
    Cover, FacetCount, FacetSet, Run, add_facet_counts, add_totals, add_user_counts, buckets_with,
    count_events, extent,
};

/// How wide a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    Quarter,
    Day,
}

impl Level {
    pub(crate) const ALL: [Self; 2] = [Self::Quarter, Self::Day];

    /// Width in microseconds.
    pub(crate) fn width(self) -> i64 {
        match self {
            Self::Quarter => 900_000_000,
            Self::Day => 86_400_000_000,
        }
    }

    /// The name in the file.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Quarter => 0,
            Self::Day => 1,
        }
    }

    /// The bucket of an instant.
    pub(crate) fn bucket(self, at: i64) -> i64 {
        at.div_euclid(self.width())
    }
}

/// Number of sums kept per facet.
pub(crate) const SUMS: usize = 12;

/// Positions in [`Sums`].
pub(crate) mod sum {
    pub(crate) const EVENTS: usize = 0;
    pub(crate) const COST: usize = 1;
    pub(crate) const UNPRICED: usize = 2;
    pub(crate) const QUANTITY: usize = 3;
    pub(crate) const INPUT_TOKENS: usize = 4;
    pub(crate) const CACHED_TOKENS: usize = 5;
    pub(crate) const OUTPUT_TOKENS: usize = 6;
    pub(crate) const REASONING_TOKENS: usize = 7;
    pub(crate) const BYTES_OUT: usize = 8;
    pub(crate) const CREDITS: usize = 9;
    pub(crate) const LATENCY_SUM: usize = 10;
    pub(crate) const LATENCY_COUNT: usize = 11;
}

/// The first sums, which lie in the blob that most questions need.
const COUNTS: usize = 3;

/// Sums over events; cost in units of 10⁻⁹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums(pub(crate) [i128; SUMS]);

impl Sums {
    fn add(&mut self, event: &Event, sign: i128) {
        let metric = |index: usize| sign * i128::from(event.metrics[index]);
        self.0[sum::EVENTS] += sign;
        for (offset, index) in (0..event::COST).enumerate() {
            self.0[sum::QUANTITY + offset] += metric(index);
        }
        self.0[sum::CREDITS] += metric(event::COST + 1);
        match event.metric(event::COST) {
            Some(cost) => self.0[sum::COST] += sign * i128::from(cost),
            None => self.0[sum::UNPRICED] += sign,
        }
        if let Some(latency) = event.metric(event::LATENCY) {
            self.0[sum::LATENCY_SUM] += sign * i128::from(latency);
            self.0[sum::LATENCY_COUNT] += sign;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self, factor: i128) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += factor * other;
        }
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|sum| *sum == 0)
    }
}

/// The sums of a bucket over all its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) sums: Sums,
    pub(crate) successes: i128,
    pub(crate) errors: i128,
    pub(crate) rate_limited: i128,
    pub(crate) latencies: Latencies,
}

impl Totals {
    fn outcomes(&mut self) -> [&mut i128; 3] {
        [&mut self.successes, &mut self.errors, &mut self.rate_limited]
    }

    fn pack(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.sums.0.iter().for_each(|sum| pack::put_sum(&mut bytes, *sum));
        self.outcomes().iter().for_each(|count| pack::put_sum(&mut bytes, **count));
        bytes
    }

    /// Adds another bucket's.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums, 1);
        self.successes += other.successes;
        self.errors += other.errors;
        self.rate_limited += other.rate_limited;
        self.latencies.merge(&other.latencies, 1);
    }

    /// Adds `factor` times a stored bucket.
    pub(crate) fn add_packed(&mut self, sums: &[u8], latency: &[u8], factor: i128) -> Result<()> {
        let mut from = Unpacker::new(sums);
        for sum in &mut self.sums.0 {
            *sum += factor * from.next_sum()?;
        }
        for count in self.outcomes() {
            *count += factor * from.next_sum()?;
        }
        if !from.is_empty() {
            return Err(fault::damaged());
        }
        self.latencies.add_packed(latency, factor)
    }
}

/// Everything about one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bucket {
    pub(crate) totals: Totals,
    /// By facet, ascending, without zeros.
    pub(crate) facets: Vec<(u32, Sums)>,
    /// Events by user, ascending, without zeros.
    pub(crate) users: Vec<(u32, i128)>,
}

/// An event that appears (+1) or disappears (−1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) event: Event,
    pub(crate) sign: i8,
}

/// Adds changes to the rollups of both levels. Their order does not matter; nearly sorted is fastest.
pub(crate) fn apply(connection: &Connection, outcomes: &[Status], changes: &[Signed]) -> Result<()> {
    let mut order: Vec<(i64, u32)> = changes
        .iter()
        .zip(0..)
        .map(|(change, index)| (Level::Quarter.bucket(change.event.occurred_at), index))
        .collect();
    order.sort_unstable();
    let quarters_per_day = Level::Day.width() / Level::Quarter.width();
    for day in order.chunk_by(|a, b| a.0.div_euclid(quarters_per_day) == b.0.div_euclid(quarters_per_day)) {
        for quarter in day.chunk_by(|a, b| a.0 == b.0) {
            merge(connection, Level::Quarter, quarter[0].0, Bucket::of(outcomes, changes, quarter))?;
        }
        let number = day[0].0.div_euclid(quarters_per_day);
        merge(connection, Level::Day, number, Bucket::of(outcomes, changes, day))?;
    }
    Ok(())
}

impl Bucket {
    fn of(outcomes: &[Status], changes: &[Signed], members: &[(i64, u32)]) -> Self {
        let mut bucket = Self::default();
        let change = |index: u32| &changes[index as usize];
        let mut by_facet: Vec<u64> = Vec::with_capacity(members.len());
        let mut by_user: Vec<u64> = Vec::with_capacity(members.len());
        for (_, index) in members {
            let Signed { event, .. } = change(*index);
            by_facet.push(u64::from(event.facet) << 32 | u64::from(*index));
            by_user.push(u64::from(event.user) << 32 | u64::from(*index));
        }
        // Sorting beats hashing here: buckets are small, and the result has to be sorted anyway.
        by_facet.sort_unstable();
        by_user.sort_unstable();
        let totals = &mut bucket.totals;
        for facet in by_facet.chunk_by(|a, b| a >> 32 == b >> 32) {
            let id = (facet[0] >> 32) as u32;
            let mut sums = Sums::default();
            for entry in facet {
                let Signed { event, sign } = change(*entry as u32);
                let sign = i128::from(*sign);
                sums.add(event, sign);
                if let Some(latency) = event.metric(event::LATENCY) {
                    totals.latencies.add(latency, sign);
                }
            }
            match outcomes.get(id as usize).copied().unwrap_or(Status::Other) {
                Status::Success => totals.successes += sums.0[sum::EVENTS],
                Status::Error => totals.errors += sums.0[sum::EVENTS],
                Status::RateLimited => totals.rate_limited += sums.0[sum::EVENTS],
                Status::Other => {}
            }
            totals.sums.merge(&sums, 1);
            bucket.facets.push((id, sums));
        }
        for user in by_user.chunk_by(|a, b| a >> 32 == b >> 32) {
            let count = user.iter().map(|entry| i128::from(change(*entry as u32).sign)).sum();
            bucket.users.push(((user[0] >> 32) as u32, count));
        }
        bucket
    }

    /// Adds another bucket's sums.
    fn absorb(&mut self, other: Self) {
        self.totals.merge(&other.totals);
        self.facets = join(std::mem::take(&mut self.facets), other.facets, |sums, more| sums.merge(&more, 1));
        self.users = join(std::mem::take(&mut self.users), other.users, |count, more| *count += more);
    }

    fn prune(&mut self) {
        self.facets.retain(|(_, sums)| !sums.is_zero());
        self.users.retain(|(_, count)| *count != 0);
    }

    fn pack_facets(&self) -> (Vec<u8>, Vec<u8>) {
        let mut counts = Vec::new();
        pack::put_ids(&mut counts, self.facets.iter().map(|(id, _)| *id));
        for index in 0..COUNTS {
            pack::put_column(&mut counts, self.facets.iter().map(|(_, sums)| sums.0[index]));
        }
        let mut rest = Vec::new();
        for index in COUNTS..SUMS {
            pack::put_column(&mut rest, self.facets.iter().map(|(_, sums)| sums.0[index]));
        }
        (counts, rest)
    }

    fn pack_users(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack::put_ids(&mut bytes, self.users.iter().map(|(id, _)| *id));
        self.users.iter().for_each(|(_, count)| pack::put_sum(&mut bytes, *count));
        bytes
    }

    /// Reads a stored bucket; none when there is none.
    pub(crate) fn load(connection: &Connection, level: Level, number: i64) -> Result<Option<Self>> {
        let at = params![level.number(), number];
        let totals: Option<(Vec<u8>, Vec<u8>)> = connection
            .prepare_cached("select sums, latency from rollup_total where level = ?1 and bucket = ?2")
            .and_then(|mut find| find.query_row(at, |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(fault::map)?;
        let Some((sums, latency)) = totals else { return Ok(None) };
        let mut bucket = Self::default();
        bucket.totals.add_packed(&sums, &latency, 1)?;
        let (counts, sums): (Vec<u8>, Vec<u8>) = connection
            .prepare_cached("select counts, sums from rollup_facet where level = ?1 and bucket = ?2")
            .and_then(|mut find| find.query_row(at, |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(fault::map)?;
        let mut from = Unpacker::new(&counts);
        bucket.facets = pack::take_ids(&mut from)?.into_iter().map(|id| (id, Sums::default())).collect();
        let count = bucket.facets.len();
        for index in 0..COUNTS {
            pack::take_column(&mut from, count, |row, value| bucket.facets[row].1.0[index] = value)?;
        }
        let mut from = Unpacker::new(&sums);
        for index in COUNTS..SUMS {
            pack::take_column(&mut from, count, |row, value| bucket.facets[row].1.0[index] = value)?;
        }
        let users: Vec<u8> = connection
            .prepare_cached("select counts from rollup_user where level = ?1 and bucket = ?2")
            .and_then(|mut find| find.query_row(at, |row| row.get(0)))
            .map_err(fault::map)?;
        let mut from = Unpacker::new(&users);
        for id in pack::take_ids(&mut from)? {
            bucket.users.push((id, from.next_sum()?));
        }
        Ok(Some(bucket))
    }

    fn store(&mut self, connection: &Connection, level: Level, number: i64) -> Result<()> {
        self.prune();
        let at = (level.number(), number);
        if self.facets.is_empty() && self.users.is_empty() {
            for sql in [
                "delete from rollup_total where level = ?1 and bucket = ?2",
                "delete from rollup_facet where level = ?1 and bucket = ?2",
                "delete from rollup_user where level = ?1 and bucket = ?2",
            ] {
                connection
                    .prepare_cached(sql)
                    .and_then(|mut statement| statement.execute(at))
                    .map_err(fault::map)?;
            }
            return Ok(());
        }
        let (counts, rest) = self.pack_facets();
        let write = |sql: &str, a: &[u8], b: &[u8]| {
            connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(params![at.0, at.1, a, b]))
                .map_err(fault::map)
        };
        write(
            "insert into rollup_total (level, bucket, sums, latency) values (?1, ?2, ?3, ?4)
             on conflict (level, bucket) do update set sums = ?3, latency = ?4",
            &self.totals.pack(),
            &self.totals.latencies.pack(),
        )?;
        write(
            "insert into rollup_facet (level, bucket, counts, sums) values (?1, ?2, ?3, ?4)
             on conflict (level, bucket) do update set counts = ?3, sums = ?4",
            &counts,
            &rest,
        )?;
        connection
            .prepare_cached(
                "insert into rollup_user (level, bucket, counts) values (?1, ?2, ?3)
                 on conflict (level, bucket) do update set counts = ?3",
            )
            .and_then(|mut statement| statement.execute(params![at.0, at.1, self.pack_users()]))
            .map_err(fault::map)?;
        Ok(())
    }
}

fn merge(connection: &Connection, level: Level, number: i64, delta: Bucket) -> Result<()> {
    let mut bucket = match Bucket::load(connection, level, number)? {
        None => delta,
        Some(mut stored) => {
            stored.absorb(delta);
            stored
        }
    };
    bucket.store(connection, level, number)
}

/// Merges two ascending lists.
fn join<T>(a: Vec<(u32, T)>, b: Vec<(u32, T)>, add: impl Fn(&mut T, T)) -> Vec<(u32, T)> {
    let mut joined: Vec<(u32, T)> = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let from_a = match (a.peek(), b.peek()) {
            (Some(left), Some(right)) => left.0 <= right.0,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return joined,
        };
        let Some((id, value)) = (if from_a { a.next() } else { b.next() }) else { return joined };
        match joined.last_mut() {
            Some((last, sum)) if *last == id => add(sum, value),
            Some(_) | None => joined.push((id, value)),
        }
    }
}

/// Shows every stored bucket of a level beside the one its rows make: exactly what a rebuild would change.
pub(crate) fn audit(
    connection: &Connection,
    outcomes: &[Status],
    level: Level,
    mut show: impl FnMut(i64, &Bucket, &Bucket),
) -> Result<()> {
    let mut stored: BTreeSet<i64> = connection
        .prepare("select bucket from rollup_total where level = ?1")
        .and_then(|mut find| find.query_map([level.number()], |row| row.get(0))?.collect())
        .map_err(fault::map)?;
    let mut close = |number: i64, run: &mut Vec<Signed>| -> Result<()> {
        let members: Vec<_> = (0..).zip(run.iter()).map(|(index, _)| (number, index)).collect();
        let mut own = Bucket::of(outcomes, run, &members);
        own.prune();
        run.clear();
        stored.remove(&number);
        show(number, &Bucket::load(connection, level, number)?.unwrap_or_default(), &own);
        Ok(())
    };
    let mut run: Vec<Signed> = Vec::new();
    // Ids go by minute, and a bucket is whole minutes: its rows come one after another.
    event::each(connection, i64::MIN, i64::MAX, |_, event| {
        let number = level.bucket(event.occurred_at);
        if let Some(first) = run.first().map(|first| level.bucket(first.event.occurred_at))
            && first != number
        {
            close(first, &mut run)?;
        }
        run.push(Signed { event, sign: 1 });
        Ok(true)
    })?;
    if let Some(first) = run.first().map(|first| level.bucket(first.event.occurred_at)) {
        close(first, &mut run)?;
    }
    // What is left has no row at all.
    for number in stored {
        show(number, &Bucket::load(connection, level, number)?.unwrap_or_default(), &Bucket::default());
    }
    Ok(())
}
