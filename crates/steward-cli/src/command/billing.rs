//! `stripe …`, `billing`, `invoices`, `payments`, `refunds`.

use std::path::Path;

use steward_app::Mode;
use steward_app::table::row;
use steward_core::stripe::billing::{
    BillingReq, InvoiceListReq, PaymentListReq, RefundListReq, StripeConnectReq, StripeReconcileReq,
    StripeStatus,
};
use steward_core::stripe::change::{
    PaymentRefundReq, SubscriptionCancelReq, SubscriptionChangeReq, SubscriptionReinstateReq,
};
use steward_core::stripe::currency;
use steward_core::{Error, ErrorKind, Result};

use super::change::{new_intent, reviewed};

use crate::args::{
    BillingFilterArgs, ChangeArgs, InvoiceArgs, PaymentArgs, ReconcileArgs, RefundArgs, StripeCommand,
};
use crate::client::{Answer, Client};
use crate::render::billing;
use crate::{ask, exit};

pub(crate) async fn stripe(client: &Client, command: StripeCommand) -> Result<Answer> {
    match command {
        StripeCommand::Connect { key_file } => {
            let key = match key_file.as_deref() {
                None => ask::secret_line(&client.global, "Restricted key of Stripe (rk_…): ")?,
                Some(path) if path == Path::new("-") => ask::first_line()?,
                Some(path) => std::fs::read_to_string(path).map_err(|cause| {
                    Error::new(ErrorKind::File, "The file with the key cannot be read.").with_source(cause)
                })?,
            };
            let request = StripeConnectReq { key: key.trim().to_owned() };
            status(client, client.call::<row::stripe_connect>(request, Mode::Run).await?).await
        }
        StripeCommand::Disconnect => {
            ask::confirm(&client.global, "Forget the key of Stripe?")?;
            status(client, client.call::<row::stripe_disconnect>((), Mode::Run).await?).await
        }
        StripeCommand::Status => status(client, client.ask::<row::stripe_status>(()).await?).await,
        StripeCommand::Pull => {
            let done = client.call::<row::stripe_pull>((), Mode::Run).await?;
            Answer::new(&done, billing::pulled(&done, client.zone().await?))
        }
        StripeCommand::Reconcile(args) => reconcile(client, args).await,
        StripeCommand::Change(args) => change(client, args).await,
        StripeCommand::Cancel { subscription, now } => {
            let request = SubscriptionCancelReq {
                intent: new_intent(),
                subscription,
                is_now: now,
                reason: client.reason(),
                plan_token: None,
                confirm: None,
            };
            reviewed::<row::subscription_cancel>(client, request, |request, token, confirm| {
                request.plan_token = Some(token);
                request.confirm = confirm;
            })
            .await
        }
        StripeCommand::Reinstate { subscription } => {
            let request = SubscriptionReinstateReq {
                intent: new_intent(),
                subscription,
                reason: client.reason(),
                plan_token: None,
                confirm: None,
            };
            reviewed::<row::subscription_reinstate>(client, request, |request, token, confirm| {
                request.plan_token = Some(token);
                request.confirm = confirm;
            })
            .await
        }
        StripeCommand::Refund(args) => refund(client, args).await,
    }
}

async fn change(client: &Client, args: ChangeArgs) -> Result<Answer> {
    let request = SubscriptionChangeReq {
        intent: new_intent(),
        subscription: args.subscription,
        plan_code: args.plan,
        interval: args.interval,
        quantity: args.quantity,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::subscription_change>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

async fn refund(client: &Client, args: RefundArgs) -> Result<Answer> {
    let amount_minor = match &args.amount {
        None => None,
        Some(text) => Some(minor(client, &args.payment, text).await?),
    };
    let request = PaymentRefundReq {
        intent: new_intent(),
        payment: args.payment,
        amount_minor,
        cause: args.cause.into(),
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::payment_refund>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

/// What was typed, in the digits of the payment's currency.
async fn minor(client: &Client, payment: &str, text: &str) -> Result<i64> {
    let search = Some(payment.to_owned());
    let found =
        client.ask::<row::payment_list>(PaymentListReq { search, ..PaymentListReq::default() }).await?;
    let known = found.rows.iter().find(|row| row.id == payment).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "This payment was not read yet.").with_detail("steward stripe pull")
    })?;
    let amount = currency::parse_major(text, &known.amount.currency).filter(|amount| amount.is_integer());
    amount.and_then(|amount| i64::try_from(amount.to_integer()).ok()).ok_or_else(|| {
        Error::invalid("amount", format!("`{text}` is no amount of {}.", known.amount.currency))
    })
}

async fn status(client: &Client, found: StripeStatus) -> Result<Answer> {
    Answer::new(&found, billing::status(&found, client.zone().await?))
}

async fn reconcile(client: &Client, args: ReconcileArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let request = StripeReconcileReq {
        csv: args.csv.map(|path| path.to_string_lossy().into_owned()),
        class: args.class.map(Into::into),
        limit: args.limit,
    };
    let found = client.ask::<row::stripe_reconcile>(request).await?;
    let text = billing::reconciliation(&found, client.zone().await?);
    let code = if found.total == 0 { exit::OK } else { exit::CHECK_FAILED };
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).code(code))
}

pub(crate) async fn show(client: &Client) -> Result<Answer> {
    let request = BillingReq { range: client.range().await?, zone: client.zone().await? };
    let found = client.ask::<row::billing_show>(request).await?;
    Ok(Answer::new(&found, billing::figures(&found))?.fresh(&found.freshness))
}

pub(crate) async fn invoices(client: &Client, args: InvoiceArgs) -> Result<Answer> {
    let BillingFilterArgs { account, search, page } = args.filter;
    let request = InvoiceListReq {
        account,
        search,
        status: args.status,
        is_failing: args.failing,
        after: page.after,
        limit: page.limit,
    };
    let found = client.ask::<row::invoice_list>(request).await?;
    let text = billing::invoices(&found.rows, found.total, client.zone().await?);
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).next(found.next.clone()))
}

pub(crate) async fn payments(client: &Client, args: PaymentArgs) -> Result<Answer> {
    let BillingFilterArgs { account, search, page } = args.filter;
    let request =
        PaymentListReq { account, search, status: args.status, after: page.after, limit: page.limit };
    let found = client.ask::<row::payment_list>(request).await?;
    let text = billing::payments(&found.rows, found.total, client.zone().await?);
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).next(found.next.clone()))
}

pub(crate) async fn refunds(client: &Client, args: BillingFilterArgs) -> Result<Answer> {
    let BillingFilterArgs { account, search, page } = args;
    let request = RefundListReq { account, search, after: page.after, limit: page.limit };
    let found = client.ask::<row::refund_list>(request).await?;
    let text = billing::refunds(&found.rows, found.total, client.zone().await?);
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).next(found.next.clone()))
}
