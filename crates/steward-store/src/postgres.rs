//! The server: how to reach it, the contract it carries, the actions it offers.
//!
//! Map: [`connect`] addresses and connections · [`error`] foreign failures as ours · [`cluster`] a private
//! PostgreSQL started by Steward.

pub mod cluster;
pub mod connect;
pub mod error;
