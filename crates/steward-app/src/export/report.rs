//! Reports and pictures: files that are made whole in memory, for they are small.

use chrono_tz::Tz;
use steward_core::chart_spec::ChartSpec;
use steward_core::export::ExportFormat;
use steward_core::freshness::Freshness;
use steward_core::overview::Overview;
use steward_core::period::Period;
use steward_core::report::{CloseReport, ReportReq, RevenueReport};
use steward_core::{Error, Result};
use steward_report::chart::ChartSize;
use steward_report::document::Document;
use steward_report::{Appearance, chart, document, workbook};

use crate::context::Steward;
use crate::table::{Mode, call, row};

/// The formats of rows.
pub(crate) const ROWS: [ExportFormat; 3] = [ExportFormat::Csv, ExportFormat::Xlsx, ExportFormat::Jsonl];

/// The formats of a chart: its numbers, or its picture.
pub(crate) const CHART: [ExportFormat; 5] =
    [ExportFormat::Csv, ExportFormat::Xlsx, ExportFormat::Jsonl, ExportFormat::Png, ExportFormat::Svg];

/// Pixels of a picture for each of its own: sharp on paper and on a screen of today.
const SCALE: f32 = 2.0;

/// What a report says, asked for under the caller's role.
pub(crate) enum Report {
    Revenue(Box<RevenueReport>),
    Close(Box<CloseReport>),
    Overview(Box<Overview>),
}

/// A file in memory.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
    pub(crate) sheets: u64,
}

impl Report {
    /// The answer of the report's row, with the refusals of its role.
    pub(crate) async fn ask(steward: &Steward, request: &ReportReq) -> Result<Self> {
        Ok(match request.clone() {
            ReportReq::Revenue(request) => {
                Self::Revenue(Box::new(call::<row::report_revenue>(steward, request, Mode::Run).await?))
            }
            ReportReq::Close(request) => {
                Self::Close(Box::new(call::<row::report_close>(steward, request, Mode::Run).await?))
            }
            ReportReq::Overview(request) => {
                Self::Overview(Box::new(call::<row::report_overview>(steward, request, Mode::Run).await?))
            }
        })
    }

    pub(crate) fn freshness(&self) -> &Freshness {
        match self {
            Self::Revenue(report) => &report.freshness,
            Self::Close(report) => &report.freshness,
            Self::Overview(report) => &report.freshness,
        }
    }

    pub(crate) fn period(&self) -> Period {
        match self {
            Self::Revenue(report) => report.period,
            Self::Close(report) => report.closed.month.period(report.closed.figures.zone),
            Self::Overview(report) => report.period,
        }
    }

    pub(crate) fn formats(&self) -> &'static [ExportFormat] {
        match self {
            Self::Revenue(_) | Self::Close(_) => &[ExportFormat::Pdf, ExportFormat::Xlsx],
            Self::Overview(_) => &[ExportFormat::Pdf],
        }
    }

    /// What is said of it beside its rows.
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Revenue(report) => vec![
                format!("month is {} in {}", report.month, report.zone),
                format!("definition is {}", report.profile.name),
            ],
            Self::Close(report) => vec![format!("closed month is {}", report.closed.month)],
            Self::Overview(report) => vec![format!("range is {}", report.range)],
        }
    }

    fn document(&self, workspace: &str, zone: Tz) -> Result<Document> {
        match self {
            Self::Revenue(report) => document::revenue(report, workspace),
            Self::Close(report) => Ok(document::close(report, workspace, zone)),
            Self::Overview(overview) => document::overview(overview, workspace),
        }
    }

    /// Rows of its tables.
    pub(crate) fn rows(&self) -> Result<u64> {
        Ok(self.document("", Tz::UTC)?.rows())
    }

    pub(crate) fn make(&self, format: ExportFormat, workspace: &str, zone: Tz) -> Result<Made> {
        let xlsx = match (self, format) {
            (_, ExportFormat::Pdf) => {
                let document = self.document(workspace, zone)?;
                let pdf = document.set()?;
                return Ok(Made { bytes: pdf.bytes, rows: document.rows(), sheets: pdf.pages });
            }
            (Self::Revenue(report), ExportFormat::Xlsx) => workbook::revenue(report, workspace)?,
            (Self::Close(report), ExportFormat::Xlsx) => workbook::close(report, workspace, zone)?,
            _ => return Err(unfit(format, self.formats())),
        };
        Ok(Made { bytes: xlsx.bytes, rows: xlsx.rows, sheets: xlsx.sheets })
    }
}

/// The picture of a chart.
pub(crate) fn picture(spec: &ChartSpec, format: ExportFormat) -> Result<Made> {
    let size = ChartSize::default();
    let bytes = match format {
        ExportFormat::Png => chart::png(spec, Appearance::Light, size, SCALE)?,
        ExportFormat::Svg => chart::svg(spec, Appearance::Light, size)?.into_bytes(),
        other => return Err(unfit(other, &CHART)),
    };
    Ok(Made { bytes, rows: spec.steps.len() as u64, sheets: 1 })
}

/// Refuses a format that a source does not become.
///
/// # Errors
/// `Invalid` with the field `format`.
pub(crate) fn check_format(format: ExportFormat, formats: &[ExportFormat]) -> Result<()> {
    if formats.contains(&format) { Ok(()) } else { Err(unfit(format, formats)) }
}

fn unfit(format: ExportFormat, formats: &[ExportFormat]) -> Error {
    let known: Vec<&str> = formats.iter().map(|format| format.extension()).collect();
    Error::invalid(
        "format",
        format!("This becomes no {}; it becomes {}.", format.extension(), known.join(", ")),
    )
}
