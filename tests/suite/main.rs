//! One test binary.

mod postgres;
