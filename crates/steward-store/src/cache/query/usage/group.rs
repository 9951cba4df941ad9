//! The breakdown: events by the values of one column.

use std::cmp::Reverse;
use std::collections::HashMap;

use rusqlite::OptionalExtension as _;
use steward_core::Result;
use steward_core::event::EventField;
use steward_core::usage::UsageGroup;
use uuid::Uuid;

use super::super::naming::{Plans, in_words};
use super::super::{overview, people};
use super::Question;
use super::tally::Reading;
use crate::cache::facet::Facet;
use crate::cache::{Reader, fault};

/// The values of a column among the facets, numbered; users and teams have numbers of their own.
pub(super) struct Grouping {
    field: EventField,
    values: Vec<Option<String>>,
    /// By facet id.
    of_facet: Vec<u32>,
}

impl Grouping {
    pub(super) fn new(field: EventField, facets: &[Facet]) -> Self {
        let mut known: HashMap<Option<&str>, u32> = HashMap::new();
        let mut values = Vec::new();
        let mut of_facet = vec![u32::MAX];
        for facet in facets {
            let value = facet.value(field);
            let next = u32::try_from(values.len()).unwrap_or(u32::MAX);
            of_facet.push(*known.entry(value).or_insert_with(|| {
                values.push(value.map(str::to_owned));
                next
            }));
        }
        Self { field, values, of_facet }
    }

    pub(super) fn field(&self) -> EventField {
        self.field
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The number of a facet's value.
    pub(super) fn of_facet(&self, facet: u32) -> u32 {
        self.of_facet.get(facet as usize).copied().unwrap_or(u32::MAX)
    }
}

/// The groups, most first; users and teams by their short ids still.
pub(super) fn show(question: &Question<'_>, plans: &Plans, reading: &Reading) -> Result<Vec<UsageGroup>> {
    let field = question.grouping.field();
    let measure = question.measure;
    let mut groups: Vec<UsageGroup> = reading
        .groups
        .iter()
        .filter(|(_, group)| {
            let was = group.change.as_ref().is_some_and(|(own, before)| own.events() + before.events() > 0);
            group.whole.events() > 0 || was
        })
        .map(|(key, group)| {
            let value = match field {
                EventField::UserId | EventField::TeamId => (*key != 0).then(|| key.to_string()),
                _ => question.grouping.values.get(*key as usize).cloned().flatten(),
            };
            let change = group
                .change
                .as_ref()
                .and_then(|(own, before)| overview::change(own.measure(measure)?, before.measure(measure)?));
            UsageGroup {
                label: label(field, value.as_deref(), plans),
                value,
                note: None,
                amount: group.whole.measure(measure).filter(|_| group.whole.events() > 0),
                sums: (!group.has_events_only).then(|| group.whole.sums()),
                events: overview::count(group.whole.events()),
                change,
            }
        })
        .collect();
    let amount = |group: &UsageGroup| group.amount.unwrap_or(f64::NEG_INFINITY);
    groups.sort_by(|a, b| {
        amount(b)
            .total_cmp(&amount(a))
            .then_with(|| (Reverse(a.events), &a.value).cmp(&(Reverse(b.events), &b.value)))
    });
    Ok(groups)
}

fn label(field: EventField, value: Option<&str>, plans: &Plans) -> String {
    match (field, value) {
        (EventField::PlanCode, Some(code)) => {
            plans.names.get(code).map_or_else(|| code.to_owned(), |plan| plan.name.clone())
        }
        (EventField::Feature | EventField::EventType | EventField::Status, Some(value)) => in_words(value),
        (EventField::IsAdmin, Some(value)) => {
            if value == "true" { "Admins of the product" } else { "Everybody else" }.to_owned()
        }
        (_, Some(value)) => value.to_owned(),
        (EventField::PlanCode, None) => "No plan".to_owned(),
        (EventField::Feature, None) => "No feature".to_owned(),
        (EventField::Model, None) => "No model".to_owned(),
        (EventField::Provider, None) => "No provider".to_owned(),
        (EventField::Endpoint, None) => "No endpoint".to_owned(),
        (EventField::TeamId, None) => "No team".to_owned(),
        (_, None) => "None".to_owned(),
    }
}

/// Puts ids and names in place of the short ids of users and teams.
pub(super) fn name(reader: &Reader, field: EventField, groups: &mut [UsageGroup]) -> Result<()> {
    if !matches!(field, EventField::UserId | EventField::TeamId) {
        return Ok(());
    }
    for group in groups {
        let Some(short) = group.value.as_deref().and_then(|text| text.parse().ok()) else { continue };
        let uuid = people::uuid(reader, short)?;
        group.value = Some(uuid.to_string());
        // Who was erased, or has not arrived yet, is known by the id alone.
        group.label = format!("{:.8}…", uuid.to_string());
        if field == EventField::UserId {
            if let Some(user) = people::user(reader, uuid)? {
                group.label = user.email;
                group.note = Some(user.name).filter(|name| !name.is_empty());
            }
        } else if let Some(name) = team_name(reader, uuid)? {
            group.label = name;
        }
    }
    Ok(())
}

fn team_name(reader: &Reader, id: Uuid) -> Result<Option<String>> {
    reader
        .connection()
        .prepare_cached("select name from teams where id = ?1")
        .and_then(|mut find| find.query_row([id.as_bytes().as_slice()], |row| row.get(0)).optional())
        .map(Option::flatten)
        .map_err(fault::map)
}
