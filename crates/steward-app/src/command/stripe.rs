//! `stripe_status`, `stripe_connect`, `stripe_disconnect`, `stripe_pull`, `stripe_reconcile`.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use steward_connect::stripe::read_subscriptions;
use steward_core::stripe::Part;
use steward_core::stripe::billing::{
    Reconciliation, StripeConnectReq, StripeLink, StripePartStatus, StripePullRes, StripeReconcileReq,
    StripeRight, StripeStatus,
};
use steward_core::stripe::key::{self, KeyFacts, Mode};
use steward_core::stripe::pull::Position;
use steward_core::stripe::reconcile::Theirs;
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::query::billing;
use zeroize::Zeroizing;

use crate::command::workspace::Environment;
use crate::context::{Steward, stripe_key_name, stripe_link_name};

/// Without these nothing can be compared, so a key that may not read them is not kept.
const NEEDED: [Part; 2] = [Part::Subscriptions, Part::Customers];

/// The largest file that is read as a table: a million subscriptions.
const FILE_MAX: u64 = 512 * 1024 * 1024;

pub(crate) async fn stripe_status(steward: &Steward, (): ()) -> Result<StripeStatus> {
    let id = steward.current().await?.id;
    let link = steward.blocking(move |inner| inner.stripe_link(id)).await?;
    let opened = steward.opened().await?;
    let told = opened.running().map(|engine| engine.stripe().told()).unwrap_or_default();
    let (position, rows) =
        opened.cache.read(|reader| Ok((billing::position(reader)?, billing::rows(reader)?))).await?;
    let parts = Part::ALL
        .into_iter()
        .map(|part| {
            let rows = rows.get(&part).copied().unwrap_or(0);
            part_status(part, rows, &position, told.is_pulling)
        })
        .collect();
    Ok(StripeStatus {
        link,
        is_pulling: told.is_pulling,
        is_unfinished: position.running.is_some() && !told.is_pulling,
        as_of: position.finished.as_ref().map(|done| done.as_of),
        began_at: position.running.as_ref().map(|running| running.began_at),
        parts,
        trouble: told.trouble,
    })
}

fn part_status(part: Part, rows: u64, position: &Position, is_pulling: bool) -> StripePartStatus {
    let place = |part: Part| Part::ALL.iter().position(|known| *known == part);
    let running = position.running.as_ref();
    let rows_read = running.and_then(|running| running.rows.get(&part).copied());
    let is_refused = |refused: &[Part]| refused.contains(&part);
    let words = match (running, &position.finished) {
        (Some(running), _) if is_refused(&running.refused) => refused(part),
        (Some(running), done) if running.part == part => {
            // How many there are is known from the time before only.
            let before = done.as_ref().and_then(|done| done.rows.get(&part)).filter(|before| **before > 0);
            let read = rows_read.unwrap_or(0);
            let of = before.map_or_else(String::new, |before| format!(" of about {before}"));
            let verb = if is_pulling { "Reading" } else { "Interrupted" };
            format!("{verb}, {read}{of} read")
        }
        (Some(running), done) if place(part) > place(running.part) => {
            if done.is_some() {
                "Read before; to be read again".to_owned()
            } else {
                "Waiting".to_owned()
            }
        }
        (None, Some(done)) if is_refused(&done.refused) => refused(part),
        (None, None) => "Never read".to_owned(),
        (Some(_), _) | (None, Some(_)) => "Read".to_owned(),
    };
    StripePartStatus { part, label: part.label().to_owned(), rows, rows_read, words }
}

fn refused(part: Part) -> String {
    format!("The key may not read them ({})", part.right())
}

pub(crate) async fn stripe_connect(steward: &Steward, request: StripeConnectReq) -> Result<StripeStatus> {
    let text = Zeroizing::new(request.key);
    let key = text.trim();
    let facts = key::read(key)?;
    let record = steward.current().await?;
    fits(&facts, Environment::from_name(&record.environment))?;
    let key = SecretString::from(key);
    let client = steward.stripe_client(key.clone())?;
    let account = client.account().await?;
    let mut rights = Vec::with_capacity(Part::ALL.len());
    for part in Part::ALL {
        rights.push(StripeRight {
            part,
            label: part.label().to_owned(),
            right: part.right().to_owned(),
            may_read: client.may_read(part).await?,
        });
    }
    let missing: Vec<&str> = { rights.iter() }
        .filter(|right| !right.may_read && NEEDED.contains(&right.part))
        .map(|right| right.right.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(Error::new(
            ErrorKind::BillingRight,
            "The key was not kept: it may not read what billing is compared by.",
        )
        .with_detail(format!("missing: {}", missing.join(", "))));
    }
    let connected_at = steward.inner.clock.now();
    let link = StripeLink {
        masked: facts.masked,
        mode: facts.mode,
        kind: facts.kind,
        account_name: account.as_ref().and_then(|account| account.name.clone()),
        account: account.map(|account| account.id),
        rights,
        connected_at,
    };
    steward
        .blocking(move |inner| {
            // The secret first: a connection whose key was lost on the way would be half made.
            inner.secrets.set(&stripe_key_name(record.id), &key)?;
            inner.local.put_setting(&stripe_link_name(record.id), &link)
        })
        .await?;
    stripe_status(steward, ()).await
}

/// Real money belongs to real customers, and sandbox data to a workspace that is none of them.
fn fits(facts: &KeyFacts, environment: Environment) -> Result<()> {
    match (facts.mode, environment) {
        (Mode::Live, Environment::Production) => Ok(()),
        (Mode::Live, _) => Err(Error::invalid(
            "key",
            format!(
                "This is a live key, and this is a {} workspace: its numbers would be compared with real customers. \
                 Use a key of Stripe's sandbox (rk_test_…).",
                environment.name()
            ),
        )),
        (Mode::Test, Environment::Production) => Err(Error::invalid(
            "key",
            "This is a key of Stripe's sandbox, and this is a production workspace: every real customer would be \
             missing at Stripe. Use a live restricted key (rk_live_…).",
        )),
        (Mode::Test, _) => Ok(()),
    }
}

pub(crate) async fn stripe_disconnect(steward: &Steward, (): ()) -> Result<StripeStatus> {
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            inner.secrets.delete(&stripe_key_name(id))?;
            inner.local.remove_setting(&stripe_link_name(id))
        })
        .await?;
    stripe_status(steward, ()).await
}

pub(crate) async fn stripe_pull(steward: &Steward, (): ()) -> Result<StripePullRes> {
    Box::pin(steward.pull_stripe()).await
}

pub(crate) async fn stripe_reconcile(
    steward: &Steward,
    request: StripeReconcileReq,
) -> Result<Reconciliation> {
    let file = match &request.csv {
        None => None,
        Some(path) => {
            let path = PathBuf::from(path);
            Some(steward.blocking(move |_| table(&path)).await?)
        }
    };
    // Before the first whole reading a way on is named; which one depends on whether there is a connection.
    let id = steward.current().await?.id;
    let is_connected = steward.blocking(move |inner| inner.stripe_link(id)).await?.is_some();
    let cache = steward.cache().await?;
    match cache.read(move |reader| billing::reconcile(reader, &request, file)).await {
        Err(error) if error.kind() == ErrorKind::NotFound && !is_connected => {
            Err(Error::new(ErrorKind::NotFound, "This workspace is not connected to Stripe.").with_detail(
                "connect it with `steward stripe connect`, or compare with a file: `steward stripe reconcile --csv FILE`",
            ))
        }
        answer => answer,
    }
}

/// A file of subscriptions: its name and its rows.
fn table(path: &Path) -> Result<(String, Vec<Theirs>)> {
    let refused = |cause: std::io::Error| {
        let kind = match cause.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::File,
        };
        Error::new(kind, "The file cannot be read.")
            .with_field("csv", "Cannot be read.")
            .with_detail(path.display().to_string())
            .with_source(cause)
    };
    let size = std::fs::metadata(path).map_err(refused)?;
    if size.is_dir() || size.len() > FILE_MAX {
        return Err(Error::invalid("csv", "The file is a folder, or larger than 512 MB."));
    }
    let bytes = std::fs::read(path).map_err(refused)?;
    let table = read_subscriptions(&bytes)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok((name, table.rows))
}
