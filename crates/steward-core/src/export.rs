//! `export_plan`, `export_run`, `export_list`, `export_cancel`: any table or chart as a file.
//!
//! An export holds the whole result of its filter at one cut, never the page that was on screen, and lies
//! beside a [`Manifest`] that says what it is.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::audit::AuditListReq;
use crate::error::ErrorCode;
use crate::event::EventListReq;
use crate::freshness::Freshness;
use crate::period::Period;
use crate::report::ReportReq;
use crate::user::UserListReq;

/// The rows of a worksheet, its heading included.
pub const SHEET_ROWS: u64 = 1_048_576;

/// What is exported. The requests are those of the views; where a page begins and how long it is do not count.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "source", rename_all = "snake_case")]
#[ts(export)]
pub enum ExportSource {
    /// Users, as `user_list` finds them.
    Users {
        /// Which.
        request: UserListReq,
    },
    /// Events, as `event_list` finds them.
    Events {
        /// Which.
        request: EventListReq,
    },
    /// The audit log, as `audit_list` finds it.
    Audit {
        /// Which.
        request: AuditListReq,
    },
    /// A table or a chart inside the answer of a command that asks.
    Answer {
        /// The command, for example `overview_show`.
        command: String,
        /// Its request.
        #[ts(type = "unknown")]
        request: serde_json::Value,
        /// Where in the answer the rows or the chart are: a JSON pointer, for example `/by_plan`.
        rows: String,
        /// What it is called, for the file's name.
        name: String,
    },
    /// A report as a document: PDF, and XLSX where its tables are calculated on.
    Report {
        /// Which.
        request: ReportReq,
    },
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportFormat {
    /// Comma-separated values, RFC 4180, UTF-8.
    #[default]
    Csv,
    /// An Office Open XML workbook; more rows than a sheet holds go on in the next sheet.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
    /// A document: reports only.
    Pdf,
    /// A picture of a chart, two pixels for each of its own.
    Png,
    /// A picture of a chart whose text stays text.
    Svg,
}

impl ExportFormat {
    /// The end of the file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportStyle {
    /// For programs: keys as headings, ISO 8601 with offset, amounts in the currency's minor unit.
    #[default]
    Raw,
    /// For people: headings in words, local times of the zone, amounts in the currency's major unit.
    Formatted,
}

/// What an export would hold.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportPlanReq {
    /// What.
    #[serde(flatten)]
    pub source: ExportSource,
    /// The kind of file, for the name and the sheets.
    #[serde(default)]
    pub format: ExportFormat,
}

/// What an export would hold, before a file is named.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportPlan {
    /// How fresh it is.
    pub freshness: Freshness,
    /// Rows in all: exactly as many as the file would have, were it written from this cut.
    pub rows: u64,
    /// The columns in order; empty for a document, whose tables differ.
    pub columns: Vec<ExportColumn>,
    /// What the rows are narrowed by, a sentence each; empty for everything.
    pub filter: Vec<String>,
    /// The kinds of file it can become.
    pub formats: Vec<ExportFormat>,
    /// Worksheets it takes; 1 for other formats.
    pub sheets: u64,
    /// A file in the downloads folder that is not there yet.
    pub path: String,
}

/// A column of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportColumn {
    /// Its stable name, the heading of a raw file.
    pub key: String,
    /// In words, the heading of a formatted file.
    pub title: String,
    /// What its values are.
    pub kind: ColumnKind,
}

impl ExportColumn {
    /// A column.
    #[must_use]
    pub fn new(key: impl Into<String>, title: impl Into<String>, kind: ColumnKind) -> Self {
        Self { key: key.into(), title: title.into(), kind }
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Number,
    /// Exact decimals, kept as they are written.
    Decimal,
    /// Whole minor units of the currency in the column `currency` of the same row.
    Minor,
    /// Instants.
    Instant,
    /// Yes or no.
    Boolean,
    /// Several values in one.
    Json,
}

/// One value. An unknown one is never zero and never empty text.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not known, or there is none.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// An exact decimal in plain digits.
    Decimal(String),
    /// Minor units of this currency.
    Minor(i64, String),
    /// An instant.
    Instant(DateTime<Utc>),
    /// Yes or no.
    Boolean(bool),
    /// Several values in one.
    Json(serde_json::Value),
}

impl Cell {
    /// Text, or nothing.
    #[must_use]
    pub fn text(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// An instant, or nothing.
    #[must_use]
    pub fn instant(value: Option<DateTime<Utc>>) -> Self {
        value.map_or(Self::Null, Self::Instant)
    }

    /// A whole number, or nothing.
    #[must_use]
    pub fn integer(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Integer)
    }
}

/// Writes a file.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportReq {
    /// What.
    #[serde(flatten)]
    pub source: ExportSource,
    /// The kind of file.
    #[serde(default)]
    pub format: ExportFormat,
    /// How values are written.
    #[serde(default)]
    pub style: ExportStyle,
    /// Whether a CSV file begins with the mark by which Excel knows UTF-8.
    #[serde(default)]
    pub has_bom: bool,
    /// The zone of offsets and local times.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The file, absolute.
    pub path: String,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    pub is_replacing: bool,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportState {
    /// Rows are being written.
    Running,
    /// The file and its manifest lie where they should.
    Done,
    /// A person stopped it; nothing was left.
    Cancelled,
    /// It failed; nothing was left.
    Failed,
}

/// An export of this computer, running or over.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportJob {
    /// Id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// What it is called, for example "Events".
    pub name: String,
    /// The file.
    pub path: String,
    /// The manifest beside it.
    pub manifest_path: String,
    /// The kind of file.
    pub format: ExportFormat,
    /// How far it is.
    pub state: ExportState,
    /// Rows it will have.
    pub rows_total: u64,
    /// Rows written so far.
    pub rows: u64,
    /// Bytes of the finished file.
    pub bytes: Option<u64>,
    /// SHA-256 of the finished file, in hex.
    pub sha256: Option<String>,
    /// When it began, by this computer's clock.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<ExportFailure>,
    /// Whether the server's audit log knows of it; an export made offline is told at the next connection.
    pub is_logged: bool,
}

/// Why an export failed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportFailure {
    /// What consumers switch on.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// The exports of this workspace, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportList {
    /// At most a hundred.
    pub rows: Vec<ExportJob>,
}

/// One export.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportRef {
    /// Its id.
    #[ts(type = "string")]
    pub id: Uuid,
}

/// What lies beside an exported file and says what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub schema: u32,
    /// The file's name.
    pub file: String,
    /// The kind of file.
    pub format: ExportFormat,
    /// How values are written.
    pub style: ExportStyle,
    /// The workspace.
    pub workspace: String,
    /// `host:port/database`.
    pub server: String,
    /// The login whose rights the rows were read with.
    pub login: String,
    /// When it was written, by this computer's clock.
    pub exported_at: DateTime<Utc>,
    /// The server's time of the cut.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether the copy equalled the server at that time.
    pub is_consistent: bool,
    /// The zone of offsets and local times.
    pub zone: Tz,
    /// The half-open span of time, where there is one.
    pub period: Option<Period>,
    /// What the rows are narrowed by, in words.
    pub filter: Vec<String>,
    /// The same as the request that was made.
    pub source: ExportSource,
    /// Rows, without headings.
    pub rows: u64,
    /// Worksheets or pages; 1 for other formats.
    pub sheets: u64,
    /// The columns in order; empty for a document, whose tables differ.
    pub columns: Vec<ExportColumn>,
    /// Text cells that began like a formula and got an apostrophe before it.
    pub neutralised_cells: u64,
    /// Text cells that were longer than a cell of a worksheet may be and were cut.
    pub cut_cells: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The version of Steward that wrote it.
    pub steward: String,
}
