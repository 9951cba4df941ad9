//! Between the page and the command table: one command down, one event up; beside them what only a window can ask.

use std::path::Path;

use serde_json::Value;
use steward_app::change::{Changes, Tag};
use steward_app::command::settings::Settings;
use steward_app::wire::WireError;
use steward_app::{Mode, Steward, dispatch};
use tauri::{AppHandle, Emitter, Manager, State, WebviewWindow};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{SetOnce, oneshot};

use crate::window;

/// The open command table, or why it could not be opened, told to whoever asks; nothing behind the empty window. The
/// window does not wait for it, for WebKit takes longer to start: whoever asks early waits here.
pub(crate) struct Front {
    opened: SetOnce<Option<Result<Steward, WireError>>>,
}

impl Front {
    /// Somebody is about to [open](Self::open) it.
    pub(crate) fn opening() -> Self {
        Self { opened: SetOnce::new() }
    }

    /// Behind the empty window there is nothing to ask.
    pub(crate) fn closed() -> Self {
        Self { opened: SetOnce::new_with(Some(None)) }
    }

    /// Answers from now on, also what was asked before.
    pub(crate) fn open(&self, opened: Result<Steward, WireError>) {
        // Nobody opens it twice; if somebody did, the first one would stay.
        let _ = self.opened.set(Some(opened));
    }

    async fn steward(&self) -> Option<&Steward> {
        self.opened.wait().await.as_ref().and_then(|opened| opened.as_ref().ok())
    }

    /// What the person chose; none where it cannot be read, which the page then says itself.
    pub(crate) async fn settings(&self) -> Option<Settings> {
        let answer = dispatch(self.steward().await?, "settings_show", Value::Null, Mode::Run).await.ok()?;
        serde_json::from_value(answer).ok()
    }

    /// Has the copy opened while WebKit still starts.
    pub(crate) async fn open_ahead(&self) {
        if let Some(steward) = self.steward().await {
            steward.open_ahead().await;
        }
    }

    /// Whether `--sample` has nothing to do but to show what is there.
    pub(crate) async fn shows_sample(&self) -> bool {
        match self.steward().await {
            Some(steward) => steward.shows_sample().await,
            None => false,
        }
    }

    /// Stops everything behind the window.
    pub(crate) async fn close(&self) {
        if let Some(steward) = self.steward().await {
            steward.close().await;
        }
    }
}

/// The one command of the page: a row of the command table by name.
#[tauri::command]
pub(crate) async fn rpc(
    front: State<'_, Front>,
    command: String,
    request: Value,
    preview: bool,
) -> Result<Value, WireError> {
    let mode = if preview { Mode::Preview } else { Mode::Run };
    match front.opened.wait().await {
        Some(Ok(steward)) => dispatch(steward, &command, request, mode).await,
        Some(Err(error)) => Err(error.clone()),
        None => Ok(Value::Null),
    }
}

/// Asks with the system's own dialog where a file shall go; none where the person thought better of it. Nothing is
/// written: that is the export's to do, with its own look at what is there.
#[tauri::command]
pub(crate) async fn choose_file(window: WebviewWindow, title: String, suggested: String) -> Option<String> {
    let path = Path::new(&suggested);
    let mut dialog = window.dialog().file().set_parent(&window).set_title(title);
    if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = path.file_name() {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let (sender, receiver) = oneshot::channel();
    dialog.save_file(move |chosen| {
        // Nobody waits any more when the window has closed meanwhile.
        let _ = sender.send(chosen);
    });
    let chosen = receiver.await.ok().flatten()?.into_path().ok()?;
    Some(chosen.to_string_lossy().into_owned())
}

/// Hands what changed on to the page until the table closes. The table coalesces; a page that fell behind gets one event
/// for everything it missed.
pub(crate) async fn forward_changes(app: &AppHandle, mut changes: Receiver<Changes>) {
    loop {
        let change = match changes.recv().await {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => Changes { tags: Tag::ALL.to_vec() },
            Err(RecvError::Closed) => return,
        };
        if change.tags.contains(&Tag::Settings) {
            window::dress(app, app.state::<Front>().settings().await.as_ref());
        }
        if let Err(error) = app.emit_to("main", "changes", &change) {
            tracing::debug!("The window is gone: {error}");
        }
    }
}
