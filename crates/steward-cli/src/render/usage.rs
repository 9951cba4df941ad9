//! `usage`, `offenders`, `views` as text.

use std::fmt::Write as _;

use steward_core::event::{EventField, EventFilter};
use steward_core::offender::{Evidence, Offender, OffenderList};
use steward_core::usage::{Measure, SavedView, Usage, UsageGroup, UsageTile};
use steward_core::what_if::{WhatIf, WhatIfAccount, WhatIfLimit};

use super::number::{bytes, change, dash, grouped, instant, milliseconds};
use super::overview::admins;
use super::spark::{bar, sparkline};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

const CHART_WIDTH: usize = 60;
const BAR_WIDTH: usize = 24;
const GROUP_ROWS: usize = 20;

/// The whole page.
pub(crate) fn usage(usage: &Usage) -> String {
    let mut text = String::new();
    let days = |step: Option<&steward_core::usage::UsageStep>| {
        step.map(|step| step.day.to_string()).unwrap_or_default()
    };
    let span = format!("{} to {}", days(usage.steps.first()), days(usage.steps.last()));
    let _ = writeln!(
        text,
        "{}  {}",
        Tone::Strong.paint("Usage"),
        Tone::Muted.paint(format!("{} · {span} · {}", usage.range, usage.zone.name()))
    );
    let currency = usage.currency.as_deref();
    let columns = [Column::Left("Metric"), Column::Right("Value"), Column::Right("Change")];
    let _ = writeln!(text, "\n{}\n", table(&columns, usage.tiles.iter().map(|item| tile(item, currency))));
    if let Some(line) = admins(usage.admin_events, usage.totals.events) {
        let _ = writeln!(text, "{line}\n");
    }
    series(&mut text, usage);
    let _ = writeln!(text, "{}", breakdown(usage));
    let rest = usage.group_count.saturating_sub(GROUP_ROWS as u64);
    if rest > 0 {
        let _ = writeln!(text, "{}", Tone::Muted.paint(format!("{} more", grouped(i128::from(rest)))));
    }
    if let Some(busiest) = usage.heat.iter().max_by_key(|cell| cell.events).filter(|cell| cell.events > 0) {
        let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let day = days.get(usize::from(busiest.weekday).wrapping_sub(1)).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "\n{}",
            Tone::Muted.paint(format!(
                "busiest hour of the week: {day} {:02}:00, {} events",
                busiest.hour,
                grouped(i128::from(busiest.events))
            ))
        );
    }
    text
}

fn tile(tile: &UsageTile, currency: Option<&str>) -> Vec<Field> {
    let value = match (&tile.text, tile.value) {
        (Some(text), Some(events)) => format!("{text} ({})", grouped(events as i128)),
        (_, Some(number)) => value(number, tile.measure, currency),
        (_, None) => "–".to_owned(),
    };
    let value = if tile.is_estimate && tile.value.is_some() { format!("≈ {value}") } else { value };
    let moved = tile.change.as_ref().map_or_else(|| "–".to_owned(), change);
    vec![Field::from(tile.label.clone()), toned(value, Tone::Strong), toned(moved, Tone::Muted)]
}

fn value(value: f64, measure: Measure, currency: Option<&str>) -> String {
    match measure {
        Measure::ErrorRate => format!("{value:.2} %"),
        Measure::LatencyAverage | Measure::LatencyP50 | Measure::LatencyP95 => milliseconds(value),
        Measure::BytesOut => bytes(value.max(0.0) as u64),
        Measure::Cost => format!("{value:.2} {}", currency.unwrap_or_default()).trim_end().to_owned(),
        Measure::Events
        | Measure::ActiveUsers
        | Measure::Errors
        | Measure::LimitHits
        | Measure::Quantity
        | Measure::Tokens
        | Measure::Credits => grouped(value.round() as i128),
    }
}

fn series(text: &mut String, usage: &Usage) {
    let own: Vec<f64> = usage.steps.iter().filter_map(|step| step.value).collect();
    // Neighbours are added up where there are more steps than columns, which only sums allow.
    let is_drawn = !own.is_empty() && (usage.measure.is_additive() || own.len() <= CHART_WIDTH);
    if !is_drawn {
        return;
    }
    let highest = usage
        .steps
        .iter()
        .filter(|step| step.value.is_some())
        .max_by(|a, b| a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0)));
    let peak = highest.map(|step| {
        let most = value(step.value.unwrap_or(0.0), usage.measure, usage.currency.as_deref());
        format!("most {most} on {}", step.day)
    });
    let _ = writeln!(
        text,
        " {}  {}\n {}",
        Tone::Strong.paint(usage.measure.label()),
        Tone::Muted.paint(peak.unwrap_or_else(dash)),
        Tone::Accent.paint(sparkline(&own, CHART_WIDTH))
    );
    let previous: Vec<f64> = usage.steps.iter().filter_map(|step| step.previous).collect();
    if !previous.is_empty() {
        let _ =
            writeln!(text, " {}", Tone::Muted.paint(format!("{} before", sparkline(&previous, CHART_WIDTH))));
    }
    if usage.steps.last().is_some_and(|step| step.is_unfinished) {
        let _ = writeln!(text, " {}", Tone::Muted.paint("the last one is still running"));
    }
    text.push('\n');
}

fn heading(by: EventField) -> &'static str {
    match by {
        EventField::UserId => "User",
        EventField::Feature => "Feature",
        EventField::PlanCode => "Plan at the time",
        EventField::Model => "Model",
        EventField::Provider => "Provider",
        EventField::Endpoint => "Endpoint",
        EventField::Status => "Status",
        EventField::EventType => "Type",
        EventField::TeamId => "Team",
        EventField::IsAdmin => "Who",
    }
}

fn breakdown(usage: &Usage) -> String {
    let longest = usage.breakdown.iter().filter_map(|group| group.amount).fold(0.0, f64::max);
    let mut columns = vec![Column::Left(heading(usage.by)), Column::Right(usage.measure.label())];
    let has_events = usage.measure != Measure::Events;
    if has_events {
        columns.push(Column::Right("Events"));
    }
    columns.extend([
        Column::Right("Share"),
        Column::Right("Errors"),
        Column::Right("Latency"),
        Column::Right("Change"),
        Column::Left(""),
    ]);
    let total = usage.totals.events;
    let row = |group: &UsageGroup| {
        let mut row = vec![
            Field::from(group.label.clone()),
            or_dash(group.amount.map(|amount| value(amount, usage.measure, usage.currency.as_deref()))),
        ];
        if has_events {
            row.push(Field::from(grouped(i128::from(group.events))));
        }
        let sums = group.sums.as_ref();
        let latency = sums
            .filter(|sums| sums.latency_count > 0)
            .map(|sums| milliseconds(sums.latency_ms_sum as f64 / sums.latency_count as f64));
        row.extend([
            Field::from(percent(group.events, total)),
            or_dash(sums.map(|sums| percent(sums.errors, sums.events))),
            or_dash(latency),
            toned(group.change.as_ref().map_or_else(|| "–".to_owned(), change), Tone::Muted),
            toned(bar(group.amount.unwrap_or(0.0), longest, BAR_WIDTH), Tone::Accent),
        ]);
        row
    };
    table(&columns, usage.breakdown.iter().take(GROUP_ROWS).map(row))
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "n/a".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

/// The statements behind the numbers, each under what it yields.
pub(crate) fn sql(usage: &Usage) -> String {
    let tiles = usage.tiles.iter().map(|tile| (tile.label.as_str(), tile.sql.as_str()));
    let parts = [
        (usage.measure.label(), usage.sql.series.as_str()),
        ("Breakdown", usage.sql.breakdown.as_str()),
        ("By hour of the week", usage.sql.heat.as_str()),
        ("Latency", usage.sql.latency.as_str()),
        ("Limit hits by step", usage.sql.limit_hits.as_str()),
    ];
    let texts: Vec<String> = tiles.chain(parts).map(|(title, sql)| format!("-- {title}\n{sql}\n")).collect();
    texts.join("\n")
}

/// The accounts to look at.
pub(crate) fn offenders(list: &OffenderList) -> String {
    let mut parts = Vec::new();
    for section in &list.sections {
        let mut text = format!(
            "{}  {}\n{}",
            Tone::Strong.paint(&section.label),
            Tone::Muted.paint(grouped(i128::from(section.total))),
            Tone::Muted.paint(&section.rule)
        );
        if !section.rows.is_empty() {
            let columns = [
                Column::Left("Account"),
                Column::Left("Plan"),
                Column::Left("What"),
                Column::Left("Numbers"),
            ];
            let _ = write!(text, "\n\n{}", table(&columns, section.rows.iter().map(offender)));
        }
        parts.push(text);
    }
    if let Some(since) = list.rows_since {
        parts.push(format!(
            "Failures and refusals are counted since {}; before that there are sums alone (`steward sync window`).",
            instant(since, list.zone)
        ));
    }
    parts.join("\n\n")
}

fn offender(offender: &Offender) -> Vec<Field> {
    let number = |value: u64| grouped(i128::from(value));
    let (what, numbers, tone) = match &offender.evidence {
        Evidence::Limit(line) => {
            let used = grouped(line.used.unwrap_or(0).into());
            let limit = line.limit.map_or_else(|| "unlimited".to_owned(), |limit| grouped(limit.into()));
            let tone = if line.is_over && line.kind == "hard" { Tone::Danger } else { Tone::Warning };
            (
                format!("{} per {}, {}", line.metric, line.period, line.kind),
                format!("{used} of {limit}"),
                tone,
            )
        }
        Evidence::Errors { events, errors } => {
            ("failures".to_owned(), format!("{} of {}", number(*errors), number(*events)), Tone::Danger)
        }
        Evidence::Rise { current, previous } => {
            ("events".to_owned(), format!("{} after {}", number(*current), number(*previous)), Tone::Warning)
        }
        Evidence::Refusals { events, hits } => {
            ("refusals".to_owned(), format!("{} of {}", number(*hits), number(*events)), Tone::Warning)
        }
    };
    let account = offender.email.clone().unwrap_or_else(|| offender.user_id.to_string());
    vec![Field::from(account), or_dash(offender.plan_code.clone()), Field::from(what), toned(numbers, tone)]
}

/// Who would have been refused.
pub(crate) fn what_if(answer: &WhatIf) -> String {
    let running = if answer.is_unfinished { ", so far" } else { "" };
    let mut text = format!(
        "{}  {}\n{}",
        Tone::Strong.paint("What if"),
        Tone::Muted.paint(format!("{} by UTC{running}", answer.month)),
        answer.supposed
    );
    if answer.limits.is_empty() {
        let _ = write!(text, "\n\n{}", Tone::Muted.paint("No plan has a limit that this is about."));
        return text;
    }
    let columns = [
        Column::Left("Plan"),
        Column::Left("Limit"),
        Column::Right("Now"),
        Column::Right("Then"),
        Column::Right("Accounts"),
        Column::Right("Over now"),
        Column::Right("Over then"),
        Column::Right("Beyond"),
    ];
    let _ = write!(text, "\n\n{}", table(&columns, answer.limits.iter().map(supposed)));
    let accounts = answer.account_count;
    let noun = if accounts == 1 { "account" } else { "accounts" };
    let found = format!("{} {noun} would have been refused", grouped(i128::from(accounts)));
    let tone = if accounts == 0 { Tone::Success } else { Tone::Warning };
    let _ = write!(text, "\n\n{}", tone.paint(found));
    if !answer.accounts.is_empty() {
        let columns = [
            Column::Left("Account"),
            Column::Left("Plan"),
            Column::Left("Limit"),
            Column::Right("Used"),
            Column::Right("Allowed"),
            Column::Right("Beyond"),
        ];
        let _ = write!(text, "\n\n{}", table(&columns, answer.accounts.iter().map(refused)));
    }
    let rest = answer.row_count.saturating_sub(answer.accounts.len() as u64);
    if rest > 0 {
        let _ = write!(text, "\n{}", Tone::Muted.paint(format!("{} more", grouped(i128::from(rest)))));
    }
    text
}

fn supposed(limit: &WhatIfLimit) -> Vec<Field> {
    let number = |value: u64| grouped(i128::from(value));
    let now = limit.limit_now.map_or_else(|| "unlimited".to_owned(), |limit| grouped(limit.into()));
    let tone = if limit.over > 0 { Tone::Warning } else { Tone::Success };
    vec![
        Field::from(limit.plan.clone()),
        Field::from(format!("{} per {}, {}", limit.metric, limit.period, limit.kind)),
        Field::from(now),
        toned(grouped(limit.limit.into()), Tone::Strong),
        Field::from(number(limit.accounts)),
        Field::from(number(limit.over_now)),
        toned(number(limit.over), tone),
        Field::from(grouped(limit.beyond.into())),
    ]
}

fn refused(account: &WhatIfAccount) -> Vec<Field> {
    let raised = if account.raised_until.is_some() { ", raised" } else { "" };
    vec![
        Field::from(account.email.clone()),
        Field::from(account.plan_code.clone()),
        Field::from(format!("{} per {}", account.metric, account.period)),
        Field::from(grouped(account.used.into())),
        Field::from(format!("{}{raised}", grouped(account.limit.into()))),
        toned(grouped(account.beyond.into()), Tone::Warning),
    ]
}

/// Kept views.
pub(crate) fn views(views: &[SavedView]) -> String {
    if views.is_empty() {
        return Tone::Muted.paint("No view is kept here. `steward views save NAME --by model` keeps one.");
    }
    let columns = [Column::Left("View"), Column::Left("Of"), Column::Left("Shows")];
    let rows = views.iter().map(|view| {
        let said = view.search.as_object().map(|search| {
            let parts: Vec<String> = search.iter().map(|(name, value)| shown(name, value)).collect();
            parts.join(" · ")
        });
        vec![Field::from(view.name.clone()), toned(view.path.clone(), Tone::Muted), or_dash(said)]
    });
    table(&columns, rows)
}

fn shown(name: &str, value: &serde_json::Value) -> String {
    let filters: Option<Vec<EventFilter>> = serde_json::from_value(value.clone()).ok();
    match (filters, value.as_str()) {
        (Some(filters), _) => {
            let parts: Vec<String> = filters.iter().map(filter).collect();
            parts.join(", ")
        }
        (None, Some(text)) => format!("{name} {text}"),
        (None, None) => format!("{name} {value}"),
    }
}

fn filter(filter: &EventFilter) -> String {
    let sign = if filter.is_excluded() { "is not" } else { "is" };
    format!("{} {sign} {}", heading(filter.field).to_lowercase(), filter.value.as_deref().unwrap_or("empty"))
}
