//! What is asked about the difference to Stripe, and answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::profile::Profile;
use crate::freshness::Freshness;

/// Why the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum StripeBridgeCause {
    /// Paid here and billed by hand.
    ByHand,
    /// Paid here, and not there at Stripe.
    MissingThere,
    /// Paid here; at Stripe it has a price in steps, or a discount that was not told.
    Unvalued,
    /// Stands otherwise at Stripe.
    Status,
    /// Another plan.
    Plan,
    /// Another interval, and the price that belongs to it.
    Interval,
    /// Another number of seats.
    Quantity,
    /// Another price, discount or currency, or more lines than one.
    Amount,
    /// A period that ends at another time, where that is how long it counts.
    Period,
    /// Billed at Stripe, and not here.
    MissingHere,
    /// Billed twice.
    Duplicate,
    /// Billed to a customer whom nobody here is.
    Orphan,
}

impl StripeBridgeCause {
    /// What it does to the total, in words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ByHand => "Billed by hand, not at Stripe",
            Self::MissingThere => "Missing at Stripe",
            Self::Unvalued => "Not to be valued at Stripe",
            Self::Status => "Another status at Stripe",
            Self::Plan => "Another plan at Stripe",
            Self::Interval => "Another interval at Stripe",
            Self::Quantity => "Another number of seats at Stripe",
            Self::Amount => "Another price or discount at Stripe",
            Self::Period => "Another end of the period at Stripe",
            Self::MissingHere => "At Stripe and missing here",
            Self::Duplicate => "Billed twice",
            Self::Orphan => "Of nobody who is known here",
        }
    }
}

/// Under which definition, and in which currency; at the as-of of the copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueStripeBridgeReq {
    /// `stripe`, `chartmogul` or `profitwell`; none is the first.
    #[serde(default)]
    pub profile: Option<String>,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
}

/// A subscription behind a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueStripeBridgeRow {
    /// The user's or team's id; none where nobody here is the customer.
    #[ts(type = "string | null")]
    pub customer: Option<Uuid>,
    /// Whether it is a team.
    pub is_team: bool,
    /// E-mail address or name, or what Stripe calls the customer.
    pub name: Option<String>,
    /// The subscription at Stripe; none where there is none.
    pub stripe_subscription: Option<String>,
    /// By how much.
    pub difference_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// What one kind of difference is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueStripeBridgeStep {
    /// The kind.
    pub cause: StripeBridgeCause,
    /// In words.
    pub label: String,
    /// The change of the total.
    pub difference_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// How many subscriptions it concerns.
    pub subscriptions: u64,
    /// Those it changes most.
    pub largest: Vec<RevenueStripeBridgeRow>,
}

/// Why the company's recurring revenue and its account at Stripe differ; the steps sum to the difference to the minor
/// unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueStripeBridge {
    /// How fresh this side is.
    pub freshness: Freshness,
    /// When the reading of Stripe's side began; none before the first whole one.
    pub stripe_as_of: Option<DateTime<Utc>>,
    /// The definition that values both sides.
    pub profile: Profile,
    /// The currency; none while nobody paid in any.
    pub currency: Option<String>,
    /// Every currency that either side has.
    pub currencies: Vec<String>,
    /// Total here.
    pub from_minor: i64,
    /// Total at Stripe; none where it is not known.
    pub to_minor: Option<i64>,
    /// The second less the first; none where it is not known.
    pub difference_minor: Option<i64>,
    /// Why the total at Stripe is not known.
    pub without: Option<String>,
    /// The steps between.
    pub steps: Vec<RevenueStripeBridgeStep>,
    /// Subscriptions that count at Stripe in this currency and cannot be valued: they are in no amount.
    pub unvalued: u64,
    /// How both sides are counted, as sentences.
    pub method: String,
}
