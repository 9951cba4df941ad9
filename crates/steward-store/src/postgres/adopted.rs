//! Following a table of somebody else's database, where nothing may be installed.
//!
//! Without a change log nobody says what was deleted, and no single snapshot says what was changed (S33). What can
//! be had is sound for new rows and late for deletes, and says so: `best effort (deletes checked 4 min ago)`.
//!
//! Three parts, each a function of one short transaction, and a state that the caller keeps with the rows:
//! [`barrier`] reads what came after a value that the database itself assigned, [`scan`] every row written
//! since the last pass, [`reconcile`] compares range by range and finds deletes. The rows travel as
//! `record_send` writes them and are kept so on a [`Shelf`], which makes the bytes that are hashed those that
//! are stored.

pub mod barrier;
mod key;
mod probe;
pub mod reconcile;
pub mod scan;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::{Error, ErrorKind, Result};

use super::error;
use crate::record::SetSum;
pub use key::{Key, KeyKind, KeyPart};
pub use probe::probe;

/// A table that is followed as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The columns that are read, in order.
    pub columns: Vec<AdoptedColumn>,
    /// Positions of the primary key's columns among them, in the key's order.
    pub key: Vec<usize>,
    /// How new rows are found.
    pub follow: Follow,
}

/// A column of an adopted table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedColumn {
    /// Its name.
    pub name: String,
    /// Whether it travels as text, because its type has no binary form.
    pub is_text: bool,
    /// Its place in a key's order; none for a type that keys are not read by.
    pub key_kind: Option<KeyKind>,
}

/// How new rows of a table are found without its help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Follow {
    /// By a number that the database hands out, one at a time: new rows are found, changed ones are not.
    Id {
        /// Position of the column.
        column: usize,
    },
    /// By an instant that the database sets from its own clock with every write: new and changed rows are found.
    Time {
        /// Position of the column.
        column: usize,
    },
    /// By the transaction that wrote each row: new and changed rows are found, and the whole table is read.
    Scan,
}

/// What is known about a followed table besides its rows. Kept in the same transaction as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowState {
    /// The barrier's side.
    pub barrier: barrier::BarrierState,
    /// The scan's side.
    pub scan: scan::ScanState,
    /// The reconciliation's side.
    pub reconcile: reconcile::ReconcileState,
}

impl FollowState {
    /// The state in words, by the server's clock.
    #[must_use]
    pub fn words(&self, now: DateTime<Utc>) -> String {
        match self.reconcile.checked_since {
            None => "best effort (deletes not checked yet)".to_owned(),
            Some(since) => format!("best effort (deletes checked {} ago)", age((now - since).num_seconds())),
        }
    }
}

fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Where the rows of a followed table are kept.
pub trait Shelf {
    /// Inserts or replaces a row; true when it was not there, or another one.
    ///
    /// # Errors
    /// When it cannot be stored.
    fn put(&mut self, key: Key, record: Vec<u8>) -> Result<bool>;

    /// Removes a row; true when it was there.
    ///
    /// # Errors
    /// When it cannot be stored.
    fn remove(&mut self, key: &Key) -> Result<bool>;

    /// Count and hash sum of the rows of a range.
    ///
    /// # Errors
    /// When the rows cannot be read.
    fn sum(&self, range: &KeySpan) -> Result<SetSum>;

    /// The keys of a range, in their order.
    ///
    /// # Errors
    /// When the rows cannot be read.
    fn keys(&self, range: &KeySpan) -> Result<Vec<Key>>;

    /// The key of the row that comes `rows` rows after `after`; none when fewer are left.
    ///
    /// # Errors
    /// When the rows cannot be read.
    fn edge(&self, after: Option<&Key>, rows: u64) -> Result<Option<Key>>;
}

/// Keys above one and up to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySpan {
    /// The key the range begins after; none begins at the first.
    pub after: Option<Key>,
    /// The last key inside; none ends at the last.
    pub upto: Option<Key>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Rows read from the server.
    pub read: u64,
    /// Rows that were new or other than those kept.
    pub changed: u64,
    /// Rows removed.
    pub removed: u64,
}

impl AdoptedTable {
    /// The table's name as statements write it.
    pub(super) fn qualified(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    fn column(&self, position: usize) -> String {
        format!("t.{}", quoted(&self.columns[position].name))
    }

    /// A row as the server's own record.
    fn record(&self) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| {
                let cast = if column.is_text { "::text" } else { "" };
                format!("t.{}{cast}", quoted(&column.name))
            })
            .collect();
        format!("record_send(row({}))", columns.join(", "))
    }

    /// The key of a record.
    ///
    /// # Errors
    /// When the record has another shape.
    pub fn key_of(&self, record: &[u8]) -> Result<Key> {
        let fields: Vec<_> = fields(record).collect();
        let parts = self.key.iter().map(|position| {
            let kind = self.columns[*position].key_kind?;
            KeyPart::read(kind, fields.get(*position).copied().flatten()?)
        });
        parts.collect::<Option<Vec<_>>>().map(Key).ok_or_else(|| {
            Error::internal("A row of a followed table has an unexpected key.").with_detail(self.name.clone())
        })
    }

    /// The condition "key in this range".
    fn within(&self, span: &KeySpan) -> String {
        let columns: Vec<_> = self
            .key
            .iter()
            .map(|position| {
                let collate = if self.columns[*position].key_kind == Some(KeyKind::Text) {
                    " collate \"C\""
                } else {
                    ""
                };
                format!("{}{collate}", self.column(*position))
            })
            .collect();
        let bound = |key: &Key, sign: &str| format!("({}) {sign} ({})", columns.join(", "), key.literals());
        let mut parts = vec!["true".to_owned()];
        parts.extend(span.after.as_ref().map(|key| bound(key, ">")));
        parts.extend(span.upto.as_ref().map(|key| bound(key, "<=")));
        parts.join(" and ")
    }
}

/// The fields of a record, in order; none for NULL. Ends early when the bytes are no record.
pub fn fields(record: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = record.get(4..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (_oid, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = after;
            return Some(None);
        };
        let (field, after) = after.split_at_checked(length)?;
        rest = after;
        Some(Some(field))
    })
}

/// An identifier as statements write it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Opens a transaction on the table: limits, lock, and only then the snapshot, as S1 has it.
async fn open(connection: &mut PgConnection, table: &AdoptedTable) -> Result<()> {
    let begin = format!(
        "begin isolation level repeatable read read only; \
         set local statement_timeout = '15s'; set local lock_timeout = '1s'; \
         set local idle_in_transaction_session_timeout = '10s'; set local row_security = off; \
         set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; \
         lock table {} in access share mode",
        table.qualified()
    );
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(connection).await.map_err(error::map)?;
    Ok(())
}

async fn close(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("commit").execute(connection).await.map_err(error::map)?;
    Ok(())
}

/// Reads the rows of a condition onto the shelf inside the open transaction.
async fn take_rows(
    connection: &mut PgConnection,
    table: &AdoptedTable,
    from: &str,
    condition: &str,
    shelf: &mut (impl Shelf + Send),
    mut seen: Option<&mut Vec<Key>>,
) -> Result<Followed> {
    let statement = format!("select {} from {from} t where {condition}", table.record());
    let mut followed = Followed::default();
    let mut rows =
        sqlx::query_scalar::<_, Vec<u8>>(AssertSqlSafe(statement)).persistent(false).fetch(connection);
    while let Some(record) = rows.try_next().await.map_err(error::map)? {
        let key = table.key_of(&record)?;
        followed.read += 1;
        if let Some(seen) = &mut seen {
            seen.push(key.clone());
        }
        followed.changed += u64::from(shelf.put(key, record)?);
    }
    Ok(followed)
}

/// A standby lists neither the transactions that run on its primary nor their ids.
fn refuse_standby() -> Error {
    Error::new(ErrorKind::Invalid, "A table without Steward's triggers can be followed on a primary only.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s33_the_state_says_how_old_it_is() {
        let now: DateTime<Utc> = "2026-11-22T02:00:00Z".parse().expect("an instant");
        let mut state = FollowState::default();
        assert_eq!(state.words(now), "best effort (deletes not checked yet)");
        state.reconcile.checked_since = Some(now - chrono::Duration::seconds(250));
        assert_eq!(state.words(now), "best effort (deletes checked 4 min ago)");
    }

    #[test]
    fn f16_odd_identifiers_stay_one_name() {
        assert_eq!(quoted("a\"; drop table b --"), "\"a\"\"; drop table b --\"");
    }
}
