//! `operators …`.

use clap::{Args, Subcommand, ValueEnum};

/// `operators …`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Who may use the console, what for, and when they last changed something.
    List,
    /// Make a login with a role's rights; its password is printed this once.
    Create(OperatorCreateArgs),
    /// Remove a login; what it did stays in the audit log.
    Remove {
        /// The login.
        login: String,
    },
}

/// `operators create`.
#[derive(Debug, Args)]
pub(crate) struct OperatorCreateArgs {
    /// The login: small letters, digits and `_`.
    pub(crate) login: String,
    /// The name in the audit log.
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do.
    #[arg(long, value_enum)]
    pub(crate) role: RoleArg,
}

/// A role of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// Looks.
    Viewer,
    /// Money, no writes to accounts.
    Finance,
    /// Accounts.
    Support,
    /// Everything.
    Admin,
}

impl RoleArg {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Finance => "finance",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }
}
