//! What support and the administrator do, in the real window: find a blocked customer, see why and raise the
//! limit for a week; remove usage before thirteen months. Pictures as in `pictures`.

use chrono::{DateTime, Utc};
use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use steward_core::{Clock as _, SystemClock};
use steward_store::postgres::cluster::{Cluster, SUPERUSER};
use steward_tests::window::{Desk, FILLED, Home, Window, until};

use super::pictures::{go_to, take};
use super::sample::{sample_home, set_theme};

pub(super) const NO_DIALOG: &str = "return !document.querySelector('[role=dialog]')";

/// The phrase that has to be typed.
const PHRASE: &str = "return document.querySelector('[role=dialog] .ph2')?.innerText || null";

async fn server(cluster: &Cluster) -> PgConnection {
    PgConnection::connect(&cluster.url(SUPERUSER, cluster.password(), "postgres")).await.expect("the server")
}

pub(super) async fn element(window: &Window, path: &str) -> Element {
    window.page.wait().for_element(Locator::XPath(path)).await.unwrap_or_else(|why| panic!("{path}: {why}"))
}

pub(super) async fn press(window: &Window, path: &str) {
    element(window, path).await.click().await.unwrap_or_else(|why| panic!("{path}: {why}"));
}

/// The field of a label that begins with these words.
fn field(label: &str) -> String {
    format!("//input[@id=//label[starts-with(normalize-space(.), '{label}')]/@for]")
}

pub(super) async fn type_into(window: &Window, label: &str, text: &str) {
    let input = element(window, &field(label)).await;
    // What stands there is replaced as by hand; the driver's own way to empty a field is not told to the page.
    input.send_keys(&format!("{}a", char::from(Key::Control))).await.expect("keys");
    input.send_keys(text).await.expect("keys");
}

/// One picture in each theme.
pub(super) async fn take_both(desk: &Desk, window: &Window, name: &str) {
    for theme in ["dark", "light"] {
        set_theme(window, theme).await;
        let is_dressed = format!("return document.documentElement.dataset.theme === '{theme}'");
        window.wait_for(theme, &is_dressed).await.expect("the theme follows the settings");
        take(desk, window, name, theme).await;
    }
}

/// The window on the sample company, as large as the screen, in which changes are allowed.
async fn writing_window(desk: &Desk, home: &Home) -> Window {
    let window = Window::open(desk, home, &[]).await.expect("a window");
    window.wait_for("every panel is filled", FILLED).await.expect("the overview");
    let banners =
        window.script("return [...document.querySelectorAll('.banner')].map((b) => b.innerText)").await;
    assert_eq!(banners.expect("an answer"), serde_json::json!([]), "the server was not asked in vain");
    desk.fill_screen().await.expect("the window takes the screen");
    window.wait_for("the screen", "return innerWidth === 1440").await.expect("the window is as large");
    let buttons = |label: &str| {
        format!(
            "return [...document.querySelectorAll('button')].some((b) => b.innerText.trim() === '{label}')"
        )
    };
    if window.script(&buttons("Read-only")).await.expect("an answer") == true {
        press(&window, "//button[normalize-space(.)='Read-only']").await;
        press(&window, "//button[normalize-space(.)='Unlock writing']").await;
    }
    window.wait_for("writing is unlocked", &buttons("Lock now")).await.expect("changes are allowed");
    window
}

/// A customer on the free plan whom the product turns away: everything that the plan allows is used.
async fn blocked_customer(home: &Home, server: &mut PgConnection) -> (String, String) {
    let words =
        ["users", "list", "--plan", "free", "--status", "active", "--role", "user", "--sort", "usage"];
    let list = home.steward_json(&words).expect("the free users");
    let customer = &list["rows"][0];
    let told = |name: &str| customer[name].as_str().expect("a text").to_owned();
    let (id, email) = (told("id"), told("email"));
    let mut ask = async |statement: String| {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *server).await.map(|_| ())
    };
    // As the company's backend does it: what is left is used, the next request is refused, and that is told.
    let event = |more: &str| {
        format!(
            "jsonb_build_object('user_id', '{id}', 'event_key', gen_random_uuid(), 'occurred_at', now(), 'event_type', 'prompt', 'feature', 'draft', {more})"
        )
    };
    let use_up = event("'quantity', greatest((may ->> 'remaining')::bigint, 1)");
    ask(format!("select steward.track_usage({use_up}) from steward.check_usage('{id}', 'prompts') may"))
        .await
        .expect("everything is used");
    let refused = ask(format!("select steward.consume_usage('{id}', 'prompts')")).await.expect_err("refused");
    let code = refused.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned);
    assert_eq!(code.as_deref(), Some("PT429"), "{refused}");
    ask(format!("select steward.track_usage({})", event("'status', 'rate_limited'"))).await.expect("told");
    home.steward_json(&["sync"]).expect("the copy follows");
    (id, email)
}

#[tokio::test]
async fn a_blocked_customer_is_found_the_page_says_why_and_the_limit_is_raised_for_a_week() {
    let desk = Desk::with_screen(1440, 900).expect("a desk");
    let (home, cluster) = sample_home();
    let (id, email) = blocked_customer(&home, &mut server(&cluster).await).await;
    let window = writing_window(&desk, &home).await;

    // Found by the address, with the keyboard alone.
    let body = window.page.find(Locator::Css("body")).await.expect("a body");
    body.send_keys(&format!("{}k", char::from(Key::Control))).await.expect("keys");
    let is_open = "return document.activeElement?.getAttribute('role') === 'combobox'";
    window.wait_for("the palette", is_open).await.expect("Ctrl+K opens it");
    let palette = window.page.active_element().await.expect("the palette's field");
    palette.send_keys(&format!("u:{email}")).await.expect("keys");
    let is_found =
        format!("return document.querySelector('[role=option]')?.innerText.includes('{email}') || null");
    window.wait_for("the customer", &is_found).await.expect("the search finds them");
    palette.send_keys(&char::from(Key::Enter).to_string()).await.expect("keys");

    // Why: the first line of the page.
    let verdict = "return document.querySelector('.verdict')?.innerText || null";
    let why = window.wait_for("the verdict", verdict).await.expect("the page says why");
    let why = why.as_str().expect("a text");
    assert!(why.starts_with("Blocked: prompts per month is reached."), "{why}");
    assert!(why.contains("It starts again at"), "{why}");
    let place = window.script("return location.hash").await.expect("an address");
    assert!(place.as_str().is_some_and(|place| place.contains(&id)), "a link that can be sent: {place}");
    take_both(&desk, &window, "account-blocked").await;

    // The raise, looked at before it is made.
    press(&window, "//main//button[normalize-space(.)='Actions']").await;
    press(&window, "//*[@role='menuitem'][contains(., 'Raise a limit')]").await;
    type_into(&window, "Raised to", "500").await;
    type_into(&window, "Reason", "Deadline on Friday, upgrade is on its way").await;
    let is_shown = "return document.querySelectorAll('[role=dialog] .tb tbody tr').length > 0 \
                    && !document.querySelector('[role=dialog] .btn.pri').disabled";
    window.wait_for("the rows of the change", is_shown).await.expect("the change is shown first");
    take_both(&desk, &window, "raise-limit").await;
    press(&window, "//*[@role='dialog']//button[starts-with(normalize-space(.), 'Raise for')]").await;
    window.wait_for("the sheet is gone", NO_DIALOG).await.expect("it is applied");
    let is_free = "return document.querySelector('.verdict')?.innerText.startsWith('Not blocked') || null";
    window.wait_for("the customer is free", is_free).await.expect("the copy followed");
    let limits = window.script("return document.querySelector('table.lim')?.innerText").await.expect("text");
    assert!(limits.as_str().is_some_and(|text| text.contains("500") && text.contains("raised")), "{limits}");
    take_both(&desk, &window, "account-raised").await;

    // The command line says the same, and the server ends it by itself.
    let check = home.steward_json(&["limits", "check", &email, "prompts"]).expect("allowed again");
    let line = &check["limits"][0];
    assert_eq!((&check["is_allowed"], line["limit"].as_i64()), (&true.into(), Some(500)), "{check}");
    let ends: DateTime<Utc> = line["raised_until"].as_str().expect("it ends").parse().expect("an instant");
    let left = ends - SystemClock.now();
    assert!((7 * 24 * 60 - 10..=7 * 24 * 60).contains(&left.num_minutes()), "a week: {left}");

    // What is collected and not sent holds the window open until somebody says what becomes of it.
    press(&window, "//main//button[normalize-space(.)='Actions']").await;
    press(&window, "//*[@role='menuitem'][contains(., 'Raise a limit')]").await;
    type_into(&window, "Raised to", "900").await;
    type_into(&window, "Reason", "Perhaps").await;
    window.wait_for("the rows of the change", is_shown).await.expect("the change is shown first");
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Collect']").await;
    window.wait_for("the sheet is gone", NO_DIALOG).await.expect("it is collected");
    desk.ask_to_close().await.expect("the window hears what its frame's button says");
    let asks = "return /^1 collected change not sent/.test(document.querySelector('[role=dialog]')?.innerText) || null";
    window.wait_for("the question", asks).await.expect("the window asks before it closes");
    take_both(&desk, &window, "leave").await;
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Keep the window']").await;
    window.wait_for("the question is gone", NO_DIALOG).await.expect("it stays open");
    desk.ask_to_close().await.expect("the window hears it again");
    window.wait_for("the question", asks).await.expect("the window asks again");
    let discard = Locator::XPath("//*[@role='dialog']//button[normalize-space(.)='Discard and close']");
    let discard = window.page.find(discard).await.expect("a button");
    // The window may be gone before it answers.
    let _ = discard.click().await;
    until("the window is gone", async || window.script("return 1").await.is_err().then_some(()))
        .await
        .expect("it closes");
}

#[tokio::test]
async fn usage_before_thirteen_months_is_removed_after_it_was_shown_and_typed() {
    let desk = Desk::with_screen(1440, 900).expect("a desk");
    let (home, cluster) = sample_home();
    let mut server = server(&cluster).await;
    let mut events = async || -> i64 {
        sqlx::query_scalar("select count(*) from steward.usage_events")
            .fetch_one(&mut server)
            .await
            .expect("a count")
    };
    let before = events().await;
    let window = writing_window(&desk, &home).await;
    go_to(&window, "#/upkeep").await;
    type_into(&window, "Whole months kept", "0").await;
    let cannot = "return [...document.querySelectorAll('main button')]\
                  .find((b) => b.innerText.startsWith('Clean up'))?.disabled || null";
    window.wait_for("0 months are refused", cannot).await.expect("nothing would be left");
    type_into(&window, "Whole months kept", "13").await;
    press(&window, "//main//button[starts-with(normalize-space(.), 'Clean up')]").await;
    type_into(&window, "Reason", "Retention of thirteen months").await;
    let phrase = window.wait_for("the phrase to type", PHRASE).await.expect("it is confirmed by typing");
    let phrase = phrase.as_str().expect("a text").to_owned();
    let count: i64 = phrase
        .strip_prefix("remove ")
        .and_then(|rest| rest.strip_suffix(" events")?.parse().ok())
        .unwrap_or_else(|| panic!("the phrase has the count: {phrase}"));
    let facts = window.script("return document.querySelector('[role=dialog] dl')?.innerText").await;
    let facts = facts.expect("text");
    for fact in ["Oldest event kept", "Partitions dropped", "Freed at once", "Counters removed"] {
        assert!(facts.as_str().is_some_and(|text| text.contains(fact)), "{fact}: {facts}");
    }
    take_both(&desk, &window, "cleanup").await;
    let is_barred = "return document.querySelector('[role=dialog] .btn.pri').disabled";
    assert_eq!(window.script(is_barred).await.expect("an answer"), true, "before the phrase is typed");
    type_into(&window, "Type", &phrase).await;
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Remove old usage']").await;
    window.wait_for("the sheet is gone", NO_DIALOG).await.expect("it is done");
    let told = "return [...document.querySelectorAll('.notice')].map((n) => n.innerText)\
                .find((text) => /events removed/.test(text)) || null";
    window.wait_for("what was removed", told).await.expect("it is told");
    take_both(&desk, &window, "cleanup-done").await;
    assert_eq!(events().await, before - count, "as many as were shown, and no more");

    // The copy followed: every row and every sum.
    window.close().await.expect("it closes");
    home.steward_json(&["sync"]).expect("a look");
    let verified = home.steward_json(&["verify"]).expect("compared");
    assert_eq!(verified["is_clean"], true, "{verified}");
}
