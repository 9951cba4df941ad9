//! Colours of the terminal: the design tokens where it shows 24-bit colour, its own palette elsewhere.

use anstyle::{AnsiColor, Color, RgbColor, Style};

use super::tokens;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Headings and the numbers that matter.
    Strong,
    /// What is there but not looked at first.
    Muted,
    /// Series and links.
    Accent,
    /// Good.
    Success,
    /// Somebody should know.
    Warning,
    /// Bad.
    Danger,
}

impl Tone {
    /// The style of this tone. A terminal may be light or dark, so of each token the value that reads on
    /// both is taken.
    pub(crate) fn style(self) -> Style {
        let has_true_color =
            std::env::var("COLORTERM").is_ok_and(|value| matches!(value.as_str(), "truecolor" | "24bit"));
        let paint = |token: RgbColor, ansi: AnsiColor| {
            let color = if has_true_color { Color::Rgb(token) } else { Color::Ansi(ansi) };
            Style::new().fg_color(Some(color))
        };
        match self {
            Self::Strong => Style::new().bold(),
            Self::Muted => Style::new().dimmed(),
            Self::Accent => paint(tokens::ACCENT, AnsiColor::Blue),
            Self::Success => paint(tokens::SUCCESS, AnsiColor::Green),
            Self::Warning => paint(tokens::WARNING, AnsiColor::Yellow),
            Self::Danger => paint(tokens::DANGER, AnsiColor::Red),
        }
    }

    /// Text in this tone; the escape codes are taken out again where the output shows none.
    pub(crate) fn paint(self, text: impl std::fmt::Display) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}
