//! One test binary.

mod contract;
mod postgres;
mod sync;
