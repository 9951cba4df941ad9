//! The lists, page by page.

use serde::Deserialize;
use serde_json::Value;
use steward_core::stripe::Part;
use steward_core::stripe::record::Rows;
use steward_core::{Error, ErrorKind, Result};

use super::client::{StripeClient, decode};
use super::wire;

/// Rows of a page: the most Stripe gives.
const PAGE: &str = "100";

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its rows, newest first.
    pub rows: Rows,
    /// The last row's id: the next page begins after it.
    pub last: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Value>,
    has_more: bool,
}

/// Where a list is, and what is asked of it beside the page.
fn place(part: Part) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match part {
        Part::Refunds => ("v1/refunds", &[]),
        Part::Payments => ("v1/charges", &[]),
        Part::InvoicePayments => ("v1/invoice_payments", &[]),
        Part::Invoices => ("v1/invoices", &[]),
        Part::Subscriptions => (
            "v1/subscriptions",
            &[("status", "all"), ("expand[]", "data.discounts"), ("expand[]", "data.items.data.discounts")],
        ),
        Part::Customers => ("v1/customers", &[]),
        Part::Coupons => ("v1/coupons", &[]),
        Part::Prices => ("v1/prices", &[]),
        Part::Products => ("v1/products", &[]),
    }
}

impl StripeClient {
    /// Whether the key may read a list.
    ///
    /// # Errors
    /// What asking fails with, other than a missing right.
    pub async fn may_read(&self, part: Part) -> Result<bool> {
        let (path, _) = place(part);
        match self.get(path, &[("limit", "1")]).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BillingRight => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page of a list, from its newest row or after the one named.
    ///
    /// # Errors
    /// `NotFound` when the row named is gone; `BillingRight` when the key may not read the list; what a request fails
    /// with.
    pub async fn page(&self, part: Part, after: Option<&str>) -> Result<Page> {
        let (path, more) = place(part);
        let mut query = vec![("limit", PAGE)];
        query.extend(more);
        query.extend(after.map(|id| ("starting_after", id)));
        let List { data, has_more } = decode("list", self.get(path, &query).await?)?;
        let last = match data.last() {
            Some(row) => Some(id_of(row)?),
            // A list that goes on after nothing would be asked for ever.
            None if has_more => {
                return Err(Error::internal("Stripe's list goes on after an empty page.").with_detail(path));
            }
            None => None,
        };
        let rows = match part {
            Part::Refunds => Rows::Refunds(each(data, "refund", wire::Refund::record)?),
            Part::Payments => Rows::Payments(each(data, "charge", wire::Charge::record)?),
            Part::InvoicePayments => {
                Rows::InvoicePayments(each(data, "invoice payment", wire::InvoicePayment::record)?)
            }
            Part::Invoices => Rows::Invoices(each(data, "invoice", wire::Invoice::record)?),
            Part::Subscriptions => {
                let mut rows = Vec::with_capacity(data.len());
                for value in data {
                    let mut read: wire::Subscription = decode("subscription", value)?;
                    self.rest_of_items(&mut read).await?;
                    rows.push(read.record()?);
                }
                Rows::Subscriptions(rows)
            }
            Part::Customers => Rows::Customers(each(data, "customer", wire::Customer::record)?),
            Part::Coupons => Rows::Coupons(each(data, "coupon", wire::Coupon::record)?),
            Part::Prices => Rows::Prices(each(data, "price", wire::Price::record)?),
            Part::Products => Rows::Products(each(data, "product", wire::Product::record)?),
        };
        Ok(Page { rows, last, has_more })
    }

    /// A subscription brings its first items along; the rest is a list of its own.
    async fn rest_of_items(&self, subscription: &mut wire::Subscription) -> Result<()> {
        while subscription.items.has_more {
            let Some(last) = subscription.items.data.last().map(|item| item.id.clone()) else {
                return Err(Error::internal("Stripe's list of items goes on after an empty page.")
                    .with_detail(subscription.id.clone()));
            };
            let query = [
                ("subscription", subscription.id.as_str()),
                ("limit", PAGE),
                ("starting_after", &last),
                ("expand[]", "data.discounts"),
            ];
            let more: wire::Items = decode("list", self.get("v1/subscription_items", &query).await?)?;
            subscription.items.data.extend(more.data);
            subscription.items.has_more = more.has_more;
        }
        Ok(())
    }
}

fn id_of(row: &Value) -> Result<String> {
    let id = row.get("id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Error::internal("Stripe's list has a row without an id."))
}

fn each<W: serde::de::DeserializeOwned, R>(
    data: Vec<Value>,
    what: &str,
    record: impl Fn(W) -> Result<R>,
) -> Result<Vec<R>> {
    data.into_iter().map(|value| record(decode(what, value)?)).collect()
}
