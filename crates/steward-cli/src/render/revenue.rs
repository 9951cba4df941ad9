//! `revenue` as text.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use steward_core::revenue::Month;
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueFigure, RevenueMonth, RevenueMovements, RevenueShare,
};
use steward_core::revenue::close::{ClosedMonth, MonthAdjustment, MonthList};
use steward_core::revenue::kept::MonthPreview;
use steward_core::revenue::metric::RevenueMetric;
use steward_core::revenue::movement::Movement;
use steward_core::revenue::stripe_answer::RevenueStripeBridge;

use super::number::{grouped, instant, money};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Months printed below the figures.
const MONTH_ROWS: usize = 12;

/// Countries printed.
const SHARE_ROWS: usize = 8;

/// The whole page.
pub(crate) fn revenue(revenue: &Revenue) -> String {
    let mut text = String::new();
    let so_far = if revenue.is_unfinished { ", so far" } else { "" };
    let _ = writeln!(
        text,
        "{}  {}",
        Tone::Strong.paint("Revenue"),
        Tone::Muted.paint(format!(
            "{}{so_far} · {} · {}",
            revenue.month,
            revenue.profile.name,
            revenue.zone.name()
        ))
    );
    let Some(currency) = &revenue.currency else {
        let _ = writeln!(text, "\nNobody ever paid.");
        return text;
    };
    if revenue.currencies.len() > 1 {
        let columns = [Column::Left("Currency"), Column::Right("MRR"), Column::Right("Customers")];
        let rows = revenue.currencies.iter().map(|row| {
            let tone = if row.currency == *currency { Tone::Strong } else { Tone::Muted };
            vec![
                toned(row.currency.clone(), tone),
                Field::from(money(row.mrr_minor, &row.currency)),
                Field::from(grouped(i128::from(row.customers))),
            ]
        });
        let _ = writeln!(text, "\n{}", table(&columns, rows));
        let _ =
            writeln!(text, "{}", Tone::Muted.paint(format!("below: {currency}; currencies are never added")));
    }
    let columns = [Column::Left("Metric"), Column::Right("Value"), Column::Right("Month before")];
    let figures = revenue.figures.iter().map(|figure| {
        let (now, before) = values(figure, currency);
        vec![Field::from(figure.label.clone()), now, before]
    });
    let _ = writeln!(text, "\n{}\n", table(&columns, figures));
    let skipped = revenue.months.len().saturating_sub(MONTH_ROWS);
    let _ = writeln!(text, "{}", months(&revenue.months[skipped..]));
    for (title, rows) in [
        ("Plan", &revenue.by_plan),
        ("Interval", &revenue.by_interval),
        ("Country", &revenue.by_country),
        ("Status", &revenue.by_status),
        ("Price from", &revenue.by_price),
    ] {
        let _ = writeln!(text, "\n{}", shares(title, rows));
    }
    if revenue.unpriced > 0 {
        let _ = writeln!(
            text,
            "\n{}",
            Tone::Warning.paint(format!(
                "{} subscriptions count but have no price; they are in no amount",
                grouped(i128::from(revenue.unpriced))
            ))
        );
    }
    text
}

fn values(figure: &RevenueFigure, currency: &str) -> (Field, Field) {
    let write = |amount: Option<i64>, value: Option<f64>| match (amount, value) {
        (Some(minor), _) => Some(money(minor, currency)),
        (None, Some(value)) => Some(match figure.metric {
            RevenueMetric::Customers => grouped(value as i128),
            RevenueMetric::QuickRatio => format!("{value:.2}"),
            _ => percent(value),
        }),
        (None, None) => None,
    };
    let now = match write(figure.amount_minor, figure.value) {
        Some(now) => toned(now, Tone::Strong),
        None => toned(figure.without.clone().unwrap_or_else(|| "n/a".to_owned()).to_lowercase(), Tone::Muted),
    };
    (now, or_dash(write(figure.previous_minor, figure.previous)))
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.0 { format!("\u{2212}{:.1} %", -percent) } else { format!("{percent:.1} %") }
}

fn months(rows: &[RevenueMonth]) -> String {
    let columns = [
        Column::Left("Month"),
        Column::Right("Start"),
        Column::Right("New"),
        Column::Right("React."),
        Column::Right("Expans."),
        Column::Right("Contr."),
        Column::Right("Churn"),
        Column::Right("End"),
        Column::Right("Customers"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            let amount = |minor: i64| Field::from(bare(minor, &row.currency));
            let month =
                if row.is_unfinished { format!("{} so far", row.month) } else { row.month.to_string() };
            vec![
                Field::from(month),
                amount(row.start_minor),
                amount(row.new_minor),
                amount(row.reactivation_minor),
                amount(row.expansion_minor),
                amount(row.contraction_minor),
                amount(row.churn_minor),
                toned(bare(row.end_minor, &row.currency), Tone::Strong),
                Field::from(grouped(i128::from(row.end_customers))),
            ]
        }),
    )
}

/// An amount without its currency, which the table says once.
fn bare(minor: i64, currency: &str) -> String {
    let text = money(minor, currency);
    text.strip_suffix(currency).map_or(text.clone(), |bare| bare.trim_end().to_owned())
}

fn shares(title: &'static str, rows: &[RevenueShare]) -> String {
    let columns =
        [Column::Left(title), Column::Right("MRR"), Column::Right("Share"), Column::Right("Customers")];
    let rows = rows.iter().take(SHARE_ROWS).map(|row| {
        vec![
            Field::from(row.label.clone()),
            Field::from(money(row.mrr_minor, &row.currency)),
            Field::from(percent(row.share)),
            Field::from(grouped(i128::from(row.customers))),
        ]
    });
    table(&columns, rows)
}

/// Who moved.
pub(crate) fn movements(movements: &RevenueMovements, zone: Tz) -> String {
    let columns = [
        Column::Left("Customer"),
        Column::Left("Movement"),
        Column::Right("Before"),
        Column::Right("After"),
        Column::Right("Change"),
        Column::Left("When"),
    ];
    let rows = movements.rows.iter().map(|row| {
        let when: Vec<String> = row.activities.iter().map(|activity| instant(activity.at, zone)).collect();
        vec![
            Field::from(row.name.clone().unwrap_or_else(|| row.customer.to_string())),
            Field::from(row.movement.map_or("came and went", kind)),
            Field::from(money(row.start_minor, &row.currency)),
            Field::from(money(row.end_minor, &row.currency)),
            toned(money(row.change_minor, &row.currency), Tone::Strong),
            toned(when.join(", "), Tone::Muted),
        ]
    });
    let mut text = table(&columns, rows);
    let currency = movements.currency.as_deref().unwrap_or_default();
    let _ = write!(
        text,
        "\n{}",
        Tone::Muted.paint(format!(
            "{} customers, {} in {}",
            grouped(i128::from(movements.total)),
            money(movements.change_minor, currency),
            movements.month
        ))
    );
    text
}

fn kind(movement: Movement) -> &'static str {
    match movement {
        Movement::New => "new",
        Movement::Reactivation => "reactivation",
        Movement::Expansion => "expansion",
        Movement::Contraction => "contraction",
        Movement::Churn => "churn",
    }
}

/// Why two definitions differ.
pub(crate) fn bridge(bridge: &RevenueBridge, zone: Tz) -> String {
    let Some(currency) = &bridge.currency else { return "Nobody ever paid.".to_owned() };
    let columns = [Column::Left("Step"), Column::Right("Customers"), Column::Right("MRR")];
    let ends = |name: &str, minor: i64| {
        vec![
            toned(name.to_owned(), Tone::Strong),
            Field::from(""),
            toned(money(minor, currency), Tone::Strong),
        ]
    };
    let mut rows = vec![ends(&bridge.from.name, bridge.from_minor)];
    rows.extend(bridge.steps.iter().map(|step| {
        vec![
            Field::from(step.label.clone()),
            Field::from(grouped(i128::from(step.customers))),
            Field::from(money(step.difference_minor, currency)),
        ]
    }));
    rows.push(ends(&bridge.to.name, bridge.to_minor));
    let mut text = table(&columns, rows);
    let _ = write!(
        text,
        "\n{}",
        Tone::Muted.paint(format!(
            "difference {} at {}",
            money(bridge.difference_minor, currency),
            instant(bridge.at, zone)
        ))
    );
    text
}

/// Why this side and the account at Stripe differ.
pub(crate) fn stripe_bridge(bridge: &RevenueStripeBridge, zone: Tz) -> String {
    let Some(currency) = &bridge.currency else { return "Nobody ever paid.".to_owned() };
    let columns = [Column::Left("Step"), Column::Right("Subscriptions"), Column::Right("MRR")];
    let ends = |name: String, amount: String| {
        vec![toned(name, Tone::Strong), Field::from(""), toned(amount, Tone::Strong)]
    };
    let mut rows = vec![ends(format!("Here, {}", bridge.profile.name), money(bridge.from_minor, currency))];
    rows.extend(bridge.steps.iter().map(|step| {
        vec![
            Field::from(step.label.clone()),
            Field::from(grouped(i128::from(step.subscriptions))),
            Field::from(money(step.difference_minor, currency)),
        ]
    }));
    let there = bridge.to_minor.map_or_else(|| "not known".to_owned(), |minor| money(minor, currency));
    rows.push(ends("At Stripe".to_owned(), there));
    let mut text = table(&columns, rows);
    let mut notes = Vec::new();
    if let Some(difference) = bridge.difference_minor {
        notes.push(format!("difference {}", money(difference, currency)));
    }
    let at = |instant_of: Option<DateTime<Utc>>| {
        instant_of.map_or_else(|| "never".to_owned(), |at| instant(at, zone))
    };
    notes.push(format!("here as of {}, Stripe read {}", at(bridge.freshness.as_of), at(bridge.stripe_as_of)));
    if bridge.unvalued > 0 {
        notes.push(format!(
            "{} at Stripe with a price in steps, a discount that was not told or measured use: not in its total",
            grouped(i128::from(bridge.unvalued))
        ));
    }
    notes.extend(bridge.without.clone());
    notes.push(bridge.method.clone());
    for note in notes {
        let _ = write!(text, "\n{}", Tone::Muted.paint(note));
    }
    text
}

/// Closed months and their adjustments.
pub(crate) fn closed(months: &MonthList, zone: Tz) -> String {
    if months.months.is_empty() && months.unreadable.is_empty() {
        return "No month is closed.".to_owned();
    }
    let unreadable = months.unreadable.iter().map(|kept| Tone::Warning.paint(&kept.why));
    let shown = months.months.iter().map(|month| closed_month(month, zone));
    unreadable.chain(shown).collect::<Vec<_>>().join("\n\n")
}

/// What closing a month would write down.
pub(crate) fn month_figures(preview: &MonthPreview, month: Month, zone: Tz) -> String {
    let columns = [
        Column::Left("Currency"),
        Column::Right("Start"),
        Column::Right("Movements"),
        Column::Right("End"),
        Column::Right("Customers"),
    ];
    let rows = preview.figures.currencies.iter().map(|row| {
        vec![
            Field::from(row.currency.clone()),
            Field::from(bare(row.start_minor, &row.currency)),
            Field::from(bare(row.end_minor - row.start_minor, &row.currency)),
            toned(bare(row.end_minor, &row.currency), Tone::Strong),
            Field::from(grouped(i128::from(row.end_customers))),
        ]
    });
    let head = format!(
        "{} · {} · as of {}",
        preview.figures.profile.name,
        preview.figures.zone.name(),
        instant(preview.as_of, zone)
    );
    format!(
        "{}  {}\n{}\nnothing was kept",
        Tone::Strong.paint(month.to_string()),
        Tone::Muted.paint(head),
        table(&columns, rows)
    )
}

/// A closed month, where it is closed, and what changed underneath.
pub(crate) fn closed_month(month: &ClosedMonth, zone: Tz) -> String {
    let mut text = format!(
        "{}  {}\n",
        Tone::Strong.paint(month.month.to_string()),
        Tone::Muted.paint(format!(
            "closed {} by {} · {} · {}",
            instant(month.closed_at, zone),
            month.closed_by,
            month.figures.profile.name,
            month.figures.zone.name()
        ))
    );
    if let Some(kept) = &month.kept {
        let of = instant(kept.as_of, zone);
        let _ = writeln!(
            text,
            "{}",
            Tone::Warning.paint(format!("on this computer, from the copy as of {of}; not sent yet"))
        );
        if !kept.reason.trim().is_empty() {
            let _ = writeln!(text, "{}", Tone::Muted.paint(format!("reason: {}", kept.reason)));
        }
    }
    let columns =
        [Column::Left("Line"), Column::Right("Frozen"), Column::Right("Adjustment"), Column::Right("Now")];
    let mut rows: Vec<Vec<Field>> = Vec::new();
    for row in &month.figures.currencies {
        let found = month.adjustments.iter().any(|one| one.line == "end" && one.currency == row.currency);
        if !found {
            let end = money(row.end_minor, &row.currency);
            rows.push(vec![
                Field::from("MRR at the end"),
                toned(end.clone(), Tone::Strong),
                Field::from("–"),
                Field::from(end),
            ]);
        }
    }
    rows.extend(month.adjustments.iter().map(adjusted));
    let _ = write!(text, "{}", table(&columns, rows));
    if month.late_total > 0 {
        let _ = write!(
            text,
            "\n{}",
            Tone::Muted.paint(format!(
                "{} changes written down since reach into it",
                grouped(i128::from(month.late_total))
            ))
        );
    }
    if let Some(on_server) = month.kept.as_ref().and_then(|kept| kept.on_server.as_deref()) {
        let _ = write!(text, "\n{}", beside_server(on_server));
    }
    text
}

/// What is kept, beside what the server has for the month by now.
fn beside_server(differences: &[MonthAdjustment]) -> String {
    if differences.is_empty() {
        return Tone::Warning.paint("the server has the month as closed, with the same figures");
    }
    let columns = [
        Column::Left("Closed on the server, too"),
        Column::Right("Kept here"),
        Column::Right("Difference"),
        Column::Right("Server"),
    ];
    table(&columns, differences.iter().map(adjusted))
}

fn adjusted(row: &MonthAdjustment) -> Vec<Field> {
    let write =
        |value: i64| if row.is_count { grouped(i128::from(value)) } else { money(value, &row.currency) };
    let label = if row.is_count { format!("{}, {}", row.label, row.currency) } else { row.label.clone() };
    vec![
        Field::from(label),
        toned(write(row.frozen), Tone::Strong),
        toned(write(row.difference), Tone::Warning),
        Field::from(write(row.now)),
    ]
}
