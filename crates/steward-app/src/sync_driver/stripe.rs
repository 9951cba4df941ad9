//! Reads the billing provider into the copy: page after page, each with its position in one transaction of the
//! writer's thread.
//!
//! It works beside the engine's task and never in it: a slow or broken Stripe holds up no cut, and a server that
//! cannot be reached holds up no reading of Stripe. What both share is the one writer.

use std::sync::{Arc, Mutex, PoisonError};

use steward_connect::stripe::{Page, StripeClient};
use steward_core::stripe::billing::StripePullRes;
use steward_core::stripe::pull::{Position, Source};
use steward_core::{Clock, Error, ErrorKind, Result};
use steward_store::cache::Cache;
use steward_store::cache::query::billing;
use tokio_util::sync::CancellationToken;

use super::writer_thread::{StripeStep, WriterDoor};

/// A list whose row to go on after is gone is read from its beginning so often before that is told: each time
/// somebody deleted the very row a page had ended at.
const RESTARTS: u32 = 5;

/// The part of the driver that reads Stripe. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StripeReader(Arc<Shared>);

struct Shared {
    cache: Cache,
    door: WriterDoor,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    /// Held by the one reading there is.
    turn: tokio::sync::Mutex<()>,
    told: Mutex<Told>,
}

/// What is known of readings beside the position in the copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) is_pulling: bool,
    pub(crate) trouble: Option<String>,
}

impl std::fmt::Debug for StripeReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeReader").finish_non_exhaustive()
    }
}

impl StripeReader {
    pub(super) fn new(
        cache: Cache,
        door: WriterDoor,
        clock: Arc<dyn Clock>,
        shutdown: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            cache,
            door,
            clock,
            shutdown,
            turn: tokio::sync::Mutex::new(()),
            told: Mutex::default(),
        }))
    }

    /// Whether a reading runs, and why the last one broke off.
    pub(crate) fn told(&self) -> Told {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads everything, or goes on with what was interrupted. Those who ask while a reading runs share the one after it.
    ///
    /// # Errors
    /// `BillingKey` and what else asking Stripe fails with; what writing fails with; `Cancelled` at shutdown. What
    /// was read so far stays, and the next reading goes on there.
    pub(crate) async fn pull(&self, client: &StripeClient, source: Source) -> Result<StripePullRes> {
        let asked_at = self.0.clock.now();
        let _turn = self.0.turn.lock().await;
        let position = self.position().await?;
        // One that began before may have passed what has changed since.
        if let Some(done) = position.finished.filter(|done| done.as_of >= asked_at) {
            return Ok(StripePullRes {
                as_of: done.as_of,
                rows_read: 0,
                rows_changed: 0,
                was_resumed: false,
                waits: 0,
                refused: done.refused,
            });
        }
        self.tell(|told| *told = Told { is_pulling: true, trouble: None });
        let result = Box::pin(self.read(client, source)).await;
        self.tell(|told| {
            told.is_pulling = false;
            told.trouble = match &result {
                Err(error) if error.kind() != ErrorKind::Cancelled => {
                    Some(format!("{} {}", error.message(), error.kind().hint()))
                }
                Ok(_) | Err(_) => None,
            };
        });
        result
    }

    async fn read(&self, client: &StripeClient, source: Source) -> Result<StripePullRes> {
        let Shared { door, clock, .. } = self.0.as_ref();
        let mut position = self.position().await?;
        let was_resumed =
            position.running.is_some() && position.source.as_ref().is_some_and(|known| *known == source);
        let clears = position.begin(source, clock.now());
        let step = StripeStep { clears, rows: None, sweep: None, position: position.clone() };
        let mut rows_changed = door.stripe(step).await?.changed();
        let (mut rows_read, mut restarts) = (0, 0);
        while let Some(running) = &position.running {
            let part = running.part;
            let step = match self.page(client, part, running.after.as_deref()).await {
                Ok(Page { rows, last, has_more }) => {
                    let count = rows.len() as u64;
                    rows_read += count;
                    let sweep = position.page(count, last, has_more, clock.now());
                    StripeStep { clears: false, rows: Some(rows), sweep, position: position.clone() }
                }
                Err(error) if error.kind() == ErrorKind::BillingRight => {
                    let sweep = position.refused(clock.now());
                    StripeStep { clears: false, rows: None, sweep, position: position.clone() }
                }
                Err(error)
                    if error.kind() == ErrorKind::NotFound
                        && running.after.is_some()
                        && restarts < RESTARTS =>
                {
                    restarts += 1;
                    tracing::info!("a list of Stripe's is read from its beginning: {}", error.chain());
                    position.again();
                    StripeStep { clears: false, rows: None, sweep: None, position: position.clone() }
                }
                Err(error) => return Err(error),
            };
            rows_changed += door.stripe(step).await?.changed();
        }
        let finished = position.finished.ok_or_else(|| Error::internal("A reading ended without an end."))?;
        Ok(StripePullRes {
            as_of: finished.as_of,
            rows_read,
            rows_changed,
            was_resumed,
            waits: client.waits(),
            refused: finished.refused,
        })
    }

    async fn page(
        &self,
        client: &StripeClient,
        part: steward_core::stripe::Part,
        after: Option<&str>,
    ) -> Result<Page> {
        tokio::select! {
            biased;
            () = self.0.shutdown.cancelled() => {
                Err(Error::new(ErrorKind::Cancelled, "The reading of Stripe was broken off; it goes on where it was."))
            }
            page = client.page(part, after) => page,
        }
    }

    async fn position(&self) -> Result<Position> {
        self.0.cache.read(billing::position).await
    }

    fn tell(&self, say: impl FnOnce(&mut Told)) {
        say(&mut self.0.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
