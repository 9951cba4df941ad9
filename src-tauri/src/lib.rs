//! The desktop shell: a window around the command table.
//!
//! It holds no business logic: one generic command, one event, the window itself, and what Linux needs
//! before GTK starts. What the shell can do beyond that, the command line could not do as well.
//!
//! Map: [`arguments`] what is said at the start · [`screen`] whether there is one · [`rendering`] how
//! WebKitGTK draws · `bridge` the command and the event · `window` the main window.
#![deny(missing_docs)]

pub mod arguments;
mod bridge;
pub mod rendering;
pub mod screen;
mod window;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use steward_app::home::Home;
use steward_app::wire::WireError;
use steward_app::{Engine, OpenOptions, Steward};
use tauri::{AppHandle, Manager, RunEvent};
use tauri_plugin_window_state::StateFlags;

use arguments::Arguments;
use bridge::Front;
use rendering::{Canary, Facts};
use window::{Page, Start};

/// Tells a process that started itself again how it was told to draw.
const RENDERING: &str = "STEWARD_RENDERING";

/// How long the engine and the embedded server may take to stop.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no screen, or no window system that works.
pub fn run(arguments: Arguments) -> Result<()> {
    screen::require()?;
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("STEWARD_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    // Where there is no folder for data the window opens all the same, for that is where it is told.
    let folder = match Home::resolve(arguments.home.clone()) {
        Ok(home) => home.path().to_owned(),
        Err(_) => {
            let spare = std::env::temp_dir().join("steward-without-home");
            // Only the window's size and the mark of the start lie there.
            let _ = std::fs::create_dir_all(&spare);
            spare
        }
    };
    let start = Start::new(rendering_level(&arguments, &folder)?, Canary::in_home(&folder));
    let window_file = folder.join("window.json");
    if arguments.is_window_reset
        && let Err(error) = std::fs::remove_file(&window_file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).context("The window's size and place could not be forgotten");
    }

    let is_sample = arguments.is_sample;
    let app = tauri::Builder::default()
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .dbus_id(instance_name(&folder))
                .callback(|app, given, _| second_start(app, given))
                .build(),
        )
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_filename(window_file.to_string_lossy())
                .with_state_flags(window_memory())
                .build(),
        )
        .plugin(tauri_plugin_dialog::init())
        .register_uri_scheme_protocol("empty", |_, _| window::empty_page())
        .manage(start)
        .invoke_handler(tauri::generate_handler![
            bridge::rpc,
            bridge::choose_file,
            window::first_paint,
            window::first_numbers
        ])
        .setup(move |app| {
            let handle = app.handle();
            handle.state::<Start>().begin();
            if arguments.is_empty_window {
                handle.manage(Front::closed());
                return window::open_empty(handle).map_err(Into::into);
            }
            let options = OpenOptions {
                home: arguments.home.clone(),
                engine: Engine::Continuous,
                ..OpenOptions::default()
            };
            handle.manage(Front::opening());
            tauri::async_runtime::spawn(open_front(handle.clone(), options));
            end_on_signal(handle);
            let page =
                if is_sample { tauri::async_runtime::block_on(page_of_sample(handle)) } else { Page::Start };
            window::open(handle, page).map_err(Into::into)
        })
        .build(tauri::generate_context!())
        .context("The window system does not start")?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Start>().survived();
            let front = app.state::<Front>();
            let closed = tauri::async_runtime::block_on(async {
                tokio::time::timeout(CLOSE_LIMIT, front.close()).await
            });
            if closed.is_err() {
                tracing::warn!("The engine did not stop within {} s.", CLOSE_LIMIT.as_secs());
            }
        }
    });
    Ok(())
}

/// Opens what is behind the window, beside WebKit's start, and stays to hand on what changes.
async fn open_front(app: AppHandle, options: OpenOptions) {
    let front = app.state::<Front>();
    let opened = Steward::open(options).await;
    // Heard from before the first answer on, so that nothing changes unheard.
    let changes = opened.as_ref().ok().map(Steward::changes);
    front.open(opened.map_err(|error| WireError::from_error(&error)));
    let settings = front.settings().await;
    let window = app.clone();
    // There, a window that is still being made is made first.
    let dressed = app.run_on_main_thread(move || window::dress(&window, settings.as_ref()));
    if let Err(error) = dressed {
        tracing::warn!("The window keeps the system's colours: {error}");
    }
    let forward = async {
        if let Some(changes) = changes {
            bridge::forward_changes(&app, changes).await;
        }
    };
    tokio::join!(front.open_ahead(), forward);
}

/// Where `--sample` begins: whether there is a sample company already has to be known for that.
async fn page_of_sample(app: &AppHandle) -> Page {
    if app.state::<Front>().shows_sample().await { Page::Start } else { Page::Sample }
}

/// Decides how to draw. WebKit reads its variables when its library loads, and a process must not
/// change its environment beside other threads: so the program starts itself again with them.
#[cfg(target_os = "linux")]
fn rendering_level(arguments: &Arguments, folder: &Path) -> Result<(u8, Option<String>)> {
    use std::os::unix::process::CommandExt as _;

    if let Ok(told) = std::env::var(RENDERING) {
        let (level, news) = told.split_once(' ').unwrap_or((&told, ""));
        return Ok((level.parse().unwrap_or(0), (!news.is_empty()).then(|| news.to_owned())));
    }
    let chosen = rendering::decide(&Facts::gather(arguments.is_safe_rendering, &Canary::in_home(folder)));
    tracing::info!(rendering.level = chosen.level, "{}", chosen.reason);
    if chosen.variables.is_empty() {
        return Ok((chosen.level, None));
    }
    let news = if chosen.is_news { chosen.reason } else { "" };
    let program = std::env::current_exe().context("This program's own file is not known")?;
    let mut again = std::process::Command::new(program);
    again.args(std::env::args_os().skip(1));
    again.env(RENDERING, format!("{} {news}", chosen.level));
    for variable in chosen.variables {
        again.env(variable, "1");
    }
    Err(again.exec()).context("Steward could not start itself again to draw more carefully")
}

#[cfg(not(target_os = "linux"))]
fn rendering_level(_: &Arguments, _: &Path) -> Result<(u8, Option<String>)> {
    Ok((0, None))
}

/// What of the window is remembered. Wayland lets no program place its window, and restoring a place
/// there makes it grow.
fn window_memory() -> StateFlags {
    let is_wayland = std::env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty());
    let size = StateFlags::SIZE | StateFlags::MAXIMIZED;
    if is_wayland { size } else { size | StateFlags::POSITION }
}

/// One window for each folder of data: two would fight over the same copies.
fn instance_name(folder: &Path) -> String {
    use std::hash::{Hash as _, Hasher as _};

    let mut hasher = std::hash::DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("app.steward.console.h{:016x}", hasher.finish())
}

/// Somebody started Steward again: the window that is there comes to the front.
fn second_start(app: &AppHandle, given: Vec<String>) {
    if given.iter().any(|argument| argument == "--sample") {
        window::go_to(app, Page::Sample);
    }
    window::to_front(app);
}

/// A session that ends asks by signal; the server inside must stop as it does when the window closes.
fn end_on_signal(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match termination().await {
            Ok(()) => app.exit(0),
            Err(error) => tracing::warn!("Signals cannot be heard: {error}"),
        }
    });
}

#[cfg(unix)]
async fn termination() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn termination() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
