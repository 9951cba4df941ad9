//! The revenue of a month as a document.

use steward_core::Result;
use steward_core::report::RevenueReport;
use steward_core::revenue::answer::{
    PlanMonth, Revenue, RevenueCurrency, RevenueFigure, RevenueMonth, RevenueShare,
};
use steward_core::revenue::metric::RevenueMetric;

use super::{Block, Document, Figure, Table, instant};
use crate::figure::{decimal, grouped, minor, share, signed_minor};

/// What a document of several currencies says before it shows the first.
const APART: &str = "Each currency is counted apart; currencies are never added.";

/// The words under which movements are explained; the numbers bring their own.
const MOVEMENTS: [(&str, &str); 5] = [
    ("New", "MRR of customers who never paid before."),
    ("Reactivation", "MRR of customers who pay again."),
    ("Expansion", "What customers pay more than when the month began."),
    ("Contraction", "What customers pay less."),
    ("Churn", "What customers paid who pay no longer."),
];

pub(super) fn document(report: &RevenueReport, workspace: &str) -> Result<Document> {
    let title = format!("Revenue, {}", report.month.first_day().format("%B %Y"));
    let mut document = Document::new(title, workspace, report.zone, &report.freshness);
    document.foot = format!("{} · {} · definition {}", document.foot, report.month, report.profile.name);
    let local = |at: chrono::DateTime<chrono::Utc>| instant(at, report.zone);
    document
        .facts
        .insert(1, ("Month", format!("{} to {}", local(report.period.start), local(report.period.end))));
    document.facts.push(("Definition", format!("{}: {}", report.profile.name, report.profile.in_words())));
    if let Some(closed) = &report.closed {
        let adjusted = match closed.adjustments.len() {
            0 => "nothing changed underneath since".to_owned(),
            1 => "1 line changed underneath since".to_owned(),
            count => format!("{count} lines changed underneath since"),
        };
        let place = if closed.kept.is_some() { " on this computer, not sent yet" } else { "" };
        let words = format!("{} by {}{place}; {adjusted}", local(closed.closed_at), closed.closed_by);
        document.facts.push(("Closed", words));
    }
    if report.is_unfinished {
        document.warnings.push(
            "The month still runs: these are its numbers so far, and shares of the month are not final."
                .to_owned(),
        );
    }
    if report.unpriced > 0 {
        let count = grouped(report.unpriced.into());
        document.warnings.push(format!(
            "Subscriptions that count but whose price is not known: {count}. They are in no amount."
        ));
    }
    match report.currencies.as_slice() {
        [] => {
            document.heading("Nobody pays");
            document.note("Revenue is computed from the subscriptions; none was ever worth anything.");
        }
        [only] => currency(&mut document, only)?,
        [first, ..] => {
            document.subheading("Currencies");
            document.table(currencies(&first.currencies));
            document.note(APART);
            for answer in &report.currencies {
                currency(&mut document, answer)?;
            }
        }
    }
    definitions(&mut document, report);
    Ok(document)
}

fn currencies(rows: &[RevenueCurrency]) -> Table {
    let mut table = Table::new(&["Currency", "MRR", "Paying customers"]);
    for row in rows {
        table.row([row.currency.clone(), minor(row.mrr_minor, &row.currency), grouped(row.customers.into())]);
    }
    table
}

fn currency(document: &mut Document, answer: &Revenue) -> Result<()> {
    let Some(code) = answer.currency.as_deref() else { return Ok(()) };
    document.heading(format!("Revenue in {code}"));
    document
        .blocks
        .push(Block::Figures { figures: answer.figures.iter().map(|one| shown(one, answer)).collect() });
    for chart in answer.mrr_chart.iter().chain(&answer.bridge_chart) {
        document.chart(chart)?;
    }
    if let [.., before, now] = answer.months.as_slice() {
        document.subheading(format!("Movements of the month, {code}"));
        document.table(movements(before, now));
        document
            .note("Start and all five movements are the end. Movements are net per customer over the month.");
    }
    document.subheading(format!("Month by month, {code}"));
    document.table(months(&answer.months));
    for (title, rows) in [("By plan", &answer.by_plan), ("By billing interval", &answer.by_interval)] {
        document.subheading(format!("{title}, {code}"));
        document.table(shares(rows, code));
    }
    if !answer.plan_months.is_empty() {
        document.subheading(format!("Movements by plan, {code}"));
        document.table(plan_months(&answer.plan_months));
        document.note(
            "Seen from the plan: what a customer brings along from another plan or takes to another one is \
             moved, whatever the customer pays in all. Every table adds up to the last digit; for that, the \
             amount of a plan may differ by one unit of it from another table.",
        );
    }
    Ok(())
}

/// A number as it is printed; every digit of an amount.
pub(super) fn value(one: &RevenueFigure) -> String {
    match (one.amount_minor, one.value) {
        (Some(amount), _) => format!("{} {}", minor(amount, &one.currency), one.currency),
        (None, Some(value)) => match one.metric {
            RevenueMetric::Customers => decimal(value, 0),
            RevenueMetric::QuickRatio => decimal(value, 2),
            _ => share(value),
        },
        (None, None) => "n/a".to_owned(),
    }
}

fn shown(one: &RevenueFigure, answer: &Revenue) -> Figure {
    let before = answer.month.minus(1).first_day().format("%b %Y");
    let note = match (one.amount_minor.zip(one.previous_minor), one.value.zip(one.previous)) {
        _ if one.without.is_some() => one.without.clone().unwrap_or_default(),
        // Half a month against a whole one is no comparison, except for what is a balance.
        _ if answer.is_unfinished && !is_balance(one.metric) => "so far this month".to_owned(),
        (Some((now, earlier)), _) => {
            format!("{} vs {before}", signed_minor(now - earlier, &one.currency))
        }
        (None, Some((_, earlier))) => {
            format!("{} in {before}", value(&RevenueFigure { value: Some(earlier), ..one.clone() }))
        }
        (None, None) => String::new(),
    };
    Figure { label: one.label.clone(), value: value(one), note }
}

fn is_balance(metric: RevenueMetric) -> bool {
    matches!(
        metric,
        RevenueMetric::Mrr
            | RevenueMetric::Arr
            | RevenueMetric::CommittedMrr
            | RevenueMetric::Customers
            | RevenueMetric::Arpu
            | RevenueMetric::ArpuWithFree
            | RevenueMetric::NetRetentionYear
            | RevenueMetric::GrossRetentionYear
    )
}

/// The lines of a month: name, amount, customers, and whether it is a balance.
pub(crate) fn lines(row: &RevenueMonth) -> [(&'static str, i64, u64, bool); 7] {
    let end = if row.is_unfinished { "Now" } else { "End of month" };
    [
        ("Start of month", row.start_minor, row.start_customers, true),
        ("New", row.new_minor, row.new_customers, false),
        ("Reactivation", row.reactivation_minor, row.reactivation_customers, false),
        ("Expansion", row.expansion_minor, row.expansion_customers, false),
        ("Contraction", row.contraction_minor, row.contraction_customers, false),
        ("Churn", row.churn_minor, row.churn_customers, false),
        (end, row.end_minor, row.end_customers, true),
    ]
}

fn movements(before: &RevenueMonth, now: &RevenueMonth) -> Table {
    let mut table = Table::new(&["", "MRR", "Customers", "Month before"]);
    for ((label, amount, customers, is_balance), (_, earlier, ..)) in
        lines(now).into_iter().zip(lines(before))
    {
        let money = |minor_units: i64| {
            if is_balance {
                minor(minor_units, &now.currency)
            } else {
                signed_minor(minor_units, &now.currency)
            }
        };
        let row = [label.to_owned(), money(amount), grouped(customers.into()), money(earlier)];
        if is_balance { table.strong_row(row) } else { table.row(row) }
    }
    table
}

fn months(rows: &[RevenueMonth]) -> Table {
    let heads =
        ["Month", "Start", "New", "Reactivation", "Expansion", "Contraction", "Churn", "End", "Customers"];
    let mut table = Table { is_dense: true, ..Table::new(&heads) };
    for row in rows {
        let changed = |minor_units: i64| signed_minor(minor_units, &row.currency);
        let name = row.month.first_day().format("%b %Y").to_string();
        table.row([
            if row.is_unfinished { format!("{name}, so far") } else { name },
            minor(row.start_minor, &row.currency),
            changed(row.new_minor),
            changed(row.reactivation_minor),
            changed(row.expansion_minor),
            changed(row.contraction_minor),
            changed(row.churn_minor),
            minor(row.end_minor, &row.currency),
            grouped(row.end_customers.into()),
        ]);
    }
    table
}

/// Parts of the revenue; they add up to it.
fn shares(rows: &[RevenueShare], code: &str) -> Table {
    let mut table = Table::new(&["", "MRR", "Share", "Customers"]);
    for row in rows {
        table.row([
            row.label.clone(),
            minor(row.mrr_minor, code),
            share(row.share),
            grouped(row.customers.into()),
        ]);
    }
    let whole: i64 = rows.iter().map(|row| row.mrr_minor).sum();
    table.strong_row(["MRR".to_owned(), minor(whole, code), String::new(), String::new()]);
    table
}

/// How each plan's revenue moved; every row adds up to its end.
pub(super) fn plan_months(rows: &[PlanMonth]) -> Table {
    let heads =
        ["Plan", "Start", "New", "Reactiv.", "Expans.", "Contract.", "Churn", "Moved in", "Moved out", "End"];
    let mut table = Table { is_dense: true, ..Table::new(&heads) };
    for row in rows {
        let changed = |minor_units: i64| signed_minor(minor_units, &row.currency);
        table.row([
            row.label.clone(),
            minor(row.start_minor, &row.currency),
            changed(row.new_minor),
            changed(row.reactivation_minor),
            changed(row.expansion_minor),
            changed(row.contraction_minor),
            changed(row.churn_minor),
            changed(row.moved_in_minor),
            changed(row.moved_out_minor),
            minor(row.end_minor, &row.currency),
        ]);
    }
    table
}

fn definitions(document: &mut Document, report: &RevenueReport) {
    document.heading("Definitions");
    document.blocks.push(Block::Definitions { terms: terms(report) });
}

/// Every number of the report with what it means.
pub(crate) fn terms(report: &RevenueReport) -> Vec<(String, String)> {
    let Some(first) = report.currencies.first() else {
        return vec![("MRR".to_owned(), RevenueMetric::Mrr.definition(&report.profile))];
    };
    let figures = first.figures.iter().map(|one| (one.label.clone(), one.definition.clone()));
    let movements = MOVEMENTS.into_iter().map(|(term, words)| (term.to_owned(), words.to_owned()));
    figures.chain(movements).collect()
}
