//! Charts and the overview page, drawn from made-up numbers; the pictures lie in `target/report/` to be
//! looked at.

use std::path::PathBuf;

use chrono::{DateTime, Days, NaiveDate, Utc};
use steward_core::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use steward_core::freshness::Freshness;
use steward_core::money::Cost;
use steward_core::overview::{Card, CardMetric, Change, Overview, Share, UsageTotals};
use steward_core::period::Period;
use steward_report::chart::{self, ChartSize};
use steward_report::{Appearance, overview};

const WEEK: [f64; 7] = [157_000.0, 180_540.0, 178_200.0, 181_300.0, 156_000.0, 102_000.0, 91_000.0];

fn steps(count: u64) -> Vec<ChartStep> {
    let first = NaiveDate::from_ymd_opt(2026, 10, 23).expect("a day");
    let day = |at| first.checked_add_days(Days::new(at)).expect("a day");
    (0..count)
        .map(|at| ChartStep {
            label: day(at).format("%-d %b").to_string(),
            title: day(at).format("%a %-d %b %Y").to_string(),
            previous_title: None,
            is_unfinished: at + 1 == count,
        })
        .collect()
}

fn series(label: &str, slot: u8, is_previous: bool, values: impl Iterator<Item = f64>) -> Series {
    Series { label: label.to_owned(), slot, is_previous, values: values.map(Some).collect() }
}

fn activity() -> ChartSpec {
    let events = (0..30).map(|at| if at == 29 { 59_912.0 } else { WEEK[at % 7] + 900.0 * at as f64 });
    let before = (0..30).map(|at| WEEK[at % 7] * 0.91);
    ChartSpec {
        title: "Events per day".to_owned(),
        subtitle: "23 Oct to 21 Nov 2026, days in Europe/Berlin, compared with the same weekdays".to_owned(),
        kind: ChartKind::Bars,
        unit: Unit::Count,
        steps: steps(30),
        series: vec![series("Events", 1, false, events), series("Previous 30 days", 1, true, before)],
        axis_break: 0.0,
        method: String::new(),
    }
}

fn latency() -> ChartSpec {
    let mut p95 = series("p95", 2, false, (0..30).map(|at| 900.0 + f64::from(at % 7) * 60.0));
    p95.values[11] = None;
    p95.values[20] = None;
    p95.values[22] = None;
    ChartSpec {
        title: "Latency".to_owned(),
        kind: ChartKind::Lines,
        unit: Unit::Milliseconds,
        series: vec![series("p50", 1, false, (0..30).map(|at| 310.0 + f64::from(at % 5) * 12.0)), p95],
        ..activity()
    }
}

/// Two years that came, and one that is expected.
fn fan() -> ChartSpec {
    let came = |at: u64| 40_000.0 + 900.0 * at as f64 + 700.0 * ((at % 5) as f64);
    let ahead =
        |at: u64, spread: f64| came(23) + 850.0 * (at - 23) as f64 + spread * ((at - 23) as f64).sqrt();
    let part = |label: &str, from: u64, to: u64, value: &dyn Fn(u64) -> f64| Series {
        label: label.to_owned(),
        slot: 1,
        is_previous: false,
        values: (0..36).map(|at| (from..to).contains(&at).then(|| value(at))).collect(),
    };
    ChartSpec {
        axis_break: 0.0,
        title: "Forecast of MRR".to_owned(),
        subtitle: "USD, estimate, 12 months".to_owned(),
        kind: ChartKind::Fan,
        unit: Unit::Money,
        steps: steps(36).into_iter().map(|step| ChartStep { is_unfinished: false, ..step }).collect(),
        series: vec![
            part("MRR", 0, 24, &came),
            part("Expected", 24, 36, &|at| ahead(at, 0.0)),
            part("95 %, low", 24, 36, &|at| ahead(at, -2_900.0)),
            part("95 %, high", 24, 36, &|at| ahead(at, 2_900.0)),
            part("80 %, low", 24, 36, &|at| ahead(at, -1_900.0)),
            part("80 %, high", 24, 36, &|at| ahead(at, 1_900.0)),
        ],
        method: String::new(),
    }
}

fn share(label: &str, events: u64) -> Share {
    Share {
        value: Some(label.to_owned()),
        label: label.to_owned(),
        events,
        errors: events / 200,
        cost: "1.000000000".to_owned(),
        change: None,
    }
}

fn page() -> Overview {
    let instant = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let card = |metric, value, current, previous: f64| Card {
        metric,
        value: Some(value),
        change: Some(Change { current, previous, percent: Some((current / previous - 1.0) * 100.0) }),
        is_estimate: metric == CardMetric::LatencyP95,
        definition: String::new(),
    };
    Overview {
        freshness: Freshness { as_of: Some(instant("2026-11-21T13:02:11Z")), is_consistent: true },
        range: "30d".parse().expect("a range"),
        zone: chrono_tz::Europe::Berlin,
        period: Period { start: instant("2026-10-22T22:00:00Z"), end: instant("2026-11-21T13:02:11Z") },
        previous_period: None,
        totals: UsageTotals {
            events: 4_512_345,
            errors: 18_951,
            rate_limited: 7_002,
            unpriced_events: 41_208,
            ..UsageTotals::default()
        },
        cost: Some(Cost { amount: "9214.120000000".to_owned(), currency: "EUR".to_owned() }),
        cards: vec![
            card(CardMetric::Events, 4_512_345.0, 108.4, 100.0),
            card(CardMetric::ActiveUsers, 11_482.0, 11_482.0, 11_137.0),
            card(CardMetric::ErrorRate, 0.42, 0.42, 0.48),
            card(CardMetric::LatencyP95, 1_184.0, 1_184.0, 1_096.0),
            card(CardMetric::Tokens, 1_872_004_112.0, 104.1, 100.0),
            card(CardMetric::Cost, 9_214.12, 112.4, 100.0),
        ],
        activity: Vec::new(),
        by_feature: [
            ("Chat", 2_210_400),
            ("Completion", 1_101_223),
            ("Embeddings", 640_118),
            ("Image generation with a long name", 310_004),
            ("Transcription", 180_300),
            ("Search", 50_300),
            ("Export", 20_000),
        ]
        .map(|(label, events)| share(label, events))
        .to_vec(),
        by_plan: [("Starter", 1_400_000), ("Pro", 2_100_345), ("Enterprise", 1_012_000)]
            .map(|(label, events)| share(label, events))
            .to_vec(),
        by_model: Vec::new(),
        top_users: Vec::new(),
        activity_chart: activity(),
        latency_chart: latency(),
        error_chart: latency(),
        newest_event: None,
        admin_events: 0,
    }
}

fn keep(name: &str, png: &[u8]) {
    assert!(png.starts_with(b"\x89PNG"), "{name} is a PNG");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/report");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    std::fs::write(folder.join(name), png).expect("the picture can be written");
}

fn small() -> ChartSpec {
    let events = [120.0, 80.0, 40.0].into_iter();
    let before = [100.0, 100.0, 90.0].into_iter();
    ChartSpec {
        steps: steps(3),
        series: vec![series("Events", 1, false, events), series("Previous 3 days", 1, true, before)],
        ..activity()
    }
}

// Bars stand on 0 and end exactly at their value, the last one is hatched, the line before is dashed on
// a casing, thousands are separated: a change in any of these must be looked at.
#[test]
fn bars_with_a_previous_period_keep_their_shape() {
    let svg = chart::svg(&small(), Appearance::Light, ChartSize { width: 480, height: 240 }).expect("drawn");
    insta::assert_snapshot!(svg);
}

#[test]
fn every_chart_and_page_is_drawn_in_light_and_dark() {
    for appearance in [Appearance::Light, Appearance::Dark] {
        let name = appearance.name();
        for (what, spec) in [("activity", activity()), ("latency", latency()), ("forecast", fan())] {
            let png = chart::png(&spec, appearance, ChartSize::default(), 2.0).expect("drawn");
            keep(&format!("{what}-{name}.png"), &png);
        }
        let png = overview::png(&page(), "Sample company", appearance, 2.0).expect("drawn");
        keep(&format!("overview-{name}.png"), &png);
    }
}

// Two bands, each a surface that the line shows through, and only what came and what is expected has a name.
#[test]
fn a_fan_has_its_bands_and_two_names() {
    let svg = chart::svg(&fan(), Appearance::Light, ChartSize::default()).expect("drawn");
    assert_eq!(svg.matches("<polygon").count(), 2, "{svg}");
    assert!(svg.contains("opacity=\"0.16\""), "{svg}");
    assert!(svg.contains("Expected") && !svg.contains("95 %, low"), "{svg}");
}

#[test]
fn a_chart_without_values_says_so_and_scales_to_no_number() {
    let mut spec = activity();
    for series in &mut spec.series {
        series.values.fill(None);
    }
    let svg = chart::svg(&spec, Appearance::Light, ChartSize::default()).expect("drawn");
    assert!(svg.contains("Nothing was measured in this range"), "an empty chart explains itself");
}

#[test]
fn text_is_escaped_and_stays_text() {
    let mut spec = small();
    spec.title = "Events <per> day & \"night\"".to_owned();
    let svg = chart::svg(&spec, Appearance::Dark, ChartSize::default()).expect("drawn");
    assert!(svg.contains("Events &lt;per&gt; day &amp;"), "markup in a title is text");
}
