//! Which features an account has, judged as `steward.check_feature` judges.

use serde_json::Value;

use super::{Account, AccountFeature};
use crate::id::TeamId;

/// What a plan sets for a feature: a row of `plan_features`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFeature {
    /// Plan.
    pub plan_code: String,
    /// The feature's key.
    pub key: String,
    /// `false` locks it, anything else unlocks it.
    pub value: Value,
}

/// Of a plan, what decides on whether it is offered to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOffer {
    /// Code.
    pub code: String,
    /// Its place, cheapest first.
    pub rank: i64,
    /// Whether it is no longer offered.
    pub is_archived: bool,
    /// The one team that may have it; none for everybody.
    pub custom_for_team: Option<TeamId>,
}

impl PlanOffer {
    fn is_open_to(&self, account: &Account) -> bool {
        !self.is_archived && self.custom_for_team.is_none_or(|team| account.teams.contains(&team))
    }
}

/// Every feature any plan knows, by key, as an account on a plan has it.
#[must_use]
pub fn features(
    account: &Account,
    plan_code: &str,
    offers: &[PlanOffer],
    settings: &[PlanFeature],
) -> Vec<AccountFeature> {
    let mut keys: Vec<&str> = settings.iter().map(|setting| setting.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let unlocks = |value: &Value| *value != Value::Bool(false);
    keys.into_iter()
        .map(|key| {
            let own = settings.iter().find(|setting| setting.key == key && setting.plan_code == plan_code);
            let has_it = account.is_admin || own.is_some_and(|setting| unlocks(&setting.value));
            let better = || {
                offers
                    .iter()
                    .filter(|offer| offer.is_open_to(account))
                    .filter(|offer| {
                        settings.iter().any(|setting| {
                            setting.key == key && setting.plan_code == offer.code && unlocks(&setting.value)
                        })
                    })
                    .min_by_key(|offer| (offer.rank, &offer.code))
                    .map(|offer| offer.code.clone())
            };
            let reason = if account.status == "active" {
                (!has_it).then(|| "plan".to_owned())
            } else {
                Some(account.status.clone())
            };
            AccountFeature {
                key: key.to_owned(),
                is_allowed: reason.is_none(),
                reason,
                value: own.map(|setting| setting.value.clone()),
                plan_required: if has_it { None } else { better() },
            }
        })
        .collect()
}
