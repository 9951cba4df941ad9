//! One bucket: its sums, how they are packed, where they lie.

use rusqlite::{Connection, OptionalExtension, params};
use steward_core::Result;

use super::{COUNTS, Latencies, Level, SUMS, Signed, Sums, Totals, sum};
use crate::cache::event;
use crate::cache::facet::Status;
use crate::cache::fault;
use crate::cache::pack::{self, Unpacker};

/// Everything about one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bucket {
    pub(crate) totals: Totals,
    /// By facet, ascending, without zeros.
    pub(crate) facets: Vec<(u32, Sums)>,
    /// Events by user, ascending, without zeros.
    pub(crate) users: Vec<(u32, i128)>,
}

impl Bucket {
    pub(super) fn of(outcomes: &[Status], changes: &[Signed], members: &[(i64, u32)]) -> Self {
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
            totals.add_facet(outcomes, id, &sums);
            bucket.facets.push((id, sums));
        }
        for user in by_user.chunk_by(|a, b| a >> 32 == b >> 32) {
            let count = user.iter().map(|entry| i128::from(change(*entry as u32).sign)).sum();
            bucket.users.push(((user[0] >> 32) as u32, count));
        }
        bucket
    }

    /// The bucket that this one's own parts make: another one where they contradict each other, which is all
    /// that shows of a quarter-hour without rows.
    pub(super) fn by_its_parts(&self, outcomes: &[Status]) -> Self {
        let mut own = Self { facets: self.facets.clone(), ..Self::default() };
        own.total_up(outcomes, self.totals.latencies.clone());
        if own.totals.latencies.count() != own.totals.sums.0[sum::LATENCY_COUNT] {
            own.totals.latencies = Latencies::default();
        }
        if self.users.iter().map(|(_, count)| count).sum::<i128>() == own.totals.sums.0[sum::EVENTS] {
            own.users.clone_from(&self.users);
        }
        own
    }

    /// Adds another bucket's sums.
    fn absorb(&mut self, other: Self) {
        self.totals.merge(&other.totals);
        self.facets = join(std::mem::take(&mut self.facets), other.facets, |sums, more| sums.merge(&more, 1));
        self.users = join(std::mem::take(&mut self.users), other.users, |count, more| *count += more);
    }

    pub(super) fn prune(&mut self) {
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
        let Some(totals) = Totals::load(connection, level, number)? else { return Ok(None) };
        let mut bucket = Self { totals, ..Self::default() };
        if !level.is_detailed() {
            return Ok(Some(bucket));
        }
        let at = params![level.number(), number];
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

    /// Adds this to what is stored.
    pub(super) fn add_to_stored(self, connection: &Connection, level: Level, number: i64) -> Result<()> {
        let mut bucket = match Self::load(connection, level, number)? {
            None => self,
            Some(mut stored) => {
                stored.absorb(self);
                stored
            }
        };
        bucket.store(connection, level, number)
    }

    pub(super) fn store(&mut self, connection: &Connection, level: Level, number: i64) -> Result<()> {
        self.prune();
        self.totals.store(connection, level, number)?;
        let at = (level.number(), number);
        if self.facets.is_empty() && self.users.is_empty() {
            for sql in [
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
        connection
            .prepare_cached(
                "insert into rollup_facet (level, bucket, counts, sums) values (?1, ?2, ?3, ?4)
                 on conflict (level, bucket) do update set counts = ?3, sums = ?4",
            )
            .and_then(|mut statement| statement.execute(params![at.0, at.1, counts, rest]))
            .map_err(fault::map)?;
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

impl Totals {
    fn load(connection: &Connection, level: Level, number: i64) -> Result<Option<Self>> {
        let stored: Option<(Vec<u8>, Vec<u8>)> = connection
            .prepare_cached(
                "select sums, latency from rollup_total where level = ?1 and slot = ?2 and bucket = ?3",
            )
            .and_then(|mut find| {
                find.query_row(params![level.number(), level.slot(number), number], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
            })
            .map_err(fault::map)?;
        let Some((sums, latency)) = stored else { return Ok(None) };
        let mut totals = Self::default();
        totals.add_packed(&sums, Some(&latency), 1)?;
        Ok(Some(totals))
    }

    /// Adds this to what is stored.
    pub(super) fn add_to_stored(self, connection: &Connection, level: Level, number: i64) -> Result<()> {
        let mut totals = self;
        if let Some(stored) = Self::load(connection, level, number)? {
            totals.merge(&stored);
        }
        totals.store(connection, level, number)
    }

    fn store(&mut self, connection: &Connection, level: Level, number: i64) -> Result<()> {
        // Without events every other sum is zero, too.
        if self.sums.0[sum::EVENTS] == 0 {
            return connection
                .prepare_cached("delete from rollup_total where level = ?1 and slot = ?2 and bucket = ?3")
                .and_then(|mut delete| delete.execute(params![level.number(), level.slot(number), number]))
                .map(|_| ())
                .map_err(fault::map);
        }
        connection
            .prepare_cached(
                "insert into rollup_total (level, slot, bucket, sums, latency) values (?1, ?2, ?3, ?4, ?5)
                 on conflict (level, slot, bucket) do update set sums = ?4, latency = ?5",
            )
            .and_then(|mut statement| {
                let (sums, latencies) = (self.pack(), self.latencies.pack());
                statement.execute(params![level.number(), level.slot(number), number, sums, latencies])
            })
            .map(|_| ())
            .map_err(fault::map)
    }
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
