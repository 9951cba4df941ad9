//! The only crate that speaks to foreign networks
