//! Tables: a header, a rule, aligned columns, and no other line.

use std::io::IsTerminal as _;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table};

use super::style::Tone;

/// A column's heading and side.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// A cell's text and tone.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    text: String,
    tone: Option<Tone>,
}

impl<T: Into<String>> From<T> for Field {
    fn from(text: T) -> Self {
        Self { text: text.into(), tone: None }
    }
}

/// A cell in a tone.
pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Field {
    Field { text: text.into(), tone: Some(tone) }
}

/// A cell that says there is no value, or the value.
pub(crate) fn or_dash(text: Option<impl Into<String>>) -> Field {
    text.map_or_else(|| toned("–", Tone::Muted), Field::from)
}

/// The table as text, without a trailing blank.
pub(crate) fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<Field>>) -> String {
    let rule = LineStyle::new(' ', '─', '─', ' ');
    let mut table = Table::new();
    table.load_style(NOTHING.header_separator(rule)).enforce_styling();
    table.style_text_only();
    // A pipe takes lines as long as they are; a terminal wraps, so there the columns are made to fit.
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(columns.iter().map(|column| {
        let (Column::Left(title) | Column::Right(title)) = column;
        Cell::new(title).add_attribute(Attribute::Bold)
    }));
    for row in rows {
        table.add_row(row.into_iter().map(cell));
    }
    for (index, column) in columns.iter().enumerate() {
        let Some(made) = table.column_mut(index) else { continue };
        if matches!(column, Column::Right(_)) {
            made.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn cell(field: Field) -> Cell {
    // Text from a database may hold escape codes of its own; a terminal must not obey them.
    let clean: String =
        field.text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let cell = Cell::new(clean);
    match field.tone {
        None => cell,
        Some(Tone::Strong) => cell.add_attribute(Attribute::Bold),
        Some(Tone::Muted) => cell.add_attribute(Attribute::Dim),
        Some(tone) => match tone.style().get_fg_color() {
            Some(anstyle::Color::Rgb(anstyle::RgbColor(r, g, b))) => cell.fg(Color::Rgb { r, g, b }),
            Some(anstyle::Color::Ansi(color)) => {
                cell.fg(Color::AnsiValue(anstyle::Ansi256Color::from_ansi(color).0))
            }
            Some(anstyle::Color::Ansi256(color)) => cell.fg(Color::AnsiValue(color.0)),
            None => cell,
        },
    }
}
