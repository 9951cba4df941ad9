//! `timeline_list`: everything that happened to a user, newest first.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::freshness::Freshness;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TimelineKind {
    /// Signed up.
    SignedUp,
    /// A subscription began.
    SubscriptionStarted,
    /// A subscription's terms changed.
    SubscriptionChanged,
    /// A subscription ended.
    SubscriptionEnded,
    /// The plan changed.
    PlanChanged,
    /// Shut out of the product.
    Suspended,
    /// Let back in.
    Restored,
    /// A limit was raised for a time.
    LimitRaised,
    /// A raise ended.
    RaiseEnded,
    /// The product refused events on a day.
    LimitHit,
    /// Anything else that was changed and audited.
    Changed,
}

/// Which part of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TimelineTopic {
    /// Everything.
    #[default]
    All,
    /// Plan and subscriptions.
    Plan,
    /// Limits: raised, ended, hit.
    Limits,
    /// What somebody changed, with their name.
    Changes,
}

impl TimelineTopic {
    /// Whether an entry belongs to it; `is_audited` where somebody's name stands beside it.
    #[must_use]
    pub fn holds(self, kind: TimelineKind, is_audited: bool) -> bool {
        use TimelineKind as Kind;
        match self {
            Self::All => true,
            Self::Changes => is_audited,
            Self::Limits => matches!(kind, Kind::LimitRaised | Kind::RaiseEnded | Kind::LimitHit),
            Self::Plan => matches!(
                kind,
                Kind::SignedUp
                    | Kind::SubscriptionStarted
                    | Kind::SubscriptionChanged
                    | Kind::SubscriptionEnded
                    | Kind::PlanChanged
            ),
        }
    }
}

/// Whose, from where on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineReq {
    /// Id or e-mail address.
    pub user: String,
    /// Zone of the days and of the instants in texts.
    #[serde(default = "utc")]
    #[ts(type = "string")]
    pub zone: Tz,
    /// Only this part.
    #[serde(default)]
    pub topic: TimelineTopic,
    /// Where the page before ended.
    #[serde(default)]
    pub after: Option<String>,
    /// Rows wanted, 1 to 1,000; 0 means 200.
    #[serde(default)]
    pub limit: u32,
}

fn utc() -> Tz {
    Tz::UTC
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineEntry {
    /// When; of several refusals of a day, the last.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: TimelineKind,
    /// What, in words.
    pub title: String,
    /// More of it; empty where the title says all.
    pub detail: String,
    /// Who did it, where somebody did.
    pub who: Option<String>,
    /// Why, as they wrote; empty where they did not.
    pub reason: String,
    /// The audited operation it belongs to.
    #[ts(type = "string | null")]
    pub operation: Option<Uuid>,
    /// Tells entries of one instant apart, and an entry from itself on another page.
    pub key: String,
}

/// A page of the timeline, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Timeline {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The entries.
    pub rows: Vec<TimelineEntry>,
    /// How many there are in all.
    pub total: u64,
    /// From when on refused requests are among the entries: older ones are among the events, or in sums alone.
    pub hits_since: DateTime<Utc>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}
