//! One test binary.

mod app;
mod cli;
mod connect;
mod contract;
mod desktop;
mod postgres;
mod sync;
