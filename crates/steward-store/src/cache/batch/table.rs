//! Changes of the tables made from specs: everything but usage events.

use std::fmt::Write as _;

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{CachedStatement, Connection, params_from_iter};
use steward_core::dataset::DatasetSpec;
use steward_core::{Dataset, Error, Result};

use super::{Applied, Batch, KeyRange, key};
use crate::cache::decode::{self, Value};
use crate::cache::fault;
use crate::row::{RawRow, RowBatch};

/// The values of a key, one after the other: equal bytes are equal keys.
type PackedKey = Box<[u8]>;

/// A difference of sets: what was fed against what lies in the range.
#[derive(Debug)]
pub(super) struct Difference {
    dataset: Dataset,
    range: RangeSql,
    /// Keys fed so far, packed; none when the range was empty and nothing can be left over.
    seen: Option<Vec<PackedKey>>,
    applied: Applied,
}

impl Difference {
    pub(super) fn begin(batch: &Batch<'_>, dataset: Dataset, range: &KeyRange) -> Result<Self> {
        let spec = dataset.spec();
        let range = RangeSql::new(spec, range)?;
        let sql = format!("select exists (select 1 from {} where {})", spec.table, range.condition);
        let has_rows: bool = batch
            .writer
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(&range.values), |row| row.get(0)))
            .map_err(fault::map)?;
        Ok(Self { dataset, range, seen: has_rows.then(Vec::new), applied: Applied::default() })
    }

    pub(super) fn rows(&mut self, batch: &Batch<'_>, rows: &RowBatch) -> Result<()> {
        let connection = &batch.writer.connection;
        let mut statements = Statements::new(connection, self.dataset.spec())?;
        for row in rows.rows() {
            statements.write(row, &mut self.applied, self.seen.as_mut())?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, batch: &Batch<'_>) -> Result<Applied> {
        if let Some(mut seen) = self.seen.take() {
            seen.sort_unstable();
            let connection = &batch.writer.connection;
            let spec = self.dataset.spec();
            let sql =
                format!("select {} from {} where {}", key_names(spec), spec.table, self.range.condition);
            let mut extra: Vec<Vec<Stored>> = Vec::new();
            let mut find = connection.prepare_cached(&sql).map_err(fault::map)?;
            let mut rows = find.query(params_from_iter(&self.range.values)).map_err(fault::map)?;
            while let Some(row) = rows.next().map_err(fault::map)? {
                let parts = (0..spec.key.len()).map(|index| row.get_ref(index));
                let parts = parts.collect::<rusqlite::Result<Vec<_>>>().map_err(fault::map)?;
                if seen.binary_search(&packed(parts.iter().copied())).is_err() {
                    extra.push(parts.into_iter().map(Stored::try_from).collect::<Result<_, _>>().map_err(
                        |cause| Error::internal("A key of the local copy cannot be read.").with_source(cause),
                    )?);
                }
            }
            drop(rows);
            let mut delete = connection.prepare_cached(&delete_statement(spec)).map_err(fault::map)?;
            for key in extra {
                delete.execute(params_from_iter(&key)).map_err(fault::map)?;
                self.applied.deleted += 1;
            }
        }
        Ok(self.applied)
    }
}

/// Upserts rows; removes keys that are not among them.
pub(super) fn apply(
    batch: &mut Batch<'_>,
    dataset: Dataset,
    keys: &[serde_json::Value],
    rows: &RowBatch,
) -> Result<Applied> {
    let spec = dataset.spec();
    let mut applied = Applied::default();
    {
        let connection = &batch.writer.connection;
        let mut statements = Statements::new(connection, spec)?;
        let mut written = Vec::with_capacity(rows.len());
        for row in rows.rows() {
            statements.write(row, &mut applied, Some(&mut written))?;
        }
        written.sort_unstable();
        let mut delete = connection.prepare_cached(&delete_statement(spec)).map_err(fault::map)?;
        for key in keys {
            let values = key::parse(dataset, key)?;
            if written.binary_search(&packed(values.iter().map(ValueRef::from))).is_err() {
                applied.deleted +=
                    u64::try_from(delete.execute(params_from_iter(&values)).map_err(fault::map)?)
                        .unwrap_or(u64::MAX);
            }
        }
    }
    batch.note(dataset, applied)?;
    Ok(applied)
}

/// What the copy has under a key.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cache) enum Found {
    Nothing,
    /// The row with other values in these columns, by their positions in the spec.
    Different(Vec<usize>),
    /// The row with the same values.
    Same,
}

/// Decodes rows and finds them by their key.
pub(in crate::cache) struct RowFinder<'c> {
    spec: &'static DatasetSpec,
    key: Vec<usize>,
    find: CachedStatement<'c>,
}

impl<'c> RowFinder<'c> {
    pub(in crate::cache) fn new(connection: &'c Connection, spec: &'static DatasetSpec) -> Result<Self> {
        let sql =
            format!("select {} from {} where {}", columns(spec).join(", "), spec.table, key_condition(spec));
        let find = connection.prepare_cached(&sql).map_err(fault::map)?;
        Ok(Self { spec, key: spec.key_positions().collect(), find })
    }

    /// The row's values in the order of the spec.
    pub(in crate::cache) fn decode<'a>(&self, row: RawRow<'a>) -> Result<Vec<Value<'a>>> {
        let dataset = self.spec.dataset;
        let mut values = Vec::with_capacity(self.spec.columns.len());
        let mut fields = row.fields();
        for column in self.spec.columns {
            let field = fields.next().ok_or_else(|| decode::misshapen(dataset))?;
            values.push(decode::value(dataset, column, field)?);
        }
        if fields.next().is_some() {
            return Err(decode::misshapen(dataset));
        }
        Ok(values)
    }

    /// The key among a row's values, packed.
    fn key_of(&self, values: &[Value<'_>]) -> PackedKey {
        packed(self.key.iter().map(|position| values[*position].stored()))
    }

    /// The stored row with the same key.
    pub(in crate::cache) fn find(&mut self, values: &[Value<'_>]) -> Result<Found> {
        let mut rows = self
            .find
            .query(params_from_iter(self.key.iter().map(|position| &values[*position])))
            .map_err(fault::map)?;
        let Some(row) = rows.next().map_err(fault::map)? else { return Ok(Found::Nothing) };
        let mut different = Vec::new();
        for (position, value) in values.iter().enumerate() {
            if !value.is(row.get_ref(position).map_err(fault::map)?) {
                different.push(position);
            }
        }
        Ok(if different.is_empty() { Found::Same } else { Found::Different(different) })
    }
}

/// The statements that write one row, prepared once per batch of rows; how a row is changed depends on the row.
struct Statements<'c> {
    connection: &'c Connection,
    finder: RowFinder<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    fn new(connection: &'c Connection, spec: &'static DatasetSpec) -> Result<Self> {
        let names = columns(spec);
        let marks: Vec<_> = (1..=names.len()).map(|number| format!("?{number}")).collect();
        let insert =
            format!("insert into {} ({}) values ({})", spec.table, names.join(", "), marks.join(", "));
        Ok(Self {
            connection,
            finder: RowFinder::new(connection, spec)?,
            insert: connection.prepare_cached(&insert).map_err(fault::map)?,
        })
    }

    /// Sets the columns that differ and no others: SQLite takes a row out of every index with a column that is set,
    /// and puts it back, though the value be the same.
    fn update(&self, values: &[Value<'_>], different: &[usize]) -> Result<()> {
        let spec = self.finder.spec;
        let assignments: Vec<_> =
            different.iter().map(|position| format!("\"{}\" = ?", spec.columns[*position].name)).collect();
        let key: Vec<_> = spec.key.iter().map(|name| format!("\"{name}\" = ?")).collect();
        let sql = format!("update {} set {} where {}", spec.table, assignments.join(", "), key.join(" and "));
        let parameters = different.iter().chain(&self.finder.key).map(|position| &values[*position]);
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(params_from_iter(parameters)))
            .map_err(fault::map)?;
        Ok(())
    }

    fn write(
        &mut self,
        row: RawRow<'_>,
        applied: &mut Applied,
        seen: Option<&mut Vec<PackedKey>>,
    ) -> Result<()> {
        let values = self.finder.decode(row)?;
        let found = if seen.is_some() { self.finder.find(&values)? } else { Found::Nothing };
        match found {
            Found::Same => applied.unchanged += 1,
            Found::Different(positions) => {
                self.update(&values, &positions)?;
                applied.updated += 1;
            }
            Found::Nothing => {
                self.insert.execute(params_from_iter(&values)).map_err(fault::map)?;
                applied.inserted += 1;
            }
        }
        if let Some(seen) = seen {
            seen.push(self.finder.key_of(&values));
        }
        Ok(())
    }
}

/// Packs the values of a key.
fn packed<'a>(parts: impl Iterator<Item = ValueRef<'a>>) -> PackedKey {
    let mut bytes = Vec::with_capacity(32);
    for part in parts {
        let text = match part {
            ValueRef::Integer(number) => {
                bytes.extend(number.to_be_bytes());
                continue;
            }
            ValueRef::Blob(part) | ValueRef::Text(part) => part,
            // Keys hold neither.
            ValueRef::Null | ValueRef::Real(_) => &[],
        };
        bytes.extend(text.len().to_be_bytes());
        bytes.extend_from_slice(text);
    }
    bytes.into_boxed_slice()
}

fn key_names(spec: &DatasetSpec) -> String {
    spec.key.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn delete_statement(spec: &DatasetSpec) -> String {
    format!("delete from {} where {}", spec.table, key_condition(spec))
}

fn columns(spec: &DatasetSpec) -> Vec<String> {
    spec.columns.iter().map(|column| format!("\"{}\"", column.name)).collect()
}

fn key_condition(spec: &DatasetSpec) -> String {
    let parts: Vec<_> =
        spec.key.iter().enumerate().map(|(index, name)| format!("\"{name}\" = ?{}", index + 1)).collect();
    parts.join(" and ")
}

/// A key range as a condition.
#[derive(Debug)]
pub(in crate::cache) struct RangeSql {
    pub(in crate::cache) condition: String,
    pub(in crate::cache) values: Vec<Stored>,
}

impl RangeSql {
    pub(in crate::cache) fn new(spec: &DatasetSpec, range: &KeyRange) -> Result<Self> {
        let (after, upto) = match range {
            KeyRange::All => (&None, &None),
            KeyRange::KeysAfter { after, upto } => (after, upto),
            KeyRange::TimeBetween { .. } => {
                return Err(Error::internal("Only usage events have ranges of time.").with_detail(spec.table));
            }
        };
        let mut sql = Self { condition: String::from("true"), values: Vec::new() };
        let names: Vec<_> = spec.key.iter().map(|name| format!("\"{name}\"")).collect();
        for (bound, sign) in [(after, ">"), (upto, "<=")] {
            let Some(bound) = bound else { continue };
            let values = key::parse(spec.dataset, bound)?;
            let marks: Vec<_> =
                (1..=values.len()).map(|number| format!("?{}", sql.values.len() + number)).collect();
            let _ = write!(sql.condition, " and ({}) {sign} ({})", names.join(", "), marks.join(", "));
            sql.values.extend(values);
        }
        Ok(sql)
    }
}
