//! Rows as PostgreSQL's `record_send` writes them, and the sum of their hashes.
//!
//! The server adds up the first 64 bits of `sha256(record_send(row))`; the copy makes the same bytes from what
//! it keeps and adds them up, too. Equal sums and counts mean equal rows: the form depends on no setting of the
//! session, tells NULL from empty text and `1.0` from `1.00`, and has one meaning for NaN and both infinities.
//! A sum and no exclusive or, under which two equal rows vanish.

use sha2::{Digest, Sha256};

/// How many rows, and the sum of their hashes. The order of the rows does not matter; two different sets agree
/// by accident once in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetSum {
    /// Rows.
    pub rows: u64,
    /// Sum of the first 64 bits of each row's hash, read as a signed integer.
    pub hash: i128,
}

impl SetSum {
    /// Adds a row.
    pub fn add(&mut self, record: &Record) {
        self.add_bytes(&record.bytes);
    }

    /// Adds a row that is kept as the server sent it.
    pub fn add_bytes(&mut self, record: &[u8]) {
        let digest = Sha256::digest(record);
        let (head, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
        self.rows += 1;
        self.hash += i128::from(i64::from_be_bytes(*head));
    }
}

impl std::ops::AddAssign for SetSum {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.hash += other.hash;
    }
}

/// One row in the making. The memory is used again for the next.
#[derive(Debug, Default)]
pub struct Record {
    bytes: Vec<u8>,
}

impl Record {
    /// Begins a row of this many columns.
    pub fn begin(&mut self, columns: usize) {
        self.bytes.clear();
        let count = u32::try_from(columns).expect("a table has at most 1,600 columns");
        self.bytes.extend(count.to_be_bytes());
    }

    /// Adds a column of this type; none is NULL.
    pub fn field(&mut self, oid: u32, value: Option<&[u8]>) {
        match value {
            None => {
                self.bytes.extend(oid.to_be_bytes());
                self.bytes.extend((-1_i32).to_be_bytes());
            }
            Some(value) => self.written(oid, |bytes| bytes.extend_from_slice(value)),
        }
    }

    /// Adds a column of this type whose bytes are written in place.
    pub fn written(&mut self, oid: u32, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.extend(oid.to_be_bytes());
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        write(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - at - 4).expect("the server sends no field above 1 GiB");
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// The bytes so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The types of a table's columns on the server, in the order of its dataset's spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordShape {
    oids: Vec<u32>,
}

impl RecordShape {
    /// The shape of columns of these types.
    #[must_use]
    pub fn new(oids: Vec<u32>) -> Self {
        Self { oids }
    }

    /// Types by column.
    #[must_use]
    pub fn oids(&self) -> &[u32] {
        &self.oids
    }
}

/// Writes an integer as wide as its type on the server; false when it does not fit, which no value read from
/// there does.
pub(crate) fn put_int(bytes: &mut Vec<u8>, oid: u32, value: i64) -> bool {
    const SMALLINT: u32 = 21;
    const INTEGER: u32 = 23;
    match oid {
        SMALLINT => i16::try_from(value).map(|value| bytes.extend(value.to_be_bytes())).is_ok(),
        INTEGER => i32::try_from(value).map(|value| bytes.extend(value.to_be_bytes())).is_ok(),
        _ => {
            bytes.extend(value.to_be_bytes());
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field's type and its bytes.
    type Field<'a> = (u32, Option<&'a [u8]>);

    fn sum_of(fields: &[&[Field<'_>]]) -> SetSum {
        let mut sum = SetSum::default();
        let mut record = Record::default();
        for row in fields {
            record.begin(row.len());
            row.iter().for_each(|(oid, value)| record.field(*oid, *value));
            sum.add(&record);
        }
        sum
    }

    #[test]
    fn s30_equal_sets_agree_in_any_order_and_twins_do_not_vanish() {
        let (a, b): (&[_], &[_]) = (&[(25, Some(&b"a"[..]))], &[(25, Some(&b"b"[..]))]);
        assert_eq!(sum_of(&[a, b]), sum_of(&[b, a]));
        assert_ne!(sum_of(&[a, a]).hash, 0, "an exclusive or would be zero");
        assert_ne!(sum_of(&[a]), sum_of(&[b]));
        assert_ne!(sum_of(&[&[(25, None)]]), sum_of(&[&[(25, Some(b""))]]), "NULL is not empty");
    }

    #[test]
    fn s30_integers_are_as_wide_as_on_the_server() {
        for (oid, width) in [(21, 2), (23, 4), (20, 8)] {
            let mut bytes = Vec::new();
            assert!(put_int(&mut bytes, oid, -2));
            assert_eq!(bytes.len(), width);
        }
        assert!(!put_int(&mut Vec::new(), 21, 40_000), "what the server could not have sent");
    }
}
