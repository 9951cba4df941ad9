//! `user_list`, `user_show`, `user_change_plan`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

use serde_json::Map;
use steward_core::id::{IntentId, UserId};
use steward_core::operation::{Outcome, SkippedRow};
use steward_core::user::{
    UserChangePlanReq, UserFilter, UserList, UserListReq, UserRow, UserShowReq, UserView,
};
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::query::user::Selected;
use steward_store::cache::{Reader, query};
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

/// One transaction stays short enough for a server at work.
const MAX_USERS: u64 = 5_000;

pub(crate) async fn user_list(steward: &Steward, request: UserListReq) -> Result<UserList> {
    steward.cache().await?.read(move |reader| query::user::list(reader, &request)).await
}

pub(crate) async fn user_show(steward: &Steward, request: UserShowReq) -> Result<UserView> {
    steward.cache().await?.read(move |reader| query::user::show(reader, &request)).await
}

/// The change names each user's plan as it was looked at, so that one who moved meanwhile is left alone.
pub(crate) async fn user_change_plan(
    steward: &Steward,
    request: UserChangePlanReq,
    mode: Mode,
) -> Result<Outcome> {
    let UserChangePlanReq { intent, users, filter, plan_code, reason, plan_token, confirm } = request;
    let decision = match filter {
        None => steward.decision(intent, users).await?,
        Some(filter) if users.is_empty() => steward.selection(intent, filter).await?,
        Some(_) => return Err(Error::invalid("filter", "Name users or give a filter, not both.")),
    };
    if decision.users.len() > 1 && reason.trim().is_empty() {
        return Err(Error::invalid("reason", "A change of more than one user needs a reason."));
    }
    let action = Action::ChangePlan {
        intent,
        users: decision.keys().copied().collect(),
        plan: plan_code,
        expect: decision
            .iter()
            .map(|(id, user)| (id.to_string(), user.plan_code.as_str().into()))
            .collect::<Map<_, _>>()
            .into(),
        reason,
    };
    let mut outcome = reviewed(steward, action, plan_token, confirm, mode).await?;
    outcome.skipped.extend(decision.left);
    Ok(outcome)
}

/// Who is changed, as each was when the change was first looked at, and who of those who match is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decision {
    pub(crate) users: BTreeMap<UserId, UserRow>,
    pub(crate) left: Vec<SkippedRow>,
}

impl Deref for Decision {
    type Target = BTreeMap<UserId, UserRow>;

    fn deref(&self) -> &Self::Target {
        &self.users
    }
}

/// Decisions kept; the oldest makes room.
const MAX_DECISIONS: usize = 64;

impl Steward {
    /// What an intent was decided on. It is asked of the copy once: when the same call comes again after its
    /// reply was lost, the copy has moved on, but the decision has not.
    ///
    /// # Errors
    /// `Invalid` for nobody or for more than fit into one change, `NotFound` for who is unknown, each named.
    pub(super) async fn decision(&self, intent: IntentId, users: Vec<String>) -> Result<Decision> {
        if users.is_empty() {
            return Err(Error::invalid("users", "Name at least one user."));
        }
        if users.len() as u64 > MAX_USERS {
            return Err(Error::invalid(
                "users",
                format!("At most {MAX_USERS} users can be changed at once."),
            ));
        }
        let asked = users.clone();
        self.decided(intent, users, move |reader| {
            let found: Vec<Result<UserRow>> =
                asked.iter().map(|text| query::user::find(reader, text)).collect();
            let users = named(&asked, found)?;
            Ok(Decision { users: users.into_iter().map(|user| (user.id, user)).collect(), left: Vec::new() })
        })
        .await
    }

    /// The same for everybody who matches a filter.
    ///
    /// # Errors
    /// `Invalid` when nobody who matches can be changed, or more match than fit into one change.
    async fn selection(&self, intent: IntentId, filter: UserFilter) -> Result<Decision> {
        let key = serde_json::to_string(&filter)
            .map_err(|cause| Error::internal("A filter has no JSON form.").with_source(cause))?;
        self.decided(intent, vec![key], move |reader| {
            let Selected { users, billed } = query::user::select(reader, &filter, MAX_USERS)?;
            let mut decision = Decision::default();
            for user in users {
                let reason = match user.status.as_str() {
                    "erased" => "The account is erased.",
                    _ if billed.contains(&user.id) => {
                        "Billed at Stripe: change the plan there; it comes here with the next sync."
                    }
                    _ => {
                        decision.users.insert(user.id, user);
                        continue;
                    }
                };
                decision.left.push(SkippedRow { label: user.email, reason: reason.to_owned() });
            }
            if decision.users.is_empty() {
                return Err(Error::invalid("filter", "Nobody matches who can be changed.")
                    .with_detail(format!("{} match and are left alone", decision.left.len())));
            }
            Ok(decision)
        })
        .await
    }

    async fn decided(
        &self,
        intent: IntentId,
        asked: Vec<String>,
        decide: impl FnOnce(&Reader) -> Result<Decision> + Send + 'static,
    ) -> Result<Decision> {
        let known = |kept: &VecDeque<(IntentId, Vec<String>, Decision)>| {
            kept.iter().find(|kept| kept.0 == intent && kept.1 == asked).map(|kept| kept.2.clone())
        };
        if let Some(decision) = self.inner.decisions.lock().ok().and_then(|kept| known(&kept)) {
            return Ok(decision);
        }
        let decision = self.cache().await?.read(decide).await?;
        if let Ok(mut kept) = self.inner.decisions.lock() {
            kept.retain(|kept| kept.0 != intent);
            if kept.len() >= MAX_DECISIONS {
                kept.pop_front();
            }
            kept.push_back((intent, asked, decision.clone()));
        }
        Ok(decision)
    }
}

/// Everybody who was named; or, of several, each name that is nobody's.
fn named(asked: &[String], found: Vec<Result<UserRow>>) -> Result<Vec<UserRow>> {
    let wrong: Vec<(usize, &Error)> = found
        .iter()
        .enumerate()
        .filter_map(|(index, user)| user.as_ref().err().map(|error| (index, error)))
        .collect();
    if asked.len() < 2 || wrong.is_empty() {
        return found.into_iter().collect();
    }
    let message = format!("{} of {} are no users; nothing was changed.", wrong.len(), asked.len());
    let first = Error::new(ErrorKind::NotFound, message);
    Err(wrong.into_iter().fold(first, |error, (index, why)| match why.kind() {
        ErrorKind::NotFound | ErrorKind::Invalid => {
            error.with_field(format!("users[{index}]"), format!("{:?}: {}", asked[index], why.message()))
        }
        _ => why.clone(),
    }))
}
