//! One test binary.

mod app;
mod cli;
mod contract;
mod postgres;
mod sync;
