//! `timeline_list`: everything that happened to a user, merged from what the copy knows.
//!
//! Sign-up, subscriptions, raises and audited changes are few for one user and read whole. Refusals are
//! looked for among the events of the last [`HIT_DAYS`] days.

mod audited;
mod hits;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Row, params};
use steward_core::audit::AuditRow;
use steward_core::id::UserId;
use steward_core::timeline::{Timeline, TimelineEntry, TimelineKind, TimelineReq};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::naming::{Plans, in_words};
use super::{user, wrong_cursor};
use crate::cache::{Reader, fault, instant};

/// Days before the as-of whose refusals are shown; older ones are among the events.
const HIT_DAYS: i64 = 30;

/// What entries are written with.
struct Writing<'r> {
    reader: &'r Reader,
    user: Uuid,
    plans: Plans,
    zone: Tz,
}

impl Writing<'_> {
    fn plan(&self, code: &str) -> String {
        self.plans.names.get(code).map_or_else(|| code.to_owned(), |plan| plan.name.clone())
    }

    fn instant(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }
}

/// A page of what happened, newest first.
///
/// # Errors
/// `NotFound` when nobody has this id or address; `Invalid` for a cursor that is none of ours; when the file
/// cannot be read.
pub fn list(reader: &Reader, req: &TimelineReq) -> Result<Timeline> {
    let freshness = super::freshness(
        reader,
        &[
            Dataset::Users,
            Dataset::Plans,
            Dataset::SubscriptionChanges,
            Dataset::QuotaOverrides,
            Dataset::AuditLog,
            Dataset::UsageEvents,
        ],
    )?;
    let user = user::find(reader, &req.user)?;
    let UserId(id) = user.id;
    let after: Option<(i64, String)> = req
        .after
        .as_deref()
        .map(|text| serde_json::from_str(text).map_err(|_| wrong_cursor()))
        .transpose()?;
    let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
    let writing = Writing { reader, user: id, plans: Plans::read(reader)?, zone: req.zone };
    let changes = changes(reader, id)?;
    let mut entries = vec![TimelineEntry {
        at: user.created_at,
        kind: TimelineKind::SignedUp,
        title: "Signed up".to_owned(),
        detail: String::new(),
        who: None,
        reason: String::new(),
        operation: None,
        key: "sign-up".to_owned(),
    }];
    subscription_steps(&writing, &changes, &mut entries)?;
    ended_raises(&writing, as_of, &mut entries)?;
    audited::entries(&writing, &changes, &mut entries);
    let hits_since = hits::since(reader, as_of)?;
    hits::entries(&writing, hits_since, as_of, &mut entries)?;
    entries.retain(|entry| req.topic.holds(entry.kind, entry.who.is_some()));
    entries.sort_by(|a, b| (b.at, &b.key).cmp(&(a.at, &a.key)));
    let total = entries.len() as u64;
    let limit = super::page_rows(req.limit);
    if let Some((at, key)) = after {
        entries.retain(|entry| (instant::from_utc(entry.at), &entry.key) < (at, &key));
    }
    let next = (entries.len() > limit).then(|| {
        entries.truncate(limit);
        entries
            .last()
            .map(|last| serde_json::json!([instant::from_utc(last.at), last.key]).to_string())
            .unwrap_or_default()
    });
    Ok(Timeline { freshness, rows: entries, total, hits_since, next })
}

/// The audit log's entries about a user, newest first: the row itself, memberships, counters, subscriptions,
/// raises.
pub(super) fn changes(reader: &Reader, user: Uuid) -> Result<Vec<AuditRow>> {
    let text = user.to_string();
    let bytes = user.as_bytes().as_slice();
    let ids: Vec<i64> = reader
        .connection()
        .prepare_cached(
            "select id from audit_log
             where table_name in ('users', 'team_members', 'usage_counters')
               and coalesce(row_key ->> 'user_id', row_key ->> 'id') = ?1
             union
             select audit_log.id from subscriptions cross join audit_log
                 on audit_log.table_name = 'subscriptions'
                 and coalesce(row_key ->> 'user_id', row_key ->> 'id') = uuid_text(subscriptions.id)
             where subscriptions.user_id = ?2
             union
             select later.id from audit_log made cross join audit_log later
                 on later.table_name = 'quota_overrides'
                 and coalesce(later.row_key ->> 'user_id', later.row_key ->> 'id') = made.row_key ->> 'id'
             where made.table_name = 'quota_overrides'
               and coalesce(made.after ->> 'user_id', made.before ->> 'user_id') = ?1
             order by 1 desc",
        )
        .and_then(|mut find| find.query_map(params![text, bytes], |row| row.get(0))?.collect())
        .map_err(fault::map)?;
    super::audit::by_id(reader, &ids)
}

/// The steps of the user's own subscriptions; those that an audited change made are told there.
fn subscription_steps(
    writing: &Writing<'_>,
    changes: &[AuditRow],
    entries: &mut Vec<TimelineEntry>,
) -> Result<()> {
    let read = |row: &Row<'_>| {
        let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        Ok(Step {
            id: Uuid::from_bytes(row.get(0)?),
            at: instant::to_utc(row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MIN)),
            kind: text(2)?,
            plan_code: text(3)?,
            status: text(4)?,
            interval: text(5)?,
            quantity: row.get::<_, Option<i64>>(6)?.unwrap_or(1),
            subscription: row.get(7)?,
        })
    };
    let steps: Vec<Step> = writing
        .reader
        .connection()
        .prepare_cached(
            "select id, occurred_at, kind, plan_code, status, billing_interval, quantity, subscription_id
             from subscription_changes where user_id = ?1 order by subscription_id, occurred_at, id",
        )
        .and_then(|mut find| find.query_map([writing.user.as_bytes().as_slice()], read)?.collect())
        .map_err(fault::map)?;
    for (place, step) in steps.iter().enumerate() {
        // Both are written in one transaction and bear its instant.
        if changes.iter().any(|change| change.table == "subscriptions" && change.at == step.at) {
            continue;
        }
        let before = place
            .checked_sub(1)
            .and_then(|place| steps.get(place))
            .filter(|before| before.subscription == step.subscription);
        let (kind, title) = step.told(writing, before);
        entries.push(TimelineEntry {
            at: step.at,
            kind,
            title,
            detail: format!("{}, by the {}", step.status.replace('_', " "), step.interval),
            who: None,
            reason: String::new(),
            operation: None,
            key: format!("step-{}", step.id),
        });
    }
    Ok(())
}

struct Step {
    id: Uuid,
    at: DateTime<Utc>,
    kind: String,
    plan_code: String,
    status: String,
    interval: String,
    quantity: i64,
    subscription: Option<[u8; 16]>,
}

impl Step {
    fn told(&self, writing: &Writing<'_>, before: Option<&Self>) -> (TimelineKind, String) {
        let plan = writing.plan(&self.plan_code);
        match (self.kind.as_str(), before) {
            ("created", _) if self.status == "trialing" => {
                (TimelineKind::SubscriptionStarted, format!("Trial of {plan} began"))
            }
            ("created", _) => (TimelineKind::SubscriptionStarted, format!("Subscribed to {plan}")),
            ("ended", _) => (TimelineKind::SubscriptionEnded, format!("Subscription to {plan} ended")),
            (_, Some(before)) if before.plan_code != self.plan_code => (
                TimelineKind::PlanChanged,
                format!("Subscription moved from {} to {plan}", writing.plan(&before.plan_code)),
            ),
            (_, Some(before)) if before.status != self.status => (
                TimelineKind::SubscriptionChanged,
                format!("Subscription became {}", self.status.replace('_', " ")),
            ),
            (_, Some(before)) if before.quantity != self.quantity => (
                TimelineKind::SubscriptionChanged,
                format!("Subscription went from {} to {} seats", before.quantity, self.quantity),
            ),
            _ => (TimelineKind::SubscriptionChanged, format!("Terms of {plan} changed")),
        }
    }
}

/// Raises whose end has come; their beginning is an audited change.
fn ended_raises(writing: &Writing<'_>, as_of: DateTime<Utc>, entries: &mut Vec<TimelineEntry>) -> Result<()> {
    let read = |row: &Row<'_>| {
        let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        let until = row.get::<_, Option<i64>>(3)?.map_or(DateTime::UNIX_EPOCH, instant::to_utc);
        Ok((Uuid::from_bytes(row.get(0)?), text(1)?, text(2)?, until))
    };
    let raises: Vec<(Uuid, String, String, DateTime<Utc>)> = writing
        .reader
        .connection()
        .prepare_cached(
            "select id, metric, period, until from quota_overrides where user_id = ?1 and until <= ?2",
        )
        .and_then(|mut find| {
            find.query_map(params![writing.user.as_bytes().as_slice(), instant::from_utc(as_of)], read)?
                .collect()
        })
        .map_err(fault::map)?;
    entries.extend(raises.into_iter().map(|(id, metric, period, until)| TimelineEntry {
        at: until,
        kind: TimelineKind::RaiseEnded,
        title: format!("Raise of {} ended", in_words(&metric).to_lowercase()),
        detail: format!("the plan’s limit per {period} holds again"),
        who: None,
        reason: String::new(),
        operation: None,
        key: format!("end-{id}"),
    }));
    Ok(())
}
