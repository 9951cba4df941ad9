//! `users suspend | restore | extend-trial | reset-usage | raise-limit | limits`, `limits check`.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use steward_app::table::row;
use steward_core::account::{UserExtendTrialReq, UserResetUsageReq, UserStatusReq};
use steward_core::id::TeamId;
use steward_core::limit::{LimitCheckReq, LimitListReq, LimitRaiseReq};
use steward_core::{Error, Result};

use super::change::{new_intent, reviewed};
use crate::args::{EndArgs, ExtendTrialArgs, LimitCommand, RaiseLimitArgs, ResetUsageArgs, StatusArgs};
use crate::client::{Answer, Client};
use crate::exit;
use crate::render::limit;

pub(crate) async fn suspend(client: &Client, args: StatusArgs) -> Result<Answer> {
    let request = status_request(client, args);
    reviewed::<row::user_suspend>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn restore(client: &Client, args: StatusArgs) -> Result<Answer> {
    let request = status_request(client, args);
    reviewed::<row::user_restore>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

fn status_request(client: &Client, args: StatusArgs) -> UserStatusReq {
    UserStatusReq {
        intent: new_intent(),
        users: args.users,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    }
}

pub(crate) async fn extend_trial(client: &Client, args: ExtendTrialArgs) -> Result<Answer> {
    let request = UserExtendTrialReq {
        intent: new_intent(),
        users: args.users,
        until: end(client, args.end).await?,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::user_extend_trial>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn reset_usage(client: &Client, args: ResetUsageArgs) -> Result<Answer> {
    let request = UserResetUsageReq {
        intent: new_intent(),
        users: args.users,
        metric: args.metric,
        period: args.period,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::user_reset_usage>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn raise_limit(client: &Client, args: RaiseLimitArgs) -> Result<Answer> {
    let request = LimitRaiseReq {
        intent: new_intent(),
        user: args.user,
        team: args.team.map(TeamId),
        api_key: args.key,
        metric: args.metric,
        period: args.period,
        limit: args.to.0,
        until: end(client, args.end).await?,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::limit_raise>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

pub(crate) async fn limits(client: &Client, user: String) -> Result<Answer> {
    client.ensure_fresh().await?;
    let found = client.ask::<row::limit_list>(LimitListReq { user }).await?;
    Ok(Answer::new(&found, limit::account(&found, client.zone().await?))?.fresh(&found.freshness))
}

pub(crate) async fn check(client: &Client, command: LimitCommand) -> Result<Answer> {
    client.ensure_fresh().await?;
    let LimitCommand::Check { user, metric, quantity } = command;
    let found = client.ask::<row::limit_check>(LimitCheckReq { user, metric, quantity }).await?;
    let code = if found.is_allowed { exit::OK } else { exit::REFUSED };
    let text = limit::check(&found, client.zone().await?);
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).code(code))
}

/// When something ends. A length counts from now; a day is over when the zone's next one begins, so it is
/// given as the first day it no longer holds.
async fn end(client: &Client, args: EndArgs) -> Result<DateTime<Utc>> {
    if let Some(length) = args.length {
        return Ok(client.now() + length);
    }
    let text = args.until.unwrap_or_default();
    if let Ok(instant) = DateTime::parse_from_rfc3339(&text) {
        return Ok(instant.to_utc());
    }
    let wrong = || Error::invalid("until", "An end is written 2026-12-24 or 2026-12-24T18:00:00Z.");
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let start = client.zone().await?.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
    Ok(start.ok_or_else(wrong)?.to_utc())
}
