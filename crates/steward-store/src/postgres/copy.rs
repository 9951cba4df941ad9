//! Reading rows: `copy … to stdout (format binary)`, framed into bounded batches.

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::PgConnection;
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::sync::mpsc;

use super::error;
use crate::row::RowBatch;

/// A batch is full at this many rows …
const BATCH_ROWS: usize = 5_000;
/// … or at this many bytes, whichever comes first (S15).
const BATCH_BYTES: usize = 2 << 20;
/// A single row above this size is not read: it could fill the memory.
const ROW_BYTES: usize = 64 << 20;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Reads the rows of a query, batch by batch.
///
/// Between two calls of [`RowReader::next`] nothing is read from the socket, so the server waits too.
pub(super) struct RowReader<'c> {
    frames: BoxStream<'c, sqlx::Result<Bytes>>,
    framing: Framing,
    row_count: u64,
}

impl<'c> RowReader<'c> {
    /// Begins to read; the query's columns are those of the dataset, in their order.
    pub(super) async fn open(
        connection: &'c mut PgConnection,
        dataset: Dataset,
        query: &str,
    ) -> Result<RowReader<'c>> {
        Self::open_columns(connection, dataset, dataset.spec().columns.len(), query).await
    }

    /// Begins to read a query about a dataset that has columns of its own.
    pub(super) async fn open_columns(
        connection: &'c mut PgConnection,
        dataset: Dataset,
        column_count: usize,
        query: &str,
    ) -> Result<RowReader<'c>> {
        let statement = format!("copy ({query}) to stdout (format binary)");
        let frames = connection.copy_out_raw(&statement).await.map_err(error::map)?;
        Ok(RowReader { frames, framing: Framing::new(dataset, column_count), row_count: 0 })
    }

    /// The next batch; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<RowBatch>> {
        while let Some(frame) = self.frames.try_next().await.map_err(error::map)? {
            self.framing.feed(&frame)?;
            if self.framing.is_full() {
                return Ok(Some(self.counted()));
            }
        }
        self.framing.expect_end()?;
        let rest = self.counted();
        Ok((!rest.is_empty()).then_some(rest))
    }

    /// Rows read so far.
    pub(super) fn row_count(&self) -> u64 {
        self.row_count
    }

    fn counted(&mut self) -> RowBatch {
        let batch = self.framing.take();
        self.row_count += batch.len() as u64;
        batch
    }
}

/// Reads the rows of a query into a channel; answers how many there were.
pub(super) async fn pour<T: Send>(
    connection: &mut PgConnection,
    dataset: Dataset,
    query: &str,
    out: &mpsc::Sender<T>,
    wrap: fn(RowBatch) -> T,
) -> Result<u64> {
    let mut rows = RowReader::open(connection, dataset, query).await?;
    while let Some(batch) = rows.next().await? {
        send(out, wrap(batch)).await?;
    }
    Ok(rows.row_count())
}

/// Hands a piece on; waits while the channel is full.
pub(super) async fn send<T: Send>(out: &mpsc::Sender<T>, piece: T) -> Result<()> {
    // The receiver ends early only after a failure of its own, which it reports itself.
    out.send(piece).await.map_err(|_| Error::new(ErrorKind::Cancelled, "The copy stopped taking rows."))
}

/// Takes a binary COPY stream apart, however the network cut it into pieces.
#[derive(Debug)]
struct Framing {
    batch: RowBatch,
    column_count: usize,
    /// The beginning of a tuple whose rest has not arrived.
    partial: Vec<u8>,
    stage: FramingStage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FramingStage {
    Header,
    Tuples,
    Ended,
}

impl Framing {
    fn new(dataset: Dataset, column_count: usize) -> Self {
        Self { batch: RowBatch::new(dataset), column_count, partial: Vec::new(), stage: FramingStage::Header }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if self.partial.is_empty() {
            let used = self.consume(bytes)?;
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(bytes);
            let used = self.consume(&joined)?;
            joined.drain(..used);
            self.partial = joined;
        }
        if self.partial.len() > ROW_BYTES {
            return Err(Error::new(ErrorKind::Internal, "A row is too large to be copied.")
                .with_detail(format!("table {}", self.batch.dataset().spec().table)));
        }
        Ok(())
    }

    /// Reads whole tuples; answers how many bytes they took.
    fn consume(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut rest = bytes;
        loop {
            let next = match self.stage {
                FramingStage::Header => self.header(rest)?,
                FramingStage::Tuples => self.tuple(rest)?,
                FramingStage::Ended if rest.is_empty() => None,
                FramingStage::Ended => return Err(broken("bytes after its end")),
            };
            match next {
                Some(after) => rest = after,
                None => return Ok(bytes.len() - rest.len()),
            }
        }
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>> {
        let Some((signature, rest)) = bytes.split_first_chunk::<11>() else { return Ok(None) };
        if signature != SIGNATURE {
            return Err(broken("no signature"));
        }
        let Some((_flags, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length =
            usize::try_from(i32::from_be_bytes(*length)).map_err(|_| broken("a negative header length"))?;
        let Some((_extension, rest)) = rest.split_at_checked(length) else { return Ok(None) };
        self.stage = FramingStage::Tuples;
        Ok(Some(rest))
    }

    fn tuple<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>> {
        let Some((count, fields)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.stage = FramingStage::Ended;
            return Ok(Some(fields));
        }
        if usize::try_from(count) != Ok(self.column_count) {
            return Err(broken("another number of columns than asked for"));
        }
        let mut rest = fields;
        for _ in 0..count {
            let Some((length, after)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            rest = match i32::from_be_bytes(*length) {
                -1 => after,
                length => {
                    let length = usize::try_from(length).map_err(|_| broken("a negative field length"))?;
                    let Some((_, after)) = after.split_at_checked(length) else { return Ok(None) };
                    after
                }
            };
        }
        self.batch.push(&fields[..fields.len() - rest.len()]);
        Ok(Some(rest))
    }

    fn is_full(&self) -> bool {
        self.batch.len() >= BATCH_ROWS || self.batch.byte_len() >= BATCH_BYTES
    }

    fn take(&mut self) -> RowBatch {
        // The next batch will be about as large; growing there would copy it several times.
        let (bytes, rows) = (self.batch.byte_len() + self.batch.byte_len() / 16, self.batch.len());
        let next = RowBatch::with_room(self.batch.dataset(), bytes, rows);
        std::mem::replace(&mut self.batch, next)
    }

    /// A stream that stops before its trailer is an error: rows would be missing.
    fn expect_end(&self) -> Result<()> {
        if self.stage == FramingStage::Ended { Ok(()) } else { Err(broken("no end")) }
    }
}

fn broken(what: &'static str) -> Error {
    Error::internal("The server's row stream has an unexpected form.").with_detail(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(rows: &[Option<&[u8]>]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[0; 8]);
        let columns = Dataset::PlanFeatures.spec().columns.len();
        for row in rows {
            bytes.extend_from_slice(&i16::try_from(columns).unwrap().to_be_bytes());
            for _ in 0..columns {
                match row {
                    Some(field) => {
                        bytes.extend_from_slice(&i32::try_from(field.len()).unwrap().to_be_bytes());
                        bytes.extend_from_slice(field);
                    }
                    None => bytes.extend_from_slice(&(-1i32).to_be_bytes()),
                }
            }
        }
        bytes.extend_from_slice(&(-1i16).to_be_bytes());
        bytes
    }

    fn framing(dataset: Dataset) -> Framing {
        Framing::new(dataset, dataset.spec().columns.len())
    }

    #[test]
    fn s15_rows_survive_any_cutting_of_the_stream() {
        let long = vec![7_u8; 300];
        let bytes = stream(&[Some(b"a"), None, Some(b""), Some(&long)]);
        for step in [1, 2, 3, 7, 64, bytes.len()] {
            let mut framing = framing(Dataset::PlanFeatures);
            for piece in bytes.chunks(step) {
                framing.feed(piece).expect("sound");
            }
            framing.expect_end().expect("complete");
            let batch = framing.take();
            let rows: Vec<Vec<_>> = batch.rows().map(|row| row.fields().collect()).collect();
            assert_eq!(rows.len(), 4, "in pieces of {step}");
            assert_eq!(rows[0], [Some(&b"a"[..]); 4]);
            assert_eq!(rows[1], [None; 4]);
            assert_eq!(rows[2], [Some(&b""[..]); 4], "empty is not NULL");
            assert_eq!(rows[3], [Some(&long[..]); 4]);
        }
    }

    #[test]
    fn s15_a_stream_that_ends_early_is_an_error_not_fewer_rows() {
        let bytes = stream(&[Some(b"a"), Some(b"b")]);
        for length in 0..bytes.len() {
            let mut framing = framing(Dataset::PlanFeatures);
            framing.feed(&bytes[..length]).expect("a sound beginning");
            assert!(framing.expect_end().is_err(), "cut after {length} bytes");
        }
        let mut other = framing(Dataset::Plans);
        assert!(other.feed(&bytes).is_err(), "another table's rows are refused");
    }
}
