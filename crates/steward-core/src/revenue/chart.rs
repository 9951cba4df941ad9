//! Months of revenue as charts: the same for the screen, a picture and a report.

use chrono_tz::Tz;

use super::amount;
use super::answer::{Revenue, RevenueMonth};
use super::month::Month;
use crate::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit, axis_break};

/// The balance of the month's start, what came and went, and the balance of its end.
pub(super) fn bridge(now: &RevenueMonth, exponent: u32, zone: Tz) -> ChartSpec {
    let scale = amount::scale(exponent);
    let major = |minor: i64| minor as f64 / scale;
    let end = if now.is_unfinished { ("Now", "Now") } else { ("End", "End of month") };
    let parts = [
        ("Start", "Start of month", now.start_minor),
        ("New", "New", now.new_minor),
        ("Reactivation", "Reactivation", now.reactivation_minor),
        ("Expansion", "Expansion", now.expansion_minor),
        ("Contraction", "Contraction", now.contraction_minor),
        ("Churn", "Churn", now.churn_minor),
        (end.0, end.1, now.end_minor),
    ];
    let mut balance = now.start_minor;
    let between = parts[1..6].iter().map(|(_, _, minor)| {
        balance += minor;
        balance
    });
    let levels: Vec<i64> = std::iter::once(now.start_minor).chain(between).collect();
    let span = if now.is_unfinished { "so far" } else { "whole month" };
    ChartSpec {
        title: "MRR bridge".to_owned(),
        subtitle: format!("{} · {} · {span}, {zone}", in_words(now.month), now.currency),
        kind: ChartKind::Bridge,
        unit: Unit::Money,
        steps: parts
            .iter()
            .enumerate()
            .map(|(at, (label, title, _))| ChartStep {
                label: (*label).to_owned(),
                title: (*title).to_owned(),
                previous_title: None,
                is_unfinished: now.is_unfinished && at > 0,
            })
            .collect(),
        series: vec![Series {
            label: "MRR".to_owned(),
            slot: 1,
            is_previous: false,
            values: parts.iter().map(|(_, _, minor)| Some(major(*minor))).collect(),
        }],
        axis_break: axis_break(levels.into_iter().map(major)),
        method: "The balance when the month began, what came and went, net per customer, and the balance at its \
                 end. Start and all five movements are the end, to the minor unit. Balances stand on 0; where the \
                 movements would not be seen beside them, the axis has a break, drawn across every bar it cuts."
            .to_owned(),
    }
}

/// The balance at the end of each month.
pub(super) fn balances(months: &[RevenueMonth], exponent: u32, zone: Tz) -> ChartSpec {
    let span = match (months.first(), months.last()) {
        (Some(first), Some(last)) if first.month != last.month => {
            format!("{} – {}", in_words(first.month), in_words(last.month))
        }
        (_, last) => last.map(|last| in_words(last.month)).unwrap_or_default(),
    };
    let currency = months.last().map(|last| last.currency.as_str()).unwrap_or_default();
    ChartSpec {
        title: "MRR".to_owned(),
        subtitle: format!("{span} · {currency} · at the end of each month in {zone}"),
        kind: ChartKind::Bars,
        unit: Unit::Money,
        steps: months
            .iter()
            .map(|row| ChartStep {
                label: row.month.first_day().format("%b %y").to_string(),
                title: in_words(row.month),
                previous_title: None,
                is_unfinished: row.is_unfinished,
            })
            .collect(),
        series: vec![Series {
            label: "MRR".to_owned(),
            slot: 1,
            is_previous: false,
            values: months.iter().map(|row| Some(row.end_minor as f64 / amount::scale(exponent))).collect(),
        }],
        axis_break: 0.0,
        method: "MRR at the end of each month; of the month that runs, at the as-of, hatched.".to_owned(),
    }
}

/// Draws the charts of an answer that has a currency.
pub(super) fn draw(answer: &mut Revenue) {
    let Some(now) = answer.months.last() else { return };
    answer.bridge_chart = Some(bridge(now, answer.exponent, answer.zone));
    answer.mrr_chart = Some(balances(&answer.months, answer.exponent, answer.zone));
}

fn in_words(month: Month) -> String {
    month.first_day().format("%b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::traps::{active, day, item};
    use super::super::{History, answer::RevenueReq};
    use super::*;
    use crate::freshness::Freshness;
    use crate::revenue::subscription::Interval;

    #[test]
    fn the_bridge_is_the_month_and_says_what_still_runs() {
        let subscriptions = vec![
            active(1, day(9, 5), vec![item(10_000, 1, Interval::Month)]),
            active(2, day(10, 20), vec![item(29_000, 1, Interval::Year)]),
        ];
        let history = History { subscriptions: subscriptions.into(), ..History::default() };
        let show = |month: &str| {
            let month = Some(month.parse().expect("a month"));
            let req = RevenueReq { month, months: 3, zone: Tz::UTC, profile: None, currency: None };
            let freshness = Freshness { as_of: Some(day(11, 2)), is_consistent: true };
            history.show(&req, freshness).expect("an answer")
        };
        let october = show("2026-10");
        let bridge = october.bridge_chart.expect("somebody pays");
        let values: Vec<_> = bridge.series[0].values.iter().copied().map(Option::unwrap_or_default).collect();
        assert_eq!(values, [100.0, 24.17, 0.0, 0.0, 0.0, 0.0, 124.17]);
        assert_eq!(bridge.steps.iter().filter(|step| step.is_unfinished).count(), 0);
        assert!(bridge.axis_break > 0.0, "24 beside 100 would be low, and the break is told");
        let mrr = october.mrr_chart.expect("somebody pays");
        assert_eq!(
            mrr.steps.iter().map(|step| step.label.as_str()).collect::<Vec<_>>(),
            ["Aug 26", "Sep 26", "Oct 26"]
        );
        assert_eq!(mrr.series[0].values, [Some(0.0), Some(100.0), Some(124.17)]);
        let november = show("2026-11").bridge_chart.expect("somebody pays");
        let open: Vec<_> = november.steps.iter().map(|step| step.is_unfinished).collect();
        assert_eq!(open, [false, true, true, true, true, true, true]);
        assert_eq!(november.steps[6].label, "Now");
    }
}
