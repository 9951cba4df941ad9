//! Chunks of a load, read while the one before is stored.

use std::mem::discriminant;
use std::time::{Duration, Instant};

use steward_core::sync::pace::Width;
use steward_core::sync::{Chunk, ChunkEnd, Event, LoadKind, Occupied, Part, Position, Window};
use steward_core::{Dataset, Error, Result};
use steward_store::cache::SumBatch;
use steward_store::postgres::cut::Purpose;
use steward_store::postgres::{PgConnection, cut, load, sums};
use steward_store::row::{self, RowSender};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::page::{continues, settle_observed};
use super::{CHANNEL_DEPTH, Engine, answer, client_of, first_cause, guard, open_connection};
use crate::sync_driver::writer_thread::{Decision, Stored, Work};

/// How many bytes of rows may wait between socket and file (S15).
const ROOM_BYTES: usize = 12 << 20;

/// How long chunks follow each other before the machine is asked again what comes next.
const RUN: Duration = Duration::from_secs(3);

/// A chunk that was read and whose rows wait for their position.
struct Read {
    next: Position,
    upto: Option<serde_json::Value>,
    row_count: u64,
    decide: oneshot::Sender<Decision>,
    stored: oneshot::Receiver<Result<Stored>>,
}

/// What of a run is stored, and what it taught.
struct Landed {
    position: Option<Position>,
    chunk_count: u32,
    row_count: u64,
    width: Width,
}

/// A chunk that the writer stores.
struct Storing {
    next: Position,
    row_count: u64,
    stored: oneshot::Receiver<Result<Stored>>,
}

impl Engine {
    /// Reads this chunk and those that follow it, each in its own short transaction, while the writer stores
    /// the one before.
    ///
    /// A chunk's position is given to the writer only after the chunk before is stored, so whatever breaks
    /// off, the file's position is that of its last whole chunk (S10). The machine hears of the stored ones
    /// together, and of the failure after them.
    pub(super) async fn read_chunks(
        &mut self,
        dataset: Dataset,
        chunk: Chunk,
        width: Width,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Event> {
        let began = Instant::now();
        let mut landed = Landed { position: None, chunk_count: 0, row_count: 0, width };
        let run = Box::pin(self.run_of_chunks(dataset, chunk, position, token, &mut landed)).await;
        let Some(position) = landed.position else {
            return Err(run.err().unwrap_or_else(|| Error::internal("A run of chunks was empty.")));
        };
        self.broke_off = run.err();
        let elapsed = began.elapsed();
        if landed.row_count > 0 {
            let rate = landed.row_count as f64 / elapsed.as_secs_f64().max(0.001);
            self.gauges.rates.insert(dataset, rate);
        }
        let Landed { chunk_count, row_count, width, .. } = landed;
        tracing::debug!(
            dataset = dataset.spec().table,
            chunk_count,
            row_count,
            ?elapsed,
            "A run of chunks is stored"
        );
        Ok(Event::ChunkDone { position: Box::new(position), elapsed_ms: millis(elapsed), width })
    }

    async fn run_of_chunks(
        &mut self,
        dataset: Dataset,
        chunk: Chunk,
        position: &Position,
        token: &CancellationToken,
        landed: &mut Landed,
    ) -> Result<()> {
        let began = Instant::now();
        // The newest events come before everything else, but only their first window (S10).
        let goes_on = position.loads.get(&dataset).is_some_and(|load| load.row_count > 0);
        let mut position = position.clone();
        let mut chunk = Some(chunk);
        let mut storing: Option<Storing> = None;
        while let Some(current) = chunk.take() {
            let chunk_began = Instant::now();
            let read = self.read_chunk(dataset, current.clone(), &position, token).await;
            self.land(storing.take(), landed).await?;
            let Read { next, upto, row_count, decide, stored } = read?;
            let _ = decide.send(Decision { position: next.clone(), upto });
            position = next.clone();
            storing = Some(Storing { next, row_count, stored });
            landed.width.learn(&current, millis(chunk_began.elapsed()), row_count);
            if began.elapsed() < RUN {
                if let Some(window) = next_window(&position, dataset).filter(|_| goes_on) {
                    match self.measure(dataset, window.start_us, window.end_us, None, token).await {
                        Ok(occupied) => measured(&mut position, dataset, occupied),
                        Err(error) => {
                            self.land(storing, landed).await?;
                            return Err(error);
                        }
                    }
                }
                chunk = following(&position, dataset, &current, landed.width);
            }
        }
        self.land(storing, landed).await
    }

    /// Waits until a chunk is stored.
    async fn land(&mut self, storing: Option<Storing>, landed: &mut Landed) -> Result<()> {
        let Some(Storing { next, row_count, stored }) = storing else { return Ok(()) };
        self.learn(answer(stored).await?);
        landed.position = Some(next);
        landed.chunk_count += 1;
        landed.row_count += row_count;
        Ok(())
    }
}

impl Engine {
    /// Reads one chunk in a transaction of its own; its rows wait at the writer for their position.
    async fn read_chunk(
        &mut self,
        dataset: Dataset,
        chunk: Chunk,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Read> {
        let (decide, decision) = oneshot::channel();
        let (reply, stored) = oneshot::channel();
        let (sink, work) = match &chunk {
            Chunk::Sums { start_us, end_us } => {
                let (out, batches) = mpsc::channel(CHANNEL_DEPTH);
                let span = (*start_us, *end_us);
                (Sink::Sums(out), Work::Sums { span, batches, decision, reply })
            }
            Chunk::Keys { .. } | Chunk::Time { .. } => {
                let (out, rows) = row::channel(ROOM_BYTES);
                let chunk = chunk.clone();
                (Sink::Rows(out), Work::Chunk { dataset, chunk, rows, decision, reply })
            }
        };
        let guards = self.guards;
        let known = position.cursor.as_ref().map(|cursor| &cursor.catalog);
        let known = known.ok_or_else(|| Error::internal("A load needs a cursor."))?;
        let connection = open_connection(&mut self.connection)?;
        let opening = cut::open(connection, Purpose::Chunk(dataset), guards, client_of(position));
        let observed = guard(token, Duration::from_secs(20), opening).await?;
        continues(position, &observed)?;
        self.writer.send(work).await?;
        let read = guard(token, Duration::from_secs(120), async {
            let end = sink.fill(connection, dataset, &chunk).await?;
            match dataset {
                // S45: rows of a partition that the next cut may not find are not stored.
                Dataset::UsageEvents => cut::close_certain(connection, known).await?,
                _ => cut::close(connection).await?,
            }
            // S4: rows of a chunk may be lost by a crash of the server like those of a cut.
            let acked = settle_observed(connection, &observed, position, guards).await?;
            Ok((end, acked))
        })
        .await;
        drop(sink);
        let (end, acked) = match read {
            Ok(read) => read,
            Err(error) => {
                drop(decide);
                return Err(first_cause(error, stored).await);
            }
        };
        let row_count = end.row_count;
        self.tally.rows_read += row_count;
        let upto = match &chunk {
            Chunk::Keys { limit, .. } if row_count >= u64::from(*limit) => end.last_key.clone(),
            Chunk::Keys { upto, .. } => upto.clone(),
            Chunk::Time { .. } | Chunk::Sums { .. } => None,
        };
        let next = position.after_chunk(dataset, &chunk, end, &observed).after_ack(acked);
        Ok(Read { next, upto, row_count, decide, stored })
    }
}

/// The chunk after one, of this width; none when the machine has to say what comes next.
fn following(position: &Position, dataset: Dataset, chunk: &Chunk, width: Width) -> Option<Chunk> {
    let load = position.loads.get(&dataset)?;
    if let (LoadKind::Keys { after, upto }, Chunk::Keys { .. }) = (&load.rest, chunk) {
        let limit = u32::try_from(width.value()).unwrap_or(u32::MAX);
        return Some(Chunk::Keys { after: after.clone(), upto: upto.clone(), limit });
    }
    let width = i64::try_from(width.value()).unwrap_or(i64::MAX);
    match load.part(position.edge, width, width)? {
        // Sums have a width of their own.
        Part::Chunk(next) if discriminant(&next) == discriminant(chunk) => Some(next),
        Part::Chunk(_) | Part::Measure(_) => None,
    }
}

/// The window that comes next, where nobody has asked the server yet where it has rows.
fn next_window(position: &Position, dataset: Dataset) -> Option<Window> {
    match position.loads.get(&dataset)?.part(position.edge, 1, 1)? {
        Part::Measure(window) => Some(window),
        Part::Chunk(_) => None,
    }
}

fn measured(position: &mut Position, dataset: Dataset, occupied: Occupied) {
    if let Some(load) = position.loads.get_mut(&dataset) {
        load.measured(occupied);
    }
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Where what is read goes.
enum Sink {
    Rows(RowSender),
    Sums(mpsc::Sender<SumBatch>),
}

impl Sink {
    async fn fill(&self, connection: &mut PgConnection, dataset: Dataset, chunk: &Chunk) -> Result<ChunkEnd> {
        match (self, chunk) {
            (Self::Rows(out), _) => load::read_chunk(connection, dataset, chunk, out).await,
            (Self::Sums(out), Chunk::Sums { start_us, end_us }) => {
                let row_count = sums::read_span(connection, (*start_us, *end_us), out).await?;
                Ok(ChunkEnd { row_count, last_key: None })
            }
            (Self::Sums(_), Chunk::Keys { .. } | Chunk::Time { .. }) => {
                Err(Error::internal("Rows are no sums."))
            }
        }
    }
}
