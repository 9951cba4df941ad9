//! What finance does on a train, in the real window: a month is closed before the network is gone; then everything is
//! read, explained and sent on without a server. Pictures as in `pictures`.

use std::process::Command;

use calamine::Reader as _;
use fantoccini::Locator;
use steward_tests::window::{Desk, FILLED, Window};

use super::pictures::{go_to, take};
use super::sample::{sample_home, set_theme};

async fn press(window: &Window, path: &str) {
    let found = window.page.wait().for_element(Locator::XPath(path)).await;
    let found = found.unwrap_or_else(|why| panic!("{path}: {why}"));
    found.click().await.unwrap_or_else(|why| panic!("{path}: {why}"));
}

/// Saves the report that is asked for in the dialog, and waits until it is told that it is there.
async fn save(window: &Window, kind: &str, path: &str) {
    press(window, "//main//button[normalize-space(.)='Export report…']").await;
    let is_ready = "return !!document.querySelector('[role=dialog] .sum4') \
                    && !document.querySelector('[role=dialog] .btn.pri').disabled";
    window.wait_for("the plan of the report", is_ready).await.expect("the copy answers");
    press(window, &format!("//*[@role='dialog']//*[@role='radio'][normalize-space(.)='{kind}']")).await;
    let field = "//input[@id=//label[normalize-space(.)='Save as']/@for]";
    let field = window.page.wait().for_element(Locator::XPath(field)).await.expect("the field");
    field.send_keys(&format!("{}a", char::from(fantoccini::key::Key::Control))).await.expect("keys");
    field.send_keys(path).await.expect("keys");
    press(window, &format!("//*[@role='dialog']//button[normalize-space(.)='Save {kind}']")).await;
    let is_gone = "return !document.querySelector('[role=dialog]')";
    window.wait_for("the dialog is gone", is_gone).await.expect("it is written");
    let is_told = format!(
        "return [...document.querySelectorAll('.notice')].some((notice) => notice.innerText.includes('{path}')) || null"
    );
    window.wait_for("the file is told", &is_told).await.expect("where it lies");
}

#[tokio::test]
async fn finance_reads_explains_and_sends_on_a_closed_month_without_a_server() {
    let desk = Desk::with_screen(1440, 900).expect("a desk");
    let (home, cluster) = sample_home();
    let revenue = home.steward_json(&["revenue", "--months", "2"]).expect("the months");
    let month = revenue["months"][0]["month"].as_str().expect("the last whole month").to_owned();
    let reason = ["--reason", "reported to the board", "--yes", "--confirm", &month];
    home.steward_json(&[&["revenue", "close", &month][..], &reason].concat()).expect("it is closed");
    home.steward_json(&["sync"]).expect("the copy follows");
    cluster.stop().expect("the plug is pulled");

    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    window.wait_for("every panel is filled", FILLED).await.expect("the overview");
    desk.fill_screen().await.expect("the window takes the screen");
    window.wait_for("the screen", "return innerWidth === 1440").await.expect("the window is as large");
    go_to(&window, &format!("#/revenue?month={month}&zone=UTC")).await;
    let is_filled = "return /Why definitions differ/.test(document.body.innerText) \
                     && !document.querySelector('main [aria-busy=true], main [role=alert]') \
                     && document.querySelectorAll('main section.panel').length > 6";
    window.wait_for("the month", is_filled).await.expect("every panel of the revenue");

    // The difference to another definition, explained to the cent.
    let table = "const rows = [...document.querySelectorAll('table.rv-df tbody tr')]; \
                 return rows.length > 2 ? rows.map((row) => row.children[1].innerText) : null";
    let steps = window.wait_for("the steps", table).await.expect("why definitions differ");
    let minor = |text: &str| -> i64 {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let size: i64 = digits.parse().unwrap_or_default();
        if text.starts_with('\u{2212}') { -size } else { size }
    };
    let steps: Vec<i64> =
        steps.as_array().expect("rows").iter().map(|row| minor(row.as_str().unwrap_or_default())).collect();
    let (parts, ends) = steps.split_at(steps.len() - 2);
    assert_eq!(parts.iter().sum::<i64>(), ends[0], "the steps lead to the other total");
    assert_eq!(ends[0] - steps[0], ends[1], "and sum to the difference");
    for theme in ["dark", "light"] {
        set_theme(&window, theme).await;
        let is_dressed = format!("return document.documentElement.dataset.theme === '{theme}'");
        window.wait_for(theme, &is_dressed).await.expect("the theme follows the settings");
        take(&desk, &window, "finance-offline", theme).await;
    }

    let out = tempfile::tempdir().expect("a folder");
    let file = |name: &str| out.path().join(name).to_str().expect("UTF-8").to_owned();
    save(&window, "PDF", &file("revenue.pdf")).await;
    save(&window, "Excel", &file("revenue.xlsx")).await;
    let text =
        Command::new("pdftotext").args(["-layout", &file("revenue.pdf"), "-"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    let told = home.steward_json(&["report", "revenue", "--month", &month, "--tz", "UTC"]).expect("the same");
    for answer in told["currencies"].as_array().expect("currencies") {
        let code = answer["currency"].as_str().expect("a code");
        let end = answer["months"][11]["end_minor"].as_i64().expect("a number");
        let words = steward_report::figure::minor(end, code);
        assert!(text.contains(&words), "{code}: {words} is not in\n{text}");
    }
    assert!(text.contains("Closed"), "that the month is closed is told: {text}");
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(file("revenue.xlsx")).expect("a workbook");
    assert_eq!(book.sheet_names(), ["Summary", "Movements", "By plan", "Definitions"]);
    assert!(book.worksheet_range("Movements").expect("a sheet").rows().count() > 12);
    window.close().await.expect("it closes");

    // What writes needs the server, and says so.
    let refused = home.steward(&["revenue", "reopen", &month, "--reason", "too late", "--yes", "--json"]);
    let refused = refused.expect("it runs");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("\"offline\""), "{words}");
}
