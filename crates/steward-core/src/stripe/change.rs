//! `subscription_change`, `subscription_cancel`, `subscription_reinstate`, `payment_refund`: what is changed at Stripe,
//! previewed there first and written down here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::IntentId;

/// Moves a subscription at Stripe to another plan, interval or number of seats.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubscriptionChangeReq {
    /// Made by the caller once per decision; it is also the idempotency key at Stripe.
    pub intent: IntentId,
    /// Id at Stripe, `sub_…`.
    pub subscription: String,
    /// The new plan's code; none leaves it.
    #[serde(default)]
    pub plan_code: Option<String>,
    /// `month` or `year`; none leaves it.
    #[serde(default)]
    pub interval: Option<String>,
    /// Seats; none leaves them.
    #[serde(default)]
    pub quantity: Option<u32>,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview, with the instant it was prorated at; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Ends a subscription at Stripe.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubscriptionCancelReq {
    /// Made by the caller once per decision; it is also the idempotency key at Stripe.
    pub intent: IntentId,
    /// Id at Stripe, `sub_…`.
    pub subscription: String,
    /// Whether it ends at once, with nothing given back; otherwise with its period.
    #[serde(default)]
    pub is_now: bool,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Takes back that a subscription ends with its period.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubscriptionReinstateReq {
    /// Made by the caller once per decision; it is also the idempotency key at Stripe.
    pub intent: IntentId,
    /// Id at Stripe, `sub_…`.
    pub subscription: String,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Why money is given back, as Stripe wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RefundCause {
    /// The customer asked for it.
    #[default]
    RequestedByCustomer,
    /// It was charged twice.
    Duplicate,
    /// It was not the customer who paid.
    Fraudulent,
}

impl RefundCause {
    /// Its name at Stripe.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestedByCustomer => "requested_by_customer",
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
        }
    }
}

/// Gives a payment back, in whole or in part.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PaymentRefundReq {
    /// Made by the caller once per decision; it is also the idempotency key at Stripe.
    pub intent: IntentId,
    /// Id at Stripe, `ch_…`.
    pub payment: String,
    /// Minor units of the payment's currency; none is all that is left of it.
    #[serde(default)]
    pub amount_minor: Option<i64>,
    /// Why, as Stripe wants it.
    #[serde(default)]
    pub cause: RefundCause,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}
