//! Arguments of `report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use steward_core::revenue::Month;

use super::noun::CompareArg;

/// `report …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// The revenue of a month, every currency apart: figures, movements, plans, definitions.
    Revenue {
        /// Month: 2026-10. Otherwise the one that runs.
        #[arg(long, value_name = "MONTH")]
        month: Option<Month>,
        /// Definition: stripe, chartmogul, profitwell.
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        #[command(flatten)]
        files: BookArgs,
    },
    /// A closed month: what was reported, what changed since, who closed it and why.
    Close {
        /// Month: 2026-10.
        #[arg(long, value_name = "MONTH")]
        month: Month,
        #[command(flatten)]
        files: BookArgs,
    },
    /// The overview of the range.
    Overview {
        /// What the numbers are compared with.
        #[arg(long, value_enum, value_name = "WITH")]
        compare: Option<CompareArg>,
        /// Write a document.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
}

/// The files of a report with numbers to go on with; without one its contents are printed.
#[derive(Debug, Args)]
pub(crate) struct BookArgs {
    /// Write a document.
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    /// Write a workbook: the numbers to go on calculating with.
    #[arg(long, value_name = "FILE")]
    pub(crate) xlsx: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}
