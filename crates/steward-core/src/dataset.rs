//! What is synchronised, table by table and column by column.
//!
//! This is the one description of the server's rows that the copy keeps: the `COPY` lists, the binary
//! decoder, the cache's tables, verification and the Sync view are all read from it. The names are the
//! Postgres names of schema `steward`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A synchronised table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Dataset {
    /// The plan catalogue.
    Plans,
    /// What a plan allows per metric and period.
    PlanLimits,
    /// What a plan unlocks.
    PlanFeatures,
    /// The people who use the company's product.
    Users,
    /// The people who use Steward.
    Operators,
    /// Teams of users.
    Teams,
    /// Who is in which team.
    TeamMembers,
    /// Current subscriptions.
    Subscriptions,
    /// Every change of a subscription, appended by the server.
    SubscriptionChanges,
    /// Raised limits for a time.
    QuotaOverrides,
    /// Counted use per user, period and metric.
    UsageCounters,
    /// Months whose numbers were reported and frozen.
    MonthCloses,
    /// The audit log of every change made through an action.
    AuditLog,
    /// Every use of the product: the one table that grows without bound.
    UsageEvents,
}

impl Dataset {
    /// Every dataset in the order in which it is read first: small and needed by names first, events last.
    pub const ALL: [Self; 14] = [
        Self::Plans,
        Self::PlanLimits,
        Self::PlanFeatures,
        Self::Users,
        Self::Operators,
        Self::Teams,
        Self::TeamMembers,
        Self::Subscriptions,
        Self::SubscriptionChanges,
        Self::QuotaOverrides,
        Self::UsageCounters,
        Self::MonthCloses,
        Self::AuditLog,
        Self::UsageEvents,
    ];

    /// The description of this dataset.
    #[must_use]
    pub fn spec(self) -> &'static DatasetSpec {
        match self {
            Self::Plans => &PLANS,
            Self::PlanLimits => &PLAN_LIMITS,
            Self::PlanFeatures => &PLAN_FEATURES,
            Self::Users => &USERS,
            Self::Operators => &OPERATORS,
            Self::Teams => &TEAMS,
            Self::TeamMembers => &TEAM_MEMBERS,
            Self::Subscriptions => &SUBSCRIPTIONS,
            Self::SubscriptionChanges => &SUBSCRIPTION_CHANGES,
            Self::QuotaOverrides => &QUOTA_OVERRIDES,
            Self::UsageCounters => &USAGE_COUNTERS,
            Self::MonthCloses => &MONTH_CLOSES,
            Self::AuditLog => &AUDIT_LOG,
            Self::UsageEvents => &USAGE_EVENTS,
        }
    }

    /// The dataset kept in this Postgres table.
    #[must_use]
    pub fn from_table(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.spec().table == table)
    }
}

/// How a column travels and how the cache keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `uuid`; 16 bytes.
    Uuid,
    /// `text`, `char(3)`.
    Text,
    /// `boolean`; 0 or 1.
    Bool,
    /// `smallint`, `integer`, `bigint`; a 64-bit integer.
    Int,
    /// `timestamptz`; microseconds since 2000-01-01 UTC, the server's own epoch, with the extremes standing
    /// for ±infinity.
    Timestamp,
    /// `numeric`; canonical text, exact.
    Numeric,
    /// `jsonb`; its text.
    Json,
    /// `text[]`; a JSON array.
    TextArray,
}

/// A synchronised column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name on the server and in the cache.
    pub name: &'static str,
    /// Type on the server.
    pub kind: ColumnType,
}

/// How new and changed rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// Statement triggers write the keys of every change to `steward.change_log`.
    ChangeLog,
    /// Rows are written once and carry their writer in `tx`; only updates, deletes and truncates are logged.
    WriterColumn,
}

/// One synchronised table.
#[derive(Debug)]
pub struct DatasetSpec {
    /// Which dataset this is.
    pub dataset: Dataset,
    /// Its table in schema `steward` and in the cache.
    pub table: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The synchronised columns, in order; the key's columns are among them.
    pub columns: &'static [Column],
    /// The primary key's columns, in order.
    pub key: &'static [&'static str],
    /// How changes are found.
    pub capture: Capture,
}

impl DatasetSpec {
    /// Positions of the key's columns within [`DatasetSpec::columns`].
    pub fn key_positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.key.iter().map(|name| {
            self.columns.iter().position(|column| column.name == *name).expect("a key column is a column")
        })
    }
}

macro_rules! spec {
    ($name:ident, $dataset:ident, $table:literal, $label:literal, [$($key:literal),+], $capture:ident, {
        $($column:ident: $kind:ident,)+
    }) => {
        static $name: DatasetSpec = DatasetSpec {
            dataset: Dataset::$dataset,
            table: $table,
            label: $label,
            columns: &[$(Column { name: stringify!($column), kind: ColumnType::$kind },)+],
            key: &[$($key),+],
            capture: Capture::$capture,
        };
    };
}

spec!(PLANS, Plans, "plans", "Plans", ["code"], ChangeLog, {
    code: Text,
    name: Text,
    rank: Int,
    price_month_minor: Int,
    price_year_minor: Int,
    currency: Text,
    credits_per_month: Int,
    rollover_cap: Int,
    seats: Int,
    projects: Int,
    integrations: Int,
    requests_per_minute: Int,
    stripe_product_id: Text,
    stripe_price_month_id: Text,
    stripe_price_year_id: Text,
    custom_for_team: Uuid,
    archived_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(PLAN_LIMITS, PlanLimits, "plan_limits", "Plan limits", ["plan_code", "metric", "period"], ChangeLog, {
    plan_code: Text,
    metric: Text,
    period: Text,
    limit_value: Int,
    kind: Text,
    revision: Int,
});

spec!(PLAN_FEATURES, PlanFeatures, "plan_features", "Plan features", ["plan_code", "key"], ChangeLog, {
    plan_code: Text,
    key: Text,
    value: Json,
    revision: Int,
});

spec!(USERS, Users, "users", "Users", ["id"], ChangeLog, {
    id: Uuid,
    email: Text,
    name: Text,
    status: Text,
    role: Text,
    plan_code: Text,
    country: Text,
    timezone: Text,
    stripe_customer_id: Text,
    trial_end: Timestamp,
    last_seen_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(OPERATORS, Operators, "operators", "Operators", ["login"], ChangeLog, {
    login: Text,
    name: Text,
    role: Text,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(TEAMS, Teams, "teams", "Teams", ["id"], ChangeLog, {
    id: Uuid,
    name: Text,
    settings: Json,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(TEAM_MEMBERS, TeamMembers, "team_members", "Team members", ["team_id", "user_id"], ChangeLog, {
    team_id: Uuid,
    user_id: Uuid,
    role: Text,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(SUBSCRIPTIONS, Subscriptions, "subscriptions", "Subscriptions", ["id"], ChangeLog, {
    id: Uuid,
    user_id: Uuid,
    team_id: Uuid,
    plan_code: Text,
    status: Text,
    billing_interval: Text,
    interval_count: Int,
    quantity: Int,
    unit_amount_minor: Int,
    currency: Text,
    discount_kind: Text,
    discount_value: Numeric,
    discount_until: Timestamp,
    current_period_start: Timestamp,
    current_period_end: Timestamp,
    trial_end: Timestamp,
    cancel_at_period_end: Bool,
    canceled_at: Timestamp,
    started_at: Timestamp,
    ended_at: Timestamp,
    stripe_subscription_id: Text,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(SUBSCRIPTION_CHANGES, SubscriptionChanges, "subscription_changes", "Subscription history", ["id"], ChangeLog, {
    id: Uuid,
    subscription_id: Uuid,
    user_id: Uuid,
    team_id: Uuid,
    occurred_at: Timestamp,
    kind: Text,
    plan_code: Text,
    status: Text,
    billing_interval: Text,
    interval_count: Int,
    quantity: Int,
    unit_amount_minor: Int,
    currency: Text,
    discount_kind: Text,
    discount_value: Numeric,
    discount_until: Timestamp,
    recorded_at: Timestamp,
});

spec!(QUOTA_OVERRIDES, QuotaOverrides, "quota_overrides", "Raised limits", ["id"], ChangeLog, {
    id: Uuid,
    user_id: Uuid,
    team_id: Uuid,
    api_key_id: Uuid,
    metric: Text,
    period: Text,
    limit_value: Int,
    starts_at: Timestamp,
    until: Timestamp,
    reason: Text,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(USAGE_COUNTERS, UsageCounters, "usage_counters", "Usage counters", ["user_id", "period", "metric"], ChangeLog, {
    user_id: Uuid,
    period: Text,
    metric: Text,
    used: Int,
    updated_at: Timestamp,
});

spec!(MONTH_CLOSES, MonthCloses, "month_closes", "Closed months", ["month"], ChangeLog, {
    month: Text,
    zone: Text,
    profile: Text,
    figures: Json,
    closed_by: Text,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: Int,
});

spec!(AUDIT_LOG, AuditLog, "audit_log", "Audit log", ["id"], WriterColumn, {
    id: Int,
    at: Timestamp,
    intent: Uuid,
    login: Text,
    operator: Text,
    client: Text,
    action: Text,
    reason: Text,
    table_name: Text,
    row_key: Json,
    before: Json,
    after: Json,
    xid: Int,
    previous_hash: Text,
    hash: Text,
});

spec!(USAGE_EVENTS, UsageEvents, "usage_events", "Usage events", ["user_id", "occurred_at", "event_key"], WriterColumn, {
    user_id: Uuid,
    occurred_at: Timestamp,
    event_key: Uuid,
    recorded_at: Timestamp,
    team_id: Uuid,
    api_key_id: Uuid,
    campaign_id: Uuid,
    event_type: Text,
    feature: Text,
    provider: Text,
    model: Text,
    endpoint: Text,
    plan_code: Text,
    status: Text,
    is_admin: Bool,
    quantity: Int,
    input_tokens: Int,
    cached_tokens: Int,
    output_tokens: Int,
    reasoning_tokens: Int,
    bytes_out: Int,
    cost: Numeric,
    credits: Int,
    latency_ms: Int,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_describes_itself_once() {
        for dataset in Dataset::ALL {
            let spec = dataset.spec();
            assert_eq!(spec.dataset, dataset, "the spec belongs to its dataset");
            assert_eq!(Dataset::from_table(spec.table), Some(dataset), "the table's name leads back");
            assert_eq!(spec.key_positions().count(), spec.key.len(), "every key column is a column");
        }
    }
}
