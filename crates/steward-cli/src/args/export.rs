//! Arguments of `export`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::noun::{UserFilterArgs, WhenArgs};

/// `export …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Users.
    Users {
        #[command(flatten)]
        filter: UserFilterArgs,
        #[command(flatten)]
        file: ExportArgs,
    },
    /// Events of the range.
    Events {
        /// Only events where a column has this value, as for `events list`. May be given several times.
        #[arg(long = "where", value_name = "COLUMN=VALUE")]
        filters: Vec<String>,
        /// Only this hour of the week in the zone: 3:22 is Wednesdays from 22:00.
        #[arg(long, value_name = "WEEKDAY:HOUR")]
        hour: Option<String>,
        /// From this instant on, in place of a range: 2026-11-22T10:00:00Z.
        #[arg(long, value_name = "INSTANT", requires = "to", conflicts_with = "range")]
        from: Option<DateTime<Utc>>,
        /// Up to this instant, not included.
        #[arg(long, value_name = "INSTANT", requires = "from")]
        to: Option<DateTime<Utc>>,
        #[command(flatten)]
        file: ExportArgs,
    },
    /// The audit log.
    Audit {
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
        file: ExportArgs,
    },
    /// Plans with their limits.
    Plans {
        #[command(flatten)]
        file: ExportArgs,
    },
    /// A table or chart of the overview.
    Overview {
        /// Which.
        #[arg(value_enum)]
        part: OverviewPart,
        #[command(flatten)]
        file: ExportArgs,
    },
    /// Any table or chart inside the answer of a command that asks.
    Answer {
        /// The command, as the table calls it: `overview_show`.
        command: String,
        /// Where the rows are in its answer, a JSON pointer: `/by_plan`.
        rows: String,
        /// Its request as JSON.
        #[arg(long, default_value = "null", value_name = "JSON")]
        request: String,
        #[command(flatten)]
        file: ExportArgs,
    },
    /// Exports of this computer, those that run included.
    List,
    /// Stop an export, in whichever process it runs.
    Cancel {
        /// Its id, as `export list` shows it.
        id: uuid::Uuid,
    },
}

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The file; without it one in the downloads folder.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The kind of file; otherwise as the file's name ends.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormatArg>,
    /// Local times and amounts in the major unit, instead of ISO 8601 with offset and minor units.
    #[arg(long)]
    pub(crate) formatted: bool,
    /// Begin a CSV file with the mark by which Excel knows UTF-8.
    #[arg(long)]
    pub(crate) bom: bool,
    /// Replace a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormatArg {
    /// Comma-separated values.
    Csv,
    /// A workbook.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
    /// A chart as a picture.
    Png,
    /// A chart as a picture whose text stays text.
    Svg,
}

/// A table or chart of the overview.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OverviewPart {
    /// Events per day.
    Activity,
    /// Latency per day.
    Latency,
    /// Errors per day.
    Errors,
    /// Events by feature.
    Features,
    /// Events by plan.
    Plans,
    /// Events by model.
    Models,
    /// The most active users.
    TopUsers,
    /// The six numbers.
    Cards,
}
