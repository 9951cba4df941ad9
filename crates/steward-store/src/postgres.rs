//! The server: how to reach it, the contract it carries, the actions it offers.
//!
//! Map: [`connect`] addresses and connections · [`error`] foreign failures as ours · [`cluster`] a private
//! PostgreSQL started by Steward · [`install`] the contract's migrations · [`actions`] previewed writes ·
//! [`doctor`] what a session can tell · [`cut`] what changed since a snapshot · [`load`] a dataset in full ·
//! [`sums`] the server's own sums · [`verify`] every row, for comparison · [`scrub`] hash sums of ranges, for comparison without rows ·
//! [`adopted`] tables of other schemas · [`role`] which console role a login has · [`operators`] logins ·
//! [`audit`] whether the log is whole · [`exports`] files that were made · [`upkeep`] cleanups and the data-quality report · [`sample`] the sample company.

pub mod actions;
pub mod adopted;
pub mod audit;
pub mod billing;
mod catalog;
pub mod cluster;
pub mod connect;
mod copy;
pub mod cut;
pub mod doctor;
pub mod error;
pub mod exports;
pub mod install;
pub mod load;
mod look;
pub mod operators;
pub mod pooler;
pub mod role;
pub mod sample;
pub mod scrub;
mod sql_text;
pub mod sums;
pub mod upkeep;
pub mod verify;

pub use sqlx::PgConnection;
