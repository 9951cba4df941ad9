//! The way to the billing provider: the key from the keyring, and a reading every hour while a window is open.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use steward_connect::stripe::{StripeClient, TokioTimer};
use steward_core::id::WorkspaceId;
use steward_core::stripe::billing::{StripeLink, StripePullRes};
use steward_core::stripe::pull::Source;
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::query::billing;
use tokio::time::MissedTickBehavior;

use super::workspace::Opened;
use super::{Engine, Inner, Steward};
use crate::change::Tag;

/// How often a window looks whether Stripe should be read again.
const LOOK: Duration = Duration::from_secs(60);

/// Stripe is read again when what is here is older than this.
const FRESH_FOR: TimeDelta = TimeDelta::hours(1);

/// The name of a workspace's key where secrets are kept.
pub(crate) fn stripe_key_name(id: WorkspaceId) -> String {
    format!("workspace/{id}/stripe-key")
}

/// The name under which `local.db` keeps what is known of a connection; the key is not part of it.
pub(crate) fn stripe_link_name(id: WorkspaceId) -> String {
    format!("workspace/{id}/stripe")
}

impl Inner {
    /// How a workspace is connected; none where it is not.
    pub(crate) fn stripe_link(&self, id: WorkspaceId) -> Result<Option<StripeLink>> {
        self.local.setting(&stripe_link_name(id))
    }
}

impl Steward {
    /// A client with a key.
    pub(crate) fn stripe_client(&self, key: SecretString) -> Result<StripeClient> {
        if self.inner.engine == Engine::Offline {
            return Err(Error::new(ErrorKind::Offline, "Stripe is not asked, as `--offline` wants it."));
        }
        StripeClient::new(key, self.inner.stripe.as_deref(), Arc::new(TokioTimer))
    }

    /// A client with the key of the current workspace.
    pub(crate) async fn current_stripe(&self) -> Result<StripeClient> {
        let (_, key) = self.stripe_key().await?;
        self.stripe_client(key)
    }

    /// The connection of the current workspace and its key.
    async fn stripe_key(&self) -> Result<(StripeLink, SecretString)> {
        let id = self.current().await?.id;
        self.blocking(move |inner| {
            let link = inner.stripe_link(id)?.ok_or_else(not_connected)?;
            let key = inner.secrets.get(&stripe_key_name(id))?.ok_or_else(|| {
                Error::new(ErrorKind::BillingKey, "Stripe's key is not where secrets are kept.")
                    .with_detail(format!("secrets: {}", inner.secrets.describe()))
            })?;
            Ok((link, key))
        })
        .await
    }

    /// Reads Stripe after a change there, so that the copy shows it. The change is done whatever becomes of this.
    pub(crate) async fn pull_stripe_soon(&self) {
        let steward = self.clone();
        let pull = async move {
            let mut pulled = Box::pin(steward.pull_stripe()).await;
            // What was interrupted before went on where it was, perhaps behind what has changed.
            if pulled.as_ref().is_ok_and(|pulled| pulled.was_resumed) {
                pulled = Box::pin(steward.pull_stripe()).await;
            }
            if let Err(cause) = pulled {
                tracing::info!("the change at Stripe is not in the copy yet: {}", cause.chain());
            }
        };
        match self.inner.engine {
            Engine::Continuous => self.spawn(pull),
            Engine::OnDemand => pull.await,
            Engine::Offline => {}
        }
    }

    /// Reads Stripe for the current workspace.
    pub(crate) async fn pull_stripe(&self) -> Result<StripePullRes> {
        let (link, key) = self.stripe_key().await?;
        let client = self.stripe_client(key.clone())?;
        let source = Source { account: link.account.unwrap_or_else(|| fingerprint(&key)), mode: link.mode };
        let engine = self.engine().await?;
        let result = engine.stripe().pull(&client, source).await;
        self.announce(&[Tag::Billing]);
        result
    }
}

/// What stands for an account whose key may not say which it is.
fn fingerprint(key: &SecretString) -> String {
    let digest = Sha256::digest(key.expose_secret().as_bytes());
    format!("key {}", hex::encode(&digest[..8]))
}

/// What there is to do before anything can be read.
pub(crate) fn not_connected() -> Error {
    Error::new(ErrorKind::NotFound, "This workspace is not connected to Stripe.")
        .with_detail("give it a restricted key with `steward stripe connect`")
}

/// Reads Stripe again whenever the copy of it is old, until the workspace is let go of.
pub(super) fn keep_fresh(steward: Steward, opened: Arc<Opened>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    // Opening a workspace starts this, and this reads the open workspace: a type of its own ends the circle.
    Box::pin(look_now_and_then(steward, opened))
}

async fn look_now_and_then(steward: Steward, opened: Arc<Opened>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut tried_at = None;
    loop {
        tokio::select! {
            () = opened.cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = steward.inner.clock.now();
        // What failed is not tried more often than what succeeded.
        if tried_at.is_some_and(|at| now - at < FRESH_FOR) {
            continue;
        }
        let id = opened.id;
        let link = steward.blocking(move |inner| inner.stripe_link(id)).await;
        let Ok(Some(link)) = link else { continue };
        let Ok(position) = opened.cache.read(billing::position).await else { continue };
        let is_fresh = position
            .finished
            .as_ref()
            .is_some_and(|done| position.running.is_none() && now - done.as_of < FRESH_FOR);
        // Whoever has just connected reads by themselves.
        if is_fresh || now - link.connected_at < TimeDelta::minutes(1) {
            continue;
        }
        tried_at = Some(now);
        let result = tokio::select! {
            () = opened.cancel.cancelled() => return,
            result = steward.pull_stripe() => result,
        };
        if let Err(cause) = result {
            tracing::info!("Stripe was not read: {}", cause.chain());
        }
    }
}
