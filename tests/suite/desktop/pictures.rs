//! The pictures of the documentation, taken of the real window. `cargo x pictures` writes them to
//! docs/screenshots; without `STEWARD_PICTURES` they lie in the build folder, and the journey still proves
//! that every view fills and that no text of the frame is cut.

use std::path::PathBuf;

use fantoccini::Locator;
use fantoccini::key::Key;
use steward_tests::window::{Desk, FILLED, Home, Window};

use super::sample::{sample_home, set_theme};

/// Fonts are there, nothing moves any more, and two frames later what was asked for is on the screen.
const SETTLED: &str = "const done = arguments[arguments.length - 1];\
    const look = () => requestAnimationFrame(() => \
      document.getAnimations().some((animation) => animation.playState === 'running') \
        ? look() : requestAnimationFrame(() => requestAnimationFrame(() => done(true))));\
    document.fonts.ready.then(look)";

/// Texts of cards and heads that do not fit their box.
const CUT: &str = "return [...document.querySelectorAll('.kpi .l, .kpi .v, .kpi .d, .pt h2, th, .btn')]\
    .filter((box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).display !== 'inline')\
    .map((box) => box.innerText)";

/// Keeps a picture once nothing moves any more, and finds texts that are cut.
pub(super) async fn take(desk: &Desk, window: &Window, name: &str, theme: &str) -> PathBuf {
    window.page.execute_async(SETTLED, Vec::new()).await.expect("frames are drawn");
    let cut = window.script(CUT).await.expect("an answer");
    assert_eq!(cut.as_array().map(Vec::len), Some(0), "{name}: cut are {cut}");
    desk.picture(&format!("{name}-{theme}")).expect("a picture")
}

/// Goes to a place of the page's own address.
pub(super) async fn go_to(window: &Window, place: &str) {
    window.script(&format!("location.hash = '{place}'")).await.expect("the page goes there");
}

#[tokio::test]
async fn every_view_of_the_documentation_is_filled_and_nothing_is_cut() {
    let desk = Desk::with_screen(1440, 900).expect("a desk");
    let (home, _cluster) = sample_home();
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    window.wait_for("every panel is filled", FILLED).await.expect("the overview");
    desk.fill_screen().await.expect("the window takes the screen");
    for theme in ["light", "dark"] {
        set_theme(&window, theme).await;
        let is_dressed = format!("return document.documentElement.dataset.theme === '{theme}'");
        window.wait_for(theme, &is_dressed).await.expect("the theme follows the settings");
        go_to(&window, "#/?zone=Europe/Berlin").await;
        let is_wide = "return innerWidth === 1440 && /Europe.Berlin/.test(document.body.innerText)";
        window.wait_for("the zone", is_wide).await.expect("the zone of the address");
        window.wait_for("every panel is filled", FILLED).await.expect("the overview");
        take(&desk, &window, "overview", theme).await;

        let body = window.page.find(Locator::Css("body")).await.expect("a body");
        body.send_keys(&format!("{}k", char::from(Key::Control))).await.expect("keys");
        let palette = "return document.activeElement?.getAttribute('role') === 'combobox' \
                       && !!document.querySelector('[role=dialog] [role=option]')";
        window.wait_for("the palette", palette).await.expect("Ctrl+K opens it");
        take(&desk, &window, "palette", theme).await;
        let field = window.page.active_element().await.expect("the palette's field");
        field.send_keys(&char::from(Key::Escape).to_string()).await.expect("keys");
        window
            .wait_for("the palette is gone", "return !document.querySelector('[role=dialog]')")
            .await
            .expect("Escape closes it");

        go_to(&window, "#/usage?zone=Europe/Berlin").await;
        let usage = "return /Events by feature/.test(document.body.innerText) \
                     && !document.querySelector('main [aria-busy=true], main [role=alert]') \
                     && document.querySelectorAll('main section.panel svg').length > 2";
        window.wait_for("the usage", usage).await.expect("every panel of the usage");
        take(&desk, &window, "usage", theme).await;

        go_to(&window, "#/usage?tab=what-if&zone=Europe/Berlin").await;
        let what_if = "return document.querySelectorAll('main section.panel table').length === 2 \
                       && !document.querySelector('main [aria-busy=true], main [role=alert]')";
        window.wait_for("what if", what_if).await.expect("limits and accounts");
        take(&desk, &window, "what-if", theme).await;

        go_to(&window, "#/sync?zone=Europe/Berlin").await;
        let verify = window
            .page
            .wait()
            .for_element(Locator::XPath("//button[contains(., 'Verify')]"))
            .await
            .expect("the sync view");
        verify.click().await.expect("a press");
        let full = window
            .page
            .wait()
            .for_element(Locator::XPath("//*[@role='menuitem'][contains(., 'Full comparison')]"))
            .await
            .expect("the levels of comparing");
        full.click().await.expect("a press");
        let is_equal = "return /Copy and server are equal/.test(document.body.innerText)";
        window.wait_for("the comparison", is_equal).await.expect("the copy equals the server");
        take(&desk, &window, "sync", theme).await;
    }
    window.close().await.expect("it closes");
}

#[tokio::test]
async fn the_first_run_is_filled_and_names_what_failed() {
    for theme in ["light", "dark"] {
        let (desk, home) = (Desk::with_screen(1440, 900).expect("a desk"), Home::new().expect("a home"));
        let window = Window::open(&desk, &home, &[]).await.expect("a window");
        window.wait_for("the view", "return !!document.querySelector('h1')").await.expect("the first run");
        desk.fill_screen().await.expect("the window takes the screen");
        set_theme(&window, theme).await;
        let is_dressed =
            format!("return innerWidth === 1440 && document.documentElement.dataset.theme === '{theme}'");
        window.wait_for(theme, &is_dressed).await.expect("the theme follows the settings");
        let press = async |path: &str| {
            let found = window.page.wait().for_element(Locator::XPath(path)).await.expect("it is there");
            found.click().await.expect("a press");
        };
        press("//*[@role='radio'][contains(., 'Connect your database')]").await;
        let field = window
            .page
            .wait()
            .for_element(Locator::XPath("//input[@id=//label[contains(., 'Connection URL')]/@for]"))
            .await
            .expect("the field of the address");
        // Nothing listens on the discard port.
        field.send_keys("postgresql://steward_ro@127.0.0.1:9/app?sslmode=disable").await.expect("keys");
        press("//button[contains(., 'Run checks')]").await;
        window
            .wait_for("the failed step", "return document.querySelectorAll('.checks .bad').length === 1")
            .await
            .expect("the step that failed is named");
        take(&desk, &window, "first-run", theme).await;
        window.close().await.expect("it closes");
    }
}
