//! Arguments of what is done to accounts, limits and usage.

use chrono::Duration;
use clap::{Args, Subcommand};

/// `users suspend`, `users restore`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Ids or e-mail addresses.
    #[arg(required = true)]
    pub(crate) users: Vec<String>,
}

/// An instant to come.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct EndArgs {
    /// For so long from now: 12h, 7d.
    #[arg(long = "for", value_name = "TIME", value_parser = super::age)]
    pub(crate) length: Option<Duration>,
    /// Until the start of this day, or until this instant: 2026-12-24, 2026-12-24T18:00:00Z.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
}

/// `users extend-trial`.
#[derive(Debug, Args)]
pub(crate) struct ExtendTrialArgs {
    /// Ids or e-mail addresses.
    #[arg(required = true)]
    pub(crate) users: Vec<String>,
    #[command(flatten)]
    pub(crate) end: EndArgs,
}

/// `users reset-usage`.
#[derive(Debug, Args)]
pub(crate) struct ResetUsageArgs {
    /// Ids or e-mail addresses.
    #[arg(required = true)]
    pub(crate) users: Vec<String>,
    /// Only this metric.
    #[arg(long)]
    pub(crate) metric: Option<String>,
    /// A month (2026-11) or lifetime, instead of the current month and day (UTC).
    #[arg(long)]
    pub(crate) period: Option<String>,
}

/// `users raise-limit`.
#[derive(Debug, Args)]
pub(crate) struct RaiseLimitArgs {
    /// Id or e-mail address.
    #[arg(required_unless_present_any = ["team", "key"])]
    pub(crate) user: Option<String>,
    /// Id of a team: alone each of its members, with a user that member.
    #[arg(long, value_name = "ID")]
    pub(crate) team: Option<uuid::Uuid>,
    /// Id of a key.
    #[arg(long, value_name = "ID", conflicts_with_all = ["user", "team"])]
    pub(crate) key: Option<uuid::Uuid>,
    /// Which metric.
    #[arg(long)]
    pub(crate) metric: String,
    /// Per what: minute, day, month, lifetime.
    #[arg(long, default_value = "month")]
    pub(crate) period: String,
    /// The raised limit: a number, or unlimited.
    #[arg(long, value_name = "LIMIT", value_parser = limit)]
    pub(crate) to: RaisedTo,
    #[command(flatten)]
    pub(crate) end: EndArgs,
}

/// A number, or no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RaisedTo(pub(crate) Option<i64>);

fn limit(text: &str) -> Result<RaisedTo, String> {
    match text {
        "unlimited" => Ok(RaisedTo(None)),
        number => number
            .parse()
            .map(|limit| RaisedTo(Some(limit)))
            .map_err(|_| "a limit is a number or `unlimited`".to_owned()),
    }
}

/// `limits …`.
#[derive(Debug, Subcommand)]
pub(crate) enum LimitCommand {
    /// Whether a user may use so much of a metric; ends with 5 when not.
    Check {
        /// Id or e-mail address.
        user: String,
        /// Metric.
        metric: String,
        /// How much.
        #[arg(default_value_t = 1)]
        quantity: i64,
    },
}

/// `cleanup`.
#[derive(Debug, Args)]
pub(crate) struct CleanupArgs {
    /// Whole months kept before the current one.
    #[arg(long, value_name = "COUNT", required_unless_present = "resume")]
    pub(crate) keep_months: Option<i32>,
    /// Go on with a cleanup that was interrupted.
    #[arg(long, conflicts_with = "keep_months")]
    pub(crate) resume: bool,
}

/// `recount`.
#[derive(Debug, Args)]
pub(crate) struct RecountArgs {
    /// The month: 2026-11 (UTC).
    pub(crate) month: String,
    /// Only these users: ids or e-mail addresses.
    pub(crate) users: Vec<String>,
}
