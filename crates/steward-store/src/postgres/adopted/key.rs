//! Primary keys of adopted tables, in an order that the server knows, too.

use serde::{Deserialize, Serialize};

use crate::postgres::sql_text;

/// A type that keys are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// `smallint`, `integer`, `bigint`.
    Int,
    /// `uuid`.
    Uuid,
    /// `text`, `varchar`; ordered by bytes.
    Text,
}

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// A whole number.
    Int(i64),
    /// The bytes of a uuid.
    Uuid([u8; 16]),
    /// Text.
    Text(String),
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub Vec<KeyPart>);

impl KeyKind {
    /// The kind of a type; none when keys of it have no order that both sides know.
    pub(super) fn of_type(oid: i64) -> Option<Self> {
        match oid {
            20 | 21 | 23 => Some(Self::Int),
            2950 => Some(Self::Uuid),
            25 | 1043 => Some(Self::Text),
            _ => None,
        }
    }
}

impl KeyPart {
    /// Reads a field of a record.
    pub(super) fn read(kind: KeyKind, field: &[u8]) -> Option<Self> {
        match kind {
            KeyKind::Int => match field.len() {
                2 => Some(Self::Int(i64::from(i16::from_be_bytes(field.try_into().ok()?)))),
                4 => Some(Self::Int(i64::from(i32::from_be_bytes(field.try_into().ok()?)))),
                _ => Some(Self::Int(i64::from_be_bytes(field.try_into().ok()?))),
            },
            KeyKind::Uuid => field.try_into().ok().map(Self::Uuid),
            KeyKind::Text => std::str::from_utf8(field).ok().map(|text| Self::Text(text.to_owned())),
        }
    }

    fn literal(&self) -> String {
        match self {
            Self::Int(number) => format!("'{number}'::bigint"),
            Self::Uuid(bytes) => format!("'{}'::uuid", uuid::Uuid::from_bytes(*bytes)),
            Self::Text(text) => format!("{}::text", sql_text::literal(text)),
        }
    }
}

impl Key {
    /// The parts as statements write them.
    pub(super) fn literals(&self) -> String {
        self.0.iter().map(KeyPart::literal).collect::<Vec<_>>().join(", ")
    }
}
