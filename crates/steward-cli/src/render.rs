//! Tables, numbers and JSON.

pub(crate) mod billing;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod limit;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod operator;
pub(crate) mod outlook;
pub(crate) mod output;
pub(crate) mod overview;
pub(crate) mod revenue;
pub(crate) mod spark;
pub(crate) mod status;
pub(crate) mod style;
pub(crate) mod table;
mod tokens;
pub(crate) mod upkeep;
pub(crate) mod usage;
pub(crate) mod user;
