//! Rows in PostgreSQL's binary COPY form.

use std::collections::HashMap;

use sqlx::{PgConnection, Row};
use steward_core::{Error, Result};
use uuid::Uuid;

use crate::postgres::error::map;

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// A field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Microseconds since 1970.
    Time(i64),
    Uuid(Uuid),
    Text(&'a str),
    Json(&'a str),
    /// Billionths.
    Nano(i64),
}

impl Value<'_> {
    pub(super) fn time(at_us: Option<i64>) -> Self {
        at_us.map_or(Self::Null, Self::Time)
    }

    pub(super) fn uuid(id: Option<Uuid>) -> Self {
        id.map_or(Self::Null, Self::Uuid)
    }
}

/// What the server calls the types of its columns: the form of a number depends on it.
pub(super) struct Catalogue {
    types: HashMap<(String, String), String>,
}

impl Catalogue {
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self> {
        let rows = sqlx::query(
            r"select c.relname::text as relation, a.attname::text as name, t.typname::text as kind
              from pg_catalog.pg_attribute a
              join pg_catalog.pg_class c on c.oid = a.attrelid
              join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'steward'
              join pg_catalog.pg_type t on t.oid = a.atttypid
              where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped",
        )
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(map)?;
        let text = |row: &sqlx::postgres::PgRow, name: &str| row.try_get::<String, _>(name).map_err(map);
        let types = (rows.iter())
            .map(|row| Ok(((text(row, "relation")?, text(row, "name")?), text(row, "kind")?)))
            .collect::<Result<_>>()?;
        Ok(Self { types })
    }

    /// An encoder for these columns of a table.
    pub(super) fn encoder(&self, table: &str, columns: &[&str]) -> Result<Encoder> {
        let widths = (columns.iter())
            .map(|column| {
                let kind = self.types.get(&(table.to_owned(), (*column).to_owned()));
                let kind = kind.ok_or_else(|| {
                    Error::internal("The contract lacks a column that the sample fills.")
                        .with_detail(format!("{table}.{column}"))
                })?;
                Ok(match kind.as_str() {
                    "int2" => 2,
                    "int4" => 4,
                    _ => 8,
                })
            })
            .collect::<Result<_>>()?;
        let mut encoder = Encoder { widths, data: Vec::new() };
        encoder.header();
        Ok(encoder)
    }
}

/// Builds a binary COPY stream; [`Encoder::take`] cuts it at any row.
pub(super) struct Encoder {
    widths: Vec<usize>,
    data: Vec<u8>,
}

impl Encoder {
    fn header(&mut self) {
        self.data.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        self.data.extend_from_slice(&[0; 8]);
    }

    pub(super) fn row<const N: usize>(&mut self, values: [Value<'_>; N]) {
        debug_assert_eq!(N, self.widths.len(), "as many values as columns");
        self.data.extend_from_slice(&(N as i16).to_be_bytes());
        for (index, value) in values.into_iter().enumerate() {
            match value {
                Value::Null => self.data.extend_from_slice(&(-1_i32).to_be_bytes()),
                Value::Bool(value) => self.field(&[u8::from(value)]),
                Value::Int(value) => {
                    let (width, bytes) = (self.widths[index], value.to_be_bytes());
                    debug_assert!(
                        width == 8 || i32::try_from(value).is_ok(),
                        "a number fits the column it is written to"
                    );
                    self.field(&bytes[8 - width..]);
                }
                Value::Time(at_us) => self.field(&(at_us - POSTGRES_EPOCH_US).to_be_bytes()),
                Value::Uuid(id) => self.field(id.as_bytes()),
                Value::Text(text) => self.field(text.as_bytes()),
                Value::Json(text) => {
                    self.length(text.len() + 1);
                    self.data.push(1);
                    self.data.extend_from_slice(text.as_bytes());
                }
                Value::Nano(nano) => self.nano(nano),
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    /// The stream so far; what follows continues it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let room = self.data.capacity();
        std::mem::replace(&mut self.data, Vec::with_capacity(room))
    }

    /// The end of the stream.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.data.extend_from_slice(&(-1_i16).to_be_bytes());
        self.data
    }

    fn length(&mut self, length: usize) {
        let length = i32::try_from(length).expect("a field of the sample is short");
        self.data.extend_from_slice(&length.to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.data.extend_from_slice(bytes);
    }

    /// `numeric` with nine decimals: groups of four digits, most significant first.
    fn nano(&mut self, nano: i64) {
        let sign: u16 = if nano < 0 { 0x4000 } else { 0 };
        // Three groups hold twelve decimals.
        let mut rest = u128::from(nano.unsigned_abs()) * 1_000;
        let mut groups = [0_u16; 8];
        let mut count = 0;
        while rest > 0 {
            groups[count] = u16::try_from(rest % 10_000).expect("below 10,000");
            rest /= 10_000;
            count += 1;
        }
        let skipped = groups[..count].iter().take_while(|group| **group == 0).count();
        let weight = count as i16 - 4;
        let digits = count - skipped;
        self.length(8 + 2 * digits);
        self.data.extend_from_slice(&(digits as i16).to_be_bytes());
        self.data.extend_from_slice(&(if digits == 0 { 0 } else { weight }).to_be_bytes());
        self.data.extend_from_slice(&sign.to_be_bytes());
        self.data.extend_from_slice(&9_i16.to_be_bytes());
        for group in groups[skipped..count].iter().rev() {
            self.data.extend_from_slice(&group.to_be_bytes());
        }
    }
}
