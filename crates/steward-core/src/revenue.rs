//! Recurring revenue: exact, explained, and the same wherever it is shown.
//!
//! A [`Profile`] says what counts; [`subscription::Subscription`] is a history of terms; everything else is a
//! pure function of the two. Amounts are fractions of a minor unit and are rounded once, at display. Currencies
//! are never added: every answer is per currency.
//!
//! Map: [`amount`] exact sums · [`subscription`] terms and their history · [`profile`] what counts ·
//! [`mrr`] the monthly value at an instant · [`book`] every customer's value over time · [`movement`] how it changed · [`ratio`] churn,
//! retention and the figures made of them · [`trial`] both conversions · [`cohort`] retention by the month of the
//! first payment · [`bridge`] why two profiles differ · [`month`] calendar months and the one rounding ·
//! [`answer`] what is asked and answered · [`metric`] the numbers and what they mean · `chart` months as charts · [`history`] the answers from a history ·
//! [`close`] months whose numbers stay as they were reported · [`forecast`] where it is heading · [`scenario`] what if
//! prices, churn or conversion were others · [`rate`] totals in one currency at stated rates · [`at_stripe`] what Stripe's subscriptions are worth ·
//! [`stripe_bridge`] why that is another total · [`stripe_answer`] what is asked and answered of it.

pub mod amount;
pub mod answer;
pub mod at_stripe;
pub mod book;
pub mod bridge;
mod chart;
pub mod close;
pub mod cohort;
pub mod forecast;
pub mod history;
pub mod kept;
pub mod metric;
pub mod month;
pub mod movement;
pub mod mrr;
pub mod profile;
pub mod rate;
pub mod ratio;
pub mod scenario;
pub mod stripe_answer;
pub mod stripe_bridge;
pub mod subscription;
pub mod trial;

pub use amount::Amount;
pub use book::Book;
pub use history::History;
pub use month::Month;
pub use profile::Profile;
pub use subscription::Subscription;

#[cfg(test)]
mod identities;
#[cfg(test)]
mod traps;
