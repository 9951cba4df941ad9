//! Rows on their way from the server to the cache, in PostgreSQL's own binary form.
//!
//! Everything the sync engine reads comes by `copy (select …) to stdout (format binary)`: a row is its
//! fields, each an `int32` length (-1 for NULL) and that many bytes. Nothing is decoded until the cache
//! binds it or a hash needs it, so reading stays close to the speed of the wire.

mod channel;

use steward_core::Dataset;

pub use channel::{RowReceiver, RowSender, channel};

/// Rows of one dataset, in the column order of its spec.
#[derive(Debug, Clone)]
pub struct RowBatch {
    dataset: Dataset,
    data: Vec<u8>,
    starts: Vec<u32>,
}

impl RowBatch {
    /// An empty batch.
    #[must_use]
    pub fn new(dataset: Dataset) -> Self {
        Self { dataset, data: Vec::new(), starts: Vec::new() }
    }

    /// An empty batch with memory for rows of about as many bytes.
    #[must_use]
    pub(crate) fn with_room(dataset: Dataset, bytes: usize, rows: usize) -> Self {
        Self { dataset, data: Vec::with_capacity(bytes), starts: Vec::with_capacity(rows) }
    }

    /// Which dataset the rows belong to.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        self.dataset
    }

    /// Adds the fields of one row: what follows the field count in a binary COPY tuple.
    pub fn push(&mut self, fields: &[u8]) {
        self.starts.push(u32::try_from(self.data.len()).expect("a batch stays far below 4 GiB"));
        self.data.extend_from_slice(fields);
    }

    /// Adds the rows of another batch of the same dataset.
    pub fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.dataset, other.dataset, "rows of one dataset stay together");
        for row in other.rows() {
            self.push(row.data);
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Size of the rows in bytes; batches are cut by it.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.data.len()
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.starts.clear();
    }

    /// The rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = RawRow<'_>> {
        (0..self.starts.len()).map(|index| {
            let start = self.starts[index] as usize;
            let end = self.starts.get(index + 1).map_or(self.data.len(), |next| *next as usize);
            RawRow { data: &self.data[start..end] }
        })
    }
}

/// One row's fields, not yet decoded.
#[derive(Debug, Clone, Copy)]
pub struct RawRow<'a> {
    data: &'a [u8],
}

impl<'a> RawRow<'a> {
    /// The fields as they travelled, lengths included.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.data
    }

    /// The fields in column order; none for NULL. Ends early when the bytes are not a row.
    pub fn fields(self) -> impl Iterator<Item = Option<&'a [u8]>> {
        let mut rest = self.data;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                rest = after;
                return Some(None);
            };
            let (field, after) = after.split_at_checked(length)?;
            rest = after;
            Some(Some(field))
        })
    }
}
