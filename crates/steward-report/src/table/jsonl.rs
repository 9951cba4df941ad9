//! JSON lines: one object a row, its keys in the order of the columns.

use std::io::Write;

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::{Map, Value};
use steward_core::export::{Cell, ExportColumn, ExportStyle};
use steward_core::{Error, Result};

use super::value::{major, text};
use super::{TableOptions, Written, refused};

#[derive(Debug)]
pub(super) struct JsonTable<W: Write> {
    out: W,
    keys: Vec<String>,
    style: ExportStyle,
    zone: Tz,
    written: Written,
}

impl<W: Write> JsonTable<W> {
    pub(super) fn new(out: W, columns: &[ExportColumn], options: &TableOptions<'_>) -> Self {
        Self {
            out,
            keys: columns.iter().map(|column| column.key.clone()).collect(),
            style: options.style,
            zone: options.zone,
            written: Written { sheets: 1, ..Written::default() },
        }
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<()> {
        let row: Map<String, Value> =
            self.keys.iter().cloned().zip(cells.iter().map(|cell| self.value(cell))).collect();
        let line = serde_json::to_string(&row)
            .map_err(|cause| Error::internal("A row has no JSON form.").with_source(cause))?;
        writeln!(self.out, "{line}").map_err(refused)?;
        self.written.rows += 1;
        Ok(())
    }

    /// Keys and values are for programs; a formatted file has local times and major units all the same.
    fn value(&self, cell: &Cell) -> Value {
        match cell {
            Cell::Null => Value::Null,
            Cell::Text(text) => text.as_str().into(),
            Cell::Integer(number) => (*number).into(),
            Cell::Number(number) => (*number).into(),
            // An exact decimal would lose its digits as a number of most readers.
            Cell::Decimal(digits) => digits.as_str().into(),
            Cell::Minor(minor, currency) => match self.style {
                ExportStyle::Raw => (*minor).into(),
                ExportStyle::Formatted => major(*minor, currency).into(),
            },
            Cell::Instant(at) if self.style == ExportStyle::Raw => {
                at.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::AutoSi, false).into()
            }
            Cell::Instant(_) => text(cell, self.style, self.zone).into(),
            Cell::Boolean(value) => (*value).into(),
            Cell::Json(value) => value.clone(),
        }
    }

    pub(super) fn finish(mut self) -> Result<Written> {
        self.out.flush().map_err(refused)?;
        Ok(self.written)
    }
}
