//! Answers from the copy: one function per question, each over one consistent look.

pub mod audit;
pub mod billing;
pub mod dataset;
pub mod event;
pub mod export;
pub mod find;
pub mod limit;
pub mod month;
pub mod offender;
pub mod overview;
pub mod plan;
pub mod report;
pub mod revenue;
pub mod timeline;
pub mod usage;
pub mod user;
pub mod what_if;

mod chart;
mod naming;
mod people;
mod selection;
mod words;

use steward_core::freshness::Freshness;
use steward_core::sync::Position;
use steward_core::{Dataset, Error, Result};

use super::Reader;

/// Rows of a page when the request does not say.
const PAGE: u32 = 200;

/// The most rows of a page.
const PAGE_MAX: u32 = 1_000;

/// How fresh answers are that need these datasets.
fn freshness(reader: &Reader, datasets: &[Dataset]) -> Result<Freshness> {
    let position: Option<Position> = reader.state(Position::KEY)?;
    Ok(position.unwrap_or_default().freshness(datasets))
}

/// The rows wanted, where 0 means the usual page.
fn page_rows(limit: u32) -> usize {
    let rows = if limit == 0 { PAGE } else { limit.min(PAGE_MAX) };
    rows as usize
}

/// A cursor that this copy did not give out.
fn wrong_cursor() -> Error {
    Error::invalid("after", "The place to go on from is none that a page before ended at.")
}
