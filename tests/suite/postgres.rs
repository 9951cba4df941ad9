//! Addresses, connections, private clusters.

mod address;
mod adopted;
mod cluster;
mod error;
