//! The front door: one command table for the window, the command line and the test server.
//!
//! Map: [`wire`] errors on the wire · [`command`] the commands by noun.
#![deny(missing_docs)]

pub mod command;
pub mod wire;
