//! Colours from `design/tokens.json`, the source the interface reads too.

use std::sync::OnceLock;

use plotters::style::RGBColor;
use serde_json::Value;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Appearance {
    /// Dark ink on a light ground; what is printed.
    #[default]
    Light,
    /// Light ink on a dark ground.
    Dark,
}

impl Appearance {
    /// The name of its set of colours.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn color(self, token: &str) -> RGBColor {
        parse(&tokens()["color"][self.name()][token])
    }

    pub(crate) fn grid(self) -> RGBColor {
        parse(&tokens()["chart"]["grid"][self.name()])
    }

    pub(crate) fn axis(self) -> RGBColor {
        parse(&tokens()["chart"]["axis"][self.name()])
    }

    /// Colour of a palette slot, 1 to 6; 0 and everything beyond is "Other".
    pub(crate) fn slot(self, slot: u8) -> RGBColor {
        let chart = &tokens()["chart"];
        match usize::from(slot).checked_sub(1).and_then(|at| chart[self.name()].get(at)) {
            Some(color) => parse(color),
            None => parse(&chart["other"][self.name()]),
        }
    }
}

/// Lengths of strokes and gaps of a slot, for charts with more than three lines; empty is solid.
pub(crate) fn dash(slot: u8) -> Vec<i32> {
    let dash = usize::from(slot).checked_sub(1).and_then(|at| tokens()["chart"]["dash"].get(at));
    lengths(dash.and_then(Value::as_str).unwrap_or_default())
}

/// Strokes and gaps of the previous period.
pub(crate) fn previous_dash() -> Vec<i32> {
    lengths(tokens()["chart"]["previous"]["dash"].as_str().unwrap_or_default())
}

fn lengths(text: &str) -> Vec<i32> {
    text.split_whitespace().filter_map(|part| part.parse().ok()).collect()
}

fn tokens() -> &'static Value {
    static TOKENS: OnceLock<Value> = OnceLock::new();
    TOKENS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../design/tokens.json"))
            .expect("design/tokens.json is JSON, as the test below shows")
    })
}

fn parse(value: &Value) -> RGBColor {
    let text = value.as_str().unwrap_or_default();
    let channel = |at: usize| text.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (channel(1), channel(3), channel(5)) {
        (Some(red), Some(green), Some(blue)) => RGBColor(red, green, blue),
        // A missing token must be seen, not guessed.
        _ => RGBColor(255, 0, 255),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_used_here_is_a_colour() {
        let missing = RGBColor(255, 0, 255);
        for appearance in [Appearance::Light, Appearance::Dark] {
            let names =
                ["canvas", "surface", "border", "text", "text-2", "text-3", "success", "danger", "warning"];
            for name in names {
                assert_ne!(appearance.color(name), missing, "{name} in {}", appearance.name());
            }
            for slot in 0..=7 {
                assert_ne!(appearance.slot(slot), missing, "slot {slot} in {}", appearance.name());
            }
            assert_ne!(appearance.grid(), missing);
            assert_ne!(appearance.axis(), missing);
        }
        assert_eq!(previous_dash().len(), 2, "the previous period is dashed");
        assert!(dash(1).is_empty(), "the first line is solid");
    }
}
