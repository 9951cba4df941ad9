//! `revenue`: the month, its movements, the bridge, what lies ahead, closing.

use steward_app::table::row;
use steward_core::revenue::answer::{RevenueBridgeReq, RevenueMovementsReq, RevenueReq};
use steward_core::revenue::close::{MonthCloseReq, MonthReopenReq};
use steward_core::revenue::forecast::RevenueForecastReq;
use steward_core::revenue::rate::RevenueTotalReq;
use steward_core::revenue::scenario::RevenueWhatIfReq;
use steward_core::revenue::stripe_answer::RevenueStripeBridgeReq;
use steward_core::{Error, Result};

use super::change::{new_intent, reviewed};
use super::scenario;
use crate::args::{RevenueArgs, RevenueCommand, RevenueShape, RevenueWhatIfArgs, STRIPE_ACCOUNT};
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
        Some(RevenueCommand::Close { closing }) => {
            let request = MonthCloseReq {
                intent: new_intent(),
                month: closing,
                zone: client.zone().await?,
                profile: shape.profile,
                reason: client.reason(),
                plan_token: None,
                confirm: None,
            };
            let answer = reviewed::<row::month_close>(client, request, |request, token, confirm| {
                request.plan_token = Some(token);
                request.confirm = confirm;
            })
            .await?;
            Ok(told(
                answer,
                &format!("{closing} is closed; reopen it with: steward revenue reopen {closing}"),
            ))
        }
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
