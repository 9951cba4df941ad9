//! Tables as files: CSV, XLSX and JSON lines, row by row in constant memory.
//!
//! The writer sees one row at a time and keeps none. What a cell means is decided by its
//! [`Cell`]; here it only becomes text, or a number of a worksheet.

mod csv;
mod jsonl;
mod value;
mod xlsx;

use std::io::Write;
use std::path::Path;

use chrono_tz::Tz;
use steward_core::export::{Cell, ExportColumn, ExportFormat, ExportStyle};
use steward_core::{Error, ErrorKind, Result};
pub(crate) use value::major;
pub(crate) use xlsx::failed as workbook_failed;

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub struct TableOptions<'a> {
    /// The kind of file.
    pub format: ExportFormat,
    /// For programs or for people.
    pub style: ExportStyle,
    /// Whether a CSV file begins with a byte order mark.
    pub has_bom: bool,
    /// The zone of offsets and local times.
    pub zone: Tz,
    /// What the table is called: the name of its worksheet.
    pub name: &'a str,
    /// The folder of the rows of a workbook until it is put together.
    pub folder: &'a Path,
    /// Rows of a worksheet, its heading included.
    pub sheet_rows: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows, without headings.
    pub rows: u64,
    /// Worksheets; 1 for other formats.
    pub sheets: u64,
    /// Text cells that began like a formula.
    pub neutralised_cells: u64,
    /// Text cells that a worksheet could not hold whole.
    pub cut_cells: u64,
}

/// A table being written.
#[derive(Debug)]
pub struct TableWriter<W: Write + Send>(Form<W>);

#[derive(Debug)]
enum Form<W: Write + Send> {
    Csv(Box<csv::CsvTable<W>>),
    Xlsx(Box<xlsx::XlsxTable<W>>),
    Jsonl(jsonl::JsonTable<W>),
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table: its headings.
    ///
    /// # Errors
    /// `DiskFull`, `File`.
    pub fn new(out: W, columns: &[ExportColumn], options: &TableOptions<'_>) -> Result<Self> {
        Ok(Self(match options.format {
            ExportFormat::Csv => Form::Csv(Box::new(csv::CsvTable::new(out, columns, options)?)),
            ExportFormat::Xlsx => Form::Xlsx(Box::new(xlsx::XlsxTable::new(out, columns, options)?)),
            ExportFormat::Jsonl => Form::Jsonl(jsonl::JsonTable::new(out, columns, options)),
            ExportFormat::Pdf | ExportFormat::Png | ExportFormat::Svg => {
                return Err(Error::invalid("format", "Rows are written as CSV, XLSX or JSON lines."));
            }
        }))
    }

    /// Writes a row: as many cells as there are columns.
    ///
    /// # Errors
    /// `DiskFull`, `File`, and whatever the writer below answers.
    pub fn row(&mut self, cells: &[Cell]) -> Result<()> {
        match &mut self.0 {
            Form::Csv(table) => table.row(cells),
            Form::Xlsx(table) => table.row(cells),
            Form::Jsonl(table) => table.row(cells),
        }
    }

    /// Ends the table; a workbook is put together now.
    ///
    /// # Errors
    /// As for a row.
    pub fn finish(self) -> Result<Written> {
        match self.0 {
            Form::Csv(table) => table.finish(),
            Form::Xlsx(table) => table.finish(),
            Form::Jsonl(table) => table.finish(),
        }
    }
}

/// The heading of a column.
fn heading(column: &ExportColumn, options: &TableOptions<'_>) -> String {
    use steward_core::export::ColumnKind;
    match (options.style, column.kind) {
        (ExportStyle::Raw, _) => column.key.clone(),
        (ExportStyle::Formatted, ColumnKind::Instant) => format!("{} ({})", column.title, options.zone),
        (ExportStyle::Formatted, _) => column.title.clone(),
    }
}

/// A failure of the file below.
fn refused(cause: std::io::Error) -> Error {
    refused_by(&cause).with_source(cause)
}

/// The same, where only a look at the cause is to be had. A failure of ours that travelled through a foreign
/// writer comes out as it went in.
fn refused_by(cause: &std::io::Error) -> Error {
    if let Some(ours) = cause.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return ours.clone();
    }
    match cause.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Error::new(ErrorKind::DiskFull, "The disk is full; no file was left behind.")
        }
        _ => Error::new(ErrorKind::File, "The file could not be written."),
    }
    .with_detail(cause.kind().to_string())
}
