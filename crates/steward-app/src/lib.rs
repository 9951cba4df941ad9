//! The front door: one command table for the window, the command line and the test server.
//!
//! It holds no SQL, no rendering and no transport. Map: [`table`] every command, its types, role and tier ·
//! [`command`] the commands by noun · [`context`] the open front door · [`secrets`] where passwords and keys
//! live · [`change`] what changed, as tags · [`sync_driver`] the sync engine
//! at work · `export` tables and charts as files · [`wire`] requests and errors on the wire · [`typescript`] the
//! table as TypeScript · [`home`] the folder of data · [`locale`] language and zone of this computer ·
//! [`sample`] the sample company's database.
#![deny(missing_docs)]

pub mod change;
pub mod command;
pub mod context;
mod export;
pub mod home;
pub mod locale;
mod password;
pub mod sample;
pub mod secrets;
pub mod sync_driver;
pub mod table;
pub mod typescript;
pub mod wire;

pub use context::{Engine, OpenOptions, Steward};
pub use table::{Mode, dispatch};
