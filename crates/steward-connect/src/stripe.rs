//! Stripe over HTTP: reads what it has, and says what a failure means.
//!
//! Only what is read is described ([`wire`]); a field that nobody asks for cannot break a reading. Requests wait
//! and try again where Stripe says so or where the network broke, through a [`Timer`], so that tests do not wait.
//!
//! Map: [`client`] requests, retries, failures · [`page`] the lists · [`change`] what is
//! changed there · [`wire`] objects as they travel · [`table`]
//! what Stripe exports as a file.

mod change;
mod client;
mod page;
mod table;
mod wire;

pub use change::{Asked, NewTerms, Planned, plan_cancel, plan_refund, plan_reinstate};
pub use client::{API_VERSION, Account, Pause, StripeClient, Timer, TokioTimer};
pub use page::Page;
pub use table::{SubscriptionTable, read_subscriptions};
