//! The copy's side of a comparison by sums: its rows as the server would send them.

use std::collections::HashMap;

use rusqlite::{Connection, params_from_iter};
use rustc_hash::FxBuildHasher;
use steward_core::{Dataset, Error, Result};

use super::KeyRange;
use crate::cache::batch::{EventRange, RangeSql};
use crate::cache::event::{self, COST, Event, METRICS};
use crate::cache::{decode, facet, fault};
use crate::record::{self, Record, RecordShape, SetSum};

/// The sum over the rows of a range.
pub(super) fn of_range(
    connection: &Connection,
    dataset: Dataset,
    range: &KeyRange,
    shape: &RecordShape,
) -> Result<SetSum> {
    if shape.oids().len() != dataset.spec().columns.len() {
        return Err(Error::internal("The shape is that of another table.").with_detail(dataset.spec().table));
    }
    match dataset {
        Dataset::UsageEvents => of_events(connection, range, shape),
        _ => of_table(connection, dataset, range, shape),
    }
}

fn of_table(
    connection: &Connection,
    dataset: Dataset,
    range: &KeyRange,
    shape: &RecordShape,
) -> Result<SetSum> {
    let spec = dataset.spec();
    let range = RangeSql::new(spec, range)?;
    let columns: Vec<_> = spec.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let sql = format!("select {} from {} where {}", columns.join(", "), spec.table, range.condition);
    let mut statement = connection.prepare_cached(&sql).map_err(fault::map)?;
    let mut rows = statement.query(params_from_iter(&range.values)).map_err(fault::map)?;
    let (mut sum, mut record) = (SetSum::default(), Record::default());
    while let Some(row) = rows.next().map_err(fault::map)? {
        record.begin(spec.columns.len());
        for (index, (column, oid)) in spec.columns.iter().zip(shape.oids()).enumerate() {
            match row.get_ref(index).map_err(fault::map)? {
                rusqlite::types::ValueRef::Null => record.field(*oid, None),
                stored => {
                    let mut is_sound = false;
                    record.written(*oid, |bytes| is_sound = decode::put(bytes, column.kind, *oid, stored));
                    if !is_sound {
                        return Err(fault::damaged().with_detail(format!("{}.{}", spec.table, column.name)));
                    }
                }
            }
        }
        sum.add(&record);
    }
    Ok(sum)
}

fn of_events(connection: &Connection, range: &KeyRange, shape: &RecordShape) -> Result<SetSum> {
    let range = EventRange::new(range)?;
    let mut encoder = EventEncoder::new(connection, shape)?;
    let mut sum = SetSum::default();
    event::each(connection, range.first_id, range.end_id, |_, event| {
        if range.contains(event.occurred_at) {
            encoder.encode(&event)?;
            sum.add(&encoder.record);
        }
        Ok(true)
    })?;
    Ok(sum)
}

/// Turns short ids and packed numbers back into the columns of the server.
struct EventEncoder<'c> {
    oids: &'c [u32],
    record: Record,
    uuid: rusqlite::CachedStatement<'c>,
    facet: rusqlite::CachedStatement<'c>,
    uuids: HashMap<u32, [u8; 16], FxBuildHasher>,
    facets: HashMap<u32, Vec<u8>, FxBuildHasher>,
}

/// Columns of an event, in the order of the spec: the key, the writer's ids, the facet, the numbers.
const BEFORE_FACET: usize = 7;
const COLUMNS: usize = BEFORE_FACET + facet::COLUMNS + METRICS;

impl<'c> EventEncoder<'c> {
    fn new(connection: &'c Connection, shape: &'c RecordShape) -> Result<Self> {
        Ok(Self {
            oids: shape.oids(),
            record: Record::default(),
            uuid: connection
                .prepare_cached("select value from dictionary where id = ?1")
                .map_err(fault::map)?,
            facet: connection.prepare_cached("select value from facet where id = ?1").map_err(fault::map)?,
            uuids: HashMap::default(),
            facets: HashMap::default(),
        })
    }

    fn uuid(&mut self, id: u32) -> Result<Option<[u8; 16]>> {
        if id == 0 {
            return Ok(None);
        }
        if let Some(known) = self.uuids.get(&id) {
            return Ok(Some(*known));
        }
        let value: [u8; 16] = self.uuid.query_row([id], |row| row.get(0)).map_err(fault::map)?;
        self.uuids.insert(id, value);
        Ok(Some(value))
    }

    fn encode(&mut self, event: &Event) -> Result<()> {
        let uuids = [
            self.uuid(event.user)?,
            Some(event.key),
            self.uuid(event.team)?,
            self.uuid(event.api_key)?,
            self.uuid(event.campaign)?,
        ];
        if !self.facets.contains_key(&event.facet) {
            let value = self.facet.query_row([event.facet], |row| row.get(0)).map_err(fault::map)?;
            self.facets.insert(event.facet, value);
        }
        let Self { oids, record, facets, .. } = self;
        let [user, key, team, api_key, campaign] =
            uuids.each_ref().map(|uuid| uuid.as_ref().map(|uuid| &uuid[..]));
        record.begin(COLUMNS);
        record.field(oids[0], user);
        record.field(oids[1], Some(&event.occurred_at.to_be_bytes()));
        record.field(oids[2], key);
        record.field(oids[3], event.recorded_at().map(i64::to_be_bytes).as_ref().map(|at| &at[..]));
        record.field(oids[4], team);
        record.field(oids[5], api_key);
        record.field(oids[6], campaign);
        let values = facets.get(&event.facet).map(Vec::as_slice).unwrap_or_default();
        let mut values = facet::fields(values);
        for oid in &oids[BEFORE_FACET..BEFORE_FACET + facet::COLUMNS] {
            record.field(*oid, values.next().ok_or_else(fault::damaged)?);
        }
        for (index, oid) in oids[BEFORE_FACET + facet::COLUMNS..].iter().enumerate() {
            match event.metric(index) {
                None => record.field(*oid, None),
                Some(nano) if index == COST => {
                    record.written(*oid, |bytes| decode::put_nano(bytes, nano));
                }
                Some(number) => {
                    let mut fits = false;
                    record.written(*oid, |bytes| fits = record::put_int(bytes, *oid, number));
                    if !fits {
                        return Err(fault::damaged());
                    }
                }
            }
        }
        Ok(())
    }
}
