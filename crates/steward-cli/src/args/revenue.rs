//! Arguments of `revenue`.

use clap::{Args, Subcommand};
use steward_core::revenue::Month;
use steward_core::revenue::movement::Movement;

use super::Page;
use super::usage::named;

/// `revenue …`; without a verb the month itself.
#[derive(Debug, Args)]
pub(crate) struct RevenueArgs {
    #[command(flatten)]
    pub(crate) shape: RevenueShape,
    /// Months of the series, 1 to 120.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub(crate) months: u32,
    #[command(subcommand)]
    pub(crate) command: Option<RevenueCommand>,
}

/// Which month, by which definition, in which currency.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RevenueShape {
    /// Month: 2026-10. Otherwise the one that runs.
    #[arg(long, global = true, value_name = "MONTH")]
    pub(crate) month: Option<Month>,
    /// Definition: stripe, chartmogul, profitwell.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Currency by its code; otherwise the one most customers pay in. Currencies are never added.
    #[arg(long, global = true, value_name = "CODE")]
    pub(crate) currency: Option<String>,
}

/// Verbs of `revenue`.
#[derive(Debug, Subcommand)]
pub(crate) enum RevenueCommand {
    /// Who is behind the movements of a month, and by which changes.
    Movements {
        /// Only new, reactivation, expansion, contraction or churn.
        #[arg(long, value_name = "KIND", value_parser = named::<Movement>)]
        kind: Option<Movement>,
        /// Only customers who were or are on this plan.
        #[arg(long, value_name = "CODE")]
        plan: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Why two definitions differ, to the cent.
    Bridge {
        /// The first definition.
        #[arg(long, value_name = "NAME", default_value = "stripe")]
        from: String,
        /// The second.
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// The closed months, and what changed underneath them.
    Closed,
    /// Write the numbers of a month down as they were reported: shows them, asks for the month.
    Close {
        /// Which: 2026-10.
        #[arg(value_name = "MONTH")]
        closing: Month,
    },
    /// Reopen a closed month; `--reason` says why.
    Reopen {
        /// Which: 2026-10.
        #[arg(value_name = "MONTH")]
        reopening: Month,
    },
}
