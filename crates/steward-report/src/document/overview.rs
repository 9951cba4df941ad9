//! The overview of a range as a document.

use steward_core::Result;
use steward_core::overview::{Overview, Share};

use super::{Block, Document, Figure, Table, instant};
use crate::figure::{self, card_label, card_value, decimal, grouped};

/// Rows of a table; who wants all exports them.
const ROWS: usize = 20;

pub(super) fn document(overview: &Overview, workspace: &str) -> Result<Document> {
    let zone = overview.zone;
    let title = format!("Overview, {}", overview.range);
    let mut document = Document::new(title, workspace, zone, &overview.freshness);
    document.foot = format!("{} · {}", document.foot, overview.activity_chart.subtitle);
    document.facts.insert(
        1,
        (
            "Range",
            format!("{} to {}", instant(overview.period.start, zone), instant(overview.period.end, zone)),
        ),
    );
    if let Some(before) = overview.previous_period {
        document.facts.push((
            "Compared with",
            format!("{} to {}; finished days only", instant(before.start, zone), instant(before.end, zone)),
        ));
    }
    if overview.totals.unpriced_events > 0 {
        let count = grouped(overview.totals.unpriced_events.into());
        document.warnings.push(format!("Events without a price: {count}. They are in no cost."));
    }
    let currency = overview.cost.as_ref().map(|cost| cost.currency.as_str());
    document.heading("Numbers");
    document.blocks.push(Block::Figures {
        figures: overview
            .cards
            .iter()
            .map(|card| Figure {
                label: if card.is_estimate {
                    format!("{}, estimate", card_label(card.metric))
                } else {
                    card_label(card.metric).to_owned()
                },
                value: card_value(card, currency),
                note: card
                    .change
                    .as_ref()
                    .map_or_else(|| "no comparison".to_owned(), |change| figure::change(card.metric, change)),
            })
            .collect(),
    });
    let totals = &overview.totals;
    document.note(format!(
        "{} events, {} errors, {} rate limited. Cost, exactly: {}.",
        grouped(totals.events.into()),
        grouped(totals.errors.into()),
        grouped(totals.rate_limited.into()),
        overview
            .cost
            .as_ref()
            .map_or_else(|| "none".to_owned(), |cost| format!("{} {}", cost.amount, cost.currency)),
    ));
    for chart in [&overview.activity_chart, &overview.latency_chart, &overview.error_chart] {
        document.chart(chart)?;
    }
    for (title, rows) in [
        ("By feature", &overview.by_feature),
        ("By plan", &overview.by_plan),
        ("By model", &overview.by_model),
    ] {
        document.subheading(title);
        shares(&mut document, rows, totals.events, currency);
    }
    document.subheading("Most active users");
    let mut table = Table::new(&["User", "Plan", "Events"]);
    table.texts.push(1);
    for user in overview.top_users.iter().take(ROWS) {
        let who = user.email.clone().or_else(|| user.name.clone());
        table.row([
            who.unwrap_or_else(|| user.id.to_string()),
            user.plan_code.clone().unwrap_or_default(),
            grouped(user.events.into()),
        ]);
    }
    document.table(table);
    document.heading("Definitions");
    let cards =
        overview.cards.iter().map(|card| (card_label(card.metric).to_owned(), card.definition.clone()));
    let charts = [&overview.activity_chart, &overview.latency_chart, &overview.error_chart]
        .map(|chart| (format!("Chart: {}", chart.title), chart.method.clone()));
    document.blocks.push(Block::Definitions { terms: cards.chain(charts).collect() });
    Ok(document)
}

fn shares(document: &mut Document, rows: &[Share], events: u64, currency: Option<&str>) {
    if rows.is_empty() {
        document.note("No events in this range.");
        return;
    }
    let cost = format!("Cost{}", currency.map(|code| format!(", {code}")).unwrap_or_default());
    let mut table = Table::new(&["", "Events", "Share", "Errors", &cost]);
    for row in rows.iter().take(ROWS) {
        let part = row.events as f64 * 100.0 / events.max(1) as f64;
        table.row([
            row.label.clone(),
            grouped(row.events.into()),
            format!("{}%", decimal(part, 1)),
            grouped(row.errors.into()),
            row.cost.clone(),
        ]);
    }
    document.table(table);
    if rows.len() > ROWS {
        document.note(format!("The largest {ROWS} of {}.", rows.len()));
    }
}
