//! The only crate that opens connections to networks which are not Steward's own database sessions.
//!
//! It never holds a password longer than a handshake needs it, never reads a table, and never decides
//! what a failure means for a workspace.
//!
//! Map: [`stages`] the way to a database server, checked stage by stage · [`stripe`] the billing provider.
#![deny(missing_docs)]

pub mod stages;
pub mod stripe;
