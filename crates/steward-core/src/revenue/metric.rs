//! The numbers of a month, each with its definition in words.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::profile::Profile;

/// Which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RevenueMetric {
    /// Monthly recurring revenue.
    Mrr,
    /// Twelve times that.
    Arr,
    /// What is left when every cancellation that was asked for has taken effect.
    CommittedMrr,
    /// Customers with a monthly value.
    Customers,
    /// Revenue per paying customer.
    Arpu,
    /// Revenue per customer with an open subscription, those who pay nothing for it included.
    ArpuWithFree,
    /// Customers lost, of those at the start.
    LogoChurn,
    /// Revenue lost, of that at the start.
    GrossChurn,
    /// The same less expansion and reactivation.
    NetChurn,
    /// Net revenue retention over twelve months.
    NetRetentionYear,
    /// Gross revenue retention over twelve months.
    GrossRetentionYear,
    /// Net revenue retention over the month.
    NetRetention,
    /// Gross revenue retention over the month.
    GrossRetention,
    /// Gains over losses.
    QuickRatio,
    /// Revenue per customer over customer churn.
    LifetimeValue,
    /// Trials that ended and pay.
    TrialsEnded,
    /// Trials that began and pay.
    TrialsStarted,
}

impl RevenueMetric {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Mrr => "MRR",
            Self::Arr => "ARR",
            Self::CommittedMrr => "Committed MRR",
            Self::Customers => "Paying customers",
            Self::Arpu => "ARPU",
            Self::ArpuWithFree => "ARPU incl. free",
            Self::LogoChurn => "Customer churn",
            Self::GrossChurn => "Gross revenue churn",
            Self::NetChurn => "Net revenue churn",
            Self::NetRetentionYear => "NRR, 12 months",
            Self::GrossRetentionYear => "GRR, 12 months",
            Self::NetRetention => "NRR, month",
            Self::GrossRetention => "GRR, month",
            Self::QuickRatio => "Quick ratio",
            Self::LifetimeValue => "Lifetime value",
            Self::TrialsEnded => "Trial conversion, ended",
            Self::TrialsStarted => "Trial conversion, started",
        }
    }

    /// How it is computed under a profile.
    #[must_use]
    pub fn definition(self, profile: &Profile) -> String {
        let text = match self {
            Self::Mrr => {
                return format!(
                    "What all subscriptions that count are worth per month at that instant: every item's price \
                     times quantity, a year as a twelfth, without tax, trials and one-off items. Under {}: {}.",
                    profile.name,
                    profile.in_words()
                );
            }
            Self::Arr => "MRR times twelve, under the same definition.",
            Self::CommittedMrr => {
                "MRR without the subscriptions whose cancellation has been asked for, even where it takes \
                 effect later."
            }
            Self::Customers => {
                "Users and teams whose monthly value is above 0. Several subscriptions of one holder are one \
                 customer; free plans and trials are not in it."
            }
            Self::Arpu => "MRR over paying customers.",
            Self::ArpuWithFree => {
                "MRR over all customers with an open subscription: paying, in a trial, or worth nothing. Who has \
                 no subscription at all is not in it."
            }
            Self::LogoChurn => {
                "Customers who paid when the month began and do not when it ends, of those who did."
            }
            Self::GrossChurn => "Churn and contraction of the month, of the MRR when it began.",
            Self::NetChurn => {
                "Churn and contraction less expansion and reactivation, of the MRR when the month began; \
                 negative where the gains are larger."
            }
            Self::NetRetentionYear => {
                "What the customers of twelve months ago pay now, of what they paid then. New customers and \
                 those who returned from outside that group are not in it."
            }
            Self::GrossRetentionYear => {
                "For each customer of twelve months ago the smaller of then and now, of what they paid then. \
                 Never above 100 %."
            }
            Self::NetRetention => {
                "What the customers of the month's start pay at its end, of what they paid."
            }
            Self::GrossRetention => {
                "For each customer of the month's start the smaller of start and end, of what they paid."
            }
            Self::QuickRatio => "New and expansion over churn and contraction; reactivation is not in it.",
            Self::LifetimeValue => "ARPU over customer churn of the month.",
            Self::TrialsEnded => {
                "Of the trials that ended in the month, those that went on to pay. Final once the month is \
                 over."
            }
            Self::TrialsStarted => {
                "Of the trials that began in the month, those that went on to pay so far. Rises while trials \
                 are open."
            }
        };
        text.to_owned()
    }

    /// Why it has no value.
    #[must_use]
    pub fn without(self) -> &'static str {
        match self {
            Self::Mrr | Self::Arr | Self::CommittedMrr | Self::Customers => "Nobody ever paid.",
            Self::Arpu => "Nobody pays.",
            Self::ArpuWithFree => "Nobody has a subscription.",
            Self::LogoChurn
            | Self::GrossChurn
            | Self::NetChurn
            | Self::NetRetention
            | Self::GrossRetention => "Nobody paid when the month began.",
            Self::NetRetentionYear | Self::GrossRetentionYear => "Nobody paid twelve months before.",
            Self::QuickRatio => "No losses.",
            Self::LifetimeValue => "No customer was lost, or nobody pays.",
            Self::TrialsEnded => "No trial ended.",
            Self::TrialsStarted => "No trial began.",
        }
    }
}
