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

/// A difference of sets: what was fed against what lies in the range.
#[derive(Debug)]
pub(super) struct Difference {
    dataset: Dataset,
    range: RangeSql,
    /// Row ids fed so far; none when the range was empty and nothing can be left over.
    seen: Option<Vec<i64>>,
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
            let table = self.dataset.spec().table;
            let sql = format!("select rowid from {table} where {}", self.range.condition);
            let extra: Vec<i64> = connection
                .prepare_cached(&sql)
                .and_then(|mut statement| {
                    statement
                        .query_map(params_from_iter(&self.range.values), |row| row.get(0))?
                        .filter(|id| id.as_ref().map_or(true, |id| seen.binary_search(id).is_err()))
                        .collect()
                })
                .map_err(fault::map)?;
            let mut delete = connection
                .prepare_cached(&format!("delete from {table} where rowid = ?1"))
                .map_err(fault::map)?;
            for id in extra {
                delete.execute([id]).map_err(fault::map)?;
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
        let find = format!("select rowid from {} where {}", spec.table, key_condition(spec));
        let mut find = connection.prepare_cached(&find).map_err(fault::map)?;
        let delete = format!("delete from {} where rowid = ?1", spec.table);
        let mut delete = connection.prepare_cached(&delete).map_err(fault::map)?;
        for key in keys {
            let values = key::parse(dataset, key)?;
            let id: Option<i64> = rusqlite::OptionalExtension::optional(
                find.query_row(params_from_iter(&values), |row| row.get(0)),
            )
            .map_err(fault::map)?;
            if let Some(id) = id.filter(|id| written.binary_search(id).is_err()) {
                delete.execute([id]).map_err(fault::map)?;
                applied.deleted += 1;
            }
        }
    }
    batch.note(dataset, applied)?;
    Ok(applied)
}

/// What the copy has under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cache) enum Found {
    Nothing,
    /// The row, by id, with other values.
    Different(i64),
    /// The row, by id, with the same values.
    Same(i64),
}

/// Decodes rows and finds them by their key.
pub(in crate::cache) struct RowFinder<'c> {
    spec: &'static DatasetSpec,
    key: Vec<usize>,
    find: CachedStatement<'c>,
}

impl<'c> RowFinder<'c> {
    pub(in crate::cache) fn new(connection: &'c Connection, spec: &'static DatasetSpec) -> Result<Self> {
        let sql = format!(
            "select rowid, {} from {} where {}",
            columns(spec).join(", "),
            spec.table,
            key_condition(spec)
        );
        let find = connection.prepare_cached(&sql).map_err(fault::map)?;
        Ok(Self { spec, key: spec.key_positions().collect(), find })
    }

    /// The row's values in the order of the spec.
    pub(in crate::cache) fn decode<'a>(&self, row: RawRow<'a>) -> Result<Vec<Value<'a>>> {
        let dataset = self.spec.dataset;
        // One more than there are columns: an update adds the row's id.
        let mut values = Vec::with_capacity(self.spec.columns.len() + 1);
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

    /// The stored row with the same key.
    pub(in crate::cache) fn find(&mut self, values: &[Value<'_>]) -> Result<Found> {
        let mut rows = self
            .find
            .query(params_from_iter(self.key.iter().map(|position| &values[*position])))
            .map_err(fault::map)?;
        let Some(row) = rows.next().map_err(fault::map)? else { return Ok(Found::Nothing) };
        let id = row.get(0).map_err(fault::map)?;
        for (index, value) in values.iter().enumerate() {
            let stored: ValueRef<'_> = row.get_ref(index + 1).map_err(fault::map)?;
            if !value.is(stored) {
                return Ok(Found::Different(id));
            }
        }
        Ok(Found::Same(id))
    }
}

/// The statements that write one row, prepared once per batch of rows.
struct Statements<'c> {
    finder: RowFinder<'c>,
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    connection: &'c Connection,
}

impl<'c> Statements<'c> {
    fn new(connection: &'c Connection, spec: &'static DatasetSpec) -> Result<Self> {
        let names = columns(spec);
        let marks: Vec<_> = (1..=names.len()).map(|number| format!("?{number}")).collect();
        let sets: Vec<_> = names.iter().zip(&marks).map(|(name, mark)| format!("{name} = {mark}")).collect();
        let prepare = |sql: String| connection.prepare_cached(&sql).map_err(fault::map);
        let (table, id) = (spec.table, names.len() + 1);
        Ok(Self {
            finder: RowFinder::new(connection, spec)?,
            insert: prepare(format!(
                "insert into {table} ({}) values ({})",
                names.join(", "),
                marks.join(", ")
            ))?,
            update: prepare(format!("update {table} set {} where rowid = ?{id}", sets.join(", ")))?,
            connection,
        })
    }

    fn write(&mut self, row: RawRow<'_>, applied: &mut Applied, seen: Option<&mut Vec<i64>>) -> Result<()> {
        let mut values = self.finder.decode(row)?;
        let found = if seen.is_some() { self.finder.find(&values)? } else { Found::Nothing };
        let id = match found {
            Found::Same(id) => {
                applied.unchanged += 1;
                id
            }
            Found::Different(id) => {
                values.push(Value::Int(id));
                self.update.execute(params_from_iter(&values)).map_err(fault::map)?;
                applied.updated += 1;
                id
            }
            Found::Nothing => {
                self.insert.execute(params_from_iter(&values)).map_err(fault::map)?;
                applied.inserted += 1;
                self.connection.last_insert_rowid()
            }
        };
        if let Some(seen) = seen {
            seen.push(id);
        }
        Ok(())
    }
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
