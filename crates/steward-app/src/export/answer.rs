//! Rows and charts inside the answer of a command.

use chrono::DateTime;
use serde_json::{Map, Value};
use steward_core::chart_spec::ChartSpec;
use steward_core::export::{Cell, ColumnKind, ExportColumn};
use steward_core::freshness::Freshness;
use steward_core::period::Period;
use steward_core::{Error, Result};

/// A table found in an answer.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) freshness: Freshness,
    pub(crate) period: Option<Period>,
    pub(crate) columns: Vec<ExportColumn>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The chart itself, where it is one.
    pub(crate) chart: Option<ChartSpec>,
}

/// The table at a JSON pointer: a list of objects, or a chart with its steps and series.
///
/// # Errors
/// `Invalid` when there is neither.
pub(crate) fn find(answer: &Value, pointer: &str) -> Result<Found> {
    let part = |name: &str| answer.get(name).cloned();
    let freshness =
        part("freshness").and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    let period = part("period").and_then(|value| serde_json::from_value(value).ok());
    let part = answer.pointer(pointer);
    let (columns, rows) = match part {
        Some(Value::Array(list)) => table(list)?,
        Some(Value::Object(chart)) => series(chart)?,
        _ => return Err(no_rows()),
    };
    let chart = part.and_then(|part| serde_json::from_value(part.clone()).ok());
    Ok(Found { freshness, period, columns, rows, chart })
}

fn no_rows() -> Error {
    Error::invalid("rows", "There are no rows and no chart at this place of the answer.")
}

fn table(list: &[Value]) -> Result<(Vec<ExportColumn>, Vec<Vec<Cell>>)> {
    let objects: Vec<&Map<String, Value>> =
        list.iter().map(|row| row.as_object().ok_or_else(no_rows)).collect::<Result<_>>()?;
    let objects = flattened(&objects);
    let mut keys: Vec<&String> = Vec::new();
    for key in objects.iter().flat_map(|row| row.keys()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let kinds: Vec<ColumnKind> = keys
        .iter()
        .map(|key| {
            let is_minor = key.ends_with("_minor") && objects.iter().all(|row| row.contains_key("currency"));
            kind_of(objects.iter().filter_map(|row| row.get(*key)), is_minor)
        })
        .collect();
    let columns =
        keys.iter().zip(&kinds).map(|(key, kind)| ExportColumn::new(*key, title(key), *kind)).collect();
    let rows = objects
        .iter()
        .map(|row| {
            let currency = row.get("currency").and_then(Value::as_str).unwrap_or_default();
            keys.iter().zip(&kinds).map(|(key, kind)| cell(row.get(*key), *kind, currency)).collect()
        })
        .collect();
    Ok((columns, rows))
}

/// The rows with the fields of their parts beside their own, as `sums_events`: a sheet has no parts.
fn flattened(rows: &[&Map<String, Value>]) -> Vec<Map<String, Value>> {
    let is_part = |key: &String| rows.iter().any(|row| row.get(key).is_some_and(Value::is_object));
    rows.iter()
        .map(|row| {
            let mut flat = Map::new();
            for (key, value) in *row {
                match value {
                    Value::Object(part) => flat
                        .extend(part.iter().map(|(inner, value)| (format!("{key}_{inner}"), value.clone()))),
                    // A part that this row lacks: its fields are empty here, and it is no column itself.
                    Value::Null if is_part(key) => {}
                    _ => drop(flat.insert(key.clone(), value.clone())),
                }
            }
            flat
        })
        .collect()
}

/// A chart: one row a step, one column a series.
fn series(chart: &Map<String, Value>) -> Result<(Vec<ExportColumn>, Vec<Vec<Cell>>)> {
    let list = |name: &str| chart.get(name).and_then(Value::as_array).ok_or_else(no_rows);
    let (steps, series) = (list("steps")?, list("series")?);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let has_previous = steps.iter().any(|step| text(step, "previous_title").is_some());
    let mut columns = vec![ExportColumn::new("step", "Step", ColumnKind::Text)];
    if has_previous {
        columns.push(ExportColumn::new("previous_step", "Compared with", ColumnKind::Text));
    }
    columns.push(ExportColumn::new("is_unfinished", "Still running", ColumnKind::Boolean));
    for one in series {
        let label = text(one, "label").unwrap_or_default();
        let is_previous = one.get("is_previous").and_then(Value::as_bool).unwrap_or(false);
        let title = if is_previous { format!("{label}, before") } else { label };
        columns.push(ExportColumn::new(
            title.to_lowercase().replace([' ', ','], "_"),
            title,
            ColumnKind::Number,
        ));
    }
    let rows = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let mut row = vec![Cell::text(text(step, "title"))];
            if has_previous {
                row.push(Cell::text(text(step, "previous_title")));
            }
            row.push(cell(step.get("is_unfinished"), ColumnKind::Boolean, ""));
            row.extend(series.iter().map(|one| {
                let value = one.get("values").and_then(|values| values.get(index));
                match value.and_then(Value::as_f64) {
                    Some(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => {
                        Cell::Integer(number as i64)
                    }
                    Some(number) => Cell::Number(number),
                    None => Cell::Null,
                }
            }));
            row
        })
        .collect();
    Ok((columns, rows))
}

fn kind_of<'a>(values: impl Iterator<Item = &'a Value> + Clone, is_minor: bool) -> ColumnKind {
    let mut known = values.filter(|value| !value.is_null()).peekable();
    if known.peek().is_none() {
        return ColumnKind::Text;
    }
    let all = |test: fn(&Value) -> bool| known.clone().all(test);
    if all(Value::is_i64) {
        if is_minor { ColumnKind::Minor } else { ColumnKind::Integer }
    } else if all(Value::is_number) {
        ColumnKind::Number
    } else if all(Value::is_boolean) {
        ColumnKind::Boolean
    } else if all(|value| value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok())) {
        ColumnKind::Instant
    } else if all(|value| value.as_str().is_some_and(is_decimal)) {
        ColumnKind::Decimal
    } else if all(Value::is_string) {
        ColumnKind::Text
    } else {
        ColumnKind::Json
    }
}

/// Plain digits with a point between them, as exact amounts travel.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('-')
        .unwrap_or(text)
        .split_once('.')
        .is_some_and(|(whole, rest)| digits(whole) && digits(rest))
}

fn cell(value: Option<&Value>, kind: ColumnKind, currency: &str) -> Cell {
    match (value, kind) {
        (None | Some(Value::Null), _) => Cell::Null,
        (Some(Value::Bool(value)), _) => Cell::Boolean(*value),
        (Some(Value::Number(number)), kind) => match (number.as_i64(), kind) {
            (Some(minor), ColumnKind::Minor) => Cell::Minor(minor, currency.to_owned()),
            (Some(whole), _) => Cell::Integer(whole),
            (None, _) => number.as_f64().map_or(Cell::Null, Cell::Number),
        },
        (Some(Value::String(text)), ColumnKind::Instant) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => Cell::Instant(at.to_utc()),
            Err(_) => Cell::Text(text.clone()),
        },
        (Some(Value::String(text)), ColumnKind::Decimal) => Cell::Decimal(text.clone()),
        (Some(Value::String(text)), _) => Cell::Text(text.clone()),
        (Some(other), _) => Cell::Json(other.clone()),
    }
}

/// `price_month_minor` as people say it.
fn title(key: &str) -> String {
    let words = key.trim_end_matches("_minor").replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_keeps_the_order_and_the_kinds_of_its_fields() {
        let answer = json!({ "rows": [
            { "code": "pro", "price_month_minor": 1900, "currency": "EUR", "archived_at": null, "limits": [1] },
            { "code": "max", "price_month_minor": null, "currency": "EUR", "archived_at": "2026-01-02T03:04:05Z", "limits": [] },
        ] });
        let found = find(&answer, "/rows").unwrap();
        let kinds: Vec<_> = found.columns.iter().map(|column| (column.key.as_str(), column.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("code", ColumnKind::Text),
                ("price_month_minor", ColumnKind::Minor),
                ("currency", ColumnKind::Text),
                ("archived_at", ColumnKind::Instant),
                ("limits", ColumnKind::Json)
            ]
        );
        assert_eq!(found.rows[0][1], Cell::Minor(1900, "EUR".to_owned()));
        assert_eq!(found.rows[1][1], Cell::Null, "no price is no price of 0");
    }

    #[test]
    fn the_fields_of_a_part_are_columns_of_their_own() {
        let answer = json!({ "breakdown": [
            { "value": "chat", "sums": { "events": 3, "cost": "0.500000000" } },
            { "value": null, "sums": null },
        ] });
        let found = find(&answer, "/breakdown").unwrap();
        let keys: Vec<_> = found.columns.iter().map(|column| column.key.as_str()).collect();
        assert_eq!(keys, ["value", "sums_events", "sums_cost"]);
        assert_eq!(found.rows[0][1..], [Cell::Integer(3), Cell::Decimal("0.500000000".to_owned())]);
        assert_eq!(found.rows[1], [Cell::Null, Cell::Null, Cell::Null]);
    }

    #[test]
    fn a_chart_is_a_row_a_step() {
        let answer = json!({ "chart": {
            "steps": [{ "title": "Sat 21 Nov 2026", "previous_title": null, "is_unfinished": false },
                      { "title": "Sun 22 Nov 2026", "previous_title": null, "is_unfinished": true }],
            "series": [{ "label": "Events", "is_previous": false, "values": [3.0, null] }],
        } });
        let found = find(&answer, "/chart").unwrap();
        assert_eq!(
            found.rows[0],
            [Cell::Text("Sat 21 Nov 2026".to_owned()), Cell::Boolean(false), Cell::Integer(3)]
        );
        assert_eq!(found.rows[1][2], Cell::Null, "a gap stays a gap");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for pointer in ["", "/none", "/number"] {
            assert!(find(&json!({ "number": 1 }), pointer).is_err(), "{pointer}");
        }
    }
}
