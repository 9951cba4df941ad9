//! `overview` as text.

use std::fmt::Write as _;

use steward_core::overview::{Card, CardMetric, Overview, Share};

use super::number::{change, dash, decimal, grouped, milliseconds};
use super::spark::{bar, sparkline};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

const CHART_WIDTH: usize = 60;
const BAR_WIDTH: usize = 24;
const SHARE_ROWS: usize = 8;

/// The whole page.
pub(crate) fn overview(overview: &Overview) -> String {
    let mut text = String::new();
    let days = |day: Option<&steward_core::overview::ActivityPoint>| {
        day.map(|point| point.day.to_string()).unwrap_or_default()
    };
    let span = format!("{} to {}", days(overview.activity.first()), days(overview.activity.last()));
    let _ = writeln!(
        text,
        "{}  {}\n",
        Tone::Strong.paint("Overview"),
        Tone::Muted.paint(format!("{} · {span} · {}", overview.range, overview.zone.name()))
    );
    let cards = overview.cards.iter().map(|item| card(item, overview));
    let _ = writeln!(
        text,
        "{}\n",
        table(&[Column::Left("Metric"), Column::Right("Value"), Column::Right("Change")], cards)
    );
    if let Some(line) = admins(overview.admin_events, overview.totals.events) {
        let _ = writeln!(text, "{line}\n");
    }
    activity(&mut text, overview);
    for (title, shares) in [
        ("Feature", &overview.by_feature),
        ("Plan at the time", &overview.by_plan),
        ("Model", &overview.by_model),
    ] {
        if !shares.is_empty() {
            let _ = writeln!(text, "{}\n", share_table(title, shares, overview.totals.events));
        }
    }
    if !overview.top_users.is_empty() {
        let rows = overview.top_users.iter().map(|user| {
            vec![
                or_dash(user.email.clone()),
                or_dash(user.plan_code.clone()),
                Field::from(grouped(i128::from(user.events))),
            ]
        });
        let columns = [Column::Left("Top users"), Column::Left("Plan"), Column::Right("Events")];
        let _ = writeln!(text, "{}", table(&columns, rows));
    }
    text
}

/// That admins of the product are counted, where there are any.
pub(super) fn admins(own: u64, all: u64) -> Option<String> {
    let percent = own as f64 * 100.0 / all.max(1) as f64;
    (own > 0).then(|| {
        Tone::Muted.paint(format!(
            "{} of the events ({percent:.1} %) are of admins of the product and counted; without them: \
             steward usage --filter is_admin!=true",
            grouped(i128::from(own))
        ))
    })
}

fn card(card: &Card, overview: &Overview) -> Vec<Field> {
    let value = match (card.metric, card.value) {
        (CardMetric::Cost, Some(_)) => match &overview.cost {
            Some(cost) => format!("{} {}", decimal(&cost.amount, 2), cost.currency),
            None => decimal(&overview.totals.cost, 2),
        },
        (CardMetric::ErrorRate, Some(value)) => format!("{value:.2} %"),
        (CardMetric::LatencyP95, Some(value)) => milliseconds(value),
        (CardMetric::Events | CardMetric::ActiveUsers | CardMetric::Tokens, Some(value)) => {
            grouped(value.round() as i128)
        }
        (_, None) => "–".to_owned(),
    };
    let value = if card.is_estimate && card.value.is_some() { format!("≈ {value}") } else { value };
    let moved = card.change.as_ref();
    // More errors, slower answers: a rise that is bad. More use is neither.
    let is_worse_up = matches!(card.metric, CardMetric::ErrorRate | CardMetric::LatencyP95);
    let tone = match moved.and_then(|moved| moved.percent) {
        Some(percent) if is_worse_up && percent > 0.5 => Tone::Danger,
        Some(percent) if is_worse_up && percent < -0.5 => Tone::Success,
        Some(_) | None => Tone::Muted,
    };
    let moved = moved.map_or_else(|| toned("–", Tone::Muted), |moved| toned(change(moved), tone));
    vec![Field::from(label(card.metric)), toned(value, Tone::Strong), moved]
}

fn label(metric: CardMetric) -> &'static str {
    match metric {
        CardMetric::Events => "Events",
        CardMetric::ActiveUsers => "Active users",
        CardMetric::ErrorRate => "Error rate",
        CardMetric::LatencyP95 => "Latency p95",
        CardMetric::Tokens => "Tokens",
        CardMetric::Cost => "Cost",
    }
}

fn activity(text: &mut String, overview: &Overview) {
    let events: Vec<f64> = overview.activity.iter().map(|point| point.events as f64).collect();
    if events.is_empty() {
        return;
    }
    let previous: Vec<f64> = overview
        .activity
        .iter()
        .filter_map(|point| point.previous_events)
        .map(|count| count as f64)
        .collect();
    let highest = overview.activity.iter().max_by_key(|point| point.events);
    let peak = highest.map(|point| format!("most {} on {}", grouped(i128::from(point.events)), point.day));
    let _ = writeln!(
        text,
        " {}  {}\n {}",
        Tone::Strong.paint("Activity"),
        Tone::Muted.paint(peak.unwrap_or_else(dash)),
        Tone::Accent.paint(sparkline(&events, CHART_WIDTH))
    );
    if !previous.is_empty() {
        let _ =
            writeln!(text, " {}", Tone::Muted.paint(format!("{} before", sparkline(&previous, CHART_WIDTH))));
    }
    if overview.activity.last().is_some_and(|point| point.is_unfinished) {
        let _ = writeln!(text, " {}", Tone::Muted.paint("the last one is still running"));
    }
    text.push('\n');
}

fn share_table(title: &'static str, shares: &[Share], total: u64) -> String {
    let longest = shares.iter().map(|share| share.events).max().unwrap_or(0) as f64;
    let mut rows: Vec<Vec<Field>> = shares
        .iter()
        .take(SHARE_ROWS)
        .map(|share| row(&share.label, share.events, share.errors, longest, total, share))
        .collect();
    if let Some(rest) = shares.get(SHARE_ROWS..).filter(|rest| !rest.is_empty()) {
        let events: u64 = rest.iter().map(|share| share.events).sum();
        rows.push(vec![
            toned(format!("{} more", rest.len()), Tone::Muted),
            Field::from(grouped(i128::from(events))),
            Field::from(percent(events, total)),
            Field::from(""),
            Field::from(""),
            Field::from(""),
        ]);
    }
    let columns = [
        Column::Left(title),
        Column::Right("Events"),
        Column::Right("Share"),
        Column::Right("Errors"),
        Column::Right("Change"),
        Column::Left(""),
    ];
    table(&columns, rows)
}

fn row(label: &str, events: u64, errors: u64, longest: f64, total: u64, share: &Share) -> Vec<Field> {
    let moved = share.change.as_ref().map_or_else(|| "–".to_owned(), change);
    vec![
        Field::from(label),
        Field::from(grouped(i128::from(events))),
        Field::from(percent(events, total)),
        Field::from(percent(errors, events)),
        toned(moved, Tone::Muted),
        toned(bar(events as f64, longest, BAR_WIDTH), Tone::Accent),
    ]
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "n/a".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}
