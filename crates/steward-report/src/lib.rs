//! Files: charts and pages, drawn from the same specification as the screen.
//!
//! It computes no number: what it draws was computed by the cache's one aggregation path and arrives as
//! a [`ChartSpec`](steward_core::chart_spec::ChartSpec) or an answer of a command. It reads no file and
//! opens no connection; fonts and colours are inside.
//!
//! Map: [`chart`] one chart as SVG or PNG · [`overview`] the overview on one page · [`document`] reports as PDF · [`workbook`] reports as XLSX · [`token`] colours ·
//! [`figure`] numbers as text.
#![deny(missing_docs)]

mod canvas;
pub mod chart;
pub mod document;
pub mod figure;
pub mod overview;
pub mod table;
pub mod token;
pub mod workbook;

pub use token::Appearance;
