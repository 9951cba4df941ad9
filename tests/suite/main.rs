//! One test binary.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test that meets what it did not expect ends there"
)]

mod app;
mod cache;
mod cli;
mod connect;
mod contract;
mod desktop;
mod postgres;
mod sample;
mod stripe;
mod sync;
