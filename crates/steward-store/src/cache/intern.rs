//! Short ids for values that repeat: uuids and facets.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::Connection;
use rustc_hash::FxBuildHasher;
use steward_core::{Error, Result};

use super::fault;

/// A table `(id, value)` held in memory by the writer. Ids start at 1, are dense and never change.
#[derive(Debug)]
pub(crate) struct Interner<K> {
    ids: HashMap<K, u32, FxBuildHasher>,
    /// Values added by the open transaction.
    fresh: Vec<K>,
    /// None keeps new values in memory.
    insert: Option<&'static str>,
}

impl<K> Interner<K>
where
    K: Borrow<[u8]> + Eq + Hash + Clone + for<'a> TryFrom<&'a [u8]>,
{
    /// Reads the whole table.
    pub(crate) fn load(connection: &Connection, select: &str, insert: &'static str) -> Result<Self> {
        let mut ids = HashMap::default();
        let mut statement = connection.prepare(select).map_err(fault::map)?;
        let mut rows = statement.query([]).map_err(fault::map)?;
        while let Some(row) = rows.next().map_err(fault::map)? {
            let id: u32 = row.get(0).map_err(fault::map)?;
            let value = row.get_ref(1).map_err(fault::map)?.as_blob().ok();
            let value = value.and_then(|value| K::try_from(value).ok()).ok_or_else(fault::damaged)?;
            ids.insert(value, id);
        }
        Ok(Self { ids, fresh: Vec::new(), insert: Some(insert) })
    }

    /// The id of a value that is known.
    pub(crate) fn get(&self, value: &[u8]) -> Option<u32> {
        self.ids.get(value).copied()
    }

    /// The id of a new value.
    pub(crate) fn add(&mut self, connection: &Connection, value: &[u8]) -> Result<u32> {
        let full = || Error::internal("The local copy holds more distinct values than it can number.");
        let id = u32::try_from(self.ids.len() + 1).map_err(|_| full())?;
        let key = K::try_from(value).map_err(|_| full())?;
        if let Some(insert) = self.insert {
            connection
                .prepare_cached(insert)
                .and_then(|mut statement| statement.execute(rusqlite::params![id, value]))
                .map_err(fault::map)?;
        }
        self.fresh.push(key.clone());
        self.ids.insert(key, id);
        Ok(id)
    }

    /// From now on nothing is written.
    pub(crate) fn keep_in_memory(&mut self) {
        self.insert = None;
    }

    /// The open transaction is lasting now.
    pub(crate) fn keep(&mut self) {
        self.fresh.clear();
    }

    /// The open transaction was taken back, and with it the ids it gave.
    pub(crate) fn forget(&mut self) -> usize {
        let count = self.fresh.len();
        for value in self.fresh.drain(..) {
            self.ids.remove(value.borrow());
        }
        count
    }
}
