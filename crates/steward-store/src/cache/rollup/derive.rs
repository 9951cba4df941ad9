//! Blocks of days: made from the days after the rows have come to rest, dropped with the first change.
//!
//! A year by users is a dozen blocks in place of 365 days. A block is never brought up to date: the current
//! one would be written anew, whole, with every pull.

use rusqlite::{Connection, OptionalExtension, params};
use steward_core::Result;

use super::gather::Gathered;
use super::{Bucket, Level};
use crate::cache::fault;

/// Derives the newest block that is missing among those whose days are over; false when none is missing.
pub(crate) fn derive_block(connection: &Connection) -> Result<bool> {
    let Some(block) = newest_missing(connection)? else { return Ok(false) };
    let mut gathered = Gathered::default();
    for day in days(block) {
        if let Some(bucket) = Bucket::load(connection, Level::Day, day)? {
            gathered.add(&bucket);
        }
    }
    gathered.take().store(connection, Level::Block, block)?;
    Ok(true)
}

/// Removes a block.
pub(super) fn drop_block(connection: &Connection, block: i64) -> Result<()> {
    let there: Option<i64> = connection
        .prepare_cached("select bucket from rollup_user where level = ?1 and bucket = ?2")
        .and_then(|mut find| {
            find.query_row(params![Level::Block.number(), block], |row| row.get(0)).optional()
        })
        .map_err(fault::map)?;
    there.map_or(Ok(()), |block| Bucket::default().store(connection, Level::Block, block))
}

/// The days of a block.
pub(super) fn days(block: i64) -> std::ops::Range<i64> {
    block * Level::DAYS_PER_BLOCK..(block + 1) * Level::DAYS_PER_BLOCK
}

fn newest_missing(connection: &Connection) -> Result<Option<i64>> {
    let day = Level::Day.number();
    let newest: Option<i64> = connection
        .prepare_cached("select max(bucket) from rollup_user where level = ?1")
        .and_then(|mut find| find.query_row([day], |row| row.get(0)))
        .map_err(fault::map)?;
    // The newest day still grows, and its block with it.
    let mut end = newest.map(|newest| newest.div_euclid(Level::DAYS_PER_BLOCK));
    while let Some(block) = end.map(|end| end - 1) {
        let below: Option<i64> = connection
            .prepare_cached("select max(bucket) from rollup_user where level = ?1 and bucket < ?2")
            .and_then(|mut find| find.query_row(params![day, days(block).end], |row| row.get(0)))
            .map_err(fault::map)?;
        let Some(last_day) = below else { return Ok(None) };
        let block = last_day.div_euclid(Level::DAYS_PER_BLOCK);
        let is_there: bool = connection
            .prepare_cached("select exists (select 1 from rollup_user where level = ?1 and bucket = ?2)")
            .and_then(|mut find| find.query_row(params![Level::Block.number(), block], |row| row.get(0)))
            .map_err(fault::map)?;
        if !is_there {
            return Ok(Some(block));
        }
        end = Some(block);
    }
    Ok(None)
}
