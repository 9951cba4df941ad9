//! Exact amounts.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An exact decimal in a currency's major unit, for costs below a cent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Cost {
    /// Plain decimal digits, for example `12.004300000`.
    pub amount: String,
    /// ISO 4217 code.
    pub currency: String,
}
