//! What an account may do.

use std::fmt::Write as _;

use chrono_tz::Tz;
use steward_core::limit::{AccountLimits, LimitCheck, LimitLine};

use super::number::{grouped, instant};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Every limit of an account and its features.
pub(crate) fn account(found: &AccountLimits, zone: Tz) -> String {
    let admin = if found.is_admin { " · passes every limit (admin)" } else { "" };
    let mut text = format!(
        "{}\n{}\n\n{}",
        Tone::Strong.paint(&found.email),
        Tone::Muted.paint(format!("{} · {} · {}{admin}", found.user_id, found.status, found.plan_code)),
        lines(&found.limits, zone)
    );
    let columns =
        [Column::Left("Feature"), Column::Left("Allowed"), Column::Left("Set to"), Column::Left("From plan")];
    let rows = found.features.iter().map(|feature| {
        vec![
            Field::from(&*feature.key),
            if feature.is_allowed { toned("yes", Tone::Success) } else { toned("no", Tone::Danger) },
            or_dash(feature.value.as_ref().map(ToString::to_string)),
            or_dash(feature.plan_required.clone()),
        ]
    });
    let _ = write!(text, "\n\n{}", table(&columns, rows));
    text
}

/// Whether an account may use so much, and why not.
pub(crate) fn check(found: &LimitCheck, zone: Tz) -> String {
    let what = format!("{} {}", grouped(i128::from(found.quantity)), found.metric);
    let answer = match (&found.reason, found.limits.first().is_some_and(|line| line.is_over)) {
        (None, false) => Tone::Success.paint(format!("{} may use {what}.", found.email)),
        (None, true) if found.is_admin => {
            Tone::Warning.paint(format!("{} may use {what}: an admin passes every limit.", found.email))
        }
        (None, true) => Tone::Warning.paint(format!("{} may use {what}, beyond a soft limit.", found.email)),
        (Some(reason), _) if reason == "limit" => {
            Tone::Danger.paint(format!("{} may not use {what}: a hard limit.", found.email))
        }
        (Some(reason), _) => Tone::Danger.paint(format!("{} may not use anything: {reason}.", found.email)),
    };
    format!("{answer}\n\n{}", lines(&found.limits, zone))
}

fn lines(lines: &[LimitLine], zone: Tz) -> String {
    let columns = [
        Column::Left("Limit"),
        Column::Left("Per"),
        Column::Right("Used"),
        Column::Right("Allowed"),
        Column::Right("Left"),
        Column::Left("Kind"),
        Column::Left("Starts again"),
        Column::Left("Raised until"),
    ];
    let count = |value: i64| grouped(i128::from(value));
    table(
        &columns,
        lines.iter().map(|line| {
            vec![
                Field::from(&*line.metric),
                Field::from(&*line.period),
                or_dash(line.used.map(count)),
                line.limit.map_or_else(|| toned("unlimited", Tone::Muted), |limit| count(limit).into()),
                or_dash(line.remaining.map(count)),
                Field::from(&*line.kind),
                or_dash(line.resets_at.map(|at| instant(at, zone))),
                or_dash(line.raised_until.map(|at| instant(at, zone))),
            ]
        }),
    )
}
