//! `revenue`: the month, its movements, the bridge, what lies ahead, closing.

use steward_app::Mode;
use steward_app::table::row;
use steward_core::revenue::Month;
use steward_core::revenue::answer::{RevenueBridgeReq, RevenueMovementsReq, RevenueReq};
use steward_core::revenue::close::{MonthCloseReq, MonthReopenReq};
use steward_core::revenue::forecast::RevenueForecastReq;
use steward_core::revenue::kept::{MonthDropReq, MonthFiguresReq, MonthKeepReq, not_kept};
use steward_core::revenue::rate::RevenueTotalReq;
use steward_core::revenue::scenario::RevenueWhatIfReq;
use steward_core::revenue::stripe_answer::RevenueStripeBridgeReq;
use steward_core::{Error, ErrorKind, Result};

use super::change::{new_intent, reviewed};
use super::scenario;
use crate::args::{RevenueArgs, RevenueCommand, RevenueShape, RevenueWhatIfArgs, STRIPE_ACCOUNT};
use crate::ask;
use crate::client::{Answer, Client};
use crate::render::{outlook, revenue as render};

pub(crate) async fn run(client: &Client, args: RevenueArgs) -> Result<Answer> {
    let RevenueArgs { shape, months, command } = args;
    client.ensure_fresh().await?;
    match command {
        None => show(client, shape, months).await,
        Some(RevenueCommand::Movements { kind, plan, page }) => {
            let request = RevenueMovementsReq {
                month: shape.month,
                zone: client.zone().await?,
                profile: shape.profile,
                currency: shape.currency,
                movement: kind,
                plan,
                after: page.after,
                limit: page.limit,
            };
            let zone = request.zone;
            let movements = client.ask::<row::revenue_movements>(request).await?;
            let next = movements.next.clone();
            let text = render::movements(&movements, zone);
            Ok(Answer::new(&movements, text)?.fresh(&movements.freshness).next(next))
        }
        Some(RevenueCommand::Bridge { from, to }) if to == STRIPE_ACCOUNT => {
            if shape.month.is_some() {
                return Err(Error::invalid(
                    "month",
                    "Stripe says how its subscriptions stand, not how they stood: leave --month out.",
                ));
            }
            // The definition is asked for by either name.
            let profile = shape.profile.or(Some(from));
            let request = RevenueStripeBridgeReq { profile, currency: shape.currency };
            let bridge = client.ask::<row::revenue_stripe_bridge>(request).await?;
            let text = render::stripe_bridge(&bridge, client.zone().await?);
            Ok(Answer::new(&bridge, text)?.fresh(&bridge.freshness))
        }
        Some(RevenueCommand::Bridge { from, to }) => {
            let zone = client.zone().await?;
            let request = RevenueBridgeReq { month: shape.month, zone, from, to, currency: shape.currency };
            let bridge = client.ask::<row::revenue_bridge>(request).await?;
            Ok(Answer::new(&bridge, render::bridge(&bridge, zone))?.fresh(&bridge.freshness))
        }
        Some(RevenueCommand::Forecast) => {
            let request = RevenueForecastReq {
                zone: client.zone().await?,
                profile: shape.profile,
                currency: shape.currency,
            };
            let forecast = client.ask::<row::revenue_forecast>(request).await?;
            Ok(Answer::new(&forecast, outlook::forecast(&forecast))?.fresh(&forecast.freshness))
        }
        Some(RevenueCommand::WhatIf(args)) => what_if(client, shape, args).await,
        Some(RevenueCommand::Total { months }) => {
            let zone = client.zone().await?;
            let request = RevenueTotalReq { month: shape.month, months, zone, profile: shape.profile };
            let total = client.ask::<row::revenue_total>(request).await?;
            Ok(Answer::new(&total, outlook::total(&total))?.fresh(&total.freshness))
        }
        Some(RevenueCommand::Closed) => {
            let months = client.ask::<row::month_list>(()).await?;
            let text = render::closed(&months, client.zone().await?);
            Ok(Answer::new(&months, text)?.fresh(&months.freshness))
        }
        Some(RevenueCommand::Close { closing, keep: true, .. }) => keep(client, shape, closing).await,
        Some(RevenueCommand::Close { closing, kept, .. }) => close(client, shape, closing, kept).await,
        Some(RevenueCommand::Drop { dropping }) => drop_kept(client, dropping).await,
        Some(RevenueCommand::Reopen { reopening }) => {
            let request = MonthReopenReq {
                intent: new_intent(),
                month: reopening,
                reason: client.reason(),
                plan_token: None,
                confirm: None,
            };
            let answer = reviewed::<row::month_reopen>(client, request, |request, token, confirm| {
                request.plan_token = Some(token);
                request.confirm = confirm;
            })
            .await?;
            Ok(told(answer, &format!("{reopening} is open; what was frozen is in the audit log")))
        }
    }
}

async fn close(client: &Client, shape: RevenueShape, month: Month, is_kept: bool) -> Result<Answer> {
    let mut request = MonthCloseReq {
        intent: new_intent(),
        month,
        zone: client.zone().await?,
        profile: shape.profile,
        is_kept,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    if is_kept && request.reason.trim().is_empty() {
        // The reason of then goes with it.
        let months = client.ask::<row::month_list>(()).await?.months;
        let kept = months.into_iter().filter(|closed| closed.month == month).find_map(|closed| closed.kept);
        request.reason = kept.ok_or_else(|| not_kept(month))?.reason;
    }
    let answer = reviewed::<row::month_close>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await;
    let answer = answer.map_err(|error| {
        let is_out = matches!(error.kind(), ErrorKind::Offline | ErrorKind::NameLookup);
        if is_out && !is_kept {
            let way = format!("it can be closed on this computer: steward revenue close {month} --keep");
            let detail = error.detail().map_or(way.clone(), |detail| format!("{detail}; {way}"));
            error.with_detail(detail)
        } else {
            error
        }
    })?;
    Ok(told(answer, &format!("{month} is closed; reopen it with: steward revenue reopen {month}")))
}

async fn keep(client: &Client, shape: RevenueShape, month: Month) -> Result<Answer> {
    let zone = client.zone().await?;
    if client.global.dry_run {
        let request = MonthFiguresReq { month, zone, profile: shape.profile };
        let preview = client.ask::<row::month_figures>(request).await?;
        return Answer::new(&preview, render::month_figures(&preview, month, zone));
    }
    let request = MonthKeepReq {
        intent: new_intent(),
        month,
        zone,
        profile: shape.profile,
        as_of: None,
        reason: ask::reason(&client.global)?,
    };
    let kept = client.call::<row::month_keep>(request, Mode::Run).await?;
    let text = format!(
        "{}\n{month} is closed on this computer; send it with: steward revenue close {month} --kept",
        render::closed_month(&kept, zone)
    );
    Answer::new(&kept, text)
}

async fn drop_kept(client: &Client, month: Month) -> Result<Answer> {
    let zone = client.zone().await?;
    let months = client.ask::<row::month_list>(()).await?.months;
    let shown = months.iter().find(|closed| closed.month == month && closed.kept.is_some());
    let shown = shown.map(|kept| render::closed_month(kept, zone)).unwrap_or_default();
    if client.global.dry_run {
        return Answer::new(&months, shown);
    }
    if !client.global.json && !shown.is_empty() {
        client.note(&shown);
    }
    let question = "Throws away what is kept on this computer; nobody else has it.";
    let phrase = ask::typed(&client.global, &month.to_string(), question)?;
    let request = MonthDropReq { month, confirm: Some(phrase) };
    let dropped = client.call::<row::month_drop>(request, Mode::Run).await?;
    Answer::new(
        &dropped,
        format!("what was kept of {month} is gone; history and the server are as they were"),
    )
}

async fn what_if(client: &Client, shape: RevenueShape, args: RevenueWhatIfArgs) -> Result<Answer> {
    let RevenueWhatIfArgs { supposed, scenario, rows } = args;
    let zone = client.zone().await?;
    let request = match scenario {
        Some(name) => {
            let kept = scenario::kept(client, &name).await?;
            RevenueWhatIfReq {
                profile: shape.profile.or_else(|| kept.profile.clone()),
                currency: shape.currency.or_else(|| kept.currency.clone()),
                ..scenario::request(&kept, zone, rows)
            }
        }
        None => RevenueWhatIfReq {
            zone,
            profile: shape.profile,
            currency: shape.currency,
            assumptions: scenario::assumptions(supposed)?,
            rows,
        },
    };
    let answer = client.ask::<row::revenue_what_if>(request).await?;
    Ok(Answer::new(&answer, outlook::what_if(&answer))?.fresh(&answer.freshness))
}

/// What stands there once it is done; a closing is undone by reopening, not by the journal.
fn told(answer: Answer, done: &str) -> Answer {
    let is_applied = answer.data["is_applied"] == true;
    if is_applied { Answer { text: done.to_owned(), ..answer } } else { answer }
}

async fn show(client: &Client, shape: RevenueShape, months: u32) -> Result<Answer> {
    let request = RevenueReq {
        month: shape.month,
        months,
        zone: client.zone().await?,
        profile: shape.profile,
        currency: shape.currency,
    };
    let revenue = client.ask::<row::revenue_show>(request).await?;
    Ok(Answer::new(&revenue, render::revenue(&revenue))?.fresh(&revenue.freshness))
}
