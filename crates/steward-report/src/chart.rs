//! One chart as a file: the same specification that the screen draws.

mod bridge;

use steward_core::Result;
use steward_core::chart_spec::{ChartKind, ChartSpec, Series, Unit, nice_step};

use crate::canvas::{self, CAPTION, Canvas, Point, SECTION, Side};
use crate::figure;
use crate::token::{self, Appearance};

/// The series of a fan before its bands: what came, and what is expected.
const BANDS_FROM: usize = 2;

/// A chart's size in pixels at scale 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartSize {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Default for ChartSize {
    fn default() -> Self {
        Self { width: 960, height: 320 }
    }
}

/// Draws a chart as SVG. Text stays text: it can be selected and read aloud.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn svg(spec: &ChartSpec, appearance: Appearance, size: ChartSize) -> Result<String> {
    let ground = appearance.color("surface");
    canvas::draw((size.width, size.height), ground, |canvas| {
        let (wide, high) = (pixel(f64::from(size.width)), pixel(f64::from(size.height)));
        draw(canvas, spec, appearance, ((16, 12), (wide - 16, high - 12)))
    })
}

/// Draws a chart as PNG, with `scale` pixels for each of [`ChartSize`]; 2 is sharp on paper and screen.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn png(spec: &ChartSpec, appearance: Appearance, size: ChartSize, scale: f32) -> Result<Vec<u8>> {
    canvas::rasterise(&svg(spec, appearance, size)?, scale)
}

/// Draws title, subtitle and plot into a rectangle of a canvas.
pub(crate) fn draw(
    canvas: &Canvas<'_, '_>,
    spec: &ChartSpec,
    appearance: Appearance,
    (from, to): (Point, Point),
) -> Result<()> {
    canvas.text(&spec.title, from, SECTION, appearance.color("text"), Side::Start)?;
    let beside = from.0 + canvas::width(&spec.title, SECTION)? + 12;
    canvas.text_within(
        &spec.subtitle,
        (beside, from.1 + 2),
        to.0 - beside,
        CAPTION,
        appearance.color("text-3"),
    )?;
    let top = from.1 + 34;
    let Some(peak) = peak(spec) else {
        let middle = (i32::midpoint(from.0, to.0), i32::midpoint(top, to.1));
        let words = "Nothing was measured in this range";
        return canvas.text(words, middle, CAPTION, appearance.color("text-3"), Side::Middle);
    };

    let axis = Axis::to(peak, spec.unit, spec.axis_break);
    let mut gutter = 0;
    for tick in axis.ticks() {
        gutter = gutter.max(canvas::width(&figure::tick(tick, axis.step, spec.unit), CAPTION)?);
    }
    let mut margin = 0;
    for series in labelled(spec) {
        margin = margin.max(canvas::width(&series.label, CAPTION)?);
    }
    let plot = Plot {
        canvas,
        spec,
        appearance,
        axis,
        left: from.0 + gutter + 10,
        right: to.0 - if margin > 0 { margin.min(160) + 12 } else { 0 },
        top,
        bottom: to.1 - 24,
    };
    plot.grid()?;
    match spec.kind {
        ChartKind::Bars => plot.bars()?,
        ChartKind::Lines => plot.lines()?,
        ChartKind::Fan => plot.fan()?,
        ChartKind::Bridge => plot.bridge()?,
    }
    plot.end_labels()?;
    plot.base()
}

/// The highest point drawn; bars of one step stand on each other. None where nothing was measured.
fn peak(spec: &ChartSpec) -> Option<f64> {
    let highest = |series: &Series| series.values.iter().flatten().copied().reduce(f64::max);
    match spec.kind {
        ChartKind::Bridge => bridge::levels(spec).map(|(from, to)| from.max(to)).reduce(f64::max),
        ChartKind::Lines | ChartKind::Fan => spec.series.iter().filter_map(highest).reduce(f64::max),
        ChartKind::Bars => {
            let stacks = (0..spec.steps.len()).filter_map(|step| {
                let parts = current(spec).filter_map(|series| series.values.get(step).copied().flatten());
                parts.reduce(|sum, part| sum + part)
            });
            let previous = spec.series.iter().filter(|series| series.is_previous).filter_map(highest);
            stacks.chain(previous).reduce(f64::max)
        }
    }
}

fn current(spec: &ChartSpec) -> impl Iterator<Item = &Series> {
    spec.series.iter().filter(|series| !series.is_previous)
}

/// Series whose name is written at their end: lines, and the previous period behind bars. A single
/// series of bars is named by the title.
fn labelled(spec: &ChartSpec) -> impl Iterator<Item = &Series> {
    let is_stack = current(spec).count() > 1;
    spec.series.iter().enumerate().filter_map(move |(at, series)| {
        let is_labelled = match spec.kind {
            ChartKind::Lines => true,
            ChartKind::Fan => at < BANDS_FROM,
            ChartKind::Bars => series.is_previous || is_stack,
            ChartKind::Bridge => false,
        };
        is_labelled.then_some(series)
    })
}

/// The vertical axis: from 0 to a round number, or on from a break.
#[derive(Debug, Clone, Copy)]
struct Axis {
    from: f64,
    step: f64,
    count: u32,
}

impl Axis {
    fn to(peak: f64, unit: Unit, from: f64) -> Self {
        let peak = if peak > from { peak } else { from + 1.0 };
        let step = nice_step(peak - from);
        // Half an event does not exist.
        let step = if unit == Unit::Count { step.max(1.0) } else { step };
        let mut count = 1;
        while from + step * f64::from(count) < peak * (1.0 - 1e-9) {
            count += 1;
        }
        Self { from, step, count }
    }

    fn top(self) -> f64 {
        self.from + self.step * f64::from(self.count)
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        (0..=self.count).map(move |at| self.from + self.step * f64::from(at))
    }
}

struct Plot<'a, 'b, 'c> {
    canvas: &'a Canvas<'b, 'c>,
    spec: &'a ChartSpec,
    appearance: Appearance,
    axis: Axis,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

impl Plot<'_, '_, '_> {
    fn y(&self, value: f64) -> i32 {
        let Axis { from, .. } = self.axis;
        let foot = self.bottom - self.break_height();
        if value < from {
            // Below the break every height is 0 or the break itself.
            return if value > 0.0 { foot } else { self.bottom };
        }
        foot - pixel((value - from) / (self.axis.top() - from) * f64::from(foot - self.top))
    }

    /// The room of the break between 0 and where the axis goes on.
    fn break_height(&self) -> i32 {
        if self.axis.from > 0.0 { bridge::BREAK } else { 0 }
    }

    fn edge(&self, step: usize) -> i32 {
        let share = step as f64 / self.spec.steps.len().max(1) as f64;
        self.left + pixel(f64::from(self.right - self.left) * share)
    }

    fn center(&self, step: usize) -> i32 {
        i32::midpoint(self.edge(step), self.edge(step + 1))
    }

    fn grid(&self) -> Result<()> {
        let ink = self.appearance.color("text-3");
        for tick in self.axis.ticks() {
            let y = self.y(tick);
            self.canvas.line(&[(self.left, y), (self.right, y)], self.appearance.grid(), 1)?;
            let label = figure::tick(tick, self.axis.step, self.spec.unit);
            self.canvas.text(&label, (self.left - 10, y - 6), CAPTION, ink, Side::End)?;
        }
        if self.axis.from > 0.0 {
            self.canvas.text("0", (self.left - 10, self.bottom - 6), CAPTION, ink, Side::End)?;
        }
        let mut widest = 0;
        for step in &self.spec.steps {
            widest = widest.max(canvas::width(&step.label, CAPTION)?);
        }
        let slot = (self.edge(1) - self.edge(0)).max(1);
        let every = ((widest + 20) / slot + 1).max(1);
        let every = usize::try_from(every).unwrap_or(1);
        for (at, step) in self.spec.steps.iter().enumerate() {
            // The last step is the newest, the one people look for: labels count back from it.
            if (self.spec.steps.len() - 1 - at).is_multiple_of(every) {
                let x = self.center(at);
                self.canvas.text(&step.label, (x, self.bottom + 9), CAPTION, ink, Side::Middle)?;
            }
        }
        Ok(())
    }

    fn base(&self) -> Result<()> {
        let ends = [(self.left, self.bottom), (self.right, self.bottom)];
        self.canvas.line(&ends, self.appearance.axis(), 1)
    }

    fn bars(&self) -> Result<()> {
        let slot = self.edge(1) - self.edge(0);
        let gap = if slot >= 12 { (slot / 6).max(2) } else { 1 };
        for (at, step) in self.spec.steps.iter().enumerate() {
            let (left, right) = (self.edge(at) + gap / 2, self.edge(at + 1) - (gap - gap / 2));
            let mut foot = 0.0;
            for series in current(self.spec) {
                let Some(value) = series.values.get(at).copied().flatten().filter(|value| *value > 0.0)
                else {
                    continue;
                };
                let color = self.appearance.slot(series.slot);
                // One pixel of ground between stacked parts; a part never vanishes altogether.
                let floor = self.y(foot) - i32::from(foot > 0.0);
                let top = self.y(foot + value).min(floor - 1);
                if step.is_unfinished {
                    self.canvas.hatched((left, top), (right, floor), color)?;
                } else {
                    self.canvas.fill((left, top), (right, floor), color)?;
                }
                foot += value;
            }
        }
        let ground = self.appearance.color("surface");
        for series in self.spec.series.iter().filter(|series| series.is_previous) {
            for run in self.runs(series) {
                // A hue on itself has no contrast: a casing of ground carries the line across its bars.
                self.canvas.line(&run, ground, 4)?;
                let color = self.appearance.slot(series.slot);
                self.canvas.dashed(&run, color, 2, &token::previous_dash())?;
            }
        }
        Ok(())
    }

    fn lines(&self) -> Result<()> {
        let is_many = current(self.spec).count() > 3;
        for series in self.spec.series.iter().filter(|series| series.is_previous) {
            for run in self.runs(series) {
                let color = self.appearance.slot(series.slot);
                self.canvas.dashed(&run, color, 1, &token::previous_dash())?;
            }
        }
        for series in current(self.spec) {
            let color = self.appearance.slot(series.slot);
            let dash = if is_many { token::dash(series.slot) } else { Vec::new() };
            for mut run in self.runs(series) {
                if let [point] = run.as_slice() {
                    let (x, y) = *point;
                    self.canvas.fill((x - 2, y - 2), (x + 2, y + 2), color)?;
                    continue;
                }
                let is_growing = self.spec.steps.last().is_some_and(|step| step.is_unfinished)
                    && run.last().is_some_and(|point| point.0 == self.center(self.spec.steps.len() - 1));
                if is_growing && let [.., before, last] = *run.as_slice() {
                    self.canvas.dashed(&[before, last], color, 2, &[2, 3])?;
                    run.pop();
                }
                self.canvas.dashed(&run, color, 2, &dash)?;
            }
        }
        Ok(())
    }

    /// What came as a line, what is expected as a dashed one that goes on from it, and the bands around that.
    fn fan(&self) -> Result<()> {
        let [came, expected, bands @ ..] = self.spec.series.as_slice() else { return self.lines() };
        let start = came.values.iter().rposition(Option::is_some);
        let start = start.and_then(|at| Some((self.center(at), self.y(came.values[at]?))));
        let run = |series: &Series| -> Vec<Point> {
            start.into_iter().chain(self.runs(series).into_iter().flatten()).collect()
        };
        let color = self.appearance.slot(expected.slot);
        for pair in bands.chunks_exact(2) {
            let mut edge = run(&pair[0]);
            edge.extend(run(&pair[1]).into_iter().rev());
            self.canvas.surface(&edge, color, 0.16)?;
        }
        for run in self.runs(came) {
            self.canvas.line(&run, self.appearance.slot(came.slot), 2)?;
        }
        self.canvas.dashed(&run(expected), color, 2, &[4, 3])
    }

    /// The unbroken runs of a series; a missing value is a gap, not a zero.
    fn runs(&self, series: &Series) -> Vec<Vec<Point>> {
        let mut runs = vec![Vec::new()];
        for (at, value) in series.values.iter().enumerate().take(self.spec.steps.len()) {
            match value {
                Some(value) => {
                    if let Some(run) = runs.last_mut() {
                        run.push((self.center(at), self.y(*value)));
                    }
                }
                None => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    /// Names at the end of what they name, pushed apart where they would cover each other.
    fn end_labels(&self) -> Result<()> {
        const LINE: i32 = 16;
        let mut labels = Vec::new();
        for series in labelled(self.spec) {
            let last = series.values.iter().rposition(Option::is_some);
            let Some(at) = last else { continue };
            let height = match self.spec.kind {
                ChartKind::Bars if !series.is_previous => {
                    let below = current(self.spec).take_while(|other| !std::ptr::eq(*other, series));
                    let foot = below.filter_map(|other| other.values.get(at).copied().flatten()).sum::<f64>();
                    foot + series.values[at].unwrap_or_default() / 2.0
                }
                ChartKind::Bars | ChartKind::Lines | ChartKind::Fan | ChartKind::Bridge => {
                    series.values[at].unwrap_or_default()
                }
            };
            labels.push((self.y(height) - 6, series));
        }
        labels.sort_by_key(|(y, _)| *y);
        let mut free = self.top - 6;
        for (y, _) in &mut labels {
            *y = (*y).max(free);
            free = *y + LINE;
        }
        let mut limit = self.bottom - LINE + 4;
        for (y, _) in labels.iter_mut().rev() {
            *y = (*y).min(limit);
            limit = *y - LINE;
        }
        for (y, series) in labels {
            let ink = self.appearance.color(if series.is_previous { "text-3" } else { "text" });
            let at = (self.right + 12, y);
            self.canvas.fill(
                (self.right + 4, y + 2),
                (self.right + 8, y + 10),
                self.appearance.slot(series.slot),
            )?;
            self.canvas.text_within(&series.label, at, 160, CAPTION, ink)?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixels of a page fit i32")]
pub(crate) fn pixel(value: f64) -> i32 {
    value.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_a_round_number_just_above_the_peak() {
        for (peak, unit, step, top) in [
            (193_000.0, Unit::Count, 50_000.0, 200_000.0),
            (1.0, Unit::Count, 1.0, 1.0),
            (1.0, Unit::Percent, 0.25, 1.0),
            (0.0, Unit::Percent, 0.25, 1.0),
            (7.0, Unit::Count, 2.0, 8.0),
            (10_001.0, Unit::Count, 5_000.0, 15_000.0),
        ] {
            let axis = Axis::to(peak, unit, 0.0);
            assert!((axis.step - step).abs() < 1e-9, "peak {peak}: step {}", axis.step);
            assert!((axis.top() - top).abs() < 1e-9, "peak {peak}: top {}", axis.top());
        }
    }
}
