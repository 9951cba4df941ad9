//! Rows between the socket and the file, bounded by their size (S15).

use std::sync::Arc;

use steward_core::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::RowBatch;

/// A KiB, the unit room is counted in.
const UNIT: usize = 1024;

/// A channel in which at most `bytes` of rows wait; a batch that is larger waits alone.
///
/// # Panics
/// When `bytes` is less than a KiB.
#[must_use]
pub fn channel(bytes: usize) -> (RowSender, RowReceiver) {
    let units = u32::try_from(bytes / UNIT).expect("a channel's room is far below 4 TiB");
    assert!(units > 0, "a channel without room hands nothing on");
    let (out, batches) = mpsc::unbounded_channel();
    (RowSender { out, room: Arc::new(Semaphore::new(units as usize)), units }, RowReceiver { batches })
}

/// Where rows are put in.
#[derive(Debug)]
pub struct RowSender {
    out: mpsc::UnboundedSender<(RowBatch, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    units: u32,
}

impl RowSender {
    /// Hands a batch on; waits while there is no room, so that nobody reads the socket meanwhile.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] when nobody takes rows any more; whoever stopped says why.
    pub async fn send(&self, rows: RowBatch) -> Result<()> {
        let stopped = || Error::new(ErrorKind::Cancelled, "The copy stopped taking rows.");
        let units = u32::try_from(rows.byte_len() / UNIT).unwrap_or(u32::MAX).clamp(1, self.units);
        let room = tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(units) => room.map_err(|_| stopped())?,
            () = self.out.closed() => return Err(stopped()),
        };
        self.out.send((rows, room)).map_err(|_| stopped())
    }
}

/// Where rows come out.
#[derive(Debug)]
pub struct RowReceiver {
    batches: mpsc::UnboundedReceiver<(RowBatch, OwnedSemaphorePermit)>,
}

impl RowReceiver {
    /// The next batch, for a thread that may block; none when the sender is gone. Its room is free again.
    pub fn blocking_recv(&mut self) -> Option<RowBatch> {
        self.batches.blocking_recv().map(|(rows, _)| rows)
    }

    /// The next batch; none when the sender is gone.
    pub async fn recv(&mut self) -> Option<RowBatch> {
        self.batches.recv().await.map(|(rows, _)| rows)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use steward_core::Dataset;

    use super::*;

    fn rows(bytes: usize) -> RowBatch {
        let mut rows = RowBatch::new(Dataset::Plans);
        rows.push(&vec![0; bytes]);
        rows
    }

    #[tokio::test]
    async fn s15_only_so_many_bytes_wait_and_a_giant_waits_alone() {
        let (out, mut batches) = channel(10 * UNIT);
        out.send(rows(6 * UNIT)).await.unwrap();
        assert!(out.send(rows(6 * UNIT)).now_or_never().is_none(), "twelve do not fit in ten");
        out.send(rows(4 * UNIT)).await.unwrap();
        assert_eq!(batches.recv().await.unwrap().byte_len(), 6 * UNIT);
        assert!(out.send(rows(99 * UNIT)).now_or_never().is_none(), "a giant waits for all the room");
        assert_eq!(batches.recv().await.unwrap().byte_len(), 4 * UNIT);
        out.send(rows(99 * UNIT)).await.unwrap();
        assert!(out.send(rows(1)).now_or_never().is_none(), "and leaves none");
        assert_eq!(batches.recv().await.unwrap().byte_len(), 99 * UNIT);
        drop(batches);
        assert_eq!(out.send(rows(1)).await.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
