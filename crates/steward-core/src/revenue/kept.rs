//! `month_figures`, `month_keep`, `month_drop`: a month that is closed on this computer, without a connection, and sent later as it was.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::close::{ClosedMonth, Figures, MonthAdjustment};
use super::month::Month;
use crate::id::IntentId;
use crate::{Error, ErrorKind, Result};

/// Asks what closing a month would write down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthFiguresReq {
    /// `2026-10`; it has to be over in the copy.
    #[ts(type = "string")]
    pub month: Month,
    /// IANA zone of the month.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
}

/// What closing a month would write down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthPreview {
    /// Of when the copy is.
    pub as_of: DateTime<Utc>,
    /// The figures.
    pub figures: Figures,
}

/// Closes a month on this computer; `month_close` sends it later.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthKeepReq {
    /// Under which id it is sent; made by whoever asks.
    pub intent: IntentId,
    /// `2026-10`; it has to be over in the copy.
    #[ts(type = "string")]
    pub month: Month,
    /// IANA zone of the month.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// Of when the figures were that somebody looked at. Where the copy has moved on since, nothing is kept.
    #[serde(default)]
    pub as_of: Option<DateTime<Utc>>,
    /// Why, which is asked for; goes to the audit log when it is sent.
    #[serde(default)]
    pub reason: String,
}

/// Throws away a month that was closed on this computer and not sent.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthDropReq {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// The month again, typed.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// What was thrown away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthDropped {
    /// The month.
    #[ts(type = "string")]
    pub month: Month,
    /// What it was; none where it could not be opened.
    pub was: Option<ClosedMonth>,
}

/// A month as it was closed on this computer: all that the server is told of it later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptClose {
    /// Under which id it is sent. The server answers a second time with what it did the first time.
    pub intent: IntentId,
    /// The month.
    pub month: Month,
    /// Its zone.
    pub zone: Tz,
    /// Name of the definition.
    pub profile: String,
    /// [`Figures`] as JSON, as they were written then. They are sent as they are: whoever wrote them anew would send
    /// something else under the same id.
    pub figures: String,
    /// Why.
    pub reason: String,
    /// Of when the copy was.
    pub as_of: DateTime<Utc>,
    /// When it was closed.
    pub kept_at: DateTime<Utc>,
    /// The login of the workspace then.
    pub login: String,
}

impl KeptClose {
    /// The figures.
    ///
    /// # Errors
    /// `Invalid` where this Steward cannot read them.
    pub fn figures(&self) -> Result<Figures> {
        serde_json::from_str(&self.figures).map_err(|cause| unreadable(self.month).with_source(cause))
    }
}

/// The months that are closed on this computer and not sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeptCloses {
    /// Newest first.
    pub closes: Vec<KeptClose>,
    /// Those that cannot be opened, newest first.
    pub unreadable: Vec<Month>,
}

impl KeptCloses {
    /// The one of a month; none where it is not kept.
    ///
    /// # Errors
    /// `Invalid` where it cannot be opened.
    pub fn of(&self, month: Month) -> Result<Option<&KeptClose>> {
        if self.unreadable.contains(&month) {
            return Err(unreadable(month));
        }
        Ok(self.closes.iter().find(|close| close.month == month))
    }
}

/// A month is kept, and cannot be opened: what it is called, and what to do.
#[must_use]
pub fn unreadable(month: Month) -> Error {
    Error::invalid("month", unreadable_words(month))
}

fn unreadable_words(month: Month) -> String {
    format!(
        "{month} was closed on this computer, but what was kept cannot be opened: the key it was sealed with is not \
         where secrets are kept. Put that key back, or drop the month and close it anew. Nothing was thrown away."
    )
}

/// What there is to say of a month that is closed on this computer only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonthKept {
    /// Under which id it is sent.
    pub intent: IntentId,
    /// Of when the copy was that the figures were made from.
    pub as_of: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The server's figures less the kept ones, once the month is closed there, too: by somebody else, or by this intent
    /// whose answer was lost. None while it is not.
    pub on_server: Option<Vec<MonthAdjustment>>,
}

/// A month that is closed on this computer, and cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UnreadableClose {
    /// The month.
    #[ts(type = "string")]
    pub month: Month,
    /// Why, and what to do.
    pub why: String,
}

impl UnreadableClose {
    /// Of this month.
    #[must_use]
    pub fn of(month: Month) -> Self {
        Self { month, why: unreadable_words(month) }
    }
}
/// Nothing is kept of a month.
#[must_use]
pub fn not_kept(month: Month) -> Error {
    Error::new(ErrorKind::NotFound, format!("{month} is not closed on this computer."))
        .with_field("month", "Nothing is kept of it.")
}
