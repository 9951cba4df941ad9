//! `steward`: arguments and rendering over the command table, and nothing else.
//!
//! Data goes to standard output, everything else to standard error. Map: `args` what can be typed · `run`
//! the process from first to last · `client` the table with this call's flags · `command` one module per
//! noun · `render` tables and JSON · `ask` questions to a person · `exit` what the shell is told.
#![deny(missing_docs)]

mod args;
mod ask;
mod client;
mod command;
mod exit;
mod render;
mod run;

pub use args::{Cli, covered_rows};
pub use exit::{EXIT_CODES, code_of};
pub use run::main;
