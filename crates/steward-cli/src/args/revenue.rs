//! Arguments of `revenue`, `scenarios` and `rates`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use steward_core::revenue::Month;
use steward_core::revenue::movement::Movement;
use steward_core::revenue::scenario::PriceAssumption;

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

/// What stands in a definition's place for the account at Stripe.
pub(crate) const STRIPE_ACCOUNT: &str = "stripe-account";

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
    /// Why two definitions differ, or this side and the account at Stripe, to the cent.
    Bridge {
        /// The first definition.
        #[arg(long, value_name = "NAME", default_value = "stripe")]
        from: String,
        /// The second; `stripe-account` is what the account at Stripe is worth under the first.
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Where MRR is heading: an estimate with its back-tested error, beside the naive one.
    Forecast,
    /// What MRR would be under other prices, churn or conversion; nothing is changed by asking.
    WhatIf(RevenueWhatIfArgs),
    /// All currencies together at stated rates (`steward rates`), beside what stands in each.
    Total {
        /// Months of the series, 1 to 120.
        #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=120))]
        months: u32,
    },
    /// The closed months, those kept on this computer among them, and what changed underneath them.
    Closed,
    /// Write the numbers of a month down as they were reported: shows them, asks for the month.
    Close {
        /// Which: 2026-10.
        #[arg(value_name = "MONTH")]
        closing: Month,
        /// Close it on this computer, for a time without a connection; sealed, until `--kept` sends it.
        #[arg(long)]
        keep: bool,
        /// Send what is kept on this computer, as it was closed.
        #[arg(long, conflicts_with = "keep")]
        kept: bool,
    },
    /// Throw away what is kept of a month that was closed on this computer: shows it, asks for the month.
    Drop {
        /// Which: 2026-10.
        #[arg(value_name = "MONTH")]
        dropping: Month,
    },
    /// Reopen a closed month; `--reason` says why.
    Reopen {
        /// Which: 2026-10.
        #[arg(value_name = "MONTH")]
        reopening: Month,
    },
}

/// What is supposed.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SupposedArgs {
    /// Another list price in the currency's minor unit (cents): pro/month=3900; may be repeated.
    #[arg(long = "price", value_name = "PLAN/INTERVAL=MINOR", value_parser = price)]
    pub(crate) prices: Vec<PriceAssumption>,
    /// Who is on this plan keeps the price it has; only new customers pay the supposed one. May be repeated.
    #[arg(long, value_name = "PLAN", requires = "prices")]
    pub(crate) grandfather: Vec<String>,
    /// Customers lost in a month: 2.5%.
    #[arg(long, value_name = "PERCENT", value_parser = share, conflicts_with = "churn_times")]
    pub(crate) churn: Option<f64>,
    /// So many times the churn of the last months: 1.5.
    #[arg(long, value_name = "TIMES")]
    pub(crate) churn_times: Option<f64>,
    /// Trials that become customers, of those that end: 30%.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub(crate) conversion: Option<f64>,
}

/// `revenue what-if`.
#[derive(Debug, Args)]
pub(crate) struct RevenueWhatIfArgs {
    #[command(flatten)]
    pub(crate) supposed: SupposedArgs,
    /// As a kept scenario says (`steward scenarios list`); nothing else is supposed then.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["prices", "grandfather", "churn", "churn_times", "conversion"])]
    pub(crate) scenario: Option<String>,
    /// Customers whose price would change, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rows: u32,
}

/// `scenarios …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioCommand {
    /// List the scenarios kept for the workspace.
    List,
    /// Keep assumptions under a name; a scenario of that name is replaced.
    Save {
        /// Its name.
        name: String,
        #[command(flatten)]
        supposed: SupposedArgs,
        /// Definition: stripe, chartmogul, profitwell.
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
        /// Currency by its code; otherwise the one most customers pay in.
        #[arg(long, value_name = "CODE")]
        currency: Option<String>,
    },
    /// Give a scenario another name.
    Rename {
        /// Its name.
        name: String,
        /// The new one.
        to: String,
    },
    /// Forget a scenario.
    Remove {
        /// Its name.
        name: String,
    },
    /// Two scenarios side by side, over twelve months.
    Compare {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
}

/// `rates …`.
#[derive(Debug, Subcommand)]
pub(crate) enum RateCommand {
    /// The base currency and the rates stated for it.
    List,
    /// Choose the base currency: USD, or none for no total. The rates of another one go.
    Base {
        /// Its code, or none.
        currency: String,
    },
    /// State what one unit of a currency is worth in the base currency.
    Set {
        /// Its code: EUR.
        currency: String,
        /// Units of the base currency for one of it: 1.0825.
        rate: String,
        /// The day it is of: 2026-10-31.
        #[arg(long, value_name = "DAY")]
        date: NaiveDate,
        /// Who says so.
        #[arg(long, value_name = "TEXT", default_value = "")]
        source: String,
    },
    /// Forget a rate.
    Remove {
        /// Its code.
        currency: String,
    },
}

fn price(text: &str) -> Result<PriceAssumption, String> {
    let wrong = || "a price is written pro/month=3900 or pro/year=39000, in minor units".to_owned();
    let (name, minor) = text.split_once('=').ok_or_else(wrong)?;
    let (plan, interval) = name.rsplit_once('/').ok_or_else(wrong)?;
    let minor = minor.parse::<i64>().ok().filter(|minor| *minor >= 0).ok_or_else(wrong)?;
    let (month, year) = match interval {
        "month" => (Some(minor), None),
        "year" => (None, Some(minor)),
        _ => return Err(wrong()),
    };
    Ok(PriceAssumption {
        plan: plan.to_owned(),
        price_month_minor: month,
        price_year_minor: year,
        keeps_existing: false,
    })
}

/// `2.5%` or `0.025`.
fn share(text: &str) -> Result<f64, String> {
    let wrong = || "a share is written 2.5% or 0.025".to_owned();
    let (digits, scale) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
    let value = digits.trim().parse::<f64>().map_err(|_| wrong())? / scale;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("a share lies between 0% and 100%".to_owned()) }
}
