//! What the billing provider, Stripe, says: as the copy keeps it, and as it is compared with the company's own
//! subscriptions.
//!
//! Stripe is the authority for what it bills: nothing here is ever written back into a row of the company. Amounts
//! are whole minor units of ISO 4217; where Stripe writes a currency with other digits, [`currency`] brings it
//! into that form once, while reading.
//!
//! Map: [`currency`] the provider's form of amounts · [`key`] which keys there are · [`record`] the rows of the
//! copy · [`pull`] how far the reading is · [`reconcile`] here against there · [`change`] what is changed there ·
//! [`billing`] what is asked and answered.

pub mod billing;
pub mod change;
pub mod currency;
pub mod key;
pub mod pull;
pub mod reconcile;
pub mod record;

pub use pull::Part;
