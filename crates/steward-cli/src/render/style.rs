//! Colours of the terminal: the design tokens where it shows 24-bit colour, its own palette elsewhere.

use anstyle::{AnsiColor, Color, RgbColor, Style};

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
            // dark.accent
            Self::Accent => paint(RgbColor(0x3A, 0x6A, 0xE8), AnsiColor::Blue),
            // light.success
            Self::Success => paint(RgbColor(0x0B, 0x6B, 0x43), AnsiColor::Green),
            // light.env-staging
            Self::Warning => paint(RgbColor(0x8A, 0x53, 0x00), AnsiColor::Yellow),
            // dark.danger-fill
            Self::Danger => paint(RgbColor(0xC9, 0x3B, 0x36), AnsiColor::Red),
        }
    }

    /// Text in this tone; the escape codes are taken out again where the output shows none.
    pub(crate) fn paint(self, text: impl std::fmt::Display) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}
