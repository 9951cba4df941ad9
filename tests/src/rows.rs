//! Rows as the server sends them, made by hand: for tests of the copy that need no server.

use steward_core::Dataset;
use steward_store::row::RowBatch;
use uuid::Uuid;

/// Microseconds from 1970 to 2000, where the server's own epoch lies.
pub const EPOCH_US: i64 = 946_684_800_000_000;

/// A value on the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// NULL.
    Null,
    /// `uuid`.
    Uuid(Uuid),
    /// `text`.
    Text(String),
    /// `boolean`.
    Bool(bool),
    /// `integer`.
    Int4(i32),
    /// `bigint`.
    Int8(i64),
    /// `timestamptz`, in microseconds since 1970.
    Timestamp(i64),
    /// `numeric`, from plain decimal text.
    Numeric(String),
    /// `jsonb`.
    Json(String),
    /// Any bytes, right or wrong.
    Raw(Vec<u8>),
}

impl Field {
    /// Text, or NULL.
    #[must_use]
    pub fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.to_owned()))
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Null => return None,
            Self::Uuid(uuid) => uuid.as_bytes().to_vec(),
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Bool(value) => vec![u8::from(*value)],
            Self::Int4(value) => value.to_be_bytes().to_vec(),
            Self::Int8(value) => value.to_be_bytes().to_vec(),
            Self::Timestamp(us) => (us - EPOCH_US).to_be_bytes().to_vec(),
            Self::Numeric(text) => numeric(text),
            Self::Json(text) => [&[1], text.as_bytes()].concat(),
            Self::Raw(bytes) => bytes.clone(),
        })
    }
}

/// Adds a row to a batch.
pub fn push(batch: &mut RowBatch, fields: &[Field]) {
    let mut row = Vec::new();
    for field in fields {
        match field.bytes() {
            None => row.extend((-1_i32).to_be_bytes()),
            Some(bytes) => {
                row.extend(i32::try_from(bytes.len()).expect("a short field").to_be_bytes());
                row.extend(bytes);
            }
        }
    }
    batch.push(&row);
}

/// A `numeric` on the wire, from plain decimal text.
#[must_use]
pub fn numeric(text: &str) -> Vec<u8> {
    let (sign, text) = text.strip_prefix('-').map_or((0_u16, text), |rest| (0x4000, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = fraction.len();
    // Four decimal digits make one digit of the server.
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let mut digits: Vec<u16> = [whole.as_bytes(), fraction.as_bytes()]
        .concat()
        .chunks(4)
        .map(|four| std::str::from_utf8(four).expect("digits").parse().expect("digits"))
        .collect();
    let mut weight = i16::try_from(whole.len() / 4).expect("a short number") - 1;
    while digits.first() == Some(&0) {
        digits.remove(0);
        weight -= 1;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.is_empty() {
        weight = 0;
    }
    let mut bytes = Vec::new();
    bytes.extend(u16::try_from(digits.len()).expect("a short number").to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(u16::try_from(scale).expect("a short number").to_be_bytes());
    digits.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
    bytes
}

/// A usage event; the default is a priced success of user 1.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns are documented in the contract")]
pub struct UsageEvent {
    pub user_id: Uuid,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub event_key: Uuid,
    pub team_id: Option<Uuid>,
    pub event_type: String,
    pub feature: Option<String>,
    pub model: Option<String>,
    pub plan_code: Option<String>,
    pub status: String,
    pub is_admin: bool,
    pub quantity: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub bytes_out: i64,
    pub cost: Option<String>,
    pub credits: i64,
    pub latency_ms: Option<i32>,
}

impl Default for UsageEvent {
    fn default() -> Self {
        Self {
            user_id: Uuid::from_u128(1),
            occurred_at: EPOCH_US,
            event_key: Uuid::from_u128(1),
            team_id: None,
            event_type: "api_call".to_owned(),
            feature: Some("chat".to_owned()),
            model: Some("model-1".to_owned()),
            plan_code: Some("pro".to_owned()),
            status: "success".to_owned(),
            is_admin: false,
            quantity: 1,
            input_tokens: 100,
            output_tokens: 10,
            bytes_out: 1_000,
            cost: Some("0.001500000".to_owned()),
            credits: 1,
            latency_ms: Some(120),
        }
    }
}

impl UsageEvent {
    /// The row's fields in the order of the spec.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let text = |value: &Option<String>| Field::text(value.as_deref());
        vec![
            Field::Uuid(self.user_id),
            Field::Timestamp(self.occurred_at),
            Field::Uuid(self.event_key),
            Field::Timestamp(self.occurred_at + 250_000),
            self.team_id.map_or(Field::Null, Field::Uuid),
            Field::Null,
            Field::Null,
            Field::Text(self.event_type.clone()),
            text(&self.feature),
            Field::Text("provider".to_owned()),
            text(&self.model),
            Field::Null,
            text(&self.plan_code),
            Field::Text(self.status.clone()),
            Field::Bool(self.is_admin),
            Field::Int8(self.quantity),
            Field::Int8(self.input_tokens),
            Field::Int8(0),
            Field::Int8(self.output_tokens),
            Field::Int8(0),
            Field::Int8(self.bytes_out),
            self.cost.clone().map_or(Field::Null, Field::Numeric),
            Field::Int8(self.credits),
            self.latency_ms.map_or(Field::Null, Field::Int4),
        ]
    }

    /// The key as the change log writes it.
    #[must_use]
    pub fn key(&self) -> serde_json::Value {
        let at = chrono::DateTime::from_timestamp_micros(self.occurred_at).expect("an instant");
        serde_json::json!({
            "user_id": self.user_id,
            "occurred_at": at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
            "event_key": self.event_key,
        })
    }
}

/// A batch of events.
#[must_use]
pub fn events<'a>(rows: impl IntoIterator<Item = &'a UsageEvent>) -> RowBatch {
    let mut batch = RowBatch::new(Dataset::UsageEvents);
    rows.into_iter().for_each(|event| push(&mut batch, &event.fields()));
    batch
}

/// A user in the order of the spec.
#[must_use]
pub fn user(id: Uuid, email: &str, plan_code: &str, created_at: i64) -> Vec<Field> {
    let text = |value: &str| Field::Text(value.to_owned());
    vec![
        Field::Uuid(id),
        text(email),
        text(&format!("Name of {email}")),
        text("active"),
        text("user"),
        text(plan_code),
        text("DE"),
        text("Europe/Berlin"),
        Field::Null,
        Field::Null,
        Field::Timestamp(created_at + 60_000_000),
        Field::Timestamp(created_at),
        Field::Timestamp(created_at),
        Field::Int8(1),
    ]
}

/// A batch of any dataset.
#[must_use]
pub fn batch(dataset: Dataset, rows: &[Vec<Field>]) -> RowBatch {
    let mut batch = RowBatch::new(dataset);
    rows.iter().for_each(|row| push(&mut batch, row));
    batch
}
