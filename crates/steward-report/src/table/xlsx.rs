//! XLSX: numbers as numbers, times as times, text as text (a cell of text is never computed), one worksheet
//! after the other.
//!
//! The rows of a worksheet lie in a nameless file of the target's folder until the workbook is put together.
//! The crate below ends the process when that file cannot be written, so room is looked for before it is used.

use std::io::Write;
use std::path::PathBuf;

use chrono_tz::Tz;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use steward_core::export::{Cell, ExportColumn, ExportStyle};
use steward_core::{Error, ErrorKind, Result};

use super::value::text;
use super::{TableOptions, Written, heading, refused, refused_by};

/// The most characters a cell may have.
const CELL_CHARS: usize = 32_767;

/// The largest whole number a worksheet keeps exactly.
const EXACT: i64 = 1 << 53;

/// Bytes of rows between two looks at the room that is left.
const LOOK_EVERY: usize = 1 << 20;

/// Room that has to be left on the disk: what lies in memory until the next look, and its share of the workbook.
const ROOM: u64 = 16 << 20;

pub(super) struct XlsxTable<W> {
    out: W,
    workbook: Workbook,
    headings: Vec<String>,
    folder: PathBuf,
    name: String,
    style: ExportStyle,
    zone: Tz,
    sheet_rows: u64,
    /// Rows of the current sheet, its heading included.
    row: u64,
    since_look: usize,
    bold: Format,
    time: Format,
    written: Written,
}

impl<W> std::fmt::Debug for XlsxTable<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XlsxTable").field("written", &self.written).finish_non_exhaustive()
    }
}

impl<W: Write + Send> XlsxTable<W> {
    pub(super) fn new(out: W, columns: &[ExportColumn], options: &TableOptions<'_>) -> Result<Self> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(options.folder).map_err(failed)?;
        let mut table = Self {
            out,
            workbook,
            headings: columns.iter().map(|column| heading(column, options)).collect(),
            folder: options.folder.to_owned(),
            name: sheet_name(options.name),
            style: options.style,
            zone: options.zone,
            sheet_rows: options.sheet_rows.max(2),
            row: 0,
            since_look: LOOK_EVERY,
            bold: Format::new().set_bold(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            written: Written::default(),
        };
        table.next_sheet()?;
        Ok(table)
    }

    fn next_sheet(&mut self) -> Result<()> {
        self.look()?;
        self.written.sheets += 1;
        let number = self.written.sheets;
        let name = if number == 1 { self.name.clone() } else { format!("{} {number}", self.name) };
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(name).map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        for (column, heading) in (0_u16..).zip(&self.headings) {
            let width = heading.chars().count().clamp(10, 40) as f64 + 2.0;
            sheet.set_column_width(column, width).map_err(failed)?;
            sheet.write_string_with_format(0, column, heading, &self.bold).map_err(failed)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<()> {
        if self.row >= self.sheet_rows {
            self.next_sheet()?;
        }
        if self.since_look >= LOOK_EVERY {
            self.look()?;
        }
        let row = u32::try_from(self.row).map_err(|_| Error::internal("A worksheet has too many rows."))?;
        let index = self.workbook.worksheets().len() - 1;
        let sheet = self.workbook.worksheet_from_index(index).map_err(failed)?;
        for (column, cell) in (0_u16..).zip(cells) {
            let place = Place { row, column, style: self.style, zone: self.zone, time: &self.time };
            let (bytes, is_cut) = place.write(sheet, cell)?;
            self.since_look += bytes;
            self.written.cut_cells += u64::from(is_cut);
        }
        self.row += 1;
        self.written.rows += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Written> {
        self.look()?;
        self.workbook.save_to_writer(&mut self.out).map_err(failed)?;
        self.out.flush().map_err(refused)?;
        Ok(self.written)
    }

    fn look(&mut self) -> Result<()> {
        self.since_look = 0;
        let room = fs4::available_space(&self.folder).map_err(refused)?;
        if room < ROOM {
            return Err(Error::new(ErrorKind::DiskFull, "The disk is full; no file was left behind.")
                .with_detail(format!("a workbook needs at least {ROOM} bytes of room, there are {room}")));
        }
        Ok(())
    }
}

struct Place<'a> {
    row: u32,
    column: u16,
    style: ExportStyle,
    zone: Tz,
    time: &'a Format,
}

impl Place<'_> {
    /// About how many bytes it took, and whether text was cut.
    fn write(&self, sheet: &mut Worksheet, cell: &Cell) -> Result<(usize, bool)> {
        let Self { row, column, .. } = *self;
        let number = |sheet: &mut Worksheet, number: f64| {
            sheet.write_number(row, column, number).map(|_| (40, false)).map_err(failed)
        };
        match cell {
            Cell::Null => Ok((0, false)),
            Cell::Integer(whole) if whole.abs() <= EXACT => number(sheet, *whole as f64),
            Cell::Minor(minor, _) if self.style == ExportStyle::Raw && minor.abs() <= EXACT => {
                number(sheet, *minor as f64)
            }
            Cell::Number(value) if value.is_finite() => number(sheet, *value),
            Cell::Boolean(value) => {
                sheet.write_boolean(row, column, *value).map(|_| (40, false)).map_err(failed)
            }
            Cell::Instant(at) if self.style == ExportStyle::Formatted => {
                let local = at.with_timezone(&self.zone).naive_local();
                match ExcelDateTime::parse_from_str(&local.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()) {
                    Ok(local) => sheet
                        .write_datetime_with_format(row, column, &local, self.time)
                        .map(|_| (48, false))
                        .map_err(failed),
                    // A worksheet has no times before 1900.
                    Err(_) => self.write_text(sheet, cell),
                }
            }
            // A decimal of at most 15 digits is the number a worksheet shows; a longer one stays text.
            Cell::Decimal(digits) if digits.bytes().filter(u8::is_ascii_digit).count() <= 15 => {
                match digits.parse() {
                    Ok(value) => number(sheet, value),
                    Err(_) => self.write_text(sheet, cell),
                }
            }
            Cell::Minor(..) if self.style == ExportStyle::Formatted => {
                let digits = text(cell, self.style, self.zone).unwrap_or_default();
                self.write(sheet, &Cell::Decimal(digits))
            }
            _ => self.write_text(sheet, cell),
        }
    }

    fn write_text(&self, sheet: &mut Worksheet, cell: &Cell) -> Result<(usize, bool)> {
        let mut text = text(cell, self.style, self.zone).unwrap_or_default();
        let end = text.char_indices().nth(CELL_CHARS).map(|(index, _)| index);
        if let Some(end) = end {
            text.truncate(end);
        }
        sheet.write_string(self.row, self.column, &text).map_err(failed)?;
        Ok((text.len() + 64, end.is_some()))
    }
}

/// At most 31 characters, none of which a worksheet's name may not have.
fn sheet_name(name: &str) -> String {
    let clean: String =
        name.chars().map(|letter| if r"[]:*?/\'".contains(letter) { ' ' } else { letter }).take(24).collect();
    match clean.trim() {
        "" => "Rows".to_owned(),
        clean => clean.to_owned(),
    }
}

/// A failure of the crate below as ours.
pub(crate) fn failed(cause: XlsxError) -> Error {
    match cause {
        XlsxError::IoError(cause) | XlsxError::TempFileError(_, cause) => refused(cause),
        other => {
            // What the file below refused comes wrapped in an error of the zip archive.
            let mut inner = std::error::Error::source(&other);
            while let Some(cause) = inner {
                if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
                    return refused_by(cause);
                }
                inner = cause.source();
            }
            Error::internal("The workbook could not be written.").with_source(other)
        }
    }
}
