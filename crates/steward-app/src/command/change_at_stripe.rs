//! `subscription_change`, `subscription_cancel`, `subscription_reinstate`, `payment_refund`: made at Stripe, written down
//! here.
//!
//! A change goes in three steps. It is looked at (Stripe says what it will charge), and the look is rolled back on
//! the server like every preview. Applied, it is first written down as asked, then asked for with the operation's id as
//! idempotency key, then written down with the answer. Where the answer is lost, asking again with the same id finds
//! out: the server knows the request, and Stripe carries it out once.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Value, json};
use steward_connect::stripe::{
    Asked, NewTerms, Planned, StripeClient, plan_cancel, plan_refund, plan_reinstate,
};
use steward_core::id::IntentId;
use steward_core::operation::{Outcome, RowChange};
use steward_core::stripe::change::{
    PaymentRefundReq, RefundCause, SubscriptionCancelReq, SubscriptionChangeReq, SubscriptionReinstateReq,
};
use steward_core::stripe::record::Subscription;
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::query::billing;
use steward_store::postgres::actions::{self, Action};
use steward_store::postgres::billing as written;

use crate::context::Steward;
use crate::table::Mode;

/// What every request of these brings.
struct Decided {
    intent: IntentId,
    reason: String,
    plan_token: Option<String>,
    confirm: Option<String>,
}

/// What is wanted of Stripe.
enum Wish {
    Change(SubscriptionChangeReq),
    Cancel { subscription: String, is_now: bool },
    Reinstate { subscription: String },
    Refund { payment: String, amount: Option<i64>, cause: RefundCause },
}

impl Wish {
    /// Looks at it, at the instant it will be prorated at.
    async fn plan(self, steward: &Steward, client: &StripeClient, at: DateTime<Utc>) -> Result<Planned> {
        match self {
            Self::Change(request) => {
                let found = client.subscription(&request.subscription).await?;
                let (line, price) = target(steward, &found, request.plan_code, request.interval).await?;
                client.plan_change(&found, &line, &NewTerms { price, quantity: request.quantity }, at).await
            }
            Self::Cancel { subscription, is_now } => {
                plan_cancel(&client.subscription(&subscription).await?, is_now)
            }
            Self::Reinstate { subscription } => plan_reinstate(&client.subscription(&subscription).await?),
            Self::Refund { payment, amount, cause } => {
                plan_refund(&client.payment(&payment).await?, amount, cause)
            }
        }
    }
}

pub(crate) async fn subscription_change(
    steward: &Steward,
    mut request: SubscriptionChangeReq,
    mode: Mode,
) -> Result<Outcome> {
    let decided = Decided {
        intent: request.intent,
        reason: std::mem::take(&mut request.reason),
        plan_token: request.plan_token.take(),
        confirm: request.confirm.take(),
    };
    Box::pin(reviewed(steward, decided, mode, Wish::Change(request))).await
}

/// The line that the plan stands for, and the price it is to have; none leaves it.
async fn target(
    steward: &Steward,
    found: &Subscription,
    plan_code: Option<String>,
    interval: Option<String>,
) -> Result<(String, Option<String>)> {
    let keys = steward.cache().await?.read(billing::plan_prices).await?;
    let of_plan = |item: &&steward_core::stripe::record::Item| {
        item.price.as_ref().is_some_and(|price| keys.iter().any(|key| key.price == price.id))
    };
    let fixed: Vec<_> =
        found.items.iter().filter(|item| item.price.as_ref().is_none_or(|price| !price.is_metered)).collect();
    let item = fixed.iter().copied().find(of_plan).or_else(|| fixed.first().copied()).ok_or_else(|| {
        Error::invalid("subscription", "The subscription has no line with a price of its own.")
    })?;
    if plan_code.is_none() && interval.is_none() {
        return Ok((item.id.clone(), None));
    }
    let now = item.price.as_ref().and_then(|price| keys.iter().find(|key| key.price == price.id));
    let code = plan_code.or_else(|| now.map(|key| key.plan.clone())).ok_or_else(|| {
        Error::invalid("plan_code", "The price at Stripe is no plan's here: name the plan.")
    })?;
    let interval = interval
        .or_else(|| item.price.as_ref().and_then(|price| price.interval.clone()))
        .unwrap_or_else(|| "month".to_owned());
    let key = keys.iter().find(|key| key.plan == code && key.interval == interval).ok_or_else(|| {
        Error::invalid(
            "plan_code",
            format!("The plan {code} has no price of Stripe's for a {interval} in the catalogue."),
        )
    })?;
    Ok((item.id.clone(), Some(key.price.clone())))
}

pub(crate) async fn subscription_cancel(
    steward: &Steward,
    request: SubscriptionCancelReq,
    mode: Mode,
) -> Result<Outcome> {
    let SubscriptionCancelReq { intent, subscription, is_now, reason, plan_token, confirm } = request;
    let decided = Decided { intent, reason, plan_token, confirm };
    Box::pin(reviewed(steward, decided, mode, Wish::Cancel { subscription, is_now })).await
}

pub(crate) async fn subscription_reinstate(
    steward: &Steward,
    request: SubscriptionReinstateReq,
    mode: Mode,
) -> Result<Outcome> {
    let SubscriptionReinstateReq { intent, subscription, reason, plan_token, confirm } = request;
    let decided = Decided { intent, reason, plan_token, confirm };
    Box::pin(reviewed(steward, decided, mode, Wish::Reinstate { subscription })).await
}

pub(crate) async fn payment_refund(
    steward: &Steward,
    request: PaymentRefundReq,
    mode: Mode,
) -> Result<Outcome> {
    let PaymentRefundReq { intent, payment, amount_minor, cause, reason, plan_token, confirm } = request;
    let decided = Decided { intent, reason, plan_token, confirm };
    Box::pin(reviewed(steward, decided, mode, Wish::Refund { payment, amount: amount_minor, cause })).await
}

/// Looks, or does what was looked at.
async fn reviewed(steward: &Steward, decided: Decided, mode: Mode, wish: Wish) -> Result<Outcome> {
    let Decided { intent, reason, plan_token, confirm } = decided;
    let client = steward.current_stripe().await?;
    let record = steward.current().await?;
    let mut connection = steward.connect(&record).await?;
    // Asked before under this id: only the answer may be missing.
    if mode == Mode::Run
        && let Some(before) = written::asked(&mut connection, intent).await?
    {
        let asked: Asked = serde_json::from_value(before.request).map_err(|cause| {
            Error::internal("What was asked of Stripe cannot be read.").with_source(cause)
        })?;
        if before.state == "asked" {
            steward.admit_change(&record, needs_phrase(&before.kind))?;
            if !before.is_known_there {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "It was asked more than a day ago, and Stripe no longer knows by its id whether it was carried \
                     out. Look at it there, then decide anew.",
                ));
            }
            send(&client, &mut connection, intent, &asked).await?;
        }
        return done(steward, intent, before.state == "refused").await;
    }
    let (at, token) = match (mode, plan_token.as_deref().and_then(split_token)) {
        // By the second, as Stripe prorates and the token says it.
        (Mode::Preview, _) => (steward.inner.clock.now().trunc_subsecs(0), None),
        (Mode::Run, Some((at, token))) => (at, Some(token)),
        (Mode::Run, None) => {
            return Err(Error::invalid("plan_token", "Look at the preview first: its token is needed."));
        }
    };
    // The look and the change have the same instant.
    let planned = wish.plan(steward, &client, at).await?;
    let phrase = planned.phrase.clone();
    let needs_phrase = needs_phrase(planned.kind);
    let action = Action::AskBilling {
        intent,
        action: json!({
            "kind": planned.kind,
            "stripe_object": planned.object,
            "stripe_customer": planned.customer,
            "asked": planned.asked,
            "before": planned.before,
            "expected": planned.expected,
        }),
        reason,
    };
    let shown = vec![RowChange {
        table: "Stripe".to_owned(),
        key: json!({ "id": planned.object }),
        label: planned.object.clone(),
        before: Some(planned.before.clone()),
        after: Some(planned.expected.clone()),
    }];
    let mut preview = actions::preview(&mut connection, &action).await?;
    let hash = std::mem::take(&mut preview.plan_token);
    // People are shown what becomes of the object, not the row that writes the request down.
    preview.rows.clone_from(&shown);
    preview.plan_token = format!("{}.{hash}", at.timestamp());
    preview.confirm = needs_phrase.then_some(phrase);
    let Some(token) = token else { return Ok(preview) };
    if token != hash {
        return Err(Error::new(
            ErrorKind::Conflict,
            "Stripe's side is no longer as it was shown; nothing was changed.",
        ));
    }
    steward.admit_change(&record, preview.confirm.is_some())?;
    if let Some(phrase) = preview.confirm.as_ref().filter(|phrase| confirm.as_ref() != Some(*phrase)) {
        return Err(Error::invalid("confirm", format!("Type \"{phrase}\" to apply this.")));
    }
    let outcome = actions::apply(&mut connection, &action, &hash).await?;
    let outcome = Outcome { rows: shown, ..outcome };
    send(&client, &mut connection, intent, &planned.asked).await?;
    steward.pull_soon().await;
    steward.pull_stripe_soon().await;
    Ok(outcome)
}

/// Whether what names it is typed: what was paid out or ended does not come back.
fn needs_phrase(kind: &str) -> bool {
    matches!(kind, "refund" | "cancel_subscription")
}

/// Asks Stripe, and writes the answer down.
async fn send(
    client: &StripeClient,
    connection: &mut steward_store::postgres::PgConnection,
    intent: IntentId,
    asked: &Asked,
) -> Result<()> {
    match client.carry_out(asked, &intent.to_string()).await {
        Ok(answer) => {
            // Who is where in Stripe's answer is enough; the rest is read with the next reading.
            let kept: Value = json!({ "id": answer.get("id"), "status": answer.get("status") });
            written::note(connection, intent, "done", &kept).await
        }
        Err(error) if matches!(error.kind(), ErrorKind::Offline | ErrorKind::Timeout) => Err(Error::new(
            error.kind(),
            "It is not known whether Stripe carried this out. Apply it again: it happens once.",
        )
        .with_detail(error.detail().unwrap_or_default().to_owned())
        .with_source(error)),
        Err(error) => {
            let why = json!({ "message": error.message(), "detail": error.detail() });
            written::note(connection, intent, "refused", &why).await?;
            Err(error)
        }
    }
}

/// The outcome of something that was asked before.
async fn done(steward: &Steward, intent: IntentId, is_refused: bool) -> Result<Outcome> {
    if is_refused {
        return Err(Error::new(ErrorKind::Conflict, "Stripe refused this before; look at it again."));
    }
    steward.pull_soon().await;
    steward.pull_stripe_soon().await;
    Ok(Outcome {
        intent,
        is_applied: true,
        rows: Vec::new(),
        skipped: Vec::new(),
        plan_token: String::new(),
        confirm: None,
        xid: None,
    })
}

/// The instant of the look, and the hash of what it showed.
fn split_token(token: &str) -> Option<(DateTime<Utc>, String)> {
    let (at, hash) = token.split_once('.')?;
    Some((DateTime::from_timestamp(at.parse().ok()?, 0)?, hash.to_owned()))
}
