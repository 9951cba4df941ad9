//! The only crate that speaks SQL: Postgres and the encrypted cache.
//!
//! Map: [`row`] rows on their way · [`record`] rows as they are hashed · `postgres` the server (connect,
//! contract, actions, cuts) · `cache` the encrypted copy (file, writer, rollups, queries) · `local` what must
//! survive a dropped cache.
#![deny(missing_docs)]

pub mod cache;
pub mod local;
pub mod postgres;
pub mod record;
pub mod row;
