//! Reports as files of a company whose numbers are computed as in the product, read back with poppler and calamine. The
//! pages lie in `target/report/` to be looked at.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use calamine::{DataType as _, Reader as _};
use chrono::{DateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use steward_core::freshness::Freshness;
use steward_core::report::{CloseReport, RevenueReport};
use steward_core::revenue::answer::RevenueReq;
use steward_core::revenue::close::{ClosedMonth, adjustments};
use steward_core::revenue::history::PlanName;
use steward_core::revenue::subscription::{Interval, Item, PriceSource, Status, Step, Terms};
use steward_core::revenue::{Book, History, Month, Profile, Subscription};
use steward_report::document::{Document, Pdf};
use steward_report::figure::{grouped, minor};
use steward_report::{document, workbook};
use uuid::Uuid;

const ZONE: Tz = Tz::Europe__Berlin;

/// Names that a careless document would compute, emphasise, link or cut.
const HOSTILE: [(&str, &str); 4] = [
    ("evil", "#eval(\"1+1\") #read(\"/etc/passwd\")"),
    ("stars", "*Plan* _x_ `y` $z$ <b> @ref = heading"),
    ("formula", "=HYPERLINK(\"http://x\",\"pay\")"),
    ("long", "An Enterprise Plan With A Name That Somebody Must Have Enjoyed Typing In Full, Twice A Year"),
];

fn day(month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, month, day, 9, 30, 0).single().expect("a day of 2026")
}

fn step(from: DateTime<Utc>, plan: &str, status: Status, price: i64, interval: Interval) -> Step {
    let item = Item::licensed(price, 1, interval, 1);
    let terms = Terms {
        plan: plan.to_owned(),
        status,
        items: vec![item],
        discounts: Vec::new(),
        price: PriceSource::Agreed,
    };
    Step { from, terms: terms.into() }
}

fn subscription(id: u128, currency: &str, steps: Vec<Step>) -> Subscription {
    Subscription {
        id: Uuid::from_u128(id),
        customer: Uuid::from_u128(id),
        currency: currency.to_owned(),
        steps,
        canceled_at: None,
        ended_at: None,
        period_end: None,
    }
}

/// Three currencies with two, no and three digits; customers who come, grow, shrink, leave and return.
fn company() -> History {
    let mut all = Vec::new();
    let mut id = 0;
    for (currency, price) in [("EUR", 123_457), ("JPY", 98_765), ("KWD", 1_234_567)] {
        for number in 0..40_u32 {
            id += 1;
            let (plan, _) = HOSTILE[number as usize % HOSTILE.len()];
            let interval = if number % 3 == 0 { Interval::Year } else { Interval::Month };
            let start = day(1 + number % 10, 1 + number % 27);
            let paid = price + i64::from(number) * 101;
            let mut steps = vec![step(start, plan, Status::Active, paid, interval)];
            match number % 8 {
                1 => steps.push(step(day(10, 12), plan, Status::Active, paid * 2, interval)),
                2 => steps.push(step(day(10, 14), plan, Status::Active, paid / 2, interval)),
                3 => steps.push(step(day(10, 15), "long", Status::Active, paid + 700, interval)),
                _ => {}
            }
            let mut one = subscription(id, currency, steps);
            if number % 8 == 5 {
                one.ended_at = Some(day(10, 20));
            }
            all.push(one);
        }
    }
    let plans = HOSTILE
        .iter()
        .zip(1_i64..)
        .map(|((code, name), rank)| ((*code).to_owned(), PlanName { name: (*name).to_owned(), rank }));
    History { subscriptions: Arc::new(all), plans: plans.collect(), ..History::default() }
}

fn freshness() -> Freshness {
    Freshness { as_of: Some(day(11, 22)), is_consistent: true }
}

fn report(history: &History, month: &str) -> RevenueReport {
    let req = RevenueReq {
        month: Some(month.parse().expect("a month")),
        months: 0,
        zone: ZONE,
        profile: None,
        currency: None,
    };
    let mut currencies = history.show_all(&req, &freshness()).expect("an answer");
    let first = currencies[0].clone();
    currencies.retain(|answer| answer.currency.is_some());
    RevenueReport {
        freshness: freshness(),
        zone: ZONE,
        month: first.month,
        period: first.period,
        is_unfinished: first.is_unfinished,
        profile: first.profile,
        currencies,
        unpriced: first.unpriced,
        closed: None,
    }
}

/// A month that was closed before a sale of it was written down.
fn closed(history: &History, month: &str) -> CloseReport {
    let month: Month = month.parse().expect("a month");
    let profile = Profile::stripe();
    let figures = history.figures(month, ZONE, &profile, day(11, 22)).expect("the month is over");
    let mut later = History::clone(history);
    let sale =
        subscription(9_001, "EUR", vec![step(day(10, 30), "evil", Status::Active, 29_000, Interval::Month)]);
    Arc::make_mut(&mut later.subscriptions).push(sale);
    let book = Book::new(&later.subscriptions, &profile).expect("amounts fit");
    let now = later.month_lines(&book, month, ZONE).expect("amounts fit");
    CloseReport {
        freshness: freshness(),
        closed: ClosedMonth {
            month,
            closed_at: day(11, 3),
            closed_by: "fin_ada".to_owned(),
            adjustments: adjustments(&figures.currencies, &now),
            figures,
            late: Vec::new(),
            late_total: 0,
            kept: None,
        },
        operator: Some("Ada Lovelace".to_owned()),
        reason: Some("Reported to the board; #emph[final]".to_owned()),
    }
}

fn pdf(document: &Document) -> Pdf {
    document.set().expect("it is set")
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/report");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("the file can be written");
    path
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|cause| panic!("{program} (`cargo x setup test` installs it): {cause}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The text of a PDF with the places where a line may break taken out and every gap as one space.
fn text_of(path: &Path) -> String {
    let path = path.to_str().expect("UTF-8");
    let text = String::from_utf8(run("pdftotext", &["-layout", path, "-"])).expect("UTF-8");
    text.replace('\u{200b}', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every page as a picture; each of them has ink, and none a mark beyond its margins.
fn look(path: &Path, pages: u64) {
    let stem = path.with_extension("");
    let stem = stem.to_str().expect("UTF-8");
    run("pdftoppm", &["-r", "60", "-gray", path.to_str().expect("UTF-8"), &format!("{stem}-low")]);
    run("pdftoppm", &["-r", "90", "-png", path.to_str().expect("UTF-8"), stem]);
    let folder = path.parent().expect("a folder");
    let name = format!("{}-low-", path.file_stem().expect("a name").to_string_lossy());
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry").path();
        if !entry.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name)) {
            continue;
        }
        let page = Gray::read(&entry);
        std::fs::remove_file(&entry).expect("it was there");
        seen += 1;
        let margin = page.wide * 15 / 210;
        let is_marked = |x: usize, y: usize| page.at(x, y) < 200;
        let marks = (0..page.high).flat_map(|y| (0..page.wide).map(move |x| (x, y)));
        let (inside, outside): (Vec<_>, Vec<_>) = marks
            .filter(|(x, y)| is_marked(*x, *y))
            .partition(|(x, _)| (margin..page.wide - margin).contains(x));
        assert!(inside.len() > 500, "{}: a page without anything on it", entry.display());
        assert!(outside.is_empty(), "{}: {} marks beyond the margin", entry.display(), outside.len());
    }
    assert_eq!(seen, pages, "{}", path.display());
}

/// A picture in grey, as poppler writes it: PGM.
struct Gray {
    wide: usize,
    high: usize,
    pixels: Vec<u8>,
}

impl Gray {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the picture");
        let mut parts = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
        let mut number = || -> usize {
            let part = parts.next().expect("a head");
            std::str::from_utf8(part).expect("ASCII").trim_start_matches("P5").parse().unwrap_or_default()
        };
        let (_, wide, high) = (number(), number(), number());
        let rest = parts.next().expect("pixels");
        let start = rest.iter().position(|byte| byte.is_ascii_whitespace()).expect("the brightest") + 1;
        Self { wide, high, pixels: rest[start..].to_vec() }
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels[y * self.wide + x]
    }
}

#[test]
fn every_figure_of_the_answer_is_in_the_document_to_the_digit() {
    let report = report(&company(), "2026-10");
    let pdf = pdf(&document::revenue(&report, "Acme & Sons").expect("it is drawn"));
    let path = keep("revenue.pdf", &pdf.bytes);
    let text = text_of(&path);
    assert_eq!(report.currencies.len(), 3);
    let expect =
        |what: &str, found: String| assert!(text.contains(&found), "{what}: {found} is not in\n{text}");
    for answer in &report.currencies {
        let code = answer.currency.as_deref().expect("a currency");
        for figure in &answer.figures {
            if let Some(amount) = figure.amount_minor {
                expect(&figure.label, format!("{} {code}", minor(amount, code)));
            }
        }
        for month in &answer.months {
            for amount in [month.start_minor, month.churn_minor, month.end_minor, month.expansion_minor] {
                expect(&month.month.to_string(), minor(amount, code));
            }
        }
        for row in answer.by_plan.iter().chain(&answer.by_interval) {
            expect(&row.label, format!("{} ", minor(row.mrr_minor, code)));
            expect(&row.label, grouped(row.customers.into()));
        }
        for row in &answer.plan_months {
            expect(&row.label, minor(row.moved_out_minor, code));
        }
        let now = answer.months.last().expect("a month");
        let moved = now.new_minor + now.reactivation_minor + now.expansion_minor;
        assert_eq!(now.start_minor + moved + now.contraction_minor + now.churn_minor, now.end_minor);
    }
    for figure in &report.currencies[0].figures {
        expect(&figure.label, figure.definition.clone());
    }
    for words in
        ["Acme & Sons", "Europe/Berlin", "stripe: active and past due", "2026-11-22 10:30:00", "Page 1 of"]
    {
        expect("the head", words.to_owned());
    }
    look(&path, pdf.pages);
}

#[test]
fn what_a_customer_wrote_is_text_and_never_markup() {
    let report = report(&company(), "2026-10");
    let pdf = pdf(&document::revenue(&report, "#eval(\"2+2\") *bold*").expect("it is drawn"));
    let text = text_of(&keep("hostile.pdf", &pdf.bytes));
    for (_, name) in HOSTILE.iter().take(3) {
        // A name may be broken into lines, and never changed: its words are there in their order.
        for word in name.split(' ') {
            assert!(text.contains(word), "{word} of {name} is not in\n{text}");
        }
    }
    assert!(text.contains("#eval(\"2+2\") *bold*"), "{text}");
    assert!(!text.contains("root:"), "no file was read");
}

#[test]
fn the_same_copy_gives_the_same_bytes_and_says_nothing_of_this_computer() {
    let report = report(&company(), "2026-10");
    let once = pdf(&document::revenue(&report, "Acme").expect("it is drawn"));
    let again = pdf(&document::revenue(&report, "Acme").expect("it is drawn"));
    assert!(once.bytes == again.bytes, "two documents of one copy differ");
    let path = keep("same.pdf", &once.bytes);
    let info =
        String::from_utf8(run("pdfinfo", &["-isodates", path.to_str().expect("UTF-8")])).expect("UTF-8");
    assert!(info.contains("Title:") && info.contains("Revenue, October 2026"), "{info}");
    assert!(info.contains("2026-11-22T09:30:00Z"), "made at the as-of: {info}");
    assert!(info.contains("Steward "), "{info}");
    let fonts = String::from_utf8(run("pdffonts", &[path.to_str().expect("UTF-8")])).expect("UTF-8");
    let lines: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("Inter")), "{fonts}");
}

#[test]
fn a_company_without_revenue_and_a_month_that_runs_say_so() {
    let nobody =
        pdf(&document::revenue(&report(&History::default(), "2026-10"), "Acme").expect("it is drawn"));
    let path = keep("nobody.pdf", &nobody.bytes);
    let text = text_of(&path);
    assert!(text.contains("Nobody pays") && !text.contains("0.00"), "nothing is not zero: {text}");
    assert!(text.contains("What all subscriptions that count are worth"), "the definition: {text}");
    look(&path, nobody.pages);
    let running = pdf(&document::revenue(&report(&company(), "2026-11"), "Acme").expect("it is drawn"));
    let path = keep("running.pdf", &running.bytes);
    let text = text_of(&path);
    assert!(text.contains("The month still runs") && text.contains("so far this month"), "{text}");
    look(&path, running.pages);
}

#[test]
fn a_close_shows_what_was_reported_what_is_now_and_why_it_was_closed() {
    let report = closed(&company(), "2026-10");
    let pdf = pdf(&document::close(&report, "Acme", ZONE));
    let path = keep("close.pdf", &pdf.bytes);
    let text = text_of(&path);
    for words in
        ["Ada Lovelace (fin_ada)", "Reported to the board; #emph[final]", "2026-11-03 10:30:00 Europe/Berlin"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!report.closed.adjustments.is_empty());
    for one in report.closed.adjustments.iter().filter(|one| !one.is_count) {
        let row = [one.frozen, one.now].map(|amount| minor(amount, &one.currency)).join(" ");
        assert!(text.contains(&row), "{}: {row} is not in\n{text}", one.line);
        assert!(text.contains("+290.00"), "the late sale");
    }
    look(&path, pdf.pages);
}

#[test]
fn a_workbook_of_a_report_is_read_by_another_program_with_numbers_and_dates() {
    let report = report(&company(), "2026-10");
    let xlsx = workbook::revenue(&report, "=1+1").expect("it is written");
    let again = workbook::revenue(&report, "=1+1").expect("it is written");
    assert!(xlsx.bytes == again.bytes, "two workbooks of one copy differ");
    keep("revenue.xlsx", &xlsx.bytes);
    let mut read: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(xlsx.bytes)).expect("a workbook");
    assert_eq!(read.sheet_names(), ["Summary", "Movements", "By plan", "Definitions"]);
    for name in read.sheet_names() {
        let formulas = read.worksheet_formula(&name).expect("a sheet");
        assert!(formulas.used_cells().next().is_none(), "{name} computes something");
    }
    let summary = read.worksheet_range("Summary").expect("a sheet");
    let fact = |label: &str| {
        let row = summary.rows().find(|row| row[0] == label).unwrap_or_else(|| panic!("no {label}"));
        row[1].clone()
    };
    assert_eq!(fact("Workspace"), "=1+1", "text as it is");
    let month = fact("Month").as_datetime().expect("a date");
    assert_eq!(month.format("%Y-%m-%d %H:%M").to_string(), "2026-10-01 00:00");
    let as_of = fact("As of").as_datetime().expect("a date");
    assert_eq!(as_of.format("%Y-%m-%d %H:%M").to_string(), "2026-11-22 10:30");
    let movements = read.worksheet_range("Movements").expect("a sheet");
    let expected: Vec<_> = report.currencies.iter().flat_map(|answer| &answer.months).collect();
    let rows: Vec<_> = movements.rows().skip(1).collect();
    assert_eq!(rows.len(), expected.len());
    for (row, month) in rows.iter().zip(&expected) {
        assert_eq!(row[1], month.currency.as_str());
        for (cell, amount) in row[2..9].iter().zip([
            month.start_minor,
            month.new_minor,
            month.reactivation_minor,
            month.expansion_minor,
            month.contraction_minor,
            month.churn_minor,
            month.end_minor,
        ]) {
            let shown = minor(amount, &month.currency).replace(',', "").replace('\u{2212}', "-");
            assert_eq!(cell.as_f64(), shown.parse().ok(), "{} {}", month.month, month.currency);
        }
    }
    let plans = read.worksheet_range("By plan").expect("a sheet");
    let names: Vec<String> = plans.rows().skip(1).map(|row| row[0].to_string()).collect();
    assert!(names.iter().any(|name| name.starts_with("=HYPERLINK")), "{names:?}");
    let words = read.worksheet_range("Definitions").expect("a sheet");
    assert_eq!(words.rows().count(), 1 + report.currencies[0].figures.len() + 5);

    let closed = workbook::close(&closed(&company(), "2026-10"), "Acme", ZONE).expect("it is written");
    keep("close.xlsx", &closed.bytes);
    let mut read: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(closed.bytes)).expect("a workbook");
    let summary = read.worksheet_range("Summary").expect("a sheet");
    let adjusted = summary.rows().find(|row| row[0] == "New").expect("the late sale");
    assert_eq!(adjusted[3].as_f64(), Some(290.0), "the late sale");
}
