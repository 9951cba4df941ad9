//! What changed, told to whoever shows it: coalesced tags, never rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steward_core::Dataset;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// What an answer depends on and a change touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Tag {
    /// Workspaces and the session.
    Workspace,
    /// What a person chose on this computer.
    Settings,
    /// The state of the copy.
    Sync,
    /// Usage events and everything counted from them.
    Usage,
    /// Users, teams, subscriptions.
    Users,
    /// Plans and their limits.
    Plans,
    /// The audit log.
    Audit,
    /// Exports of this computer.
    Exports,
    /// What was read from the billing provider, and the connection to it.
    Billing,
}

impl Tag {
    /// Every tag: for whoever missed what changed.
    pub const ALL: [Self; 9] = [
        Self::Workspace,
        Self::Settings,
        Self::Sync,
        Self::Usage,
        Self::Users,
        Self::Plans,
        Self::Audit,
        Self::Exports,
        Self::Billing,
    ];

    /// The tag of the answers that rows of a dataset appear in.
    #[must_use]
    pub fn of(dataset: Dataset) -> Self {
        match dataset {
            Dataset::Plans | Dataset::PlanLimits | Dataset::PlanFeatures => Self::Plans,
            Dataset::UsageEvents => Self::Usage,
            Dataset::AuditLog => Self::Audit,
            Dataset::Users
            | Dataset::Operators
            | Dataset::Subscriptions
            | Dataset::SubscriptionChanges
            | Dataset::QuotaOverrides
            | Dataset::MonthCloses
            | Dataset::UsageCounters
            | Dataset::Teams
            | Dataset::TeamMembers => Self::Users,
        }
    }
}

/// The payload of the `changes` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Changes {
    /// What to ask for again.
    pub tags: Vec<Tag>,
}

/// Three frames: a cut that commits dataset by dataset becomes one redraw.
const COALESCE: Duration = Duration::from_millis(50);

/// Collects tags and sends them on, at most once per [`COALESCE`].
#[derive(Debug, Clone)]
pub(crate) struct Announcer {
    pending: Arc<Mutex<BTreeSet<Tag>>>,
    wake: Arc<Notify>,
    sender: broadcast::Sender<Changes>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Self { pending: Arc::default(), wake: Arc::default(), sender: broadcast::channel(64).0 }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Changes> {
        self.sender.subscribe()
    }

    pub(crate) fn announce(&self, tags: impl IntoIterator<Item = Tag>) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(tags);
        self.wake.notify_one();
    }

    /// Runs until cancelled; the owner joins it.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.wake.notified() => {}
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(COALESCE) => {}
            }
            let tags: Vec<Tag> =
                std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
                    .into_iter()
                    .collect();
            if !tags.is_empty() {
                // Nobody listening is no failure: the command line never does.
                let _ = self.sender.send(Changes { tags });
            }
        }
    }
}
