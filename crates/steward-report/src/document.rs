//! Reports as documents: PDF, set by typst from one template.
//!
//! A report is first a list of [`Block`]s, whose texts and numbers are finished; the template only places them. Texts
//! reach it as values and never as markup, and the world it is set in has one source, two fonts and nothing else: no
//! file and no network can be asked for.
//!
//! Map: `revenue`, `close`, `overview` what each report says · `world` the setting.

mod close;
mod overview;
mod revenue;
mod world;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use plotters::style::RGBColor;
use serde::Serialize;
use steward_core::Result;
use steward_core::chart_spec::ChartSpec;
use steward_core::freshness::Freshness;
use steward_core::overview::Overview;
use steward_core::report::{CloseReport, RevenueReport};

pub(crate) use close::{not_sent, terms as close_terms};
pub(crate) use revenue::terms as revenue_terms;

use crate::chart::{self, ChartSize};
use crate::token::Appearance;

/// A PDF that was set.
#[derive(Debug, Clone)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its pages.
    pub pages: u64,
}

/// The revenue of a month. `workspace` is its name, as people call it.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn revenue(report: &RevenueReport, workspace: &str) -> Result<Document> {
    revenue::document(report, workspace)
}

/// A closed month.
#[must_use]
pub fn close(report: &CloseReport, workspace: &str, zone: Tz) -> Document {
    close::document(report, workspace, zone)
}

/// The overview of a range.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn overview(overview: &Overview, workspace: &str) -> Result<Document> {
    overview::document(overview, workspace)
}

/// A document before it is set.
#[derive(Debug, Serialize)]
pub struct Document {
    title: String,
    workspace: String,
    /// What stands at the foot of every page.
    foot: String,
    /// What it is of: label and words.
    facts: Vec<(&'static str, String)>,
    /// What a reader has to know before any number.
    warnings: Vec<String>,
    blocks: Vec<Block>,
    /// Charts by their place; they travel beside the text.
    #[serde(skip)]
    charts: Vec<String>,
    #[serde(skip)]
    as_of: Option<DateTime<Utc>>,
}

/// A part of a document.
#[derive(Debug, Serialize)]
#[serde(tag = "block", rename_all = "snake_case")]
enum Block {
    /// A heading.
    Heading { text: String },
    /// A heading below it.
    Subheading { text: String },
    /// A sentence.
    Note { text: String },
    /// Numbers, four in a row.
    Figures { figures: Vec<Figure> },
    /// A chart, and the sentence for who does not see it.
    Chart { chart: usize, alt: String },
    /// A table.
    Table(Table),
    /// Words and what they mean.
    Definitions { terms: Vec<(String, String)> },
}

/// A number with its name.
#[derive(Debug, Serialize)]
struct Figure {
    label: String,
    value: String,
    /// Beside or below the number: how it changed, or why there is none.
    note: String,
}

/// A table; the first column is text, the others are numbers.
#[derive(Debug, Serialize, Default)]
struct Table {
    heads: Vec<String>,
    /// Columns that hold text, by their place.
    texts: Vec<usize>,
    rows: Vec<Vec<String>>,
    /// Rows by their place that stand out: balances and totals.
    strong: Vec<usize>,
    /// Whether it has so many columns that it is set smaller.
    is_dense: bool,
}

impl Table {
    /// A table whose first column is text and whose others are numbers.
    fn new(heads: &[&str]) -> Self {
        Self {
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            texts: vec![0],
            ..Self::default()
        }
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn strong_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.strong.push(self.rows.len());
        self.row(cells);
    }
}

impl Document {
    fn new(title: String, workspace: &str, zone: Tz, freshness: &Freshness) -> Self {
        let mut warnings = Vec::new();
        if !freshness.is_consistent {
            warnings.push(
                "The copy did not equal the server when this was made: totals may be incomplete.".to_owned(),
            );
        }
        let as_of = freshness.as_of.map_or_else(|| "not read yet".to_owned(), |at| instant(at, zone));
        Self {
            title,
            workspace: workspace.to_owned(),
            foot: format!("Steward · as of {as_of}"),
            facts: vec![("Workspace", workspace.to_owned()), ("As of", as_of)],
            warnings,
            blocks: Vec::new(),
            charts: Vec::new(),
            as_of: freshness.as_of,
        }
    }

    fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading { text: text.into() });
    }

    fn subheading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Subheading { text: text.into() });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Note { text: text.into() });
    }

    fn chart(&mut self, spec: &ChartSpec) -> Result<()> {
        let svg = chart::svg(spec, Appearance::Light, ChartSize { width: 820, height: 206 })?;
        let steps = spec.steps.iter().zip(spec.series.first().map(|one| &one.values).into_iter().flatten());
        let alt = steps
            .filter_map(|(step, value)| Some(format!("{} {}", step.title, crate::figure::amount((*value)?))))
            .collect::<Vec<_>>()
            .join(", ");
        self.blocks.push(Block::Chart {
            chart: self.charts.len(),
            alt: format!("{}, {}. {alt}", spec.title, spec.subtitle),
        });
        self.charts.push(svg);
        Ok(())
    }

    fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    /// Rows of its tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let rows = |block: &Block| if let Block::Table(table) = block { table.rows.len() as u64 } else { 0 };
        self.blocks.iter().map(rows).sum()
    }

    /// Sets it. The same document gives the same bytes.
    ///
    /// # Errors
    /// Only when setting itself fails, which is a fault of ours.
    pub fn set(&self) -> Result<Pdf> {
        let (bytes, pages) = world::set(self)?;
        Ok(Pdf { bytes, pages })
    }
}

/// An instant as people write it, with its zone.
fn instant(at: DateTime<Utc>, zone: Tz) -> String {
    format!("{} {zone}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"))
}

/// Colours of the template, so that a document looks like the product.
fn inks() -> [(&'static str, String); 6] {
    ["text", "text-2", "text-3", "border", "sunken", "warning"].map(|name| {
        let RGBColor(red, green, blue) = Appearance::Light.color(name);
        (name, format!("#{red:02x}{green:02x}{blue:02x}"))
    })
}
