//! Packed columns: sorted ids as differences, everything as LEB128.
//!
//! Every form is invertible: entries may be subtracted until they vanish, and equal contents have equal bytes.

use steward_core::Result;

use super::fault;

/// Appends an unsigned number.
pub(crate) fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a signed number; small ones of either sign are short.
pub(crate) fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    put(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a sum. One that fits 64 bits is written as [`put_signed`] writes it.
pub(crate) fn put_sum(bytes: &mut Vec<u8>, value: i128) {
    if let Ok(narrow) = i64::try_from(value) {
        return put_signed(bytes, narrow);
    }
    let mut rest = ((value << 1) ^ (value >> 127)).cast_unsigned();
    while rest > 0x7f {
        bytes.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// Reads what was packed.
#[derive(Debug)]
pub(crate) struct Unpacker<'a> {
    bytes: &'a [u8],
}

impl<'a> Unpacker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next unsigned number.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<u64> {
        match self.bytes {
            // Most numbers are one byte: small differences, small counts.
            [byte, rest @ ..] if byte & 0x80 == 0 => {
                self.bytes = rest;
                Ok(u64::from(*byte))
            }
            _ => self.next_wide().and_then(|value| u64::try_from(value).map_err(|_| fault::damaged())),
        }
    }

    fn next_wide(&mut self) -> Result<u128> {
        // Nearly everything fits 63 bits; only then is the slow path taken.
        let mut value: u64 = 0;
        for (index, byte) in self.bytes.iter().take(9).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[index + 1..];
                return Ok(u128::from(value));
            }
        }
        self.next_widest()
    }

    #[cold]
    fn next_widest(&mut self) -> Result<u128> {
        let mut value: u128 = 0;
        for (index, byte) in self.bytes.iter().take(19).enumerate() {
            value |= u128::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[index + 1..];
                return Ok(value);
            }
        }
        Err(fault::damaged())
    }

    /// The next signed number.
    #[inline]
    pub(crate) fn next_signed(&mut self) -> Result<i64> {
        let value = self.next()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// The next sum.
    #[inline]
    pub(crate) fn next_sum(&mut self) -> Result<i128> {
        match self.bytes {
            [byte, rest @ ..] if byte & 0x80 == 0 => {
                self.bytes = rest;
                let value = i128::from(*byte);
                Ok((value >> 1) ^ -(value & 1))
            }
            _ => {
                let value = self.next_wide()?;
                Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
            }
        }
    }

    /// The next unsigned number that must fit 32 bits.
    #[inline]
    pub(crate) fn next_id(&mut self) -> Result<u32> {
        u32::try_from(self.next()?).map_err(|_| fault::damaged())
    }

    /// That many unsigned numbers. Runs of one-byte numbers, which most are, go eight at a time.
    #[inline]
    pub(crate) fn next_many(&mut self, count: usize, mut take: impl FnMut(u64) -> Result<()>) -> Result<()> {
        let mut left = count;
        while left >= 8
            && let Some((bytes, rest)) = self.bytes.split_first_chunk::<8>()
        {
            if u64::from_le_bytes(*bytes) & 0x8080_8080_8080_8080 == 0 {
                for byte in bytes {
                    take(u64::from(*byte))?;
                }
                self.bytes = rest;
                left -= 8;
            } else {
                // At most as many numbers as bytes: one of them is wide.
                for _ in 0..4 {
                    take(self.next()?)?;
                }
                left -= 4;
            }
        }
        (0..left).try_for_each(|_| take(self.next()?))
    }

    /// The next bytes as they are.
    pub(crate) fn next_bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.bytes.split_first_chunk::<N>().ok_or_else(fault::damaged)?;
        self.bytes = rest;
        Ok(*bytes)
    }

    /// Whether everything was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Appends the number of ids and the ids, which ascend.
pub(crate) fn put_ids(bytes: &mut Vec<u8>, ids: impl ExactSizeIterator<Item = u32>) {
    put(bytes, ids.len() as u64);
    let mut last = 0;
    for id in ids {
        put(bytes, u64::from(id - last));
        last = id;
    }
}

/// Reads what [`put_ids`] wrote.
pub(crate) fn take_ids(from: &mut Unpacker<'_>) -> Result<Vec<u32>> {
    let count = from.next_id()? as usize;
    // A count beyond the bytes left is damage, not a reason to reserve memory.
    if count > from.bytes.len() {
        return Err(fault::damaged());
    }
    let mut ids = Vec::with_capacity(count);
    let mut last: u32 = 0;
    from.next_many(count, |step| {
        let step = u32::try_from(step).map_err(|_| fault::damaged())?;
        last = last.checked_add(step).ok_or_else(fault::damaged)?;
        ids.push(last);
        Ok(())
    })?;
    Ok(ids)
}

/// Reads that many sums into `add(row, sum)`; sums beyond 64 bits are damage here.
pub(crate) fn take_counts(
    from: &mut Unpacker<'_>,
    count: usize,
    mut add: impl FnMut(usize, i64),
) -> Result<()> {
    let mut index = 0;
    from.next_many(count, |value| {
        add(index, (value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
        index += 1;
        Ok(())
    })
}

/// Appends a column of numbers; a column of zeros is one byte.
pub(crate) fn put_column(bytes: &mut Vec<u8>, values: impl Iterator<Item = i128> + Clone) {
    if values.clone().all(|value| value == 0) {
        bytes.push(0);
    } else {
        bytes.push(1);
        values.for_each(|value| put_sum(bytes, value));
    }
}

/// Reads what [`put_column`] wrote into `set(row, value)`.
pub(crate) fn take_column(
    from: &mut Unpacker<'_>,
    count: usize,
    mut set: impl FnMut(usize, i128),
) -> Result<()> {
    match from.next()? {
        0 => Ok(()),
        1 => (0..count).try_for_each(|index| {
            set(index, from.next_sum()?);
            Ok(())
        }),
        _ => Err(fault::damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_whatever_their_size() {
        let values = [
            0,
            1,
            -1,
            63,
            64,
            -64,
            -65,
            127,
            128,
            i128::from(i64::MAX),
            i128::from(i64::MIN),
            i128::MAX,
            i128::MIN,
        ];
        let mut bytes = Vec::new();
        values.iter().for_each(|value| put_sum(&mut bytes, *value));
        let mut from = Unpacker::new(&bytes);
        for value in values {
            assert_eq!(from.next_sum().unwrap(), value);
        }
        assert!(from.is_empty());
        assert!(from.next().is_err(), "nothing is left");
        for value in [0, -1, i64::MAX, i64::MIN] {
            bytes.clear();
            put_signed(&mut bytes, value);
            assert_eq!(Unpacker::new(&bytes).next_signed().unwrap(), value);
            assert_eq!(Unpacker::new(&bytes).next_sum().unwrap(), i128::from(value));
        }
        assert!(Unpacker::new(&[0xff; 30]).next().is_err(), "an endless number is damage");
    }

    #[test]
    fn ids_and_columns_come_back() {
        let mut bytes = Vec::new();
        put_ids(&mut bytes, [1, 2, 300, u32::MAX].into_iter());
        put_column(&mut bytes, [0, 0, 0, 0].into_iter());
        put_column(&mut bytes, [5, 0, -7, 1 << 90].into_iter());
        let mut from = Unpacker::new(&bytes);
        assert_eq!(take_ids(&mut from).unwrap(), [1, 2, 300, u32::MAX]);
        let mut read = [0; 4];
        take_column(&mut from, 4, |_, _| panic!("a column of zeros sets nothing")).unwrap();
        take_column(&mut from, 4, |index, value| read[index] = value).unwrap();
        assert_eq!(read, [5, 0, -7, 1 << 90]);
        assert!(take_ids(&mut Unpacker::new(&[0xff, 0x7f])).is_err(), "a count without ids is damage");
    }
}
