//! How WebKitGTK draws on this computer, decided before GTK starts.
//!
//! Its hardware path is fast where a graphics card works and slow, blank or crashing where none does.
//! The order of reasons: what the person set, what the person asked for, what this computer has, and
//! what happened the last time.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
const COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
const EXPLICIT_SYNC: &str = "__NV_DISABLE_EXPLICIT_SYNC";

/// What the decision depends on.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One of WebKit's variables is set already: a person knows better.
    pub is_set_by_person: bool,
    /// `--safe-rendering`.
    pub is_safe_wanted: bool,
    /// NVIDIA's kernel module is loaded.
    pub has_nvidia: bool,
    /// The session is Wayland.
    pub is_wayland: bool,
    /// There is a render node, so probably a graphics card.
    pub has_render_node: bool,
    /// The screen is somewhere else.
    pub is_remote: bool,
    /// The level of the last start, if that never showed a frame.
    pub failed_level: Option<u8>,
}

/// How the window is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// 0 with everything, 1 without shared graphics buffers, 2 without compositing.
    pub level: u8,
    /// Variables that WebKit and its child processes must see.
    pub variables: Vec<&'static str>,
    /// Why, as a sentence.
    pub reason: &'static str,
    /// Whether the person should be told, because something they did not choose changed.
    pub is_news: bool,
}

/// Decides how the window is drawn.
#[must_use]
pub fn decide(facts: &Facts) -> Rendering {
    if facts.is_set_by_person {
        return rendering(0, Vec::new(), "WebKit's own variables are set.");
    }
    let (level, reason) = if facts.is_safe_wanted {
        (1, "Safe rendering was asked for.")
    } else if !facts.has_render_node {
        (1, "This computer has no graphics card that can draw.")
    } else if facts.is_remote {
        (1, "The screen is on another computer.")
    } else {
        (0, "The graphics card draws.")
    };
    let mut chosen = match facts.failed_level {
        Some(failed) if failed >= level => {
            let mut raised = rendering(
                (failed + 1).min(2),
                Vec::new(),
                "The last start never showed a frame, so Steward draws more carefully.",
            );
            raised.is_news = true;
            raised
        }
        Some(_) | None => rendering(level, Vec::new(), reason),
    };
    if chosen.level >= 1 {
        chosen.variables.push(DMABUF);
    } else if facts.has_nvidia && facts.is_wayland {
        // Keeps the hardware path and leaves out the one feature that hangs there (WebKit bug 280210).
        chosen.variables.push(EXPLICIT_SYNC);
    }
    if chosen.level >= 2 {
        chosen.variables.push(COMPOSITING);
    }
    chosen
}

fn rendering(level: u8, variables: Vec<&'static str>, reason: &'static str) -> Rendering {
    Rendering { level, variables, reason, is_news: false }
}

impl Facts {
    /// Looks at this computer; a few file names, no graphics call.
    #[must_use]
    pub fn gather(is_safe_wanted: bool, canary: &Canary) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let has_render_node = std::fs::read_dir("/dev/dri").is_ok_and(|nodes| {
            nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
        });
        Self {
            is_set_by_person: is_set(DMABUF) || is_set(COMPOSITING),
            is_safe_wanted,
            has_nvidia: Path::new("/proc/driver/nvidia/version").exists(),
            is_wayland: is_set("WAYLAND_DISPLAY"),
            has_render_node,
            is_remote: is_set("SSH_CONNECTION"),
            failed_level: canary.failed_level(),
        }
    }
}

/// The mark of a start: it stays `starting` when a start dies before its first frame.
#[derive(Debug, Clone)]
pub struct Canary {
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    is_starting: bool,
    level: u8,
    process: u32,
}

impl Canary {
    /// The mark in this folder of data.
    #[must_use]
    pub fn in_home(home: &Path) -> Self {
        Self { path: home.join("window-start.json") }
    }

    /// The level of the last start, if that ended without a frame. A start that still runs has not
    /// failed: it is another window that is just opening.
    #[must_use]
    pub fn failed_level(&self) -> Option<u8> {
        let mark: Mark = serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()?;
        let is_running = Path::new(&format!("/proc/{}", mark.process)).exists();
        (mark.is_starting && !is_running).then_some(mark.level)
    }

    /// Marks a start.
    pub fn starting(&self, level: u8) {
        self.write(level, true);
    }

    /// Marks that a frame was shown, or that the person closed the window before.
    pub fn survived(&self, level: u8) {
        self.write(level, false);
    }

    fn write(&self, level: u8, is_starting: bool) {
        let mark = Mark { is_starting, level, process: std::process::id() };
        let written = serde_json::to_vec(&mark)
            .map_err(std::io::Error::other)
            .and_then(|text| std::fs::write(&self.path, text));
        // A start without its mark is still a start.
        if let Err(error) = written {
            tracing::warn!(file.path = %self.path.display(), "The start could not be marked: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_card() -> Facts {
        Facts { has_render_node: true, ..Facts::default() }
    }

    #[test]
    fn a_working_card_draws_everything() {
        let chosen = decide(&with_card());
        assert_eq!((chosen.level, chosen.variables.len()), (0, 0));
    }

    #[test]
    fn a_persons_own_variables_are_respected_even_after_a_failure() {
        let chosen = decide(&Facts { is_set_by_person: true, failed_level: Some(1), ..Facts::default() });
        assert_eq!(chosen.variables, Vec::<&str>::new());
    }

    #[test]
    fn no_card_and_a_distant_screen_draw_in_software() {
        assert_eq!(decide(&Facts::default()).variables, [DMABUF]);
        assert_eq!(decide(&Facts { is_remote: true, ..with_card() }).variables, [DMABUF]);
    }

    #[test]
    fn nvidia_on_wayland_keeps_the_card() {
        let chosen = decide(&Facts { has_nvidia: true, is_wayland: true, ..with_card() });
        assert_eq!((chosen.level, chosen.variables), (0, vec![EXPLICIT_SYNC]));
    }

    #[test]
    fn each_failed_start_goes_one_level_up_and_says_so() {
        let first = decide(&Facts { failed_level: Some(0), ..with_card() });
        assert_eq!((first.level, first.is_news), (1, true));
        let second = decide(&Facts { failed_level: Some(first.level), ..with_card() });
        assert_eq!((second.level, second.variables), (2, vec![DMABUF, COMPOSITING]));
        let third = decide(&Facts { failed_level: Some(second.level), ..with_card() });
        assert_eq!(third.level, 2, "there is no level beyond");
    }
}
