//! The ground everything is drawn on: our own fonts, our colours, and the few shapes that repeat.
//!
//! plotters writes SVG; a PNG is that same SVG drawn by resvg, so both are one picture.

use std::sync::{Arc, OnceLock};

use plotters::coord::Shift;
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, FontTransform, RGBColor, TextStyle, register_font};
use resvg::{tiny_skia, usvg};
use steward_core::{Error, Result};

pub(crate) const REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.ttf");
pub(crate) const SEMIBOLD: &[u8] = include_bytes!("../fonts/Inter-SemiBold.ttf");

/// The name inside the SVG: a viewer without Inter takes its own sans serif.
const FAMILY: &str = "Inter, system-ui, sans-serif";

/// plotters counts a font's size from descender to ascender, and divides it by this for SVG.
const SIZE_PER_EM: f64 = 1.24;

pub(crate) type Point = (i32, i32);

/// Size and weight of text.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    px: f64,
    is_bold: bool,
}

pub(crate) const CAPTION: Type = Type { px: 12.0, is_bold: false };
pub(crate) const CAPTION_STRONG: Type = Type { px: 12.0, is_bold: true };
pub(crate) const BODY: Type = Type { px: 13.0, is_bold: false };
pub(crate) const BODY_STRONG: Type = Type { px: 13.0, is_bold: true };
pub(crate) const SECTION: Type = Type { px: 15.0, is_bold: true };
pub(crate) const TITLE: Type = Type { px: 22.0, is_bold: true };
pub(crate) const FIGURE: Type = Type { px: 26.0, is_bold: true };

/// Where text sits beside its point.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    /// The point is the left end.
    Start,
    /// The point is the middle.
    Middle,
    /// The point is the right end.
    End,
}

/// A drawing area with Steward's shapes.
pub(crate) struct Canvas<'a, 'b> {
    area: &'a DrawingArea<SVGBackend<'b>, Shift>,
}

type Failure = plotters::drawing::DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

impl Canvas<'_, '_> {
    pub(crate) fn fill(&self, from: Point, to: Point, color: RGBColor) -> Result<()> {
        self.area.draw(&Rectangle::new([from, to], color.filled())).map_err(failed)
    }

    pub(crate) fn outline(&self, from: Point, to: Point, color: RGBColor) -> Result<()> {
        self.area.draw(&Rectangle::new([from, to], color.stroke_width(1))).map_err(failed)
    }

    pub(crate) fn line(&self, points: &[Point], color: RGBColor, width: u32) -> Result<()> {
        if points.len() < 2 {
            return Ok(());
        }
        self.area.draw(&PathElement::new(points.to_vec(), color.stroke_width(width))).map_err(failed)
    }

    /// A surface that lets what lies below it through.
    pub(crate) fn surface(&self, points: &[Point], color: RGBColor, opacity: f64) -> Result<()> {
        if points.len() < 3 {
            return Ok(());
        }
        self.area.draw(&Polygon::new(points.to_vec(), color.mix(opacity).filled())).map_err(failed)
    }

    /// A line of strokes and gaps that run on around corners.
    pub(crate) fn dashed(&self, points: &[Point], color: RGBColor, width: u32, dash: &[i32]) -> Result<()> {
        if dash.len() < 2 {
            return self.line(points, color, width);
        }
        for stroke in strokes(points, dash) {
            self.line(&stroke, color, width)?;
        }
        Ok(())
    }

    /// A bar that is still growing: outline at its exact height, lines at 45 degrees inside.
    pub(crate) fn hatched(&self, from: Point, to: Point, color: RGBColor) -> Result<()> {
        let ((left, top), (right, bottom)) = (from, to);
        let (wide, high) = (right - left, bottom - top);
        let mut offset = 4;
        while offset < wide + high {
            let start = (left + (offset - high).max(0), bottom - offset.min(high));
            let end = (left + offset.min(wide), bottom - (offset - wide).max(0));
            self.line(&[start, end], color, 1)?;
            offset += 5;
        }
        self.outline(from, to, color)
    }

    pub(crate) fn text(&self, text: &str, at: Point, kind: Type, color: RGBColor, side: Side) -> Result<()> {
        let h_pos = match side {
            Side::Start => HPos::Left,
            Side::Middle => HPos::Center,
            Side::End => HPos::Right,
        };
        let style = style(kind, color).pos(Pos::new(h_pos, VPos::Top));
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(failed)
    }

    /// Text cut with an ellipsis where it is wider than `limit` pixels.
    pub(crate) fn text_within(
        &self,
        text: &str,
        at: Point,
        limit: i32,
        kind: Type,
        color: RGBColor,
    ) -> Result<()> {
        if width(text, kind)? <= limit {
            return self.text(text, at, kind, color, Side::Start);
        }
        let mut kept = text.to_owned();
        while kept.pop().is_some() {
            let cut = format!("{}…", kept.trim_end());
            if width(&cut, kind)? <= limit {
                return self.text(&cut, at, kind, color, Side::Start);
            }
        }
        Ok(())
    }
}

/// Draws on a ground of this size and colour, and returns the SVG.
pub(crate) fn draw(
    (wide, high): (u32, u32),
    ground: RGBColor,
    work: impl FnOnce(&Canvas<'_, '_>) -> Result<()>,
) -> Result<String> {
    fonts()?;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (wide, high)).into_drawing_area();
        area.fill(&ground).map_err(failed)?;
        work(&Canvas { area: &area })?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// The picture of an SVG at `scale` pixels for each of its own.
pub(crate) fn rasterise(svg: &str, scale: f32) -> Result<Vec<u8>> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let fontdb = FONTS.get_or_init(|| {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(REGULAR.to_vec());
        fonts.load_font_data(SEMIBOLD.to_vec());
        Arc::new(fonts)
    });
    let options = usvg::Options { fontdb: Arc::clone(fontdb), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)
        .map_err(|error| Error::internal("The picture could not be read back.").with_source(error))?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(scale)
        .ok_or_else(|| Error::internal("A picture cannot have no size."))?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| Error::internal("The picture does not fit into memory."))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels
        .encode_png()
        .map_err(|error| Error::internal("The picture could not be written as PNG.").with_source(error))
}

/// How wide a text is drawn.
pub(crate) fn width(text: &str, kind: Type) -> Result<i32> {
    fonts()?;
    let box_ = style(kind, RGBColor(0, 0, 0))
        .font
        .layout_box(text)
        .map_err(|error| Error::internal("A text could not be measured.").with_source(error))?;
    Ok(box_.1.0 - box_.0.0)
}

fn style(kind: Type, color: RGBColor) -> TextStyle<'static> {
    let weight = if kind.is_bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = plotters::style::FontDesc::new(FontFamily::Name(FAMILY), kind.px * SIZE_PER_EM, weight)
        .transform(FontTransform::None);
    TextStyle { color: color.to_backend_color(), ..TextStyle::from(font) }
}

fn fonts() -> Result<()> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let is_ready = *REGISTERED.get_or_init(|| {
        register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok()
            && register_font(FAMILY, FontStyle::Bold, SEMIBOLD).is_ok()
    });
    if is_ready { Ok(()) } else { Err(Error::internal("The fonts of files are not readable.")) }
}

fn failed(error: Failure) -> Error {
    Error::internal("A chart could not be drawn.").with_source(error)
}

/// Cuts a line into its strokes; corners inside a stroke are kept.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a page fit i32")]
fn strokes(points: &[Point], dash: &[i32]) -> Vec<Vec<Point>> {
    let round = |(x, y): (f64, f64)| (x.round() as i32, y.round() as i32);
    let mut strokes = Vec::new();
    let mut stroke: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut part, mut left) = (0, f64::from(dash[0]));
    for pair in points.windows(2) {
        let (from, to) =
            ((f64::from(pair[0].0), f64::from(pair[0].1)), (f64::from(pair[1].0), f64::from(pair[1].1)));
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let share = done / length;
            let at = round((from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share));
            if part % 2 == 0 {
                stroke.push(at);
                strokes.push(std::mem::take(&mut stroke));
            } else {
                stroke = vec![at];
            }
            part = (part + 1) % dash.len();
            left = f64::from(dash[part]);
        }
        left -= length - done;
        if part % 2 == 0 {
            stroke.push(pair[1]);
        }
    }
    if stroke.len() > 1 {
        strokes.push(stroke);
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_run_around_corners_and_leave_gaps() {
        let cut = strokes(&[(0, 0), (5, 0), (5, 20)], &[8, 4]);
        assert_eq!(cut, vec![vec![(0, 0), (5, 0), (5, 3)], vec![(5, 7), (5, 15)], vec![(5, 19), (5, 20)]]);
    }
}
