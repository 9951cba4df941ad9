//! A page of users in any order.
//!
//! Where few match, they are gathered and sorted; where many do, the first of them are met soon by walking
//! along the order. Both give the same page.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::DateTime;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use steward_core::period::{Compare, RangeSpec};
use steward_core::user::{UserList, UserListReq, UserRow, UserSort};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::super::{freshness, page_rows, people, wrong_cursor};
use super::matching::{Entry, Kind, Matching, NEVER};
use crate::cache::fold::fold;
use crate::cache::rollup::{Cover, add_user_counts};
use crate::cache::{Reader, fault, instant};

/// Sorted at once up to this many; a page of more is met within a few thousand steps of a walk.
const FEW: u64 = 2_000;

/// After every id there is.
const LAST_ID: [u8; 17] = [0xff; 17];

/// A page of users.
///
/// # Errors
/// When the cursor is none of ours or the file cannot be read.
pub fn list(reader: &Reader, req: &UserListReq) -> Result<UserList> {
    let is_counted = req.usage.is_some() || req.sort == UserSort::Usage;
    let datasets = [Dataset::Users, Dataset::TeamMembers, Dataset::UsageEvents];
    let freshness = freshness(reader, &datasets[..if is_counted { 3 } else { 2 }])?;
    let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
    let matching = Matching::of(reader, &req.filter, as_of)?;
    let total = matching.count(reader)?;
    let counts = if is_counted {
        let range = req.usage.unwrap_or(RangeSpec::Days(30)).resolve(req.filter.zone, as_of, Compare::Off);
        let (start, end) = (instant::from_utc(range.period.start), instant::from_utc(range.period.end));
        let mut counts = Vec::new();
        add_user_counts(reader.connection(), &Cover::of(reader.connection(), start, end)?, &mut counts)?;
        Some(counts)
    } else {
        None
    };
    let limit = page_rows(req.limit);
    let page = Page { reader, matching: &matching, wanted: limit + 1, is_few: total <= FEW };
    let after = req.after.as_deref();
    let found = match req.sort {
        UserSort::Email => page.by_email(after)?,
        UserSort::CreatedAt => page.by_instant(after, Order::CREATION)?,
        UserSort::LastSeenAt => page.by_instant(after, Order::LAST_SEEN)?,
        UserSort::Usage => page.by_usage(after, counts.as_deref().unwrap_or_default())?,
    };
    let has_more = found.len() > limit;
    let rows: Vec<UserRow> = found
        .into_iter()
        .take(limit)
        .map(|row| user(reader, row, counts.as_deref()))
        .collect::<Result<_>>()?;
    let next = match rows.last() {
        Some(last) if has_more => Some(cursor(reader, req.sort, last)?),
        _ => None,
    };
    Ok(UserList { freshness, rows, total, next })
}

fn user(reader: &Reader, row: i64, counts: Option<&[i64]>) -> Result<UserRow> {
    let mut user = reader
        .connection()
        .prepare_cached(
            "select id, email, name, status, role, plan_code, last_seen_at, created_at from users
             where rowid = ?1",
        )
        .and_then(|mut find| find.query_row([row], people::user_row))
        .map_err(fault::map)?;
    if let Some(counts) = counts {
        let short = people::short_id(reader, user.id.0)?;
        user.events = Some(count_of(counts, short).unsigned_abs());
    }
    Ok(user)
}

fn count_of(counts: &[i64], short: Option<u32>) -> i64 {
    short.and_then(|id| counts.get(id as usize)).copied().unwrap_or(0)
}

fn cursor(reader: &Reader, sort: UserSort, user: &UserRow) -> Result<String> {
    Ok(match sort {
        UserSort::Email => serde_json::json!([fold(&user.email), user.id]),
        UserSort::CreatedAt => serde_json::json!([instant::from_utc(user.created_at), user.id]),
        UserSort::LastSeenAt => {
            serde_json::json!([user.last_seen_at.map_or(NEVER, instant::from_utc), user.id])
        }
        UserSort::Usage => {
            let short = people::short_id(reader, user.id.0)?.unwrap_or_default();
            serde_json::json!([user.events.unwrap_or(0), short, user.id])
        }
    }
    .to_string())
}

fn parse<T: DeserializeOwned>(after: Option<&str>) -> Result<Option<T>> {
    after.map(|text| serde_json::from_str(text).map_err(|_| wrong_cursor())).transpose()
}

/// An order by an instant, the latest first.
struct Order {
    /// Reads an [`Entry`] and the instant, along an index.
    sql: &'static str,
    /// The instant of a row.
    at: &'static str,
    span: fn(&Matching) -> super::matching::Span,
}

impl Order {
    const CREATION: Self = Self {
        sql: "select rowid, id, created_at, created_at from users
              where coalesce(plan_code, '') = ?1 and coalesce(status, '') = ?2 and coalesce(role, '') = ?3
                and (created_at, id) < (?4, ?5) and created_at >= ?6
              order by created_at desc, id desc",
        at: "select created_at from users where rowid = ?1",
        span: |matching| matching.created,
    };
    const LAST_SEEN: Self = Self {
        sql: "select rowid, id, created_at, coalesce(last_seen_at, -9223372036854775808) from users
              where coalesce(plan_code, '') = ?1 and coalesce(status, '') = ?2 and coalesce(role, '') = ?3
                and (coalesce(last_seen_at, -9223372036854775808), id) < (?4, ?5)
                and coalesce(last_seen_at, -9223372036854775808) >= ?6
              order by coalesce(last_seen_at, -9223372036854775808) desc, id desc",
        at: "select coalesce(last_seen_at, -9223372036854775808) from users where rowid = ?1",
        span: |matching| matching.seen,
    };
}

/// Somebody in the order by use: the most events first; equal ones by short id, who has none by id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Used(Reverse<u64>, u32, Uuid);

impl Used {
    fn new(count: i64, short: Option<u32>, id: Uuid) -> Self {
        match count {
            1.. => Self(Reverse(count.unsigned_abs()), short.unwrap_or_default(), Uuid::nil()),
            _ => Self(Reverse(0), 0, id),
        }
    }
}

struct Page<'r> {
    reader: &'r Reader,
    matching: &'r Matching,
    wanted: usize,
    is_few: bool,
}

impl Page<'_> {
    fn by_email(&self, after: Option<&str>) -> Result<Vec<i64>> {
        let after: Option<(String, Uuid)> = parse(after)?;
        let connection = self.reader.connection();
        if self.is_few {
            let mut find = connection
                .prepare_cached("select fold(email) from users where rowid = ?1")
                .map_err(fault::map)?;
            let mut entries = Vec::new();
            self.matching.each(self.reader, |entry| entries.push(entry))?;
            let mut keyed = Vec::with_capacity(entries.len());
            for entry in entries {
                let email: String = find.query_row([entry.row], |row| row.get(0)).map_err(fault::map)?;
                keyed.push(((email, entry.id), entry.row));
            }
            let after = after.map(|(email, id)| (email, id.into_bytes()));
            return Ok(self.sorted(keyed, after.as_ref()));
        }
        let (email, id) =
            after.map_or((String::new(), Vec::new()), |(email, id)| (email, id.as_bytes().to_vec()));
        let given = |kind: &Kind| {
            let mut given = kind_values(kind);
            given.extend([Value::Text(email.clone()), Value::Blob(id.clone())]);
            given
        };
        let sql = "select rowid, id, created_at, fold(email) from users
                   where coalesce(plan_code, '') = ?1 and coalesce(status, '') = ?2 and coalesce(role, '') = ?3
                     and (fold(email), id) > (?4, ?5)
                   order by fold(email), id";
        let key = |row: &Row<'_>, entry: &Entry| Ok(Reverse((row.get::<_, String>(3)?, entry.id)));
        self.walk(connection, sql, given, key)
    }

    fn by_instant(&self, after: Option<&str>, order: Order) -> Result<Vec<i64>> {
        let after: Option<(i64, Uuid)> = parse(after)?;
        if self.is_few {
            let mut find = self.reader.connection().prepare_cached(order.at).map_err(fault::map)?;
            let mut entries = Vec::new();
            self.matching.each(self.reader, |entry| entries.push(entry))?;
            let mut keyed = Vec::with_capacity(entries.len());
            for entry in entries {
                let at: i64 = find.query_row([entry.row], |row| row.get(0)).map_err(fault::map)?;
                keyed.push((Reverse((at, entry.id)), entry.row));
            }
            let after = after.map(|(at, id)| Reverse((at, id.into_bytes())));
            return Ok(self.sorted(keyed, after.as_ref()));
        }
        let span = (order.span)(self.matching);
        let (at, id) = match (after, span.until) {
            (Some((at, id)), _) => (at, id.as_bytes().to_vec()),
            // Before the end of the span whatever the id.
            (None, Some(until)) => (until, Vec::new()),
            (None, None) => (i64::MAX, LAST_ID.to_vec()),
        };
        let given = |kind: &Kind| {
            let mut given = kind_values(kind);
            given.extend([Value::Integer(at), Value::Blob(id.clone()), Value::Integer(span.from)]);
            given
        };
        self.walk(self.reader.connection(), order.sql, given, |row, entry| {
            Ok((row.get::<_, i64>(3)?, entry.id))
        })
    }

    fn by_usage(&self, after: Option<&str>, counts: &[i64]) -> Result<Vec<i64>> {
        let after: Option<Used> = parse::<(u64, u32, Uuid)>(after)?
            .map(|(count, short, id)| Used::new(i64::try_from(count).unwrap_or(i64::MAX), Some(short), id));
        if self.is_few {
            let mut entries = Vec::new();
            self.matching.each(self.reader, |entry| entries.push(entry))?;
            let mut keyed = Vec::with_capacity(entries.len());
            for entry in entries {
                let id = Uuid::from_bytes(entry.id);
                let short = people::short_id(self.reader, id)?;
                keyed.push((Used::new(count_of(counts, short), short, id), entry.row));
            }
            return Ok(self.sorted(keyed, after.as_ref()));
        }
        let mut rows = Vec::new();
        let mut busiest: BinaryHeap<(i64, Reverse<u32>)> = (0_u32..)
            .zip(counts)
            .filter(|(_, count)| **count > 0)
            .map(|(short, count)| (*count, Reverse(short)))
            .filter(|(count, Reverse(short))| {
                after.as_ref().is_none_or(|after| Used::new(*count, Some(*short), Uuid::nil()) > *after)
            })
            .collect();
        while rows.len() < self.wanted
            && let Some((_, Reverse(short))) = busiest.pop()
        {
            let id = people::uuid(self.reader, short)?;
            rows.extend(self.matching_row("id = ?1", id)?.map(|entry| entry.row));
        }
        // Then who has no event, by id.
        let mut last = after.filter(|after| after.0.0 == 0).map_or(Uuid::nil(), |after| after.2);
        while rows.len() < self.wanted
            && let Some((entry, is_matching)) = self.next_by_id(last)?
        {
            last = Uuid::from_bytes(entry.id);
            if is_matching && count_of(counts, people::short_id(self.reader, last)?) == 0 {
                rows.push(entry.row);
            }
        }
        Ok(rows)
    }

    fn next_by_id(&self, after: Uuid) -> Result<Option<(Entry, bool)>> {
        self.one("id > ?1 order by id limit 1", after)
    }

    fn matching_row(&self, condition: &str, id: Uuid) -> Result<Option<Entry>> {
        Ok(self.one(condition, id)?.filter(|(_, is_matching)| *is_matching).map(|(entry, _)| entry))
    }

    fn one(&self, condition: &str, id: Uuid) -> Result<Option<(Entry, bool)>> {
        let read = |row: &Row<'_>| {
            let text = |column: usize| row.get::<_, String>(column);
            let entry = Entry::read(row)?;
            let is_matching =
                self.matching.has_kind(&text(3)?, &text(4)?, &text(5)?) && self.matching.holds(&entry);
            Ok((entry, is_matching))
        };
        self.reader
            .connection()
            .prepare_cached(&format!(
                "select rowid, id, created_at, coalesce(plan_code, ''), coalesce(status, ''),
                     coalesce(role, '')
                 from users where {condition}"
            ))
            .and_then(|mut find| find.query_row(params![id.as_bytes().as_slice()], read).optional())
            .map_err(fault::map)
    }

    /// The page of what was gathered.
    fn sorted<K: Ord>(&self, mut keyed: Vec<(K, i64)>, after: Option<&K>) -> Vec<i64> {
        keyed.retain(|(key, _)| after.is_none_or(|after| key > after));
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        keyed.into_iter().take(self.wanted).map(|(_, row)| row).collect()
    }

    /// Merges the kinds, each in the order of an index, the greatest key first, until the page is full.
    fn walk<K: Ord>(
        &self,
        connection: &Connection,
        sql: &str,
        given: impl Fn(&Kind) -> Vec<Value>,
        key: impl Fn(&Row<'_>, &Entry) -> rusqlite::Result<K>,
    ) -> Result<Vec<i64>> {
        let mut statements = Vec::with_capacity(self.matching.kinds.len());
        for _ in &self.matching.kinds {
            statements.push(connection.prepare_cached(sql).map_err(fault::map)?);
        }
        let mut lanes = Vec::with_capacity(statements.len());
        for (statement, kind) in statements.iter_mut().zip(&self.matching.kinds) {
            lanes.push(statement.query(params_from_iter(given(kind))).map_err(fault::map)?);
        }
        let mut heads = BinaryHeap::with_capacity(lanes.len());
        let advance = |lane: usize, lanes: &mut Vec<rusqlite::Rows<'_>>, heads: &mut BinaryHeap<_>| {
            if let Some(row) = lanes[lane].next().map_err(fault::map)? {
                let entry = Entry::read(row).map_err(fault::map)?;
                // Who does not match is merged all the same: a kind without a match is not read to its end.
                let is_matching = self.matching.holds(&entry);
                heads.push((key(row, &entry).map_err(fault::map)?, lane, entry.row, is_matching));
            }
            Ok::<(), steward_core::Error>(())
        };
        for lane in 0..lanes.len() {
            advance(lane, &mut lanes, &mut heads)?;
        }
        let mut rows = Vec::with_capacity(self.wanted);
        while rows.len() < self.wanted
            && let Some((_, lane, row, is_matching)) = heads.pop()
        {
            if is_matching {
                rows.push(row);
            }
            advance(lane, &mut lanes, &mut heads)?;
        }
        Ok(rows)
    }
}

fn kind_values(kind: &Kind) -> Vec<Value> {
    [&kind.plan_code, &kind.status, &kind.role].map(|text| Value::Text(text.clone())).into()
}
