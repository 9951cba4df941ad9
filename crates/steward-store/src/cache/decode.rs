//! PostgreSQL's binary values as SQLite keeps them.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use steward_core::dataset::{Column, ColumnType};
use steward_core::{Dataset, Error, Result};

use crate::record;

mod numeric;

pub(crate) use numeric::{format_nano, nano, nano_wide, put as put_numeric, put_nano};

/// A value on its way into the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(&'a [u8]),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.stored()))
    }
}

impl Value<'_> {
    /// As the file holds it.
    pub(crate) fn stored(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    /// Whether the file already holds exactly this.
    pub(crate) fn is(&self, stored: ValueRef<'_>) -> bool {
        match (self, stored) {
            (Value::Null, ValueRef::Null) => true,
            (Value::Int(value), ValueRef::Integer(stored)) => *value == stored,
            (Value::Text(text), ValueRef::Text(stored)) => text.as_bytes() == stored,
            (Value::Blob(bytes), ValueRef::Blob(stored)) => *bytes == stored,
            (Value::Null | Value::Int(_) | Value::Text(_) | Value::Blob(_), _) => false,
        }
    }
}

/// A value the copy cannot hold: loud, because a dropped value is a lie about the server.
pub(crate) fn unreadable(dataset: Dataset, column: &str) -> Error {
    Error::internal("A value from the server has a form that the local copy cannot hold.")
        .with_detail(format!("{}.{column}", dataset.spec().table))
}

/// A row with another number of fields than its spec.
pub(crate) fn misshapen(dataset: Dataset) -> Error {
    Error::internal("A row from the server has another number of columns than expected.")
        .with_detail(dataset.spec().table)
}

/// Decodes one field.
pub(crate) fn value<'a>(dataset: Dataset, column: &Column, field: Option<&'a [u8]>) -> Result<Value<'a>> {
    let Some(bytes) = field else { return Ok(Value::Null) };
    let decoded = match column.kind {
        ColumnType::Uuid => <&[u8; 16]>::try_from(bytes).ok().map(|bytes| Value::Blob(bytes)),
        ColumnType::Text => std::str::from_utf8(bytes).ok().map(|text| Value::Text(Cow::Borrowed(text))),
        ColumnType::Bool => boolean(bytes).map(|value| Value::Int(i64::from(value))),
        ColumnType::Int => int(bytes).map(Value::Int),
        // Microseconds since 2000, the server's own epoch: the only one in which every value of the
        // server, the year 294276 and both infinities included, has a 64-bit form.
        ColumnType::Timestamp => bytes.try_into().ok().map(|bytes| Value::Int(i64::from_be_bytes(bytes))),
        ColumnType::Numeric => numeric::text(bytes).map(|text| Value::Text(Cow::Owned(text))),
        ColumnType::Json => match bytes.split_first() {
            Some((1, text)) => std::str::from_utf8(text).ok().map(|text| Value::Text(Cow::Borrowed(text))),
            Some(_) | None => None,
        },
        ColumnType::TextArray => text_array(bytes).map(|text| Value::Text(Cow::Owned(text))),
    };
    decoded.ok_or_else(|| unreadable(dataset, column.name))
}

/// `smallint`, `integer` or `bigint`.
pub(crate) fn int(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => bytes.try_into().ok().map(|bytes| i64::from(i16::from_be_bytes(bytes))),
        4 => bytes.try_into().ok().map(|bytes| i64::from(i32::from_be_bytes(bytes))),
        8 => bytes.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    }
}

/// `boolean`.
pub(crate) fn boolean(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

/// Writes the bytes that [`value`] read a stored value from. False when they cannot be told any more.
pub(crate) fn put(bytes: &mut Vec<u8>, kind: ColumnType, oid: u32, stored: ValueRef<'_>) -> bool {
    match (kind, stored) {
        (ColumnType::Uuid, ValueRef::Blob(value)) | (ColumnType::Text, ValueRef::Text(value)) => {
            bytes.extend_from_slice(value);
            true
        }
        (ColumnType::Bool, ValueRef::Integer(value)) => {
            bytes.push(u8::from(value != 0));
            true
        }
        (ColumnType::Int, ValueRef::Integer(value)) => record::put_int(bytes, oid, value),
        (ColumnType::Timestamp, ValueRef::Integer(value)) => {
            bytes.extend(value.to_be_bytes());
            true
        }
        (ColumnType::Numeric, ValueRef::Text(value)) => {
            std::str::from_utf8(value).is_ok_and(|value| put_numeric(bytes, value))
        }
        (ColumnType::Json, ValueRef::Text(value)) => {
            bytes.push(1);
            bytes.extend_from_slice(value);
            true
        }
        (ColumnType::TextArray, ValueRef::Text(value)) => put_text_array(bytes, value),
        _ => false,
    }
}

/// A JSON array as `text[]` with its first element at 1, the form the server gives a new array.
fn put_text_array(bytes: &mut Vec<u8>, json: &[u8]) -> bool {
    const TEXT: i32 = 25;
    let Ok(items) = serde_json::from_slice::<Vec<Option<String>>>(json) else { return false };
    let Ok(count) = i32::try_from(items.len()) else { return false };
    let mut put = |word: i32| bytes.extend(word.to_be_bytes());
    put(i32::from(count > 0));
    put(i32::from(items.iter().any(Option::is_none)));
    put(TEXT);
    if count > 0 {
        put(count);
        put(1);
    }
    for item in items {
        match item {
            None => bytes.extend((-1_i32).to_be_bytes()),
            Some(text) => {
                let Ok(length) = i32::try_from(text.len()) else { return false };
                bytes.extend(length.to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    true
}

/// `text[]` of one dimension as a JSON array.
fn text_array(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    let mut next = || {
        let (word, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        Some(i32::from_be_bytes(*word))
    };
    let (dimensions, _has_null, _element) = (next()?, next()?, next()?);
    if dimensions == 0 {
        return Some("[]".to_owned());
    }
    if dimensions != 1 {
        return None;
    }
    let (count, _lower_bound) = (next()?, next()?);
    let mut items: Vec<Option<&str>> = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        if length < 0 {
            rest = after;
            items.push(None);
        } else {
            let (text, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
            rest = after;
            items.push(Some(std::str::from_utf8(text).ok()?));
        }
    }
    serde_json::to_string(&items).ok()
}
