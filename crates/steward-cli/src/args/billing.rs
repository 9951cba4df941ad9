//! `stripe …`, `billing`, `invoices`, `payments`, `refunds`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use steward_core::stripe::change::RefundCause;
use steward_core::stripe::reconcile::DriftClass;

use super::Page;

/// `stripe …`.
#[derive(Debug, Subcommand)]
pub(crate) enum StripeCommand {
    /// Check a key of Stripe's and keep it in the keyring; it is asked for, or read from standard input.
    Connect {
        /// Read the key from this file instead; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Forget the key; what was read stays.
    Disconnect,
    /// How the workspace is connected, and how far Stripe was read.
    Status,
    /// Read what Stripe has, or go on with a reading that was interrupted.
    Pull,
    /// Subscriptions here against what Stripe bills; ends with 9 when they differ.
    Reconcile(ReconcileArgs),
    /// Move a subscription at Stripe to another plan, interval or number of seats: shows first what it will charge.
    Change(ChangeArgs),
    /// End a subscription at Stripe with its period, or at once.
    Cancel {
        /// Id at Stripe, sub_….
        subscription: String,
        /// At once; nothing is given back.
        #[arg(long)]
        now: bool,
    },
    /// Take back that a subscription at Stripe ends with its period.
    Reinstate {
        /// Id at Stripe, sub_….
        subscription: String,
    },
    /// Give a payment back at Stripe, in whole or in part.
    Refund(RefundArgs),
}

/// `stripe change`.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Id at Stripe, sub_….
    pub(crate) subscription: String,
    /// The new plan's code.
    #[arg(long, value_name = "CODE", required_unless_present_any = ["interval", "quantity"])]
    pub(crate) plan: Option<String>,
    /// month or year.
    #[arg(long, value_parser = ["month", "year"])]
    pub(crate) interval: Option<String>,
    /// Seats.
    #[arg(long, value_name = "SEATS")]
    pub(crate) quantity: Option<u32>,
}

/// `stripe refund`.
#[derive(Debug, Args)]
pub(crate) struct RefundArgs {
    /// Id at Stripe, ch_….
    pub(crate) payment: String,
    /// How much, in the payment's currency, as 12.50; without it all that is left.
    #[arg(long)]
    pub(crate) amount: Option<String>,
    /// Why, as Stripe wants it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) cause: CauseArg,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum CauseArg {
    /// The customer asked for it.
    #[default]
    RequestedByCustomer,
    /// It was charged twice.
    Duplicate,
    /// It was not the customer who paid.
    Fraudulent,
}

impl From<CauseArg> for RefundCause {
    fn from(cause: CauseArg) -> Self {
        match cause {
            CauseArg::RequestedByCustomer => Self::RequestedByCustomer,
            CauseArg::Duplicate => Self::Duplicate,
            CauseArg::Fraudulent => Self::Fraudulent,
        }
    }
}

/// `stripe reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Compare with a table of subscriptions that was exported from Stripe, without a key.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Only this kind of difference.
    #[arg(long, value_enum)]
    pub(crate) class: Option<ClassArg>,
    /// Differences wanted, 1 to 10000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// A kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassArg {
    /// Stripe bills one account twice.
    Duplicate,
    /// Stripe bills a customer whom nobody here is.
    Orphan,
    /// Stripe bills an account that has no such subscription here.
    MissingHere,
    /// Open here, and not at Stripe.
    MissingThere,
    /// Open on one side only, or ending on one side only.
    Status,
    /// Another plan.
    Plan,
    /// Another price, discount or currency.
    Amount,
    /// Another interval.
    Interval,
    /// Another number of seats.
    Quantity,
    /// The period ends at another time.
    Period,
}

impl From<ClassArg> for DriftClass {
    fn from(class: ClassArg) -> Self {
        match class {
            ClassArg::Duplicate => Self::Duplicate,
            ClassArg::Orphan => Self::Orphan,
            ClassArg::MissingHere => Self::MissingHere,
            ClassArg::MissingThere => Self::MissingThere,
            ClassArg::Status => Self::Status,
            ClassArg::Plan => Self::Plan,
            ClassArg::Amount => Self::Amount,
            ClassArg::Interval => Self::Interval,
            ClassArg::Quantity => Self::Quantity,
            ClassArg::Period => Self::Period,
        }
    }
}

/// Whose invoices, payments or refunds.
#[derive(Debug, Args)]
pub(crate) struct BillingFilterArgs {
    /// Only of this user: id or e-mail address.
    #[arg(long, value_name = "USER")]
    pub(crate) account: Option<String>,
    /// Only whose number, id or customer holds this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// `invoices`.
#[derive(Debug, Args)]
pub(crate) struct InvoiceArgs {
    /// Only open ones whose payment was tried and failed.
    #[arg(long)]
    pub(crate) failing: bool,
    /// Only with this status: draft, open, paid, uncollectible, void.
    #[arg(long)]
    pub(crate) status: Option<String>,
    #[command(flatten)]
    pub(crate) filter: BillingFilterArgs,
}

/// `payments`.
#[derive(Debug, Args)]
pub(crate) struct PaymentArgs {
    /// Only with this status: succeeded, pending, failed.
    #[arg(long)]
    pub(crate) status: Option<String>,
    #[command(flatten)]
    pub(crate) filter: BillingFilterArgs,
}
