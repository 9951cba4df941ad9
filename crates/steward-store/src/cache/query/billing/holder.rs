//! Whose customer it is.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row};
use steward_core::Result;
use steward_core::find::FindKind;
use steward_core::stripe::reconcile::Holder;
use uuid::Uuid;

use crate::cache::{Reader, fault};

/// Looks customers up, each once.
pub(super) struct Holders<'a> {
    reader: &'a Reader,
    known: HashMap<String, (Option<Holder>, Option<String>)>,
}

impl<'a> Holders<'a> {
    pub(super) fn new(reader: &'a Reader) -> Self {
        Self { reader, known: HashMap::new() }
    }

    /// Who a customer is here, and how Stripe calls it.
    pub(super) fn of(&mut self, customer: Option<&str>) -> Result<(Option<Holder>, Option<String>)> {
        let Some(customer) = customer else { return Ok((None, None)) };
        if let Some(known) = self.known.get(customer) {
            return Ok(known.clone());
        }
        let found = (holder(self.reader, customer)?, Some(label(self.reader, customer)?));
        self.known.insert(customer.to_owned(), found.clone());
        Ok(found)
    }
}

/// The user who has this customer's id, or the team one of whose subscriptions is billed to it.
fn holder(reader: &Reader, customer: &str) -> Result<Option<Holder>> {
    let ask = |sql: &str, kind: FindKind| {
        let read = |row: &Row<'_>| {
            let label: Option<String> = row.get(1)?;
            Ok(Holder { kind, id: Uuid::from_bytes(row.get(0)?), label: label.unwrap_or_default() })
        };
        reader
            .connection()
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row([customer], read).optional())
            .map_err(fault::map)
    };
    let user =
        ask("select id, email from users where stripe_customer_id = ?1 order by id limit 1", FindKind::User)?;
    match user {
        Some(user) => Ok(Some(user)),
        None => ask(
            "select teams.id, teams.name from stripe_subscriptions billed
             join subscriptions on subscriptions.stripe_subscription_id = billed.id
             join teams on teams.id = subscriptions.team_id
             where billed.customer = ?1 order by teams.id limit 1",
            FindKind::Team,
        ),
    }
}

/// E-mail address, else name, else the id.
fn label(reader: &Reader, customer: &str) -> Result<String> {
    let found: Option<Option<String>> = reader
        .connection()
        .prepare_cached("select coalesce(email, name) from stripe_customers where id = ?1")
        .and_then(|mut find| find.query_row([customer], |row| row.get(0)).optional())
        .map_err(fault::map)?;
    Ok(found.flatten().unwrap_or_else(|| customer.to_owned()))
}
