//! Arguments by noun.

use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand, ValueEnum};
use steward_core::audit::AuditListReq;
use steward_core::id::TeamId;
use steward_core::period::{Compare, RangeSpec};
use steward_core::plan::PlanLimitEdit;
use steward_core::user::LastSeen;

use super::account::{ExtendTrialArgs, RaiseLimitArgs, ResetUsageArgs, StatusArgs};

/// `overview`.
#[derive(Debug, Args)]
pub(crate) struct OverviewArgs {
    /// What the numbers are compared with.
    #[arg(long, value_enum, value_name = "WITH")]
    pub(crate) compare: Option<CompareArg>,
    /// Also write it as a picture (PNG) into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<String>,
    /// Draw the picture in dark colours.
    #[arg(long, requires = "picture")]
    pub(crate) dark: bool,
}

/// What the numbers are compared with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CompareArg {
    /// The period before, Mondays with Mondays.
    Weekday,
    /// The period just before.
    Previous,
    /// The same days a year earlier.
    Year,
    /// Nothing.
    Off,
}

impl From<CompareArg> for Compare {
    fn from(compare: CompareArg) -> Self {
        match compare {
            CompareArg::Weekday => Self::Weekday,
            CompareArg::Previous => Self::Previous,
            CompareArg::Year => Self::Year,
            CompareArg::Off => Self::Off,
        }
    }
}

/// `users …`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List users.
    List(UserListArgs),
    /// Everything about one user: plan, limits and when they are reached, use, subscriptions, teams, what happened.
    Show {
        /// Id or e-mail address.
        user: String,
    },
    /// Everything that happened to a user, newest first.
    Timeline {
        /// Id or e-mail address.
        user: String,
        /// Only this part.
        #[arg(long, value_enum, default_value_t)]
        topic: TopicArg,
        #[command(flatten)]
        page: Page,
    },
    /// Move users to another plan: shows the rows, asks, applies, prints how to take it back.
    ChangePlan(ChangePlanArgs),
    /// Shut users out of the product until they are restored.
    Suspend(StatusArgs),
    /// Let suspended users back in.
    Restore(StatusArgs),
    /// Move the end of trials to a later instant.
    ExtendTrial(ExtendTrialArgs),
    /// Set counters back to 0; what they were stays in the history.
    ResetUsage(ResetUsageArgs),
    /// Raise a limit for a time; it ends by itself.
    RaiseLimit(RaiseLimitArgs),
    /// What a user may do: limits with their use, features.
    Limits {
        /// Id or e-mail address.
        user: String,
    },
}

/// A part of what happened.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum TopicArg {
    /// Everything.
    #[default]
    All,
    /// Plan and subscriptions.
    Plan,
    /// Limits: raised, ended, hit.
    Limits,
    /// What somebody changed.
    Changes,
}

/// Which users.
#[derive(Debug, Args)]
pub(crate) struct UserFilterArgs {
    /// Words of the e-mail address or the name, each by its beginning; or a whole id.
    pub(crate) search: Option<String>,
    /// Only this plan.
    #[arg(long, value_name = "CODE")]
    pub(crate) plan: Option<String>,
    /// Only this status: active, suspended, erased.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only this role: user, admin.
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Only members of this team, by id.
    #[arg(long, value_name = "ID")]
    pub(crate) team: Option<TeamId>,
    /// Only who signed up in these days: 7d, 2026-10, 2026-10-01..2026-10-31.
    #[arg(long, value_name = "RANGE")]
    pub(crate) signed_up: Option<RangeSpec>,
    /// Only who was seen in these days; `before:30d` is nobody seen in them, `never` who was never seen.
    #[arg(long, value_name = "WHEN")]
    pub(crate) seen: Option<LastSeen>,
}

/// `users list`.
#[derive(Debug, Args)]
pub(crate) struct UserListArgs {
    #[command(flatten)]
    pub(crate) filter: UserFilterArgs,
    /// Order.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: UserSortArg,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// Order of users.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum UserSortArg {
    /// E-mail address, A first.
    #[default]
    Email,
    /// Newest first.
    Created,
    /// Last seen first.
    Seen,
    /// Most events of the range first.
    Usage,
}

/// Which page of a list.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// Rows wanted, 1 to 1000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Where the page before ended: its `next`.
    #[arg(long, value_name = "NEXT")]
    pub(crate) after: Option<String>,
}

/// `users change-plan`.
#[derive(Debug, Args)]
pub(crate) struct ChangePlanArgs {
    /// Ids or e-mail addresses.
    #[arg(required_unless_present_any = ["filters", "file", "all"])]
    pub(crate) users: Vec<String>,
    /// Everybody who matches: plan=free, status=active, role=user, team=ID, signed-up=7d, seen=before:30d,
    /// search=ada. May be given several times; all have to hold.
    #[arg(long = "filter", id = "filters", value_name = "FIELD=VALUE", conflicts_with_all = ["users", "file"])]
    pub(crate) filters: Vec<String>,
    /// Everybody.
    #[arg(long, conflicts_with_all = ["users", "file", "filters"])]
    pub(crate) all: bool,
    /// A file with an id or e-mail address on each line; `-` is standard input. Empty lines and those that
    /// begin with # are passed over.
    #[arg(long, value_name = "FILE", conflicts_with = "users")]
    pub(crate) file: Option<PathBuf>,
    /// The new plan's code.
    #[arg(long, value_name = "CODE")]
    pub(crate) plan: String,
}

/// `plans …`.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// List plans with their limits.
    List,
    /// Change prices and limits of a plan: shows what it does to revenue and to whom, asks for the plan's code.
    Edit(PlanEditArgs),
}

/// `plans edit`.
#[derive(Debug, Args)]
pub(crate) struct PlanEditArgs {
    /// Code of the plan.
    pub(crate) plan: String,
    /// Price of a month in the currency's minor unit (cents), or `none`.
    #[arg(long, value_name = "MINOR", value_parser = amount)]
    pub(crate) price_month: Option<Amount>,
    /// Price of a year in the currency's minor unit, or `none`.
    #[arg(long, value_name = "MINOR", value_parser = amount)]
    pub(crate) price_year: Option<Amount>,
    /// A limit: prompts/month=2000, or prompts/month=none for unlimited; may be repeated.
    #[arg(long = "limit", value_name = "METRIC/PERIOD=N", value_parser = plan_limit)]
    pub(crate) limits: Vec<PlanLimitEdit>,
}

/// A whole number, or none at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount(pub(crate) Option<i64>);

fn amount(text: &str) -> Result<Amount, String> {
    if text == "none" {
        return Ok(Amount(None));
    }
    let whole = text.parse::<i64>().ok().filter(|whole| *whole >= 0);
    whole.map(|whole| Amount(Some(whole))).ok_or_else(|| "a whole number from 0 on, or none".to_owned())
}

fn plan_limit(text: &str) -> Result<PlanLimitEdit, String> {
    let wrong = || "a limit is written prompts/month=2000 or prompts/month=none".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (metric, period) = name.split_once('/').ok_or_else(wrong)?;
    let Amount(limit) = amount(value)?;
    Ok(PlanLimitEdit { metric: metric.to_owned(), period: period.to_owned(), limit })
}

/// `events …`.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events of the range, newest first.
    List(EventListArgs),
}

/// `events list`.
#[derive(Debug, Args)]
pub(crate) struct EventListArgs {
    /// Only events where a column has this value (`feature=chat`, `user_id=…`; nothing after the sign means
    /// "has no value"), or has not (`status!=error`). Given several times: of one column any, of different
    /// columns all.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<String>,
    /// Only this hour of the week in the zone: 3:22 is Wednesdays from 22:00.
    #[arg(long, value_name = "WEEKDAY:HOUR")]
    pub(crate) hour: Option<String>,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// `audit …`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List audited changes, newest first.
    List {
        /// Only this operation.
        #[arg(long, value_name = "ID")]
        operation: Option<String>,
        /// Only rows whose key holds this text, for example a user's id.
        #[arg(long, value_name = "TEXT")]
        key: Option<String>,
        /// Only by somebody whose login or name holds this text.
        #[arg(long, value_name = "TEXT")]
        who: Option<String>,
        /// Only this action, for example change_plan.
        #[arg(long)]
        action: Option<String>,
        /// Only rows of this table.
        #[arg(long)]
        table: Option<String>,
        #[command(flatten)]
        when: WhenArgs,
        #[command(flatten)]
        page: Page,
    },
    /// Whether the log is whole: its chain on the server, and what this computer has seen of it; ends with 9
    /// when it is not.
    Verify,
}

/// Between when.
#[derive(Debug, Args)]
pub(crate) struct WhenArgs {
    /// Only from this day of the zone on, or from this instant: 2026-11-01, 2026-11-01T10:00:00Z.
    #[arg(long, value_name = "DAY|INSTANT", conflicts_with = "range")]
    pub(crate) since: Option<When>,
    /// Only up to this day, included, or before this instant.
    #[arg(long, value_name = "DAY|INSTANT", conflicts_with = "range")]
    pub(crate) until: Option<When>,
}

/// A day of the zone, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self::Day);
        let instant = || DateTime::parse_from_rfc3339(text).map(|at| Self::Instant(at.with_timezone(&Utc)));
        day.or_else(|_| instant())
            .map_err(|_| "a day is written 2026-11-01, an instant 2026-11-01T10:00:00Z".to_owned())
    }
}

impl WhenArgs {
    /// The same request between these.
    pub(crate) fn narrow(&self, mut request: AuditListReq, zone: Tz) -> AuditListReq {
        request.zone = zone;
        match self.since {
            Some(When::Day(day)) => request.first_day = Some(day),
            Some(When::Instant(at)) => request.since = Some(at),
            None => {}
        }
        match self.until {
            Some(When::Day(day)) => request.last_day = Some(day),
            Some(When::Instant(at)) => request.until = Some(at),
            None => {}
        }
        request
    }
}

/// `revert`.
#[derive(Debug, Args)]
pub(crate) struct RevertArgs {
    /// The operation's id, as `change-plan` and `audit list` print it.
    pub(crate) operation: String,
}

/// `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// How thorough: every row inside one cut, every row by hash sums range by range, or the file and the sums
    /// of the copy without the server.
    #[arg(long, value_enum, default_value_t = VerifyDepth::Full)]
    pub(crate) level: VerifyDepth,
    /// Wait until what differs was read again, and compare once more.
    #[arg(long)]
    pub(crate) repair: bool,
}

/// A level of `verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyDepth {
    /// Every row by hash sums.
    Scrub,
    /// The copy by itself.
    Daily,
    /// Every row and every sum.
    Full,
}

/// `sync …`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Go on looking until stopped.
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(subcommand)]
    pub(crate) command: Option<SyncCommand>,
}

/// What else can be done with the copy.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// How fresh each dataset is.
    Status,
    /// Stop looking until resumed.
    Pause,
    /// Go on looking.
    Resume,
    /// Put the copy aside and read it anew.
    Rebuild,
    /// Show or set which events are kept as rows; older ones are kept as sums, with the same totals.
    Window(SyncWindowArgs),
}

/// `sync window`.
#[derive(Debug, Args)]
pub(crate) struct SyncWindowArgs {
    /// Keep the rows of so many days before today (UTC), or `all`.
    #[arg(long, value_name = "DAYS", value_parser = limit::<u32>)]
    pub(crate) days: Option<Limit<u32>>,
    /// Keep about so many of the newest rows, or `all`.
    #[arg(long, value_name = "ROWS", value_parser = limit::<u64>)]
    pub(crate) rows: Option<Limit<u64>>,
}

/// A number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit<T>(pub(crate) Option<T>);

fn limit<T: std::str::FromStr>(text: &str) -> Result<Limit<T>, &'static str> {
    if text == "all" {
        return Ok(Limit(None));
    }
    text.replace(',', "").parse().map(|number| Limit(Some(number))).map_err(|_| "a whole number, or `all`")
}

/// `workspace …`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Add a database and use it.
    Add(WorkspaceAddArgs),
    /// List workspaces.
    List,
    /// Make a workspace the current one.
    Use {
        /// Name or id.
        name: String,
    },
    /// Forget a workspace, its password and its copy; the server keeps its data.
    Remove {
        /// Name or id.
        name: String,
    },
    /// Keep a new password of its login, read from standard input; the server is asked first.
    Password {
        /// Name or id.
        name: String,
    },
    /// Allow or refuse changes.
    Mode {
        /// Name or id.
        name: String,
        /// Which.
        #[arg(value_enum)]
        mode: WorkspaceMode,
    },
}

/// What may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkspaceMode {
    /// Every change is refused.
    ReadOnly,
    /// Changes are reviewed, then applied; in production and staging nothing dangerous.
    Reviewed,
    /// Everything, for 15 minutes; then it is as it was before.
    Unlocked,
}

/// `workspace add`.
#[derive(Debug, Args)]
pub(crate) struct WorkspaceAddArgs {
    /// Its name.
    pub(crate) name: String,
    /// postgresql://login@host:port/database?sslmode=verify-full; `-` reads it from standard input, and
    /// without it STEWARD_DATABASE_URL is taken. A password may be part of it, but then other people on
    /// this computer can see it while the command runs: prefer `-` or STEWARD_PASSWORD_COMMAND.
    #[arg(env = "STEWARD_DATABASE_URL", hide_env_values = true)]
    pub(crate) url: String,
    /// What kind of database it is.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) environment: EnvironmentArg,
    /// Whether changes may be made; production starts read-only.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<WorkspaceMode>,
    /// File with the authority's certificates (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// What kind of database it is.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum EnvironmentArg {
    /// Real customers.
    #[default]
    Production,
    /// For trying out.
    Staging,
    /// A developer's own.
    Development,
}

/// `connect`.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// The URL to test, `-` for standard input; without it the current workspace.
    pub(crate) url: Option<String>,
    /// File with the authority's certificates (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// `db …`.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// What of Steward's schema a database has.
    Status(DbArgs),
    /// Install Steward's schema: says first what it will do.
    Install(DbArgs),
    /// Bring Steward's schema up to date.
    Migrate(DbArgs),
}

/// Which database.
#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    /// An owner's URL, `-` for standard input, which is not kept; without it the current workspace's login.
    #[arg(long, env = "STEWARD_OWNER_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Plans to start with where there are none: demo, free_plus, tiered, credits, quotas.
    #[arg(long)]
    pub(crate) preset: Option<String>,
}

/// `sample …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// Open the sample company; the first time it is made.
    Open(SampleArgs),
    /// Throw the sample company away and make it anew.
    Reset(SampleArgs),
    /// Open it, read it, and show its overview: what the window would show first.
    Show {
        /// Which one.
        #[command(flatten)]
        sample: SampleArgs,
        /// Throw it away first and make it anew.
        #[arg(long)]
        reset: bool,
        /// How the overview is shown.
        #[command(flatten)]
        overview: OverviewArgs,
    },
}

/// Which sample company.
#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// small, medium, large.
    #[arg(long)]
    pub(crate) size: Option<String>,
    /// A database to fill instead of the server Steward starts itself; `-` for standard input.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

/// `settings …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Show them.
    Show,
    /// Change one: `theme dark`, `zone Europe/Berlin`, `range 90d`.
    Set {
        /// Its name as `settings show` prints it.
        name: String,
        /// Its new value.
        value: String,
    },
}
