//! One test binary.

mod app;
mod cache;
mod cli;
mod connect;
mod contract;
mod desktop;
mod postgres;
mod sample;
mod sync;
