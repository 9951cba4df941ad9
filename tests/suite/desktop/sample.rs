//! The sample company in the real window.

use fantoccini::key::Key;
use serde_json::{Value, json};
use steward_store::postgres::cluster::{Cluster, ClusterConfig, SUPERUSER};
use steward_tests::window::{Desk, FILLED, Home, Window};

/// A home with the sample company on a server of its own, read once.
pub(super) fn sample_home() -> (Home, Cluster) {
    let home = Home::new().expect("a home");
    let cluster = start_server(&home);
    open_sample(&home, &cluster, cluster.port());
    (home, cluster)
}

/// The server of a home, started for the first time or again. Each time it listens elsewhere.
pub(super) fn start_server(home: &Home) -> Cluster {
    let config = ClusterConfig { data_dir: home.path().join("server"), ..ClusterConfig::default() };
    Cluster::start(config).expect("PostgreSQL starts")
}

/// Opens the sample company by the port that leads to its server, and reads it once.
pub(super) fn open_sample(home: &Home, cluster: &Cluster, port: u16) {
    let url = cluster.url(SUPERUSER, cluster.password(), "postgres");
    let url = url.replace(&format!(":{}/", cluster.port()), &format!(":{port}/"));
    home.steward_json(&["sample", "open", "--size", "small", "--database-url", &url])
        .expect("the sample company opens");
    home.steward_json(&["sync"]).expect("it is read");
}

const CARDS: &str = "const cards = [...document.querySelectorAll('[aria-label=\"Key numbers\"] .kpi')];\
    if (cards.length !== 6 || !cards.every((card) => /[0-9]/.test(card.querySelector('.v').textContent))) return null;\
    return cards.map((card) => ({ label: card.querySelector('.l').textContent, \
                                  value: card.querySelector('.v').textContent }));";

/// The number a person reads: `4.51M` is 4,510,000, right to half of its last digit.
fn read(text: &str) -> (f64, f64) {
    let digits: String = text.chars().filter(|char| char.is_ascii_digit() || *char == '.').collect();
    let scale = match text.trim_end().chars().last() {
        Some('k' | 'K') => 1e3,
        Some('M') => 1e6,
        Some('B') => 1e9,
        _ => 1.0,
    };
    let places = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let half = 0.5 * 10_f64.powi(-i32::try_from(places).expect("few decimals")) * scale;
    (digits.parse::<f64>().unwrap_or(f64::NAN) * scale, half * 1.000_001)
}

#[tokio::test]
async fn the_overview_shows_the_numbers_of_the_command_line_and_works_by_keyboard() {
    let desk = Desk::new().expect("a desk");
    let (home, _cluster) = sample_home();
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    let shown = window.wait_for("six cards", CARDS).await.expect("the overview");
    let overview = home.steward_json(&["overview"]).expect("the same in the terminal");

    let cards = overview["cards"].as_array().expect("cards");
    assert_eq!(shown.as_array().map(Vec::len), Some(cards.len()));
    for (shown, card) in shown.as_array().expect("cards").iter().zip(cards) {
        let text = shown["value"].as_str().expect("a text");
        let (value, tolerance) = read(text);
        let expected = card["value"].as_f64().expect("the sample company measures everything");
        assert!(
            (value - expected).abs() <= tolerance,
            "{}: the window shows {text}, the command line says {expected}",
            shown["label"]
        );
    }

    window.wait_for("every panel is filled", FILLED).await.expect("no panel still waits");
    desk.picture("journey-light").expect("a picture");

    // The palette opens by keyboard and takes the focus.
    let body = window.page.find(fantoccini::Locator::Css("body")).await.expect("a body");
    body.send_keys(&format!("{}k", char::from(Key::Control))).await.expect("keys");
    window
        .wait_for("the palette", "return !!document.querySelector('[role=dialog] input, dialog input')")
        .await
        .expect("Ctrl+K opens it");
    desk.picture("journey-palette").expect("a picture");
    let focused = window.script("return document.activeElement?.tagName").await.expect("an answer");
    assert_eq!(focused, "INPUT", "typing goes into the palette");

    set_theme(&window, "dark").await;
    window
        .wait_for("dark", "return document.documentElement.dataset.theme === 'dark'")
        .await
        .expect("the theme follows the settings");
    window.page.refresh().await.expect("a reload");
    window.wait_for("six cards again", CARDS).await.expect("the overview");
    desk.picture("journey-dark").expect("a picture");
    window.close().await.expect("it closes");
}

/// Chooses a theme as the settings view does.
pub(super) async fn set_theme(window: &Window, theme: &str) {
    let answer = window
        .page
        .execute_async(
            "const done = arguments[arguments.length - 1];\
             const rpc = (command, request) => window.__TAURI_INTERNALS__.invoke('rpc', {command, request, preview: false});\
             rpc('settings_show', null)\
               .then((settings) => rpc('settings_update', {...settings, theme: arguments[0]}))\
               .then(done, (error) => done({error: JSON.stringify(error)}))",
            vec![json!(theme)],
        )
        .await
        .expect("an answer");
    assert_eq!(answer["theme"], theme, "{answer}");
}

#[tokio::test]
async fn without_the_server_every_number_is_still_there_and_its_age_is_shown() {
    let desk = Desk::new().expect("a desk");
    let (home, cluster) = sample_home();
    let before = home.steward_json(&["overview"]).expect("numbers");
    cluster.stop().expect("the server stops");
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    let shown = window.wait_for("six cards", CARDS).await.expect("the copy answers");
    let (value, tolerance) = read(shown[0]["value"].as_str().expect("a text"));
    assert!((value - before["cards"][0]["value"].as_f64().expect("events")).abs() <= tolerance);
    let words = window
        .wait_for("how old it is", "return /as of/i.test(document.body.innerText) && document.body.innerText")
        .await
        .expect("as of");
    assert!(matches!(words, Value::String(_)));
    window.wait_for("every panel is filled", FILLED).await.expect("no panel waits for the server");
    let is_out = "return /reach the database/.test(document.body.innerText)";
    window
        .wait_for("that nobody answers", is_out)
        .await
        .expect("once the server was asked in vain, it is said");
    desk.picture("offline").expect("a picture");

    // Every view there is, by its address, is filled from the copy and complains of nothing.
    let views = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/app/views.ts"))
        .expect("the views are listed");
    let quoted = |text: &'static str| views.split(text).skip(1).filter_map(|rest| rest.split('"').next());
    let places: Vec<(&str, &str)> = quoted("    to: \"").zip(quoted("    label: \"")).collect();
    assert!(places.len() >= 13 && places.contains(&("/revenue", "Revenue")), "{places:?}");
    for (place, label) in places {
        window.script(&format!("location.hash = '#{place}'")).await.expect("it is opened");
        let arrived = format!(
            "return document.querySelector('.crumbs .cur')?.innerText.trim() === '{label}'
                 && !!document.querySelector('main h1') && !document.querySelector('main [aria-busy=true]')"
        );
        window.wait_for(place, &arrived).await.unwrap_or_else(|error| panic!("{place}: {error}"));
        let alerts = window
            .script("return [...document.querySelectorAll('[role=alert]')].map((one) => one.innerText)")
            .await
            .expect("an answer");
        // What is about the server itself asks it, and says that it cannot be reached; nothing else complains.
        let asks_server = ["/upkeep", "/operators", "/sync", "/diagnostics"].contains(&place);
        let alerts = alerts.as_array().expect("a list");
        let is_told = |alert: &Value| alert.as_str().is_some_and(|text| text.contains("cannot be reached"));
        assert!(
            if asks_server { alerts.iter().all(is_told) } else { alerts.is_empty() },
            "{place} answers without a server: {alerts:?}"
        );
    }
    window.close().await.expect("it closes");
}
