//! Reports as workbooks: the numbers of a document to go on calculating with.
//!
//! Dates are dates, amounts are numbers of the currency's major unit with its digits, and text is text: a cell of text
//! is never computed, whatever it begins with.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};
use steward_core::report::{CloseReport, RevenueReport};
use steward_core::revenue::Month;
use steward_core::revenue::amount::exponent;
use steward_core::revenue::answer::{PlanMonth, RevenueMonth};
use steward_core::revenue::metric::RevenueMetric;
use steward_core::{Error, Result};

use crate::document::{close_terms, not_sent, revenue_terms};
use crate::table::{major, workbook_failed};

/// A workbook that was written.
#[derive(Debug, Clone)]
pub struct Xlsx {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its worksheets.
    pub sheets: u64,
    /// Rows of its tables, without headings.
    pub rows: u64,
}

/// The revenue of a month: summary, movements, plans, definitions.
///
/// # Errors
/// Only when writing itself fails, which is a fault of ours.
pub fn revenue(report: &RevenueReport, workspace: &str) -> Result<Xlsx> {
    let mut book = Book::new(report.freshness.as_of)?;
    let zone = report.zone;
    book.sheet("Summary", &[30, 24, 24, 12, 60], |sheet| {
        sheet.fact("Report", Value::Text("Revenue"))?;
        sheet.fact("Workspace", Value::Text(workspace))?;
        sheet.fact("Month", Value::Month(report.month))?;
        sheet.fact("From", Value::Instant(report.period.start, zone))?;
        sheet.fact("To, not included", Value::Instant(report.period.end, zone))?;
        sheet.fact("Still runs", Value::Text(if report.is_unfinished { "yes" } else { "no" }))?;
        sheet.fact("Zone", Value::Text(zone.name()))?;
        if let Some(closed) = &report.closed {
            sheet.fact("Closed", Value::Instant(closed.closed_at, zone))?;
            if let Some(kept) = &closed.kept {
                sheet.fact("Sent", Value::Text(&not_sent(kept)))?;
            }
        }
        sheet.as_of(report.freshness.as_of, report.freshness.is_consistent, zone)?;
        sheet.fact("Definition", Value::Text(&report.profile.name))?;
        sheet.fact("What counts", Value::Text(&report.profile.in_words()))?;
        sheet.fact("Subscriptions without a price", Value::Count(report.unpriced))?;
        sheet.skip();
        sheet.heads(&["Number", "Value", "Month before", "Currency", "Why there is none"])?;
        for one in report.currencies.iter().flat_map(|answer| &answer.figures) {
            let value = |amount: Option<i64>, number: Option<f64>| match (amount, number) {
                (Some(amount), _) => Value::Money(amount, &one.currency),
                (None, Some(number)) => match one.metric {
                    RevenueMetric::Customers => Value::Number(number, "#,##0"),
                    RevenueMetric::QuickRatio => Value::Number(number, "0.00"),
                    _ => Value::Number(number, "0.0%"),
                },
                (None, None) => Value::None,
            };
            sheet.row(&[
                Value::Text(&one.label),
                value(one.amount_minor, one.value),
                value(one.previous_minor, one.previous),
                Value::Text(&one.currency),
                one.without.as_deref().map_or(Value::None, Value::Text),
            ])?;
        }
        Ok(())
    })?;
    let months: Vec<&RevenueMonth> = report.currencies.iter().flat_map(|answer| &answer.months).collect();
    book.sheet("Movements", &MONTH_WIDTHS, |sheet| month_rows(sheet, &months))?;
    book.sheet("By plan", &PLAN_WIDTHS, |sheet| {
        let plans: Vec<&PlanMonth> =
            report.currencies.iter().flat_map(|answer| &answer.plan_months).collect();
        plan_rows(sheet, &plans)
    })?;
    book.definitions(&revenue_terms(report))?;
    book.finish()
}

/// A closed month: what was reported beside what is now, plans, definitions.
///
/// # Errors
/// Only when writing itself fails, which is a fault of ours.
pub fn close(report: &CloseReport, workspace: &str, zone: Tz) -> Result<Xlsx> {
    let (closed, figures) = (&report.closed, &report.closed.figures);
    let mut book = Book::new(report.freshness.as_of)?;
    book.sheet("Summary", &[30, 24, 24, 24, 12], |sheet| {
        sheet.fact("Report", Value::Text("Month close"))?;
        sheet.fact("Workspace", Value::Text(workspace))?;
        sheet.fact("Month", Value::Month(closed.month))?;
        sheet.fact("Zone of the month", Value::Text(figures.zone.name()))?;
        sheet.fact("Closed", Value::Instant(closed.closed_at, zone))?;
        sheet.fact("By", Value::Text(&closed.closed_by))?;
        if let Some(kept) = &closed.kept {
            sheet.fact("Sent", Value::Text(&not_sent(kept)))?;
            sheet.fact("Figures as of", Value::Instant(kept.as_of, zone))?;
        }
        sheet.fact("Name", report.operator.as_deref().map_or(Value::None, Value::Text))?;
        sheet.fact("Reason", report.reason.as_deref().map_or(Value::None, Value::Text))?;
        sheet.as_of(report.freshness.as_of, report.freshness.is_consistent, zone)?;
        sheet.fact("Definition", Value::Text(&figures.profile.name))?;
        sheet.fact("What counts", Value::Text(&figures.profile.in_words()))?;
        sheet.skip();
        sheet.heads(&["Adjusted line", "Reported", "Now", "Adjustment", "Currency"])?;
        for one in &closed.adjustments {
            let value = |number: i64| {
                if one.is_count {
                    Value::Number(number as f64, "#,##0")
                } else {
                    Value::Money(number, &one.currency)
                }
            };
            sheet.row(&[
                Value::Text(&one.label),
                value(one.frozen),
                value(one.now),
                value(one.difference),
                Value::Text(&one.currency),
            ])?;
        }
        Ok(())
    })?;
    let months: Vec<&RevenueMonth> = figures.currencies.iter().collect();
    book.sheet("Movements", &MONTH_WIDTHS, |sheet| month_rows(sheet, &months))?;
    book.sheet("By plan", &PLAN_WIDTHS, |sheet| plan_rows(sheet, &figures.plans.iter().collect::<Vec<_>>()))?;
    book.definitions(&close_terms(report))?;
    book.finish()
}

const MONTH_WIDTHS: [u16; 14] = [10, 10, 16, 14, 14, 14, 14, 14, 16, 12, 12, 12, 12, 10];
const PLAN_WIDTHS: [u16; 14] = [28, 16, 10, 16, 14, 14, 14, 14, 14, 14, 14, 16, 12, 12];

fn month_rows(sheet: &mut Sheet<'_>, rows: &[&RevenueMonth]) -> Result<()> {
    sheet.heads(&[
        "Month",
        "Currency",
        "Start",
        "New",
        "Reactivation",
        "Expansion",
        "Contraction",
        "Churn",
        "End",
        "Customers",
        "New cust.",
        "Lost cust.",
        "Cust. churn",
        "Still runs",
    ])?;
    for row in rows {
        let money = |minor: i64| Value::Money(minor, &row.currency);
        sheet.row(&[
            Value::Month(row.month),
            Value::Text(&row.currency),
            money(row.start_minor),
            money(row.new_minor),
            money(row.reactivation_minor),
            money(row.expansion_minor),
            money(row.contraction_minor),
            money(row.churn_minor),
            money(row.end_minor),
            Value::Count(row.end_customers),
            Value::Count(row.new_customers),
            Value::Count(row.churn_customers),
            row.logo_churn.map_or(Value::None, |share| Value::Number(share, "0.0%")),
            Value::Text(if row.is_unfinished { "yes" } else { "no" }),
        ])?;
    }
    Ok(())
}

fn plan_rows(sheet: &mut Sheet<'_>, rows: &[&PlanMonth]) -> Result<()> {
    sheet.heads(&[
        "Plan",
        "Code",
        "Currency",
        "Start",
        "New",
        "Reactivation",
        "Expansion",
        "Contraction",
        "Churn",
        "Moved in",
        "Moved out",
        "End",
        "Start cust.",
        "End cust.",
    ])?;
    for row in rows {
        let money = |minor: i64| Value::Money(minor, &row.currency);
        sheet.row(&[
            Value::Text(&row.label),
            Value::Text(&row.plan),
            Value::Text(&row.currency),
            money(row.start_minor),
            money(row.new_minor),
            money(row.reactivation_minor),
            money(row.expansion_minor),
            money(row.contraction_minor),
            money(row.churn_minor),
            money(row.moved_in_minor),
            money(row.moved_out_minor),
            money(row.end_minor),
            Value::Count(row.start_customers),
            Value::Count(row.end_customers),
        ])?;
    }
    Ok(())
}

/// What a cell holds.
#[derive(Clone, Copy)]
enum Value<'a> {
    None,
    Text(&'a str),
    Count(u64),
    Number(f64, &'static str),
    /// Minor units of a currency.
    Money(i64, &'a str),
    Month(Month),
    Instant(DateTime<Utc>, Tz),
}

struct Book {
    workbook: Workbook,
    rows: u64,
}

impl Book {
    fn new(as_of: Option<DateTime<Utc>>) -> Result<Self> {
        let mut workbook = Workbook::new();
        // Of the data's time, not of the clock: the same copy gives the same bytes.
        let made = as_of.map_or_else(|| ExcelDateTime::from_ymd(1980, 1, 1), excel);
        let made = made.map_err(workbook_failed)?;
        workbook.set_properties(
            &rust_xlsxwriter::DocProperties::new().set_author("Steward").set_creation_datetime(&made),
        );
        Ok(Self { workbook, rows: 0 })
    }

    fn sheet(
        &mut self,
        name: &str,
        widths: &[u16],
        fill: impl FnOnce(&mut Sheet<'_>) -> Result<()>,
    ) -> Result<()> {
        let worksheet = self.workbook.add_worksheet();
        worksheet.set_name(name).map_err(workbook_failed)?;
        for (column, width) in (0_u16..).zip(widths) {
            worksheet.set_column_width(column, f64::from(*width)).map_err(workbook_failed)?;
        }
        let mut sheet = Sheet { worksheet, next: 0, rows: 0 };
        fill(&mut sheet)?;
        self.rows += sheet.rows;
        Ok(())
    }

    fn definitions(&mut self, terms: &[(String, String)]) -> Result<()> {
        self.sheet("Definitions", &[30, 120], |sheet| {
            sheet.heads(&["Word", "What it means"])?;
            terms.iter().try_for_each(|(term, words)| sheet.row(&[Value::Text(term), Value::Text(words)]))
        })
    }

    fn finish(mut self) -> Result<Xlsx> {
        let sheets = self.workbook.worksheets().len() as u64;
        let bytes = self.workbook.save_to_buffer().map_err(workbook_failed)?;
        Ok(Xlsx { bytes, sheets, rows: self.rows })
    }
}

struct Sheet<'a> {
    worksheet: &'a mut Worksheet,
    next: u32,
    rows: u64,
}

impl Sheet<'_> {
    /// A line of what the report is of.
    fn fact(&mut self, label: &str, value: Value<'_>) -> Result<()> {
        let muted = Format::new().set_font_color("#5B6270");
        self.worksheet.write_string_with_format(self.next, 0, label, &muted).map_err(workbook_failed)?;
        self.cell(1, value, FormatAlign::Left)?;
        self.next += 1;
        Ok(())
    }

    fn as_of(&mut self, as_of: Option<DateTime<Utc>>, is_consistent: bool, zone: Tz) -> Result<()> {
        self.fact("As of", as_of.map_or(Value::None, |at| Value::Instant(at, zone)))?;
        let words = if is_consistent { "yes" } else { "no: totals may be incomplete" };
        self.fact("Copy equalled the server", Value::Text(words))
    }

    fn skip(&mut self) {
        self.next += 1;
    }

    fn heads(&mut self, heads: &[&str]) -> Result<()> {
        let bold = Format::new().set_bold();
        for (column, head) in (0_u16..).zip(heads) {
            self.worksheet
                .write_string_with_format(self.next, column, *head, &bold)
                .map_err(workbook_failed)?;
        }
        self.next += 1;
        self.worksheet.set_freeze_panes(if self.next == 1 { 1 } else { 0 }, 0).map_err(workbook_failed)?;
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<()> {
        for (column, value) in (0_u16..).zip(values) {
            self.cell(column, *value, FormatAlign::General)?;
        }
        self.next += 1;
        self.rows += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, value: Value<'_>, align: FormatAlign) -> Result<()> {
        let row = self.next;
        let plain = || Format::new().set_align(align);
        let formatted = |code: &str| plain().set_num_format(code);
        let written = match value {
            Value::None => return Ok(()),
            Value::Text(text) => self.worksheet.write_string_with_format(row, column, text, &plain()),
            Value::Count(count) => {
                self.worksheet.write_number_with_format(row, column, count as f64, &formatted("#,##0"))
            }
            Value::Number(number, code) => {
                self.worksheet.write_number_with_format(row, column, number, &formatted(code))
            }
            Value::Money(minor, currency) => {
                let digits = exponent(currency) as usize;
                let code = match digits {
                    0 => "#,##0".to_owned(),
                    digits => format!("#,##0.{}", "0".repeat(digits)),
                };
                let amount: f64 = major(minor, currency)
                    .parse()
                    .map_err(|_| Error::internal("An amount has no decimal form."))?;
                self.worksheet.write_number_with_format(row, column, amount, &formatted(&code))
            }
            Value::Month(month) => {
                let first = month.first_day().format("%Y-%m-%d").to_string();
                let date = ExcelDateTime::parse_from_str(&first).map_err(workbook_failed)?;
                self.worksheet.write_datetime_with_format(row, column, &date, &formatted("yyyy-mm"))
            }
            Value::Instant(at, zone) => {
                let local = at.with_timezone(&zone).naive_local().and_utc();
                let date = excel(local).map_err(workbook_failed)?;
                self.worksheet.write_datetime_with_format(
                    row,
                    column,
                    &date,
                    &formatted("yyyy-mm-dd hh:mm:ss"),
                )
            }
        };
        written.map(|_| ()).map_err(workbook_failed)
    }
}

/// As a worksheet keeps it: without a zone.
fn excel(at: DateTime<Utc>) -> std::result::Result<ExcelDateTime, rust_xlsxwriter::XlsxError> {
    ExcelDateTime::parse_from_str(&at.format("%Y-%m-%dT%H:%M:%S").to_string())
}
