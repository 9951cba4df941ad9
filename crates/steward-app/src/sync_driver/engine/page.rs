//! Pages of what changed in weeks, and what has to be certain before anything read is stored.

use std::time::{Duration, Instant};

use steward_core::sync::{
    AckChain, Acked, Event, Guard, Guards, Observed, Occupied, Page, Position, Since, Verdict,
};
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::postgres::cut::{Answer, Purpose};
use steward_store::postgres::{PgConnection, cut, load};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{CHANNEL_DEPTH, Engine, answer, client_of, first_cause, guard, open_connection};
use crate::sync_driver::abort;
use crate::sync_driver::writer_thread::{Decision, Work};

impl Engine {
    /// Where a window has rows, all or those written since; asked in a transaction of its own.
    pub(super) async fn measure(
        &mut self,
        dataset: Dataset,
        start_us: i64,
        end_us: i64,
        since: Option<&Since>,
        token: &CancellationToken,
    ) -> Result<Occupied> {
        let guards = self.guards;
        let connection = open_connection(&mut self.connection)?;
        let measured = guard(token, Duration::from_secs(30), async {
            cut::open(connection, Purpose::Chunk(dataset), guards, None).await?;
            let occupied = load::measure(connection, dataset, start_us, end_us, since).await?;
            cut::close(connection).await?;
            Ok(occupied)
        })
        .await;
        match measured {
            Ok(occupied) => Ok(occupied),
            // A partition too large to be measured is read from its end anyway.
            Err(error)
                if error.kind() == ErrorKind::Timeout && start_us != i64::MIN && end_us != i64::MAX =>
            {
                cut::abandon(open_connection(&mut self.connection)?).await?;
                Ok(Occupied::Between { first_us: start_us, last_us: end_us - 1 })
            }
            Err(error) => Err(error),
        }
    }

    /// One page of what changed in weeks, in a transaction of its own on either side (S18).
    pub(super) async fn read_page(
        &mut self,
        page: Page,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Event> {
        let began = Instant::now();
        let catch_up = position
            .catch_up
            .as_ref()
            .ok_or_else(|| Error::internal("A page needs a place to go on from."))?;
        let known = position.cursor.as_ref().map(|cursor| &cursor.catalog);
        let (out, pieces) = mpsc::channel(CHANNEL_DEPTH);
        let (decide, decision) = oneshot::channel();
        let (reply, stored) = oneshot::channel();
        let guards = self.guards;
        let connection = open_connection(&mut self.connection)?;
        let opening = cut::open_cut(connection, Purpose::Cut, guards, client_of(position), None, known);
        let cut::Opened { observed, catalog, .. } = guard(token, Duration::from_secs(30), opening).await?;
        continues(position, &observed)?;
        // Nothing is compared here: a page is no cut.
        let (_, asked) = mpsc::channel(1);
        self.writer.send(Work::Delta { pieces, asked, decision, reply }).await?;
        let read = guard(token, Duration::from_secs(60), async {
            let rows_from = position.edge.from_us;
            let end = cut::read_page(connection, &page, &catch_up.since, &catalog, rows_from, &out).await?;
            cut::close_certain(connection, &catalog).await?;
            let acked = settle_observed(connection, &observed, position, guards).await?;
            Ok((end, acked))
        })
        .await;
        drop(out);
        let (end, acked) = match read {
            Ok(read) => read,
            Err(error) => {
                drop(decide);
                return Err(first_cause(error, stored).await);
            }
        };
        self.tally.rows_read += end.row_count;
        let next = position.after_page(&page, end, &observed, &catalog).after_ack(acked);
        let _ = decide.send(Decision { position: next.clone(), upto: None });
        let stored = answer(stored).await?;
        self.learn(stored);
        abort::point("page_stored");
        Ok(Event::PageDone {
            position: Box::new(next),
            elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// S6: no row is stored of a server that does not continue the copy's history.
pub(super) fn continues(position: &Position, observed: &Observed) -> Result<()> {
    let cursor = position.cursor.as_ref().ok_or_else(|| Error::internal("A load needs a cursor."))?;
    match position.judge(cursor, observed) {
        Verdict::Continues => Ok(()),
        Verdict::Behind => Err(Error::new(ErrorKind::Timeout, "This standby is behind what the copy holds.")),
        Verdict::ReloadAll(reason) => Err(Error::new(ErrorKind::Identity, reason)),
    }
}

/// Makes sure that what was read can be stored: the server has taken the copy's next word, and everything up
/// to it is on its disk (S4, S20); where it takes none, the wait for its disk is all there is.
pub(super) async fn settle(
    connection: &mut PgConnection,
    lsn: Option<u64>,
    ack: Option<&AckChain>,
) -> Result<Option<Acked>> {
    if let Some(chain) = ack {
        match cut::tell(connection, chain).await? {
            Answer::Taken(acked) => return Ok(Some(acked)),
            Answer::Unknown => {
                return Err(Error::new(
                    ErrorKind::Identity,
                    "The server does not know what this copy has told it.",
                ));
            }
            Answer::Closed => {}
        }
    }
    if let Some(lsn) = lsn {
        cut::await_flush(connection, lsn).await?;
    }
    Ok(None)
}

/// The same for a transaction whose rows are stored with a position of their own.
pub(super) async fn settle_observed(
    connection: &mut PgConnection,
    observed: &Observed,
    position: &Position,
    guards: Guards,
) -> Result<Option<Acked>> {
    if !guards.has(Guard::FlushWait) {
        return Ok(None);
    }
    let ack = position.ack.as_ref().filter(|_| !observed.is_standby);
    settle(connection, observed.lsn_to_await(), ack).await
}
