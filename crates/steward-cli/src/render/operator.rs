//! Operators.

use chrono_tz::Tz;
use steward_core::operator::OperatorRow;

use super::number::instant;
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Everybody who may use the console.
pub(crate) fn list(rows: &[OperatorRow], zone: Tz) -> String {
    let columns = [
        Column::Left("Login"),
        Column::Left("Name"),
        Column::Left("Role"),
        Column::Left("Connected"),
        Column::Left("Last change"),
        Column::Left("Last sync"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            vec![
                Field::from(&*row.login),
                or_dash(row.name.clone()),
                match &row.role {
                    Some(role) => Field::from(&**role),
                    None => toned("login is gone", Tone::Warning),
                },
                if row.is_connected { toned("now", Tone::Success) } else { Field::from("") },
                or_dash(row.last_change_at.map(|at| instant(at, zone))),
                or_dash(row.last_sync_at.map(|at| instant(at, zone))),
            ]
        }),
    )
}
