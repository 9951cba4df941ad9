//! A closed month as a document.

use chrono_tz::Tz;
use steward_core::report::CloseReport;
use steward_core::revenue::answer::RevenueMonth;
use steward_core::revenue::close::MonthAdjustment;
use steward_core::revenue::kept::MonthKept;

use super::revenue::{lines, plan_months};
use super::{Block, Document, Table, instant};
use crate::figure::{grouped, minor, signed_minor};

pub(super) fn document(report: &CloseReport, workspace: &str, zone: Tz) -> Document {
    let closed = &report.closed;
    let figures = &closed.figures;
    let title = format!("Month close, {}", closed.month.first_day().format("%B %Y"));
    let mut document = Document::new(title, workspace, zone, &report.freshness);
    document.foot = format!("{} · {} · definition {}", document.foot, closed.month, figures.profile.name);
    let who = match &report.operator {
        Some(name) if *name != closed.closed_by => format!("{name} ({})", closed.closed_by),
        _ => closed.closed_by.clone(),
    };
    let period = closed.month.period(figures.zone);
    document.facts.insert(
        1,
        (
            "Month",
            format!("{} to {}", instant(period.start, figures.zone), instant(period.end, figures.zone)),
        ),
    );
    let at = instant(closed.closed_at, zone);
    let closed_at = match &closed.kept {
        Some(kept) => format!("{at}, not sent; from the copy as of {}", instant(kept.as_of, zone)),
        None => at,
    };
    document.facts.extend([
        ("Closed", closed_at),
        ("By", who),
        ("Reason", report.reason.clone().unwrap_or_else(|| "none was given".to_owned())),
        ("Definition", format!("{}: {}", figures.profile.name, figures.profile.in_words())),
    ]);
    if let Some(kept) = &closed.kept {
        document.warnings.push(not_sent(kept));
    }
    if figures.currencies.is_empty() {
        document.note("Nobody paid in this month.");
    }
    for row in &figures.currencies {
        let code = &row.currency;
        let adjusted: Vec<&MonthAdjustment> =
            closed.adjustments.iter().filter(|one| one.currency == *code).collect();
        document.heading(format!("Reported in {code}"));
        document.table(reported(row, &adjusted));
    }
    // A currency in which nobody paid when the month was closed, and somebody did by now.
    let is_reported = |code: &str| figures.currencies.iter().any(|row| row.currency == code);
    let unreported: Vec<&MonthAdjustment> =
        closed.adjustments.iter().filter(|one| !is_reported(&one.currency)).collect();
    if !unreported.is_empty() {
        document.heading("Not reported, and paid by now");
        let mut table = Table::new(&["", "Currency", "Reported", "Now", "Adjustment"]);
        table.texts.push(1);
        for one in unreported {
            let mut cells = vec![one.label.clone(), one.currency.clone()];
            cells.extend(adjustment(one));
            table.row(cells);
        }
        document.table(table);
    }
    document.note(if closed.adjustments.is_empty() {
        "Nothing changed underneath since the month was closed: history gives the same numbers now."
            .to_owned()
    } else {
        "Reported is what was written down when the month was closed, and stays. Now is what history gives \
         today; the adjustment is the difference."
            .to_owned()
    });
    if closed.late_total > 0 {
        late(&mut document, report, zone);
    }
    for code in figures.currencies.iter().map(|row| &row.currency) {
        let rows: Vec<_> = figures.plans.iter().filter(|row| row.currency == *code).cloned().collect();
        if !rows.is_empty() {
            document.subheading(format!("Reported by plan, {code}"));
            document.table(plan_months(&rows));
        }
    }
    document.heading("Definitions as they were reported");
    document.blocks.push(Block::Definitions { terms: terms(report) });
    document
}

/// Says that nobody else has these figures yet, and whether the server has others.
pub(crate) fn not_sent(kept: &MonthKept) -> String {
    let words = match kept.on_server.as_deref() {
        None => "and not sent to the server yet: nobody else has these figures.",
        Some([]) => "and by the server with the same figures.",
        Some(_) => "and not sent: the server has the month as closed by somebody else, with other figures.",
    };
    format!("Closed on the computer that made this report, {words}")
}

/// What the lines meant when they were reported.
pub(crate) fn terms(report: &CloseReport) -> Vec<(String, String)> {
    let definitions = &report.closed.figures.definitions;
    definitions.iter().map(|(term, words)| (term.clone(), words.clone())).collect()
}

fn reported(row: &RevenueMonth, adjusted: &[&MonthAdjustment]) -> Table {
    let mut table = Table::new(&["", "Customers", "Reported", "Now", "Adjustment"]);
    let keys = ["start", "new", "reactivation", "expansion", "contraction", "churn", "end"];
    for (key, (label, amount, customers, is_balance)) in keys.into_iter().zip(lines(row)) {
        let mut cells = vec![label.to_owned(), grouped(customers.into())];
        match adjusted.iter().find(|one| one.line == key) {
            Some(one) => cells.extend(adjustment(one)),
            None => {
                let same = minor(amount, &row.currency);
                cells.extend([same.clone(), same, minor(0, &row.currency)]);
            }
        }
        if is_balance { table.strong_row(cells) } else { table.row(cells) }
    }
    let count = adjusted.iter().find(|one| one.line == "end_customers");
    let cells = match count {
        Some(one) => adjustment(one),
        None => {
            let same = grouped(row.end_customers.into());
            [same.clone(), same, "0".to_owned()]
        }
    };
    table.row(["Paying customers at the end".to_owned(), String::new()].into_iter().chain(cells));
    table
}

/// Reported, now and the difference.
fn adjustment(one: &MonthAdjustment) -> [String; 3] {
    if one.is_count {
        let difference = grouped(one.difference.into());
        let sign = if one.difference > 0 { "+" } else { "" };
        [grouped(one.frozen.into()), grouped(one.now.into()), format!("{sign}{difference}")]
    } else {
        [
            minor(one.frozen, &one.currency),
            minor(one.now, &one.currency),
            signed_minor(one.difference, &one.currency),
        ]
    }
}

fn late(document: &mut Document, report: &CloseReport, zone: Tz) {
    let closed = &report.closed;
    document.subheading("Written down after the month was closed");
    let mut table = Table::new(&["Customer", "What", "Plan", "Took effect", "Written down"]);
    table.texts = vec![0, 1, 2];
    for row in &closed.late {
        let at =
            |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        table.row([
            row.name.clone().unwrap_or_else(|| row.customer.to_string()),
            row.kind.clone(),
            row.plan.clone(),
            at(row.occurred_at),
            at(row.recorded_at),
        ]);
    }
    let shown = closed.late.len() as u64;
    document.table(table);
    if shown < closed.late_total {
        document.note(format!(
            "The newest {} of {} changes.",
            grouped(shown.into()),
            grouped(closed.late_total.into())
        ));
    }
    document.note(format!("Times in {zone}."));
}
