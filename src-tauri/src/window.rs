//! The main window: hidden until its first themed frame, coloured before that.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use steward_app::command::settings::{Settings, Theme};
use tauri::window::Color;
use tauri::{AppHandle, Manager, State, WebviewUrl, WebviewWindow, WebviewWindowBuilder, http};

use crate::rendering::Canary;

/// After this long a window is shown whether or not it has painted: a blank window can be closed, a
/// hidden one cannot.
const SAFETY_NET: Duration = Duration::from_millis(2_500);

/// The start of this window, until its first frame.
pub(crate) struct Start {
    level: u8,
    news: Option<String>,
    canary: Canary,
    began: Instant,
    has_painted: AtomicBool,
}

impl Start {
    pub(crate) fn new((level, news): (u8, Option<String>), canary: Canary) -> Self {
        Self { level, news, canary, began: Instant::now(), has_painted: AtomicBool::new(false) }
    }

    /// From here on, dying without a frame counts as a failure of drawing.
    pub(crate) fn begin(&self) {
        self.canary.starting(self.level);
    }

    /// A frame was shown, or the person did not wait for it.
    pub(crate) fn survived(&self) {
        if !self.has_painted.swap(true, Ordering::SeqCst) {
            self.canary.survived(self.level);
        }
    }
}

/// The page painted its first themed frame: the window may be seen. Answers with what the person should
/// be told once about this start.
#[tauri::command]
pub(crate) fn first_paint(window: WebviewWindow, start: State<'_, Start>) -> Option<String> {
    let is_first = !start.has_painted.load(Ordering::SeqCst);
    start.survived();
    show(&window);
    if !is_first {
        return None;
    }
    tracing::info!(start.elapsed_ms = start.began.elapsed().as_millis(), "The first frame is painted.");
    start.news.clone()
}

/// The page painted the first numbers: what start-up is measured by.
#[tauri::command]
pub(crate) fn first_numbers(start: State<'_, Start>) {
    tracing::info!(start.elapsed_ms = start.began.elapsed().as_millis(), "The first numbers are painted.");
}

/// Where the page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// Where the interface begins by itself.
    Start,
    /// The first-run view, which opens the sample company at once and shows how far it is.
    Sample,
}

impl Page {
    /// Its place behind the `#`.
    fn place(self) -> &'static str {
        match self {
            Self::Start => "#/",
            Self::Sample => "#/setup?open=sample",
        }
    }
}

/// Opens the main window, unseen until its page has painted.
pub(crate) fn open(app: &AppHandle, page: Page) -> tauri::Result<()> {
    build(app, WebviewUrl::App(format!("index.html{}", page.place()).into()))
}

/// Opens a window with nothing behind it.
pub(crate) fn open_empty(app: &AppHandle) -> tauri::Result<()> {
    let page = "empty://localhost/".parse().expect("a constant address");
    build(app, WebviewUrl::CustomProtocol(page))
}

fn build(app: &AppHandle, page: WebviewUrl) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, "main", page)
        .title("Steward")
        .inner_size(1280.0, 800.0)
        .min_inner_size(960.0, 600.0)
        .visible(false)
        .build()?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SAFETY_NET).await;
        show(&window);
    });
    Ok(())
}

/// Gives the window the theme and its ground, so that nothing white flashes before the page.
pub(crate) fn dress(app: &AppHandle, settings: Option<&Settings>) {
    let Some(window) = app.get_webview_window("main") else { return };
    let theme = match settings.map(|settings| settings.theme) {
        Some(Theme::Light) => Some(tauri::Theme::Light),
        Some(Theme::Dark) => Some(tauri::Theme::Dark),
        Some(Theme::System) | None => None,
    };
    let dressed = window.set_theme(theme).and_then(|()| {
        let is_dark = theme.map_or_else(|| window.theme(), Ok)? == tauri::Theme::Dark;
        window.set_background_color(Some(ground(is_dark)))
    });
    if let Err(error) = dressed {
        tracing::warn!("The window keeps the system's colours: {error}");
    }
}

/// Leads the page that is open to another place.
pub(crate) fn go_to(app: &AppHandle, page: Page) {
    let Some(window) = app.get_webview_window("main") else { return };
    if let Err(error) = window.eval(format!("location.hash = '{}'", page.place())) {
        tracing::warn!("The page cannot be led: {error}");
    }
}

/// Brings the window to the front.
pub(crate) fn to_front(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize();
        show(&window);
        let _ = window.set_focus();
    }
}

fn show(window: &WebviewWindow) {
    if let Err(error) = window.show() {
        tracing::warn!("The window cannot be shown: {error}");
    }
}

/// The ground of every view, from the same file as the page's own colours.
fn ground(is_dark: bool) -> Color {
    static TOKENS: OnceLock<Value> = OnceLock::new();
    let tokens = TOKENS.get_or_init(|| {
        serde_json::from_str(include_str!("../../design/tokens.json")).expect("design/tokens.json is JSON")
    });
    let theme = if is_dark { "dark" } else { "light" };
    let text = tokens["color"][theme]["canvas"].as_str().unwrap_or_default();
    text.parse().unwrap_or(Color(0x80, 0x80, 0x80, 0xFF))
}

/// What the empty window shows: a page that does nothing but say that it painted.
pub(crate) fn empty_page() -> http::Response<Vec<u8>> {
    const PAGE: &str = "<!doctype html><title>Steward</title><p>Empty</p><script>\
        setTimeout(() => window.__TAURI_INTERNALS__.invoke('first_paint'))</script>";
    http::Response::builder()
        .header(http::header::CONTENT_TYPE, "text/html")
        .body(PAGE.as_bytes().to_vec())
        .expect("a constant answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_the_designs_canvas() {
        assert_eq!(ground(false), Color(0xF7, 0xF8, 0xFA, 0xFF));
        assert_eq!(ground(true), Color(0x11, 0x13, 0x18, 0xFF));
    }
}
