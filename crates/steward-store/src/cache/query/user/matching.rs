//! Which users a filter means, in the copy's own terms.
//!
//! Plan, status and role divide the users into a few dozen *kinds*, whose sizes are kept and whose members
//! lie in order in three indexes. A team, a search and when somebody was last seen mean a set of rows; a span of
//! sign-ups is tested on values that the indexes hold. So a count reads sizes or one stretch of an index, and
//! never a row.

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension as _, Row, params};
use steward_core::Result;
use steward_core::id::TeamId;
use steward_core::period::{Compare, Period};
use steward_core::user::{LastSeen, UserFilter};
use uuid::Uuid;

use super::super::words::{self, Occur};
use crate::cache::{Reader, fault, instant};

/// Rows looked at one by one up to this many.
const FEW: u64 = 5_000;

/// What stands for "never" where instants are ordered: before every one.
pub(super) const NEVER: i64 = i64::MIN;

/// Users with the same plan, status and role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) plan_code: String,
    pub(super) status: String,
    pub(super) role: String,
    users: u64,
}

/// A half-open span of stored instants; none is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) until: Option<i64>,
}

impl Span {
    const ALL: Self = Self { from: i64::MIN, until: None };

    fn of(period: Period) -> Self {
        Self { from: instant::from_utc(period.start), until: Some(instant::from_utc(period.end)) }
    }

    fn holds(self, at: i64) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// The last instant inside.
    fn last(self) -> i64 {
        self.until.map_or(i64::MAX, |until| until.saturating_sub(1))
    }
}

/// A set of rows by their number.
#[derive(Debug, Default)]
pub(super) struct RowSet {
    bits: Vec<u64>,
    len: u64,
}

impl RowSet {
    fn insert(&mut self, row: i64) {
        let Ok(row) = usize::try_from(row) else { return };
        let (word, bit) = (row / 64, 1_u64 << (row % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.len += u64::from(self.bits[word] & bit == 0);
        self.bits[word] |= bit;
    }

    fn holds(&self, row: i64) -> bool {
        usize::try_from(row)
            .ok()
            .and_then(|row| self.bits.get(row / 64).map(|word| word & (1 << (row % 64)) != 0))
            .unwrap_or(false)
    }

    fn intersect(&mut self, other: &Self) {
        self.bits.truncate(other.bits.len());
        self.bits.iter_mut().zip(&other.bits).for_each(|(own, other)| *own &= other);
        self.len = self.bits.iter().map(|word| u64::from(word.count_ones())).sum();
    }

    /// Those of them who were last seen in a span.
    fn seen_in(&self, reader: &Reader, span: Span) -> Result<Self> {
        let mut rows = Self::default();
        let mut find = reader
            .connection()
            .prepare_cached("select coalesce(last_seen_at, -9223372036854775808) from users where rowid = ?1")
            .map_err(fault::map)?;
        for row in self.rows() {
            let seen = find.query_row([row], |row| row.get(0)).optional().map_err(fault::map)?;
            if seen.is_some_and(|seen| span.holds(seen)) {
                rows.insert(row);
            }
        }
        Ok(rows)
    }

    fn rows(&self) -> impl Iterator<Item = i64> + '_ {
        self.bits.iter().zip(0_i64..).flat_map(|(word, place)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| place * 64 + bit)
        })
    }
}

/// What is known of a user without reading the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) row: i64,
    pub(super) id: [u8; 16],
    pub(super) created: i64,
}

impl Entry {
    /// Reads the row's number, id and creation.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let created = match row.get_ref(2)? {
            ValueRef::Integer(at) => at,
            _ => NEVER,
        };
        Ok(Self { row: row.get(0)?, id: row.get(1)?, created })
    }
}

/// A filter, resolved at an as-of.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) kinds: Vec<Kind>,
    has_every_kind: bool,
    pub(super) created: Span,
    /// Where the order by it begins and ends; who was seen then is in `rows`.
    pub(super) seen: Span,
    rows: Option<RowSet>,
    /// Whether `rows` holds nobody of another kind.
    has_rows_of_kinds: bool,
}

impl Matching {
    pub(super) fn of(reader: &Reader, filter: &UserFilter, as_of: DateTime<Utc>) -> Result<Self> {
        let period = |range: steward_core::period::RangeSpec| {
            Span::of(range.resolve(filter.zone, as_of, Compare::Off).period)
        };
        let seen = match filter.last_seen {
            None => Span::ALL,
            Some(LastSeen::Within(range)) => period(range),
            Some(LastSeen::NotSince(range)) => Span { from: NEVER, until: Some(period(range).from) },
            Some(LastSeen::Never) => Span { from: NEVER, until: Some(NEVER + 1) },
        };
        let kinds = kinds(reader, filter)?;
        let mut rows = match filter.search.trim() {
            "" => None,
            text => Some(found(reader, text)?),
        };
        if let Some(team) = filter.team {
            rows = Some(narrowed(rows, members(reader, team)?));
        }
        let has_every_kind = filter.plan_code.is_none() && filter.status.is_none() && filter.role.is_none();
        let mut has_rows_of_kinds = has_every_kind;
        if seen != Span::ALL {
            rows = Some(match rows {
                Some(few) if few.len <= FEW => few.seen_in(reader, seen)?,
                rows => {
                    has_rows_of_kinds = true;
                    narrowed(rows, seen_in(reader, &kinds, seen)?)
                }
            });
        }
        Ok(Self {
            kinds,
            has_every_kind,
            created: filter.signed_up.map_or(Span::ALL, period),
            seen,
            rows,
            has_rows_of_kinds,
        })
    }

    /// Whether somebody of a matching kind matches.
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        self.created.holds(entry.created) && self.rows.as_ref().is_none_or(|rows| rows.holds(entry.row))
    }

    /// Whether a kind matches.
    pub(super) fn has_kind(&self, plan_code: &str, status: &str, role: &str) -> bool {
        self.has_every_kind
            || self
                .kinds
                .iter()
                .any(|kind| kind.plan_code == plan_code && kind.status == status && kind.role == role)
    }

    /// How many match.
    pub(super) fn count(&self, reader: &Reader) -> Result<u64> {
        let is_any_time = self.created == Span::ALL;
        match &self.rows {
            None if is_any_time => Ok(self.kinds.iter().map(|kind| kind.users).sum()),
            Some(rows) if is_any_time && self.has_rows_of_kinds => Ok(rows.len),
            _ => {
                let mut count = 0;
                self.each(reader, |_| count += 1)?;
                Ok(count)
            }
        }
    }

    /// Shows everybody who matches, in no order: by their rows where those are few, else along the index by
    /// creation.
    pub(super) fn each(&self, reader: &Reader, mut show: impl FnMut(Entry)) -> Result<()> {
        let connection = reader.connection();
        if let Some(rows) = self.rows.as_ref().filter(|rows| rows.len <= FEW) {
            let mut find = connection
                .prepare_cached(
                    "select rowid, id, created_at, coalesce(plan_code, ''), coalesce(status, ''),
                         coalesce(role, '')
                     from users where rowid = ?1",
                )
                .map_err(fault::map)?;
            for row in rows.rows() {
                let mut found = find.query([row]).map_err(fault::map)?;
                let Some(row) = found.next().map_err(fault::map)? else { continue };
                let text = |column: usize| row.get::<_, String>(column).map_err(fault::map);
                let entry = Entry::read(row).map_err(fault::map)?;
                if self.has_kind(&text(3)?, &text(4)?, &text(5)?) && self.holds(&entry) {
                    show(entry);
                }
            }
            return Ok(());
        }
        let mut find = connection
            .prepare_cached(
                "select rowid, id, created_at from users
                 where coalesce(plan_code, '') = ?1 and coalesce(status, '') = ?2 and coalesce(role, '') = ?3
                   and created_at between ?4 and ?5",
            )
            .map_err(fault::map)?;
        let (first, last) = (self.created.from, self.created.last());
        for Kind { plan_code, status, role, .. } in &self.kinds {
            let mut found = find.query(params![plan_code, status, role, first, last]).map_err(fault::map)?;
            while let Some(row) = found.next().map_err(fault::map)? {
                let entry = Entry::read(row).map_err(fault::map)?;
                if self.holds(&entry) {
                    show(entry);
                }
            }
        }
        Ok(())
    }
}

fn kinds(reader: &Reader, filter: &UserFilter) -> Result<Vec<Kind>> {
    reader
        .connection()
        .prepare_cached(
            "select plan_code, status, role, users from user_kind
             where users > 0 and (?1 is null or plan_code = ?1) and (?2 is null or status = ?2)
               and (?3 is null or role = ?3)",
        )
        .and_then(|mut find| {
            find.query_map(params![filter.plan_code, filter.status, filter.role], |row| {
                Ok(Kind {
                    plan_code: row.get(0)?,
                    status: row.get(1)?,
                    role: row.get(2)?,
                    users: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?
            .collect()
        })
        .map_err(fault::map)
}

fn row_set(reader: &Reader, sql: &str, given: impl rusqlite::Params) -> Result<RowSet> {
    let mut rows = RowSet::default();
    let mut find = reader.connection().prepare_cached(sql).map_err(fault::map)?;
    let mut found = find.query(given).map_err(fault::map)?;
    while let Some(row) = found.next().map_err(fault::map)? {
        rows.insert(row.get(0).map_err(fault::map)?);
    }
    Ok(rows)
}

/// What is in both; none holds everybody.
fn narrowed(rows: Option<RowSet>, mut by: RowSet) -> RowSet {
    if let Some(rows) = rows {
        by.intersect(&rows);
    }
    by
}

/// Who of these kinds was last seen in a span; [`NEVER`] stands for never.
fn seen_in(reader: &Reader, kinds: &[Kind], span: Span) -> Result<RowSet> {
    let mut rows = RowSet::default();
    let mut find = reader
        .connection()
        .prepare_cached(
            "select rowid from users
             where coalesce(plan_code, '') = ?1 and coalesce(status, '') = ?2 and coalesce(role, '') = ?3
               and coalesce(last_seen_at, -9223372036854775808) between ?4 and ?5",
        )
        .map_err(fault::map)?;
    for Kind { plan_code, status, role, .. } in kinds {
        let mut found =
            find.query(params![plan_code, status, role, span.from, span.last()]).map_err(fault::map)?;
        while let Some(row) = found.next().map_err(fault::map)? {
            rows.insert(row.get(0).map_err(fault::map)?);
        }
    }
    Ok(rows)
}

/// A whole id names one user and nothing else; anything else is words.
fn found(reader: &Reader, text: &str) -> Result<RowSet> {
    if let Ok(id) = Uuid::parse_str(text) {
        return row_set(reader, "select rowid from users where id = ?1", [id.as_bytes().as_slice()]);
    }
    let customer = row_set(reader, "select rowid from users where stripe_customer_id = ?1", [text])?;
    if customer.len > 0 {
        return Ok(customer);
    }
    match words::query(text, Occur::Beginning) {
        None => Ok(RowSet::default()),
        Some(query) => row_set(reader, "select rowid from user_text where user_text match ?1", [query]),
    }
}

fn members(reader: &Reader, TeamId(team): TeamId) -> Result<RowSet> {
    row_set(
        reader,
        "select users.rowid from team_members join users on users.id = team_members.user_id
         where team_members.team_id = ?1",
        [team.as_bytes().as_slice()],
    )
}
