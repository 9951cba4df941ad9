//! What is changed at Stripe: looked at first, at the instant it will be prorated at, then asked for.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use steward_core::stripe::change::RefundCause;
use steward_core::stripe::currency;
use steward_core::stripe::record::{Payment, Subscription};
use steward_core::{Error, ErrorKind, Result};

use super::client::{StripeClient, decode};
use super::wire;

/// A change that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What kind, as the contract calls it.
    pub kind: &'static str,
    /// The subscription or the payment.
    pub object: String,
    /// Whose.
    pub customer: Option<String>,
    /// The request, as it is kept and sent.
    pub asked: Asked,
    /// What the object is.
    pub before: Value,
    /// What it will be, and what Stripe says it will charge.
    pub expected: Value,
    /// What names it to people, to be typed where it is dangerous.
    pub phrase: String,
}

/// A request that changes something.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Asked {
    /// `POST` or `DELETE`.
    pub method: String,
    /// Path.
    pub path: String,
    /// Form.
    pub form: Vec<(String, String)>,
}

/// What a line is to become; none leaves what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTerms {
    /// Price at Stripe.
    pub price: Option<String>,
    /// Seats.
    pub quantity: Option<u32>,
}

#[derive(Deserialize)]
struct PreviewLine {
    amount: i64,
    description: Option<String>,
}

#[derive(Deserialize)]
struct PreviewLines {
    data: Vec<PreviewLine>,
}

#[derive(Deserialize)]
struct Preview {
    currency: String,
    total: i64,
    amount_due: i64,
    lines: PreviewLines,
}

impl StripeClient {
    /// A subscription as it is now.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id; what the request fails with.
    pub async fn subscription(&self, id: &str) -> Result<Subscription> {
        let path = format!("v1/subscriptions/{}", segment(id)?);
        decode::<wire::Subscription>("subscription", self.get(&path, &[]).await?)?.record()
    }

    /// A payment as it is now.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id; what the request fails with.
    pub async fn payment(&self, id: &str) -> Result<Payment> {
        let path = format!("v1/charges/{}", segment(id)?);
        decode::<wire::Charge>("charge", self.get(&path, &[]).await?)?.record()
    }

    /// What other terms of a subscription's line would charge now, prorated at this instant. The request carries the
    /// same instant, so that what was shown is what is charged.
    ///
    /// # Errors
    /// `Invalid` when nothing would change; what a request fails with.
    pub async fn plan_change(
        &self,
        subscription: &Subscription,
        line: &str,
        terms: &NewTerms,
        at: DateTime<Utc>,
    ) -> Result<Planned> {
        let item = subscription.items.iter().find(|item| item.id == line).ok_or_else(gone)?;
        let old_price = item.price.as_ref().map(|price| price.id.clone());
        let price = terms.price.clone().filter(|price| old_price.as_ref() != Some(price));
        let quantity = terms.quantity.map(u64::from).filter(|quantity| item.quantity != Some(*quantity));
        if price.is_none() && quantity.is_none() {
            return Err(Error::invalid(
                "plan_code",
                "The subscription has this plan, interval and quantity already.",
            ));
        }
        let mut form = vec![("items[0][id]".to_owned(), line.to_owned())];
        form.extend(price.iter().map(|price| ("items[0][price]".to_owned(), price.clone())));
        form.extend(quantity.iter().map(|quantity| ("items[0][quantity]".to_owned(), quantity.to_string())));
        form.push(("proration_behavior".to_owned(), "always_invoice".to_owned()));
        form.push(("proration_date".to_owned(), at.timestamp().to_string()));
        let mut query = vec![("subscription".to_owned(), subscription.id.clone())];
        query.extend(form.iter().map(|(name, value)| {
            let (head, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
            (format!("subscription_details[{head}]{rest}"), value.clone())
        }));
        let shown: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let preview: Preview = decode("preview", self.look("v1/invoices/create_preview", &shown).await?)?;
        let code = preview.currency.to_ascii_uppercase();
        let words =
            |amount: i64| -> Result<String> { Ok(currency::words(currency::minor(amount, &code)?, &code)) };
        let lines = { preview.lines.data.iter() }
            .map(|line| {
                Ok(format!("{} {}", line.description.as_deref().unwrap_or("Line"), words(line.amount)?))
            })
            .collect::<Result<Vec<_>>>()?
            .join("; ");
        let mut expected = json!({
            "charged_now": words(preview.amount_due)?,
            "prorated_at": at,
            "lines": lines,
        });
        if preview.total < 0 {
            // Stripe pays nothing out.
            expected["kept_as_credit"] = words(-preview.total)?.into();
            expected["given_back"] = "nothing; what is left over lowers the next invoices".into();
        }
        if let Some((start, end)) = item.period_start.zip(item.period_end) {
            // A share of the whole period, also for who joined in the middle of it.
            expected["prorated_over"] = format!("{} to {}", start.date_naive(), end.date_naive()).into();
        }
        if !subscription.discounts.is_empty() || !item.discounts.is_empty() {
            expected["discounts"] = "as in the amounts; no other one is taken off prorated lines".into();
        }
        if let Some(price) = &price {
            expected["price"] = price.as_str().into();
        }
        if let Some(quantity) = quantity {
            expected["quantity"] = quantity.into();
        }
        Ok(Planned {
            kind: "change_subscription",
            object: subscription.id.clone(),
            customer: Some(subscription.customer.clone()),
            asked: Asked {
                method: "POST".to_owned(),
                path: format!("v1/subscriptions/{}", segment(&subscription.id)?),
                form,
            },
            before: json!({ "price": old_price, "quantity": item.quantity }),
            expected,
            phrase: subscription.id.clone(),
        })
    }

    /// Sends what was planned. The key makes it happen once, however often it is sent.
    ///
    /// # Errors
    /// What the request fails with; with `Offline` and `Timeout` it is not known whether it was carried out.
    pub async fn carry_out(&self, asked: &Asked, idempotency_key: &str) -> Result<Value> {
        let form: Vec<(&str, &str)> =
            asked.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match asked.method.as_str() {
            "DELETE" => self.delete(&asked.path, &form, idempotency_key).await,
            _ => self.post(&asked.path, &form, idempotency_key).await,
        }
    }
}

/// What ending a subscription does.
///
/// # Errors
/// `Invalid` when it is over, or ends so already.
pub fn plan_cancel(subscription: &Subscription, is_now: bool) -> Result<Planned> {
    running(subscription)?;
    let end = subscription.items.iter().filter_map(|item| item.period_end).min();
    if !is_now && subscription.cancel_at_period_end {
        return Err(Error::invalid("subscription", "It ends with its period already."));
    }
    let path = format!("v1/subscriptions/{}", segment(&subscription.id)?);
    let (asked, expected) = if is_now {
        let form =
            vec![("prorate".to_owned(), "false".to_owned()), ("invoice_now".to_owned(), "false".to_owned())];
        let asked = Asked { method: "DELETE".to_owned(), path, form };
        (asked, json!({ "status": "canceled", "given_back": "nothing; refund the payment apart from it" }))
    } else {
        let form = vec![("cancel_at_period_end".to_owned(), "true".to_owned())];
        (
            Asked { method: "POST".to_owned(), path, form },
            json!({ "ends_at": end, "cancel_at_period_end": true }),
        )
    };
    Ok(Planned {
        kind: "cancel_subscription",
        object: subscription.id.clone(),
        customer: Some(subscription.customer.clone()),
        asked,
        before: json!({
            "status": subscription.status,
            "cancel_at_period_end": subscription.cancel_at_period_end,
            "period_end": end,
        }),
        expected,
        phrase: subscription.id.clone(),
    })
}

/// What taking back a pending end does.
///
/// # Errors
/// `Invalid` when there is none to take back.
pub fn plan_reinstate(subscription: &Subscription) -> Result<Planned> {
    running(subscription)?;
    if !subscription.cancel_at_period_end {
        return Err(Error::invalid(
            "subscription",
            "It does not end with its period: there is nothing to take back.",
        ));
    }
    Ok(Planned {
        kind: "reinstate_subscription",
        object: subscription.id.clone(),
        customer: Some(subscription.customer.clone()),
        asked: Asked {
            method: "POST".to_owned(),
            path: format!("v1/subscriptions/{}", segment(&subscription.id)?),
            form: vec![("cancel_at_period_end".to_owned(), "false".to_owned())],
        },
        before: json!({ "cancel_at_period_end": true }),
        expected: json!({ "cancel_at_period_end": false }),
        phrase: subscription.id.clone(),
    })
}

/// What giving a payment back does.
///
/// # Errors
/// `Invalid` when nothing is left to give back, or less than was asked for.
pub fn plan_refund(payment: &Payment, amount: Option<i64>, cause: RefundCause) -> Result<Planned> {
    let left = payment.amount - payment.refunded;
    let amount = amount.unwrap_or(left);
    let wrong = |message: String| Err(Error::invalid("amount_minor", message));
    if payment.status != "succeeded" {
        return wrong(format!("The payment is {}: there is nothing to give back.", payment.status));
    }
    if amount <= 0 || amount > left {
        return wrong(format!(
            "Of this payment {} can be given back.",
            currency::words(left, &payment.currency)
        ));
    }
    let wire = currency::to_provider(amount, &payment.currency)?;
    Ok(Planned {
        kind: "refund",
        object: payment.id.clone(),
        customer: payment.customer.clone(),
        asked: Asked {
            method: "POST".to_owned(),
            path: "v1/refunds".to_owned(),
            form: vec![
                ("charge".to_owned(), payment.id.clone()),
                ("amount".to_owned(), wire.to_string()),
                ("reason".to_owned(), cause.name().to_owned()),
            ],
        },
        before: json!({
            "amount": currency::words(payment.amount, &payment.currency),
            "refunded": currency::words(payment.refunded, &payment.currency),
        }),
        expected: json!({
            "given_back": currency::words(amount, &payment.currency),
            "refunded": currency::words(payment.refunded + amount, &payment.currency),
            "cause": cause.name(),
        }),
        phrase: format!("refund {}", currency::words(amount, &payment.currency)),
    })
}

fn running(subscription: &Subscription) -> Result<()> {
    if matches!(subscription.status.as_str(), "canceled" | "incomplete_expired") {
        return Err(Error::invalid("subscription", "It is over at Stripe: a new one has to be made."));
    }
    Ok(())
}

fn gone() -> Error {
    Error::new(ErrorKind::NotFound, "The subscription has no line of this plan.")
}

/// An id as a part of a path: Stripe's have letters, digits and `_`.
fn segment(id: &str) -> Result<&str> {
    let is_id = !id.is_empty() && id.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if is_id { Ok(id) } else { Err(Error::invalid("subscription", "This is no id of Stripe's.")) }
}
