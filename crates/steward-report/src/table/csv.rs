//! CSV: RFC 4180 with `\r\n`, UTF-8, formulas neutralised.

use std::io::Write;

use chrono_tz::Tz;
use csv::{Terminator, Writer, WriterBuilder};
use steward_core::Result;
use steward_core::export::{Cell, ExportColumn, ExportStyle};

use super::value::{is_formula, text};
use super::{TableOptions, Written, heading, refused};

#[derive(Debug)]
pub(super) struct CsvTable<W: Write> {
    out: Writer<W>,
    style: ExportStyle,
    zone: Tz,
    written: Written,
}

impl<W: Write> CsvTable<W> {
    pub(super) fn new(mut out: W, columns: &[ExportColumn], options: &TableOptions<'_>) -> Result<Self> {
        if options.has_bom {
            out.write_all("\u{feff}".as_bytes()).map_err(refused)?;
        }
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(columns.iter().map(|column| heading(column, options))).map_err(failed)?;
        Ok(Self {
            out,
            style: options.style,
            zone: options.zone,
            written: Written { sheets: 1, ..Written::default() },
        })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<()> {
        for cell in cells {
            let mut field = text(cell, self.style, self.zone).unwrap_or_default();
            if matches!(cell, Cell::Text(_) | Cell::Json(_)) && is_formula(&field) {
                field.insert(0, '\'');
                self.written.neutralised_cells += 1;
            }
            self.out.write_field(field).map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)?;
        self.written.rows += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Written> {
        self.out.flush().map_err(refused)?;
        Ok(self.written)
    }
}

fn failed(cause: csv::Error) -> steward_core::Error {
    match cause.into_kind() {
        csv::ErrorKind::Io(cause) => refused(cause),
        other => steward_core::Error::internal(format!("A row could not be written as CSV: {other:?}")),
    }
}
