//! Addresses, connections, private clusters.

mod address;
mod cluster;
