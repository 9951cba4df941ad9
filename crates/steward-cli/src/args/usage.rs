//! Arguments of `usage`, `offenders` and `views`.

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::Value;
use steward_core::event::EventField;
use steward_core::offender::OffenderKind;
use steward_core::usage::{BucketSize, Measure, Preset};

use super::noun::CompareArg;

/// What of the use is shown.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UsageShape {
    /// Break down by event_type, feature, provider, model, endpoint, plan, status, is_admin, team or user.
    #[arg(long, value_name = "COLUMN", value_parser = column)]
    pub(crate) by: Option<EventField>,
    /// Measure events, active_users, quantity, tokens, cost, credits, bytes_out, errors, error_rate,
    /// limit_hits, latency_average, latency_p50 or latency_p95.
    #[arg(long, value_name = "MEASURE", value_parser = named::<Measure>)]
    pub(crate) measure: Option<Measure>,
    /// Only events where a column has this value (`feature=chat`), or has not (`status!=error`). Given
    /// several times: of one column any, of different columns all.
    #[arg(long = "filter", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<String>,
    /// Steps of hour, day, week or month.
    #[arg(long, value_name = "STEP", value_parser = named::<BucketSize>)]
    pub(crate) bucket: Option<BucketSize>,
    /// Arrangement: activity, assistant (chats, uploads, tools) or quotas (prompts, runs, bytes, by month).
    #[arg(long, value_name = "NAME", value_parser = named::<Preset>)]
    pub(crate) preset: Option<Preset>,
    /// What the numbers are compared with.
    #[arg(long, value_enum, value_name = "WITH")]
    pub(crate) compare: Option<CompareArg>,
}

/// `usage`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct UsageArgs {
    #[command(subcommand)]
    pub(crate) command: Option<UsageCommand>,
    #[command(flatten)]
    pub(crate) shape: UsageShape,
    /// As a kept view says (`steward views list`); other flags go before it.
    #[arg(long, value_name = "NAME")]
    pub(crate) view: Option<String>,
    /// Print the statements that yield the same numbers on the server.
    #[arg(long)]
    pub(crate) sql: bool,
}

/// What else is asked of the use.
#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Who would have been refused in a month if limits that only warn were kept, or if one were another.
    WhatIf(WhatIfArgs),
}

/// `usage what-if`.
#[derive(Debug, Args)]
pub(crate) struct WhatIfArgs {
    /// The month by UTC, as 2026-11; without it the current one.
    #[arg(long, value_name = "MONTH")]
    pub(crate) month: Option<String>,
    /// Only this plan, by its code.
    #[arg(long)]
    pub(crate) plan: Option<String>,
    /// Only this metric.
    #[arg(long)]
    pub(crate) metric: Option<String>,
    /// Suppose that the plan allows so many of the metric a month.
    #[arg(long, value_name = "NUMBER", requires_all = ["plan", "metric"], allow_negative_numbers = true)]
    pub(crate) limit: Option<i64>,
    /// Accounts wanted, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rows: u32,
}

/// `offenders`.
#[derive(Debug, Args)]
pub(crate) struct OffenderArgs {
    /// Only over_limit, near_limit, rate_limited, error_heavy or sudden_rise.
    #[arg(long, value_name = "KIND", value_parser = named::<OffenderKind>)]
    pub(crate) kind: Option<OffenderKind>,
    /// What a rise is measured against.
    #[arg(long, value_enum, value_name = "WITH")]
    pub(crate) compare: Option<CompareArg>,
    /// Accounts wanted of each kind, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

/// `views …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ViewCommand {
    /// List the views kept for the workspace.
    List,
    /// Keep a view of the use under a name; one of that name is replaced.
    Save {
        /// Its name.
        name: String,
        #[command(flatten)]
        shape: UsageShape,
    },
    /// Forget a kept view.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A value by its name in JSON.
pub(super) fn named<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::from(text)).map_err(|cause| cause.to_string())
}

/// A column of the events by its name, or by what people call it.
pub(crate) fn column(text: &str) -> Result<EventField, String> {
    named(match text {
        "user" => "user_id",
        "team" => "team_id",
        "plan" => "plan_code",
        "type" => "event_type",
        other => other,
    })
}
