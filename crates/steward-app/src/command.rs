//! The commands, one module per noun: thin, each a few lines over the store, the engine or the keyring.

pub mod account;
pub mod audit;
pub mod connection;
pub mod database;
pub mod doctor;
pub mod event;
pub mod export;
pub mod find;
pub mod limit;
pub mod month;
pub mod operation;
pub mod operator;
pub mod overview;
pub mod plan;
pub mod revenue;
pub mod sample;
pub mod session;
pub mod settings;
pub mod sync;
pub mod timeline;
pub mod upkeep;
pub mod usage;
pub mod user;
pub mod view;
pub mod workspace;
