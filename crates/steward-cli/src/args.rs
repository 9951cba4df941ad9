//! What can be typed.

mod account;
mod billing;
mod export;
mod noun;
mod operator;
mod report;
mod revenue;
mod usage;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use steward_app::table::{Spec, row};
use steward_core::period::RangeSpec;

use crate::exit::EXIT_CODES;
pub(crate) use account::{
    CleanupArgs, EndArgs, ExtendTrialArgs, LimitCommand, RaiseLimitArgs, RecountArgs, ResetUsageArgs,
    StatusArgs,
};
pub(crate) use billing::{
    BillingFilterArgs, ChangeArgs, InvoiceArgs, PaymentArgs, ReconcileArgs, RefundArgs, StripeCommand,
};
pub(crate) use export::{ExportArgs, ExportCommand, ExportFormatArg, OverviewPart};
pub(crate) use noun::{
    AuditCommand, ChangePlanArgs, ConnectArgs, DbArgs, DbCommand, EnvironmentArg, EventCommand,
    EventListArgs, OverviewArgs, Page, PlanCommand, PlanEditArgs, RevertArgs, SampleCommand, SettingsCommand,
    SyncArgs, SyncCommand, SyncWindowArgs, TopicArg, UserCommand, UserFilterArgs, UserListArgs, UserSortArg,
    VerifyArgs, VerifyDepth, WorkspaceAddArgs, WorkspaceCommand, WorkspaceMode,
};

pub(crate) use operator::{OperatorCommand, OperatorCreateArgs};
pub(crate) use report::{BookArgs, ReportCommand};
pub(crate) use revenue::{
    RateCommand, RevenueArgs, RevenueCommand, RevenueShape, RevenueWhatIfArgs, STRIPE_ACCOUNT,
    ScenarioCommand, SupposedArgs,
};
pub(crate) use usage::{OffenderArgs, UsageArgs, UsageCommand, UsageShape, ViewCommand, WhatIfArgs, column};

/// Desktop console for the people who run a SaaS, on the command line.
#[derive(Debug, Parser)]
#[command(
    name = "steward",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  steward sample open                          a sample company to look at\n  \
                  steward workspace add acme -                 a database; the URL is read from standard input\n  \
                  steward sync && steward overview --range 90d\n  \
                  steward users change-plan ada@example.com --plan pro --dry-run\n\n\
                  Numbers come from the encrypted copy on this computer, so they answer without a network too."
)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Also into a file or a pipe.
    Always,
    /// Never.
    Never,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Workspace by name or id, for this call only.
    #[arg(
        short,
        long,
        global = true,
        env = "STEWARD_WORKSPACE",
        hide_env_values = true,
        value_name = "NAME"
    )]
    pub(crate) workspace: Option<String>,
    /// Zone of the days: an IANA name. Otherwise as the settings say.
    #[arg(long, global = true, env = "STEWARD_TZ", hide_env_values = true, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Which days: 24h, 30d, 2026-10, 2026-10-01..2026-10-31, now-29d/d..now.
    #[arg(long, global = true, value_name = "RANGE")]
    pub(crate) range: Option<RangeSpec>,
    /// Print JSON in a stable form.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Open no connection; answer from the local copy.
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Refuse data older than this (30s, 15m, 2h, 1d): sync first, or end with 7.
    #[arg(long, global = true, value_name = "AGE", value_parser = age)]
    pub(crate) max_age: Option<chrono::Duration>,
    /// Show what a change would do, and change nothing.
    #[arg(long, global = true, visible_alias = "preview")]
    pub(crate) dry_run: bool,
    /// What a dangerous change asks you to type.
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) confirm: Option<String>,
    /// Why; goes to the audit log.
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Answer yes to the question before an ordinary change.
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Never ask; fail with the flag to pass.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// When to colour: auto, always, never.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN"
    )]
    pub(crate) color: Color,
    /// Print nothing but the data.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Tell more: once what is done, twice everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The commands by noun.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The state of the company: six numbers, activity, features, plans, top users.
    Overview(OverviewArgs),
    /// What was used: by feature, model, plan, team or user, compared with the days before.
    Usage(UsageArgs),
    /// Accounts over or near a limit, with many failures, a sudden rise or refusals.
    Offenders(OffenderArgs),
    /// Views kept for the workspace.
    #[command(subcommand)]
    Views(ViewCommand),
    /// Users and teams by id, e-mail address, name, Stripe's id or an invoice's number, the best match first.
    Find {
        /// What is at hand; `u:` in front asks for users only, `t:` for teams.
        #[arg(required = true)]
        text: Vec<String>,
        /// Rows wanted, 1 to 100.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Users: find, look at, move to another plan, suspend, raise a limit.
    #[command(subcommand)]
    Users(UserCommand),
    /// Limits: may a user use so much?
    #[command(subcommand)]
    Limits(LimitCommand),
    /// Plans and their limits.
    #[command(subcommand)]
    Plans(PlanCommand),
    /// Recurring revenue: the month, its movements, why definitions differ, what lies ahead; close and reopen a month.
    Revenue(RevenueArgs),
    /// Scenarios: what is supposed about revenue, kept on this computer, two side by side.
    #[command(subcommand)]
    Scenarios(ScenarioCommand),
    /// Rates: the base currency and what others are worth in it, as you state it.
    #[command(subcommand)]
    Rates(RateCommand),
    /// Documents to send on: a month's revenue or its close as PDF and XLSX, the overview as PDF.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Stripe: connect, read, and compare subscriptions here with what it bills.
    #[command(subcommand)]
    Stripe(StripeCommand),
    /// Invoiced, collected, failed, refunded and at risk, from what was read of Stripe.
    Billing,
    /// Invoices, newest first.
    Invoices(InvoiceArgs),
    /// Payments, those that failed included, newest first.
    Payments(PaymentArgs),
    /// Refunds, newest first.
    Refunds(BillingFilterArgs),
    /// Usage events: the rows behind the numbers.
    #[command(subcommand)]
    Events(EventCommand),
    /// The audit log: who changed what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Any table or chart as a file: CSV, XLSX, JSON lines, a chart as PNG or SVG; with a manifest beside it.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Operators: who may use the console.
    #[command(subcommand)]
    Operators(OperatorCommand),
    /// Take a change back where its rows have not moved since.
    Revert(RevertArgs),
    /// Remove usage before so many months: shows what goes, asks, removes step by step.
    Cleanup(CleanupArgs),
    /// Count a month's counters again from its events.
    Recount(RecountArgs),
    /// What is wrong with the data: gaps, future times, orphans, duplicates; ends with 9 when something is.
    Quality {
        /// Days up to today (UTC).
        #[arg(long, default_value_t = 90)]
        days: i32,
    },
    /// Read what changed on the server; `status`, `pause`, `resume` and `rebuild` of the local copy.
    Sync(SyncArgs),
    /// Compare the copy with the server; what differs is read again and journalled.
    Verify(VerifyArgs),
    /// Workspaces: one database each.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Test a connection step by step.
    Connect(ConnectArgs),
    /// Steward's schema on a server.
    #[command(subcommand)]
    Db(DbCommand),
    /// The sample company.
    #[command(subcommand)]
    Sample(SampleCommand),
    /// Check this computer, the copy and the server.
    Doctor,
    /// Who you are here: workspace, role, zone, where secrets are kept.
    Whoami,
    /// What you chose on this computer.
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder; it is made where it is missing.
        folder: std::path::PathBuf,
    },
    /// What the exit codes mean.
    #[command(long_about = EXIT_CODES)]
    ExitCodes,
}

impl Command {
    /// The rows of the command table that this command calls, beside those every command may.
    pub(crate) fn rows(&self) -> &'static [Spec] {
        use steward_app::table::Command as Row;
        macro_rules! rows {
            ($($name:ident),*) => { &[$(<row::$name as Row>::SPEC),*] };
        }
        match self {
            Self::Overview(_) => rows![overview_show, overview_picture],
            Self::Usage(UsageArgs { command: Some(UsageCommand::WhatIf(_)), .. }) => rows![usage_what_if],
            Self::Usage(_) => rows![usage_show, view_list],
            Self::Offenders(_) => rows![offender_list],
            Self::Views(ViewCommand::List) => rows![view_list],
            Self::Views(ViewCommand::Save { .. }) => rows![view_save],
            Self::Views(ViewCommand::Remove { .. }) => rows![view_remove],
            Self::Find { .. } => rows![record_find],
            Self::Users(UserCommand::List(_)) => rows![user_list],
            Self::Users(UserCommand::Show { .. }) => rows![user_show, timeline_list, event_list],
            Self::Users(UserCommand::Timeline { .. }) => rows![timeline_list],
            Self::Users(UserCommand::ChangePlan(_)) => rows![user_change_plan],
            Self::Users(UserCommand::Suspend(_)) => rows![user_suspend],
            Self::Users(UserCommand::Restore(_)) => rows![user_restore],
            Self::Users(UserCommand::ExtendTrial(_)) => rows![user_extend_trial],
            Self::Users(UserCommand::ResetUsage(_)) => rows![user_reset_usage],
            Self::Users(UserCommand::RaiseLimit(_)) => rows![limit_raise],
            Self::Users(UserCommand::Limits { .. }) => rows![limit_list],
            Self::Limits(LimitCommand::Check { .. }) => rows![limit_check],
            Self::Cleanup(CleanupArgs { resume: true, .. }) => rows![cleanup_resume],
            Self::Cleanup(_) => rows![usage_cleanup],
            Self::Recount(_) => rows![usage_recount],
            Self::Quality { .. } => rows![quality_show],
            Self::Plans(PlanCommand::List) => rows![plan_list],
            Self::Plans(PlanCommand::Edit(_)) => rows![plan_list, plan_effect, plan_edit],
            Self::Revenue(RevenueArgs { command, .. }) => match command {
                None => rows![revenue_show],
                Some(RevenueCommand::Movements { .. }) => rows![revenue_movements],
                Some(RevenueCommand::Bridge { to, .. }) if to == STRIPE_ACCOUNT => {
                    rows![revenue_stripe_bridge]
                }
                Some(RevenueCommand::Bridge { .. }) => rows![revenue_bridge],
                Some(RevenueCommand::Forecast) => rows![revenue_forecast],
                Some(RevenueCommand::WhatIf(_)) => rows![revenue_what_if, scenario_list],
                Some(RevenueCommand::Total { .. }) => rows![revenue_total],
                Some(RevenueCommand::Closed) => rows![month_list],
                Some(RevenueCommand::Close { keep: true, .. }) => rows![month_figures, month_keep],
                Some(RevenueCommand::Close { .. }) => rows![month_close, month_list],
                Some(RevenueCommand::Drop { .. }) => rows![month_list, month_drop],
                Some(RevenueCommand::Reopen { .. }) => rows![month_reopen],
            },
            Self::Scenarios(ScenarioCommand::List) => rows![scenario_list],
            Self::Scenarios(ScenarioCommand::Save { .. }) => rows![scenario_save],
            Self::Scenarios(ScenarioCommand::Rename { .. }) => rows![scenario_rename],
            Self::Scenarios(ScenarioCommand::Remove { .. }) => rows![scenario_remove],
            Self::Scenarios(ScenarioCommand::Compare { .. }) => rows![scenario_list, revenue_what_if],
            Self::Rates(RateCommand::List) => rows![rate_list],
            Self::Rates(RateCommand::Base { .. }) => rows![rate_base],
            Self::Rates(RateCommand::Set { .. }) => rows![rate_set],
            Self::Rates(RateCommand::Remove { .. }) => rows![rate_remove],
            Self::Report(ReportCommand::Revenue { .. }) => rows![report_revenue, export_run],
            Self::Report(ReportCommand::Close { .. }) => rows![report_close, export_run],
            Self::Report(ReportCommand::Overview { .. }) => rows![report_overview, export_run],
            Self::Stripe(StripeCommand::Connect { .. }) => rows![stripe_connect],
            Self::Stripe(StripeCommand::Disconnect) => rows![stripe_disconnect],
            Self::Stripe(StripeCommand::Status) => rows![stripe_status],
            Self::Stripe(StripeCommand::Pull) => rows![stripe_pull],
            Self::Stripe(StripeCommand::Reconcile(_)) => rows![stripe_reconcile],
            Self::Stripe(StripeCommand::Change(_)) => rows![subscription_change],
            Self::Stripe(StripeCommand::Cancel { .. }) => rows![subscription_cancel],
            Self::Stripe(StripeCommand::Reinstate { .. }) => rows![subscription_reinstate],
            Self::Stripe(StripeCommand::Refund(_)) => rows![payment_refund, payment_list],
            Self::Billing => rows![billing_show],
            Self::Invoices(_) => rows![invoice_list],
            Self::Payments(_) => rows![payment_list],
            Self::Refunds(_) => rows![refund_list],
            Self::Events(EventCommand::List(_)) => rows![event_list],
            Self::Audit(AuditCommand::List { .. }) => rows![audit_list],
            Self::Audit(AuditCommand::Verify) => rows![audit_verify],
            Self::Export(ExportCommand::List) => rows![export_list],
            Self::Export(ExportCommand::Cancel { .. }) => rows![export_cancel],
            Self::Export(_) => rows![export_plan, export_run, export_list],
            Self::Operators(OperatorCommand::List) => rows![operator_list],
            Self::Operators(OperatorCommand::Create(_)) => rows![operator_create],
            Self::Operators(OperatorCommand::Remove { .. }) => rows![operator_remove],
            Self::Revert(_) => rows![operation_revert],
            Self::Sync(SyncArgs { command: None, .. }) => rows![sync_run],
            Self::Sync(SyncArgs { command: Some(command), .. }) => match command {
                SyncCommand::Status => rows![sync_status],
                SyncCommand::Pause => rows![sync_pause],
                SyncCommand::Resume => rows![sync_resume],
                SyncCommand::Rebuild => rows![sync_rebuild],
                SyncCommand::Window(_) => rows![sync_status, sync_window],
            },
            Self::Verify(_) => rows![sync_verify],
            Self::Workspace(command) => match command {
                WorkspaceCommand::Add(_) => rows![workspace_add],
                WorkspaceCommand::List => rows![workspace_list],
                WorkspaceCommand::Use { .. } => rows![workspace_use],
                WorkspaceCommand::Remove { .. } => rows![workspace_remove],
                WorkspaceCommand::Mode { .. } => rows![workspace_mode],
                WorkspaceCommand::Password { .. } => rows![workspace_password],
            },
            Self::Connect(_) => rows![connection_test],
            Self::Db(DbCommand::Status(_)) => rows![database_status],
            Self::Db(DbCommand::Install(_) | DbCommand::Migrate(_)) => rows![database_install],
            Self::Sample(SampleCommand::Show { .. }) => {
                rows![sample_open, sync_run, overview_show, overview_picture]
            }
            Self::Sample(_) => rows![sample_open],
            Self::Doctor => rows![doctor_run],
            Self::Whoami => rows![session_show],
            Self::Settings(SettingsCommand::Show) => rows![settings_show],
            Self::Settings(SettingsCommand::Set { .. }) => rows![settings_update],
            Self::Completions { .. } | Self::Manual { .. } | Self::ExitCodes => &[],
        }
    }
}

/// The rows of the table that a command line calls; none where it does not parse.
#[must_use]
pub fn covered_rows(words: &[&str]) -> Option<Vec<&'static str>> {
    let cli = Cli::try_parse_from(words).ok()?;
    Some(cli.command.rows().iter().map(|spec| spec.name).collect())
}

fn age(text: &str) -> Result<chrono::Duration, String> {
    let wrong = || "an age is written 30s, 15m, 2h or 1d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let digits = text.strip_suffix(unit).ok_or_else(wrong)?;
    let count = digits.parse::<u32>().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    Ok(chrono::Duration::seconds(i64::from(count) * seconds))
}
