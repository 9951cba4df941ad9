//! Steward's domain rules, and nothing that does I/O.
//!
//! No socket, no file, no clock of its own, no async runtime: everything here is a value or a pure
//! function, so that the rules money and sync depend on can be tested in microseconds.
//!
//! Map: [`error`] the one error type · [`clock`] time from outside · [`id`] newtype ids ·
//! [`period`] ranges, zones and calendar days · [`money`] exact amounts · [`dataset`] what is
//! synchronised, column by column · [`sync`] the rules of synchronisation · [`chart_spec`] charts
//! as data · [`overview`], [`usage`], [`offender`], [`event`], [`export`], [`find`], [`user`], [`timeline`],
//! [`account`], [`limit`], [`what_if`], [`plan`], [`report`], [`upkeep`], [`audit`], [`operation`], [`operator`] the nouns people ask
//! about and what every answer holds · [`stripe`] what the billing provider says · [`sample`] the invented company of
//! demo, tests and benchmarks.
#![deny(missing_docs)]

pub mod account;
pub mod audit;
pub mod chart_spec;
pub mod clock;
pub mod dataset;
pub mod error;
pub mod event;
pub mod export;
pub mod find;
pub mod freshness;
pub mod id;
pub mod limit;
pub mod money;
pub mod offender;
pub mod operation;
pub mod operator;
pub mod overview;
pub mod period;
pub mod plan;
pub mod report;
pub mod revenue;
pub mod sample;
pub mod stripe;
pub mod sync;
pub mod timeline;
pub mod upkeep;
pub mod usage;
pub mod user;
pub mod what_if;

pub use clock::{Clock, SystemClock};
pub use dataset::Dataset;
pub use error::{Error, ErrorCode, ErrorKind, FieldError, Result, RetryPolicy};
