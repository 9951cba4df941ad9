//! The rows of the billing provider: their tables, and how a page of them is written.
//!
//! They come from no snapshot of the company's server and have no dataset: what is verified there does not touch
//! them. Each row carries the number of the reading that saw it last, so that what a finished reading has not seen
//! is known to be gone.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde::Serialize;
use steward_core::stripe::Part;
use steward_core::stripe::record::{
    Coupon, Customer, Invoice, InvoicePayment, Payment, Price, Product, Refund, Rows, Subscription,
};
use steward_core::{Error, Result};

use super::{Applied, Batch, fault, instant};

/// The tables with their indexes. Subscriptions are kept as one text: nothing asks for a single line of one.
pub(super) const TABLES: &str = "
    create table stripe_products (
        id text primary key, name text not null, is_active integer not null, pull integer not null
    ) strict, without rowid;
    create table stripe_prices (
        id text primary key, product text, currency text not null, unit_amount text, interval text,
        interval_count integer not null, is_metered integer not null, is_tiered integer not null,
        is_active integer not null, pull integer not null
    ) strict, without rowid;
    create table stripe_coupons (
        id text primary key, name text, percent_off text, amount_off integer, currency text,
        duration text not null, pull integer not null
    ) strict, without rowid;
    create table stripe_customers (
        id text primary key, email text, name text, currency text, balance integer not null,
        is_delinquent integer not null, created_at integer not null, pull integer not null
    ) strict, without rowid;
    create table stripe_subscriptions (
        id text primary key, customer text not null, status text not null, body text not null,
        pull integer not null
    ) strict, without rowid;
    create table stripe_invoices (
        id text primary key, number text, customer text, subscription text, status text, currency text not null,
        total integer not null, amount_due integer not null, amount_paid integer not null,
        amount_remaining integer not null, attempts integer not null, next_attempt_at integer, reason text,
        created_at integer not null, due_at integer, paid_at integer, pull integer not null
    ) strict, without rowid;
    create table stripe_invoice_payments (
        id text primary key, invoice text not null, intent text, charge text, status text not null,
        pull integer not null
    ) strict, without rowid;
    create table stripe_payments (
        id text primary key, intent text, customer text, currency text not null, amount integer not null,
        refunded integer not null, status text not null, is_disputed integer not null, failure_code text,
        failure text, method text, created_at integer not null, pull integer not null
    ) strict, without rowid;
    create table stripe_refunds (
        id text primary key, charge text, currency text not null, amount integer not null, status text,
        reason text, created_at integer not null, pull integer not null
    ) strict, without rowid;
    create index stripe_subscriptions_by_customer on stripe_subscriptions (customer);
    create index stripe_invoices_by_time on stripe_invoices (created_at, id);
    create index stripe_invoices_by_customer on stripe_invoices (customer, created_at, id);
    create index stripe_invoices_by_number on stripe_invoices (number collate nocase);
    create index stripe_invoice_payments_by_invoice on stripe_invoice_payments (invoice);
    create index stripe_invoice_payments_by_intent on stripe_invoice_payments (intent);
    create index stripe_payments_by_time on stripe_payments (created_at, id);
    create index stripe_payments_by_customer on stripe_payments (customer, created_at, id);
    create index stripe_payments_by_intent on stripe_payments (intent);
    create index stripe_refunds_by_time on stripe_refunds (created_at, id);
    create index stripe_refunds_by_charge on stripe_refunds (charge);
";

/// A part's table and its columns, the id first; `pull` comes after them.
pub(super) fn table(part: Part) -> (&'static str, &'static [&'static str]) {
    match part {
        Part::Products => ("stripe_products", &["id", "name", "is_active"]),
        Part::Prices => (
            "stripe_prices",
            &[
                "id",
                "product",
                "currency",
                "unit_amount",
                "interval",
                "interval_count",
                "is_metered",
                "is_tiered",
                "is_active",
            ],
        ),
        Part::Coupons => {
            ("stripe_coupons", &["id", "name", "percent_off", "amount_off", "currency", "duration"])
        }
        Part::Customers => (
            "stripe_customers",
            &["id", "email", "name", "currency", "balance", "is_delinquent", "created_at"],
        ),
        Part::Subscriptions => ("stripe_subscriptions", &["id", "customer", "status", "body"]),
        Part::Invoices => (
            "stripe_invoices",
            &[
                "id",
                "number",
                "customer",
                "subscription",
                "status",
                "currency",
                "total",
                "amount_due",
                "amount_paid",
                "amount_remaining",
                "attempts",
                "next_attempt_at",
                "reason",
                "created_at",
                "due_at",
                "paid_at",
            ],
        ),
        Part::InvoicePayments => {
            ("stripe_invoice_payments", &["id", "invoice", "intent", "charge", "status"])
        }
        Part::Payments => (
            "stripe_payments",
            &[
                "id",
                "intent",
                "customer",
                "currency",
                "amount",
                "refunded",
                "status",
                "is_disputed",
                "failure_code",
                "failure",
                "method",
                "created_at",
            ],
        ),
        Part::Refunds => {
            ("stripe_refunds", &["id", "charge", "currency", "amount", "status", "reason", "created_at"])
        }
    }
}

impl Batch<'_> {
    /// Writes rows that the reading of this number saw.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn stripe_rows(&mut self, rows: &Rows, pull: u64) -> Result<Applied> {
        let applied = write(self.connection(), rows, pull)?;
        if applied.changed() > 0 {
            self.touch_billing();
        }
        Ok(applied)
    }

    /// Removes the rows of a list that the reading of this number has not seen; how many there were.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn stripe_sweep(&mut self, part: Part, pull: u64) -> Result<u64> {
        let (name, _) = table(part);
        let removed = self
            .connection()
            .execute(&format!("delete from {name} where pull <> ?1"), [pull.cast_signed()])
            .map_err(fault::map)?;
        // The list is whole now, which is a change of its own.
        self.touch_billing();
        Ok(removed as u64)
    }

    /// Removes every row: they are another account's.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn stripe_clear(&mut self) -> Result<()> {
        for part in Part::ALL {
            let (name, _) = table(part);
            self.connection().execute(&format!("delete from {name}"), []).map_err(fault::map)?;
        }
        self.touch_billing();
        Ok(())
    }
}

fn write(connection: &Connection, rows: &Rows, pull: u64) -> Result<Applied> {
    let (name, columns) = table(rows.part());
    let pull_at = columns.len() + 1;
    let same: Vec<String> =
        columns.iter().enumerate().map(|(at, column)| format!("{column} is ?{}", at + 1)).collect();
    let places: Vec<String> = (1..=pull_at).map(|at| format!("?{at}")).collect();
    let news: Vec<String> =
        columns[1..].iter().chain(&["pull"]).map(|column| format!("{column} = excluded.{column}")).collect();
    let mut seen = connection
        .prepare_cached(&format!("update {name} set pull = ?{pull_at} where {}", same.join(" and ")))
        .map_err(fault::map)?;
    let mut upsert = connection
        .prepare_cached(&format!(
            "insert into {name} ({}, pull) values ({}) on conflict (id) do update set {}",
            columns.join(", "),
            places.join(", "),
            news.join(", ")
        ))
        .map_err(fault::map)?;
    let mut applied = Applied::default();
    let mut put = |mut values: Vec<Value>| -> Result<()> {
        values.push(Value::Integer(pull.cast_signed()));
        if seen.execute(params_from_iter(&values)).map_err(fault::map)? == 1 {
            applied.unchanged += 1;
        } else {
            upsert.execute(params_from_iter(&values)).map_err(fault::map)?;
            applied.updated += 1;
        }
        Ok(())
    };
    match rows {
        Rows::Products(rows) => rows.iter().try_for_each(|row| put(product(row))),
        Rows::Prices(rows) => rows.iter().try_for_each(|row| put(price(row))),
        Rows::Coupons(rows) => rows.iter().try_for_each(|row| put(coupon(row))),
        Rows::Customers(rows) => rows.iter().try_for_each(|row| put(customer(row))),
        Rows::Subscriptions(rows) => rows.iter().try_for_each(|row| put(subscription(row)?)),
        Rows::Invoices(rows) => rows.iter().try_for_each(|row| put(invoice(row))),
        Rows::InvoicePayments(rows) => rows.iter().try_for_each(|row| put(invoice_payment(row))),
        Rows::Payments(rows) => rows.iter().try_for_each(|row| put(payment(row))),
        Rows::Refunds(rows) => rows.iter().try_for_each(|row| put(refund(row))),
    }?;
    Ok(applied)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn maybe(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

fn flag(is_so: bool) -> Value {
    Value::Integer(i64::from(is_so))
}

fn time(at: chrono::DateTime<chrono::Utc>) -> Value {
    Value::Integer(instant::from_utc(at))
}

fn maybe_time(at: Option<chrono::DateTime<chrono::Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

fn json(what: &impl Serialize) -> Result<Value> {
    serde_json::to_string(what)
        .map(Value::Text)
        .map_err(|cause| Error::internal("A subscription has no JSON form.").with_source(cause))
}

fn product(row: &Product) -> Vec<Value> {
    vec![text(&row.id), text(&row.name), flag(row.is_active)]
}

fn price(row: &Price) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.product.as_ref()),
        text(&row.currency),
        maybe(row.unit_amount.as_ref()),
        maybe(row.interval.as_ref()),
        Value::Integer(row.interval_count.into()),
        flag(row.is_metered),
        flag(row.is_tiered),
        flag(row.is_active),
    ]
}

fn coupon(row: &Coupon) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.name.as_ref()),
        maybe(row.percent_off.as_ref()),
        row.amount_off.into(),
        maybe(row.currency.as_ref()),
        text(&row.duration),
    ]
}

fn customer(row: &Customer) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.email.as_ref()),
        maybe(row.name.as_ref()),
        maybe(row.currency.as_ref()),
        row.balance.into(),
        flag(row.is_delinquent),
        time(row.created_at),
    ]
}

fn subscription(row: &Subscription) -> Result<Vec<Value>> {
    Ok(vec![text(&row.id), text(&row.customer), text(&row.status), json(row)?])
}

fn invoice(row: &Invoice) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.number.as_ref()),
        maybe(row.customer.as_ref()),
        maybe(row.subscription.as_ref()),
        maybe(row.status.as_ref()),
        text(&row.currency),
        row.total.into(),
        row.amount_due.into(),
        row.amount_paid.into(),
        row.amount_remaining.into(),
        Value::Integer(row.attempts.into()),
        maybe_time(row.next_attempt_at),
        maybe(row.reason.as_ref()),
        time(row.created_at),
        maybe_time(row.due_at),
        maybe_time(row.paid_at),
    ]
}

fn invoice_payment(row: &InvoicePayment) -> Vec<Value> {
    vec![
        text(&row.id),
        text(&row.invoice),
        maybe(row.intent.as_ref()),
        maybe(row.charge.as_ref()),
        text(&row.status),
    ]
}

fn payment(row: &Payment) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.intent.as_ref()),
        maybe(row.customer.as_ref()),
        text(&row.currency),
        row.amount.into(),
        row.refunded.into(),
        text(&row.status),
        flag(row.is_disputed),
        maybe(row.failure_code.as_ref()),
        maybe(row.failure.as_ref()),
        maybe(row.method.as_ref()),
        time(row.created_at),
    ]
}

fn refund(row: &Refund) -> Vec<Value> {
    vec![
        text(&row.id),
        maybe(row.charge.as_ref()),
        text(&row.currency),
        row.amount.into(),
        maybe(row.status.as_ref()),
        maybe(row.reason.as_ref()),
        time(row.created_at),
    ]
}
