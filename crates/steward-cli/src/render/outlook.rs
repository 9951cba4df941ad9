//! `revenue forecast`, `revenue what-if`, `revenue total`, `scenarios`, `rates` as text.

use std::fmt::Write as _;

use steward_core::revenue::forecast::RevenueForecast;
use steward_core::revenue::rate::{RateList, RevenueTotal};
use steward_core::revenue::scenario::{
    AssumptionUnit, Assumptions, RevenueWhatIf, Scenario, WhatIfAssumption, WhatIfMonth,
};

use super::number::{grouped, money};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// Where MRR is heading.
pub(crate) fn forecast(forecast: &RevenueForecast) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}  {}",
        Tone::Strong.paint("Forecast of MRR, an estimate"),
        Tone::Muted.paint(format!("{} · {}", forecast.profile.name, forecast.zone.name()))
    );
    if let Some(without) = &forecast.without {
        let _ = write!(text, "\nNo forecast. {without}");
        return text;
    }
    let columns = [
        Column::Left("Month"),
        Column::Right("Estimate"),
        Column::Right("80 % from"),
        Column::Right("to"),
        Column::Right("95 % from"),
        Column::Right("to"),
    ];
    let rows = forecast.months.iter().map(|row| {
        let amount = |minor: i64| Field::from(money(minor, &row.currency));
        vec![
            Field::from(row.month.to_string()),
            toned(money(row.mrr_minor, &row.currency), Tone::Strong),
            amount(row.low_80_minor),
            amount(row.high_80_minor),
            amount(row.low_95_minor),
            amount(row.high_95_minor),
        ]
    });
    let _ = writeln!(text, "\n{}", table(&columns, rows));
    let tone = if forecast.is_naive { Tone::Warning } else { Tone::Muted };
    let _ = writeln!(text, "\n{}", tone.paint(&forecast.verdict));
    if !forecast.errors.is_empty() {
        let columns = [
            Column::Left("Back-test, months ahead"),
            Column::Right("Starts"),
            Column::Right("Model off by"),
            Column::Right("Naive off by"),
            Column::Right("Inside 80 %"),
            Column::Right("Inside 95 %"),
        ];
        let rows = forecast.errors.iter().map(|row| {
            let off = |minor: i64, share: Option<f64>| {
                let share = share.map_or_else(String::new, |share| format!(" ({})", percent(share)));
                Field::from(format!("{}{share}", money(minor, &row.currency)))
            };
            vec![
                Field::from(row.months_ahead.to_string()),
                Field::from(row.origins.to_string()),
                off(row.model_minor, row.model_share),
                off(row.naive_minor, row.naive_share),
                Field::from(percent(row.within_80)),
                Field::from(percent(row.within_95)),
            ]
        });
        let _ = writeln!(text, "\n{}", table(&columns, rows));
    }
    let _ = write!(text, "\n{}", Tone::Muted.paint(&forecast.method));
    text
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.0 { format!("\u{2212}{:.1} %", -percent) } else { format!("{percent:.1} %") }
}

/// What MRR would be.
pub(crate) fn what_if(answer: &RevenueWhatIf) -> String {
    let mut text = String::new();
    let Some(currency) = &answer.currency else { return "Nobody ever paid.".to_owned() };
    let _ = writeln!(
        text,
        "{}  {}",
        Tone::Strong.paint("What if"),
        Tone::Muted.paint(format!("{} · nothing is changed by asking", answer.profile.name))
    );
    let _ = writeln!(
        text,
        "\nMRR now {}, at the supposed prices {} ({}): exact.",
        money(answer.mrr_minor, currency),
        Tone::Strong.paint(money(answer.mrr_after_minor, currency)),
        signed(answer.mrr_after_minor - answer.mrr_minor, currency)
    );
    for price in &answer.prices {
        let kept = if price.keeps_existing { "; they keep the price they have" } else { "" };
        let _ = writeln!(
            text,
            "{}: {} on its list price pay {}, then {}{kept}; {} with a price of their own stay.",
            price.label,
            grouped(i128::from(price.customers)),
            money(price.before_minor, currency),
            money(price.after_minor, currency),
            grouped(i128::from(price.untouched_customers)),
        );
    }
    if !answer.customers.is_empty() {
        let columns = [
            Column::Left("Customer"),
            Column::Left("Plan"),
            Column::Right("Now"),
            Column::Right("Difference"),
        ];
        let rows = answer.customers.iter().map(|row| {
            vec![
                Field::from(row.name.clone().unwrap_or_else(|| row.customer.to_string())),
                Field::from(row.plan.clone()),
                Field::from(money(row.before_minor, &row.currency)),
                toned(signed(row.difference_minor, &row.currency), Tone::Strong),
            ]
        });
        let _ = writeln!(text, "\n{}", table(&columns, rows));
        let _ = writeln!(
            text,
            "{}",
            Tone::Muted.paint(format!(
                "{} of {} whose price would change",
                answer.customers.len(),
                grouped(i128::from(answer.customer_count))
            ))
        );
    }
    if let Some(without) = &answer.without {
        let _ = write!(text, "\nNo months ahead. {without}");
        return text;
    }
    let columns =
        [Column::Left("Number"), Column::Right("As it was"), Column::Right("Supposed"), Column::Left("From")];
    let rows = answer.assumptions.iter().map(|one| {
        let written = |value: Option<f64>| value.map(|value| number(one, value, answer.exponent, currency));
        vec![
            Field::from(one.label.clone()),
            or_dash(written(one.as_is)),
            or_dash(written(one.supposed)),
            toned(one.source.clone(), Tone::Muted),
        ]
    });
    let _ = writeln!(text, "\n{}", table(&columns, rows));
    let columns = [
        Column::Left("Months from now"),
        Column::Right("As it was"),
        Column::Right("Supposed"),
        Column::Right("Difference"),
    ];
    let _ = writeln!(text, "\n{}", table(&columns, answer.months.iter().map(month)));
    let _ = write!(text, "\n{}", Tone::Muted.paint(&answer.method));
    text
}

fn month(row: &WhatIfMonth) -> Vec<Field> {
    let when = if row.months_ahead == 0 { "now".to_owned() } else { row.months_ahead.to_string() };
    vec![
        Field::from(when),
        Field::from(money(row.as_is_minor, &row.currency)),
        toned(money(row.supposed_minor, &row.currency), Tone::Strong),
        Field::from(signed(row.difference_minor, &row.currency)),
    ]
}

fn number(one: &WhatIfAssumption, value: f64, exponent: u32, currency: &str) -> String {
    match one.unit {
        AssumptionUnit::Share => percent(value),
        AssumptionUnit::Count => format!("{value:.1}"),
        AssumptionUnit::Money => {
            let digits = usize::try_from(exponent).unwrap_or(2);
            format!("{:.digits$} {currency}", value / 10_f64.powi(exponent.cast_signed()))
        }
    }
}

fn signed(minor: i64, currency: &str) -> String {
    let plus = if minor > 0 { "+" } else { "" };
    format!("{plus}{}", money(minor, currency))
}

/// Kept scenarios.
pub(crate) fn scenarios(scenarios: &[Scenario]) -> String {
    if scenarios.is_empty() {
        return "No scenario is kept.".to_owned();
    }
    let columns = [Column::Left("Name"), Column::Left("Supposed"), Column::Left("Definition, currency")];
    table(
        &columns,
        scenarios.iter().map(|one| {
            let said = [one.profile.as_deref(), one.currency.as_deref()];
            let said: Vec<&str> = said.into_iter().flatten().collect();
            vec![
                toned(one.name.clone(), Tone::Strong),
                Field::from(supposed(&one.assumptions)),
                or_dash((!said.is_empty()).then(|| said.join(", "))),
            ]
        }),
    )
}

/// Assumptions in a line.
fn supposed(assumptions: &Assumptions) -> String {
    let mut parts: Vec<String> = Vec::new();
    for price in &assumptions.prices {
        let kept = if price.keeps_existing { ", existing kept" } else { "" };
        for (interval, minor) in [("month", price.price_month_minor), ("year", price.price_year_minor)] {
            if let Some(minor) = minor {
                parts.push(format!("{}/{interval} = {minor} minor units{kept}", price.plan));
            }
        }
    }
    parts.extend(assumptions.churn.map(|churn| format!("churn {}", percent(churn))));
    parts.extend(assumptions.churn_times.map(|times| format!("churn × {times}")));
    parts.extend(assumptions.conversion.map(|share| format!("conversion {}", percent(share))));
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

/// Two scenarios side by side; each in its own currency.
pub(crate) fn compared(one: (&str, &RevenueWhatIf), other: (&str, &RevenueWhatIf)) -> String {
    let columns = [
        Column::Left("Months from now"),
        Column::Right("As it was"),
        Column::Right("First"),
        Column::Right("Second"),
    ];
    let rows = one.1.months.iter().zip(&other.1.months).map(|(left, right)| {
        let when = if left.months_ahead == 0 { "now".to_owned() } else { left.months_ahead.to_string() };
        vec![
            Field::from(when),
            Field::from(money(left.as_is_minor, &left.currency)),
            toned(money(left.supposed_minor, &left.currency), Tone::Strong),
            toned(money(right.supposed_minor, &right.currency), Tone::Strong),
        ]
    });
    let mut text = format!(
        "First: {}. Second: {}.\n\n{}",
        Tone::Strong.paint(one.0),
        Tone::Strong.paint(other.0),
        table(&columns, rows)
    );
    for without in [&one.1.without, &other.1.without].into_iter().flatten() {
        let _ = write!(text, "\n{without}");
    }
    let _ = write!(text, "\n\n{}", Tone::Muted.paint(&one.1.method));
    text
}

/// All currencies together.
pub(crate) fn total(total: &RevenueTotal) -> String {
    let Some(base) = &total.base else {
        return "No base currency is chosen; choose one with: steward rates base USD".to_owned();
    };
    let columns = [
        Column::Left("Currency"),
        Column::Right("MRR"),
        Column::Right("Rate"),
        Column::Right("In base currency"),
    ];
    let rows = total.parts.iter().map(|part| {
        vec![
            Field::from(part.currency.clone()),
            Field::from(money(part.mrr_minor, &part.currency)),
            or_dash(part.rate.as_ref().map(|rate| rate.rate.clone())),
            or_dash(part.in_base_minor.map(|minor| money(minor, base))),
        ]
    });
    let mut text = format!("{}\n", table(&columns, rows));
    match total.mrr_minor {
        Some(minor) => {
            let _ = writeln!(
                text,
                "\nTogether {} at the end of {}, {}.",
                Tone::Strong.paint(money(minor, base)),
                total.month,
                total.told
            );
        }
        None => {
            let without = total.without.clone().unwrap_or_default();
            let _ = write!(text, "\nTogether: {}", Tone::Warning.paint(without));
            return text;
        }
    }
    let columns = [
        Column::Left("Month"),
        Column::Right("Start"),
        Column::Right("New"),
        Column::Right("React."),
        Column::Right("Expans."),
        Column::Right("Contr."),
        Column::Right("Churn"),
        Column::Right("End"),
    ];
    let rows = total.months.iter().map(|row| {
        let month = if row.is_unfinished { format!("{} so far", row.month) } else { row.month.to_string() };
        let mut fields = vec![Field::from(month)];
        for minor in [
            row.start_minor,
            row.new_minor,
            row.reactivation_minor,
            row.expansion_minor,
            row.contraction_minor,
            row.churn_minor,
            row.end_minor,
        ] {
            fields.push(Field::from(money(minor, &row.currency)));
        }
        fields
    });
    let _ = write!(text, "\n{}", table(&columns, rows));
    text
}

/// The base currency and its rates.
pub(crate) fn rates(list: &RateList) -> String {
    let Some(base) = &list.base else {
        return "No base currency is chosen; choose one with: steward rates base USD".to_owned();
    };
    let mut text = format!("Base currency {}.", Tone::Strong.paint(base));
    if list.rates.is_empty() {
        let _ = write!(
            text,
            "\nNo rate is stated; state one with: steward rates set EUR 1.0825 --date 2026-10-31"
        );
        return text;
    }
    let columns =
        [Column::Left("One"), Column::Right("Is worth"), Column::Left("Of"), Column::Left("Source")];
    let rows = list.rates.iter().map(|rate| {
        vec![
            toned(rate.currency.clone(), Tone::Strong),
            Field::from(format!("{} {base}", rate.rate)),
            Field::from(rate.date.to_string()),
            or_dash((!rate.source.is_empty()).then(|| rate.source.clone())),
        ]
    });
    let _ = write!(text, "\n\n{}", table(&columns, rows));
    text
}
