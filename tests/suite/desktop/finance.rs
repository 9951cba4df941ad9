//! What finance does on a train, in the real window: without a server a month is read, explained, closed and sent on as
//! PDF and XLSX; once the server is back, it is sent there as it was. Pictures as in `pictures`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::Reader as _;
use chrono::NaiveDate;
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::Value;
use sqlx::Row as _;
use steward_store::postgres::connect::connect;
use steward_tests::cluster::execute;
use steward_tests::window::{Desk, FILLED, Home, Window, until};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::pictures::{go_to, take};
use super::sample::{open_sample, set_theme, start_server};
use crate::app::kept::figures_on_disk;

/// The cable to the server: it can be pulled, and plugged in again when the server listens elsewhere.
struct Cable {
    port: u16,
    plugged: Option<JoinHandle<()>>,
}

impl Cable {
    async fn to(server: u16) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let mut cable = Self { port, plugged: None };
        cable.plug(server).await;
        cable
    }

    async fn plug(&mut self, server: u16) {
        let end = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.expect("the port is free again");
        self.plugged = Some(tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((mut here, _)) = end.accept().await {
                lines.spawn(async move {
                    if let Ok(mut there) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await {
                        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                    }
                });
            }
        }));
    }

    /// From now on nobody listens at this end.
    async fn pull(&mut self) {
        if let Some(plugged) = self.plugged.take() {
            plugged.abort();
            let _ = plugged.await;
        }
    }
}

/// Presses what is there; what is being drawn anew, or covered for a moment, is pressed a moment later.
async fn press(window: &Window, path: &str) {
    let pressed = until(path, async || {
        let found = window.page.find(Locator::XPath(path)).await.ok()?;
        if !found.is_enabled().await.ok()? {
            return None;
        }
        found.click().await.ok()
    });
    pressed.await.expect("it is pressed");
}

async fn write(window: &Window, label: &str, text: &str) {
    let path =
        format!("//*[@role='dialog']//input[@id=//label[starts-with(normalize-space(.),'{label}')]/@for]");
    let field = window.page.wait().for_element(Locator::XPath(&path)).await.expect(label);
    field.send_keys(&format!("{}a", char::from(Key::Control))).await.expect("keys");
    field.send_keys(text).await.expect("keys");
}

const IS_GONE: &str = "return !document.querySelector('[role=dialog]')";

/// Saves the report that is asked for in the dialog, and waits until it is told that it is there.
async fn save(window: &Window, kind: &str, path: &str) {
    press(window, "//main//button[normalize-space(.)='Report…']").await;
    let is_ready = "return !!document.querySelector('[role=dialog] .sum4') \
                    && !document.querySelector('[role=dialog] .btn.pri').disabled";
    window.wait_for("the plan of the report", is_ready).await.expect("the copy answers");
    press(window, &format!("//*[@role='dialog']//*[@role='radio'][normalize-space(.)='{kind}']")).await;
    // A path that is proposed while somebody types gets between the keys: then it is typed once more.
    let is_typed = format!(
        "return [...document.querySelectorAll('[role=dialog] input')].some((field) => field.value === '{path}')"
    );
    let typed = until("the path", async || {
        write(window, "Save as", path).await;
        (window.script(&is_typed).await.ok()? == Value::Bool(true)).then_some(())
    });
    typed.await.expect("it is in the field");
    // The plan is asked for again for what was chosen and typed; until it is there, nothing can be saved.
    let is_planned = format!(
        "const save = document.querySelector('[role=dialog] .btn.pri'); \
         return save.innerText.trim() === 'Save {kind}' && !save.disabled"
    );
    window.wait_for("the plan of this file", &is_planned).await.expect("it can be saved");
    press(window, &format!("//*[@role='dialog']//button[normalize-space(.)='Save {kind}']")).await;
    window.wait_for("the dialog is gone", IS_GONE).await.expect("it is written");
    let is_told = format!(
        "return [...document.querySelectorAll('.notice')].some((notice) => notice.innerText.includes('{path}')) || null"
    );
    window.wait_for("the file is told", &is_told).await.expect("where it lies");
}

/// The difference to another definition, explained to the cent.
async fn explained(window: &Window) {
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
}

/// Keeps a picture of the same view in both themes; the last one's place is answered.
async fn take_both(desk: &Desk, window: &Window, name: &str) -> PathBuf {
    let mut picture = PathBuf::new();
    for theme in ["dark", "light"] {
        set_theme(window, theme).await;
        let is_dressed = format!("return document.documentElement.dataset.theme === '{theme}'");
        window.wait_for(theme, &is_dressed).await.expect("the theme follows the settings");
        picture = take(desk, window, name, theme).await;
    }
    picture
}

/// Brings the closed months into the middle, and takes notices away that would cover them.
async fn look_at_closed_months(window: &Window) {
    let look = "document.querySelectorAll('.notice [aria-label=\"Close notice\"]').forEach((button) => button.click());\
                [...document.querySelectorAll('main section.panel')]\
                .find((panel) => /Closed months/.test(panel.innerText)).scrollIntoView({ block: 'center' });";
    window.script(look).await.expect("it is scrolled to");
    let is_bare = "return !document.querySelector('.notice')";
    window.wait_for("no notice", is_bare).await.expect("they are gone");
}

/// What lies in the PDF, and its first pages as pictures beside the others.
fn read_pdf(pdf: &Path, pictures: &Path, name: &str, pages: u32) -> String {
    for page in 1..=pages {
        let status = Command::new("pdftoppm")
            .args(["-png", "-r", "80", "-singlefile", "-f", &page.to_string()])
            .arg(pdf)
            .arg(pictures.join(format!("{name}-{page}")))
            .status();
        assert!(status.expect("pdftoppm runs").success(), "page {page} is pictured");
    }
    let text =
        Command::new("pdftotext").args(["-layout"]).arg(pdf).arg("-").output().expect("pdftotext runs");
    String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Closes the month that is shown: on this computer, after a look at every currency.
async fn close_here(desk: &Desk, window: &Window) {
    let panel = "[...document.querySelectorAll('main section.panel')]\
                 .find((panel) => /Closed months/.test(panel.innerText))";
    look_at_closed_months(window).await;
    press(window, "//main//button[starts-with(normalize-space(.),'Close ') and contains(.,'…')]").await;
    let is_shown = "return document.querySelectorAll('[role=dialog] tbody tr').length > 0";
    window.wait_for("the figures", is_shown).await.expect("in every currency");
    write(window, "Reason", "reported to the board").await;
    take_both(desk, window, "close-offline").await;
    press(window, "//*[@role='dialog']//button[normalize-space(.)='Keep on this computer']").await;
    window.wait_for("the dialog is gone", IS_GONE).await.expect("it is kept");
    let is_kept = format!("return /Not sent yet/.test({panel}.innerText)");
    window.wait_for("the kept month", &is_kept).await.expect("it is listed");
    let send = "const send = [...document.querySelectorAll('main button')]\
                .find((button) => /^Send/.test(button.getAttribute('aria-label') || ''));\
                return { off: send.getAttribute('aria-disabled'), why: send.title }";
    let send = window.script(send).await.expect("the button");
    assert_eq!(send["off"], "true");
    assert!(send["why"].as_str().is_some_and(|why| why.starts_with("Needs a connection")), "{send}");
    look_at_closed_months(window).await;
    take_both(desk, window, "revenue-kept").await;
}

fn kept_of(home: &Home) -> Value {
    let listed = home.steward_json(&["revenue", "closed"]).expect("the closed months");
    assert_eq!(listed["months"].as_array().map(Vec::len), Some(1), "{listed}");
    listed["months"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finance_explains_closes_and_exports_a_month_without_a_server_and_sends_it_later() {
    let desk = Desk::with_screen(1440, 900).expect("a desk");
    let home = Home::new().expect("a home");
    let cluster = start_server(&home);
    let mut cable = Cable::to(cluster.port()).await;
    open_sample(&home, &cluster, cable.port);
    let revenue = home.steward_json(&["revenue", "--months", "2"]).expect("the months");
    let month = revenue["months"][0]["month"].as_str().expect("the last whole month").to_owned();
    cable.pull().await;
    cluster.stop().expect("the server stops");

    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    window.wait_for("every panel is filled", FILLED).await.expect("the overview");
    desk.fill_screen().await.expect("the window takes the screen");
    window.wait_for("the screen", "return innerWidth === 1440").await.expect("the window is as large");
    go_to(&window, &format!("#/revenue?month={month}&zone=UTC")).await;
    let is_filled = "return /Why definitions differ/.test(document.body.innerText) \
                     && !document.querySelector('main [aria-busy=true], main [role=alert]') \
                     && document.querySelectorAll('main section.panel').length > 6";
    window.wait_for("the month", is_filled).await.expect("every panel of the revenue");
    let is_out = "return /reach the database/.test(document.body.innerText)";
    window.wait_for("that nobody answers", is_out).await.expect("the window says so");
    explained(&window).await;
    let picture = take_both(&desk, &window, "revenue-offline").await;
    let pictures = picture.parent().expect("a folder");
    close_here(&desk, &window).await;
    let kept = kept_of(&home);
    let workspaces = home.steward_json(&["workspace", "list"]).expect("the workspaces");
    let id = workspaces["rows"][0]["id"].as_str().expect("an id");
    let figures = figures_on_disk(&home.path(), &home.passphrase(), id);
    assert_eq!(
        (&kept["kept"]["reason"], &kept["month"]),
        (&"reported to the board".into(), &month.clone().into())
    );

    let out = tempfile::tempdir().expect("a folder");
    let file = |name: &str| out.path().join(name).to_str().expect("UTF-8").to_owned();
    save(&window, "PDF", &file("revenue.pdf")).await;
    save(&window, "Excel", &file("revenue.xlsx")).await;
    let text = read_pdf(Path::new(&file("revenue.pdf")), pictures, "report-revenue", 2);
    let told = home.steward_json(&["report", "revenue", "--month", &month, "--tz", "UTC"]).expect("the same");
    for answer in told["currencies"].as_array().expect("currencies") {
        let code = answer["currency"].as_str().expect("a code");
        let end = answer["months"][11]["end_minor"].as_i64().expect("a number");
        let words = steward_report::figure::minor(end, code);
        assert!(text.contains(&words), "{code}: {words} is not in\n{text}");
    }
    assert!(text.contains("on this computer, not sent yet"), "where it is closed is told: {text}");
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(file("revenue.xlsx")).expect("a workbook");
    assert_eq!(book.sheet_names(), ["Summary", "Movements", "By plan", "Definitions"]);
    assert!(book.worksheet_range("Movements").expect("a sheet").rows().count() > 12);
    let close = file("close.pdf");
    home.steward_json(&["report", "close", "--month", &month, "--tz", "UTC", "--pdf", &close])
        .expect("the close as a document");
    let text = read_pdf(Path::new(&close), pictures, "report-close", 1);
    assert!(text.contains("reported to the board") && text.contains("not sent to the server yet"), "{text}");
    let refused = home.steward(&["revenue", "close", &month, "--kept", "--json"]).expect("it runs");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("\"offline\""), "what writes says so: {words}");

    // The server is back, and history has another end of the month: what is sent is what was closed.
    let cluster = start_server(&home);
    let mut owner = connect(&cluster.address("postgres"), None).await.expect("connected");
    let first: NaiveDate = format!("{month}-01").parse().expect("a day");
    execute(
        &mut owner,
        &format!(
            "update steward.subscriptions set status = 'canceled', ended_at = '{first} 14:00+00' where id in (
                 select id from steward.subscriptions
                 where status = 'active' and started_at < '{first}' and plan_code = 'pro' order by id limit 5)"
        ),
    )
    .await;
    cable.plug(cluster.port()).await;
    // As Sync now does: the window itself looks again only after a while.
    let look = "const done = arguments[arguments.length - 1]; window.__TAURI_INTERNALS__\
        .invoke('rpc', {command: 'sync_run', request: null, preview: false}).then(done, (error) => done({error}))";
    let looked = window.page.execute_async(look, Vec::new()).await.expect("an answer");
    assert!(looked["error"].is_null(), "{looked}");
    let is_moved = "return [...document.querySelectorAll('main tr.rv-first td.n.warning')].length > 0 && \
        [...document.querySelectorAll('main button')].some((button) => \
            /^Send/.test(button.getAttribute('aria-label') || '') && button.getAttribute('aria-disabled') === 'false')";
    window.wait_for("the connection", is_moved).await.expect("the window reads on by itself");
    press(&window, "//main//button[starts-with(@aria-label,'Send ')]").await;
    let is_shown = "return document.querySelectorAll('[role=dialog] tbody tr').length > 0";
    window.wait_for("the figures", is_shown).await.expect("what is sent");
    write(&window, "Type", &month).await;
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Send month']").await;
    window.wait_for("the dialog is gone", IS_GONE).await.expect("it is sent");
    let is_there = "const text = document.querySelector('main').innerText; \
                    return /Reopen…/.test(text) && !/Not sent yet|On the server already/.test(text)";
    window.wait_for("the server's month", is_there).await.expect("the copy has it");
    look_at_closed_months(&window).await;
    take_both(&desk, &window, "revenue-sent").await;
    // The server's own text of both: the order of fields is its own.
    let rows = "select month, figures::text = ($1::text::jsonb)::text as is_same from steward.month_closes";
    let rows = sqlx::query(rows).bind(&figures).fetch_all(&mut owner).await.expect("the server's rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<String, _>("month"), month);
    assert!(rows[0].get::<bool, _>("is_same"), "byte for byte what was kept");
    let sent = kept_of(&home);
    assert_eq!((&sent["kept"], &sent["figures"]), (&Value::Null, &kept["figures"]));
    assert_ne!(sent["adjustments"], serde_json::json!([]), "what changed since stands beside it");
    window.close().await.expect("it closes");
}
