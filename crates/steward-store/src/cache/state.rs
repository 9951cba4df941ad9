//! Values kept beside the rows: cursor, load positions, journal. Written in the same transaction.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use steward_core::{Error, Result};

use super::fault;

pub(crate) fn get<T: DeserializeOwned>(connection: &Connection, key: &str) -> Result<Option<T>> {
    let text: Option<String> = connection
        .prepare_cached("select value from state where key = ?1")
        .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
        .map_err(fault::map)?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|cause| {
            Error::internal("A value kept in the local copy has another shape than expected.")
                .with_detail(key.to_owned())
                .with_source(cause)
        })
    })
    .transpose()
}

pub(crate) fn put(connection: &Connection, key: &str, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|cause| {
        Error::internal("A value for the local copy cannot be written as JSON.")
            .with_detail(key.to_owned())
            .with_source(cause)
    })?;
    connection
        .prepare_cached(
            "insert into state (key, value) values (?1, ?2) on conflict (key) do update set value = ?2",
        )
        .and_then(|mut statement| statement.execute([key, text.as_str()]))
        .map_err(fault::map)?;
    Ok(())
}

pub(crate) fn generation(connection: &Connection) -> Result<u64> {
    connection
        .prepare_cached("select generation from identity")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}
