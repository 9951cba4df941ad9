//! Everybody who matches, for a change of many.

use std::collections::BTreeSet;

use steward_core::id::UserId;
use steward_core::user::{UserFilter, UserListReq, UserRow};
use steward_core::{Error, Result};
use uuid::Uuid;

use super::super::PAGE_MAX;
use crate::cache::{Reader, fault};

/// Who matches a filter.
#[derive(Debug, Clone)]
pub struct Selected {
    /// Everybody, by e-mail address.
    pub users: Vec<UserRow>,
    /// Those of them whose subscription is billed at Stripe.
    pub billed: BTreeSet<UserId>,
}

/// Everybody who matches.
///
/// # Errors
/// `Invalid` when more than `most` match or the filter cannot be understood; when the file cannot be read.
pub fn select(reader: &Reader, filter: &UserFilter, most: u64) -> Result<Selected> {
    let mut request = UserListReq { filter: filter.clone(), limit: PAGE_MAX, ..UserListReq::default() };
    let mut users = Vec::new();
    loop {
        let page = super::list(reader, &request)?;
        if page.total > most {
            return Err(Error::invalid(
                "filter",
                format!("{} users match; at most {most} can be changed at once.", page.total),
            ));
        }
        users.extend(page.rows);
        match page.next {
            Some(_) => request.after = page.next,
            None => break,
        }
    }
    let matching: BTreeSet<UserId> = users.iter().map(|user| user.id).collect();
    let billed = billed(reader)?.into_iter().filter(|id| matching.contains(id)).collect();
    Ok(Selected { users, billed })
}

/// Users with a running subscription that is billed at Stripe.
fn billed(reader: &Reader) -> Result<Vec<UserId>> {
    reader
        .connection()
        .prepare_cached(
            "select distinct user_id from subscriptions
             where user_id is not null and stripe_subscription_id is not null and ended_at is null",
        )
        .and_then(|mut find| {
            find.query_map([], |row| row.get(0).map(Uuid::from_bytes).map(UserId))?.collect()
        })
        .map_err(fault::map)
}
