//! A facet: what an event is counted by, interned as one id.
//!
//! Stored as the eight fields travelled, so that the hot path compares bytes and decodes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use steward_core::Result;
use steward_core::event::EventField;

use super::{decode, fault};

/// Number of columns in a facet; they lie side by side in the dataset's spec.
pub(crate) const COLUMNS: usize = 8;

/// How an event ended, as far as totals tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Error,
    RateLimited,
    Other,
}

/// The values of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Facet {
    pub(crate) event_type: Option<String>,
    pub(crate) feature: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) plan_code: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) is_admin: Option<bool>,
}

impl Facet {
    /// Reads the stored form; none when it is no facet.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = fields(bytes);
        let mut text = || match fields.next()? {
            None => Some(None),
            Some(field) => Some(Some(std::str::from_utf8(field).ok()?.to_owned())),
        };
        let [event_type, feature, provider, model, endpoint, plan_code, status] =
            [text()?, text()?, text()?, text()?, text()?, text()?, text()?];
        let is_admin = match fields.next()? {
            None => None,
            Some(field) => Some(decode::boolean(field)?),
        };
        Some(Self { event_type, feature, provider, model, endpoint, plan_code, status, is_admin })
    }

    /// How the event ended.
    pub(crate) fn outcome(&self) -> Status {
        match self.status.as_deref() {
            Some("success") => Status::Success,
            Some("error") => Status::Error,
            Some("rate_limited") => Status::RateLimited,
            Some(_) | None => Status::Other,
        }
    }

    /// The value of a column; none where it is empty, and for user and team, which are no part of a facet.
    pub(crate) fn value(&self, field: EventField) -> Option<&str> {
        match field {
            EventField::UserId | EventField::TeamId => None,
            EventField::Feature => self.feature.as_deref(),
            EventField::PlanCode => self.plan_code.as_deref(),
            EventField::Model => self.model.as_deref(),
            EventField::Provider => self.provider.as_deref(),
            EventField::Endpoint => self.endpoint.as_deref(),
            EventField::Status => self.status.as_deref(),
            EventField::EventType => self.event_type.as_deref(),
            EventField::IsAdmin => self.is_admin.map(|is_admin| if is_admin { "true" } else { "false" }),
        }
    }
}

/// The columns of a stored facet; none for NULL. Ends early when the bytes are no facet.
pub(crate) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        let (length, after) = bytes.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            bytes = after;
            return Some(None);
        };
        let (field, after) = after.split_at_checked(length)?;
        bytes = after;
        Some(Some(field))
    })
}

/// The facets read so far; ids are never given twice, so they only grow.
#[derive(Debug, Default)]
pub(crate) struct FacetMemory(Mutex<Arc<Vec<Facet>>>);

impl FacetMemory {
    /// All facets of the file; the one with id n lies at n − 1.
    pub(crate) fn read(&self, connection: &Connection) -> Result<Arc<Vec<Facet>>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut find = connection
            .prepare_cached("select value from facet where id > ?1 order by id")
            .map_err(fault::map)?;
        let mut rows = find.query([known.len() as i64]).map_err(fault::map)?;
        let mut fresh = Vec::new();
        while let Some(row) = rows.next().map_err(fault::map)? {
            let value = row.get_ref(0).map_err(fault::map)?.as_blob().ok();
            fresh.push(value.and_then(Facet::parse).ok_or_else(fault::damaged)?);
        }
        if !fresh.is_empty() {
            Arc::make_mut(&mut *known).extend(fresh);
        }
        Ok(Arc::clone(&known))
    }
}
