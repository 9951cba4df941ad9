//! Test support: real databases and what fills them.

pub mod bench;
pub mod cluster;
pub mod file_system;
pub mod rows;
pub mod server;
pub mod stripe;
pub mod trouble;
pub mod window;
