//! The commands, one module per noun.

pub mod database;
pub mod settings;
pub mod sync;
pub mod workspace;
